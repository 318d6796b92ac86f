"""What Klaviyo counts of sends and showings: sums, people, rates, money. No HTTP here.

Money is added up in cents: the order of adding must not show.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from klaviyo_spark.sandbox.ids import mixed
from klaviyo_spark.sandbox.reports.sends import (
    LATE_DAY,
    Headcount,
    Send,
    Showing,
    deed,
    number_of,
)

Numbers = dict[str, float]
MONEY = (
    "conversion_value", "average_order_value", "revenue_per_recipient", "text_message_spend",
    "text_message_credit_usage_amount", "text_message_roi",
)  # fmt: skip
MESSAGE = (
    "recipients", "delivered", "opens", "opens_unique", "clicks", "clicks_unique", "bounced",
    "failed", "bounced_or_failed", "spam_complaints", "unsubscribes", "unsubscribe_uniques",
    "conversions", "conversion_uniques", "message_segment_count_sum", "open_rate", "click_rate",
    "click_to_open_rate", "delivery_rate", "bounce_rate", "failed_rate", "bounced_or_failed_rate",
    "spam_complaint_rate", "unsubscribe_rate", "conversion_rate", *MONEY,
)  # fmt: skip
FORM = (
    "viewed_form", "viewed_form_uniques", "viewed_form_step", "viewed_form_step_uniques", "submits",
    "submit_rate", "submitted_form_step", "submitted_form_step_uniques", "qualified_form",
    "qualified_form_uniques", "closed_form", "closed_form_uniques",
)  # fmt: skip
SEGMENT = ("total_members", "members_added", "members_removed", "net_members_changed")


def message_numbers(sends: Iterable[Send], metric_id: str, last: date) -> Numbers:
    """All that is counted of some sends, by the ``last`` day of the account."""
    sent = delivered = bounced = failed = opens = clicks = spam = left = 0
    bought = cents = segments = spent = 0
    opened: set[int] = set()
    clicked: set[int] = set()
    gone: set[int] = set()
    buyers: set[int] = set()
    for send in sends:
        age = (last - send.day).days
        for person in send.people:
            n = deed(person, send.message_id, send.day)
            sent += 1
            if n % 19 == 0:
                bounced += 1
                continue
            if n % 23 == 1:
                failed += 1
                continue
            delivered += 1
            if send.channel == "sms":
                segments += 1 + (n >> 36) % 2
                spent += 2 * (1 + (n >> 36) % 2)
            spam += (n >> 28) % 31 == 0
            late = age >= LATE_DAY and n % 7 == 0
            if late:
                bought, cents = bought + 1, cents + 1_999
                buyers.add(person)
            if (n >> 8) % 6 >= min(age + 1, 4):
                continue
            opens += 1 + (n >> 16) % 3
            opened.add(person)
            if (n >> 20) % 2:
                continue
            clicks += 1 + (n >> 24) % 2
            clicked.add(person)
            if (n >> 33) % 5 == 0:
                left += 1
                gone.add(person)
            if mixed(n, number_of(metric_id)) % 3 < min(age, 2):
                bought, cents = bought + 1, cents + 1_000 + n % 9_000
                buyers.add(person)
    return {
        "recipients": sent,
        "delivered": float(delivered),
        "opens": opens,
        "opens_unique": float(len(opened)),
        "clicks": clicks,
        "clicks_unique": len(clicked),
        "bounced": bounced,
        "failed": failed,
        "bounced_or_failed": bounced + failed,
        "spam_complaints": spam,
        "unsubscribes": left,
        "unsubscribe_uniques": len(gone),
        "conversions": bought,
        "conversion_uniques": len(buyers),
        "message_segment_count_sum": segments,
        "open_rate": _rate(len(opened), delivered),
        "click_rate": _rate(len(clicked), delivered),
        "click_to_open_rate": _rate(len(clicked), len(opened)),
        "delivery_rate": _rate(delivered, sent),
        "bounce_rate": _rate(bounced, sent),
        "failed_rate": _rate(failed, sent),
        "bounced_or_failed_rate": _rate(bounced + failed, sent),
        "spam_complaint_rate": _rate(spam, delivered),
        "unsubscribe_rate": _rate(len(gone), delivered),
        "conversion_rate": _rate(len(buyers), delivered),
        "conversion_value": cents / 100,
        "average_order_value": _rate(cents, 100 * bought),
        "revenue_per_recipient": _rate(cents, 100 * delivered),
        "text_message_spend": spent / 100,
        "text_message_credit_usage_amount": float(segments),
        "text_message_roi": _rate(cents, spent),
    }


def form_numbers(shown: Iterable[Showing], last: date) -> Numbers:
    """All that is counted of some showings."""
    views = steps = submits = step_submits = qualified = closed = 0
    seen: set[int] = set()
    submitted: set[int] = set()
    fit: set[int] = set()
    shut: set[int] = set()
    for showing in shown:
        age = (last - showing.day).days
        for person in showing.people:
            n = deed(person, showing.form_id, showing.day)
            views += 1 + n % 2
            steps += 2 + n % 2
            seen.add(person)
            if (n >> 4) % 3:
                qualified += 1
                fit.add(person)
            if (n >> 8) % 4 < min(age + 1, 2):
                submits += 1
                step_submits += 2
                submitted.add(person)
            elif (n >> 12) % 2:
                closed += 1
                shut.add(person)
    return {
        "viewed_form": float(views),
        "viewed_form_uniques": len(seen),
        "viewed_form_step": steps,
        "viewed_form_step_uniques": len(seen),
        "submits": submits,
        "submit_rate": _rate(submits, views),
        "submitted_form_step": step_submits,
        "submitted_form_step_uniques": len(submitted),
        "qualified_form": qualified,
        "qualified_form_uniques": len(fit),
        "closed_form": closed,
        "closed_form_uniques": len(shut),
    }


def segment_numbers(counts: Iterable[Headcount]) -> Numbers:
    """The members at the end of some days, and who came and went on them."""
    listed = sorted(counts, key=lambda one: one.day)
    added, removed = sum(one.added for one in listed), sum(one.removed for one in listed)
    return {
        "total_members": listed[-1].total if listed else 0,
        "members_added": added,
        "members_removed": removed,
        "net_members_changed": added - removed,
    }


def _rate(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
