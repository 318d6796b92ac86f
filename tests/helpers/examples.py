"""The questions of examples/, answered from the sample account's own objects."""

from __future__ import annotations

import re
import runpy
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from klaviyo_spark.sandbox import Account
from klaviyo_spark.sandbox.event import Event
from klaviyo_spark.sandbox.model import Json
from klaviyo_spark.sandbox.render.payloads import payload
from klaviyo_spark.sandbox.truth.events import landed_events
from klaviyo_spark.sandbox.truth.rows import Row
from tests.helpers import lakes
from tests.places import EXAMPLES

RECEIVED = {"received_email", "received_sms", "received_text"}
CLICKED = {"clicked_email", "clicked_sms", "clicked_text"}
NOT_DELIVERED = {"bounced_email", "failed_sms", "failed_text"}
LATE = 3
PLUS = ("campaign_values", "flow_values", "form_values", "forms", "list_days", "segment_days")


@dataclass
class Sample:
    """An account two days old, what must be in the lake, and the lake."""

    account: Account
    truth: dict[str, list[Row]]
    plus: dict[str, list[Row]]
    events: list[tuple[Event, Json]]
    lake: Path
    late: Counter[date]
    orders: list[Row]
    duckdb: Any

    def ask(self, question: str) -> list[tuple[Any, ...]]:
        """The answer of DuckDB."""
        rows = self.duckdb.sql(a_question(question)).fetchall()
        return [tuple(map(plain, row)) for row in rows]


@pytest.fixture(scope="module")
def sample(tmp_path_factory) -> Iterator[Sample]:
    """The lake is written from the account's truth; that a sync leaves the same is tested apart."""
    account = Account(seed=23, events=1_500, profiles=150, quiet_days=9)
    account.advance(days=2)
    lake = tmp_path_factory.mktemp("examples") / "lake"
    lakes.write_account(lake, account)
    landed = landed_events(account.world, account.world.today).values()
    days = sorted({day_of(event) for event in landed})[-LATE:]
    late = Counter({day: place + 1 for place, day in enumerate(days)})
    for run in ("one", "two"):
        rows = [
            {"event_date": day, "late_row_count": count, "run_id": run}
            for day, count in late.items()
        ]
        lakes.write(lake, "klaviyo_ops.late_arrivals", *rows)
    lakes.write_plus(lake, account, *PLUS)
    orders = write_orders(lake, account)
    for name in ("runs", "table_loads"):
        lakes.write(lake, f"klaviyo_ops.{name}")
    events = [(event, payload(event)) for event in landed]
    open_lake = runpy.run_path(str(EXAMPLES / "duckdb_example.py"))["open_lake"]
    with open_lake(str(lake)) as connection:
        truth, plus = account.truth(), account.plus_truth()
        yield Sample(account, truth, plus, events, lake, late, orders, connection)


def write_orders(lake: Path, account: Account) -> list[Row]:
    """Orders, refunds and cancellations, on days of which no event is late; the rows.

    One metric is mapped to refunds and to cancellations, and one of the name of orders to nothing.
    """
    truth = account.truth()
    campaigns = [row["campaign_message_id"] for row in truth["campaign_messages"]][:3]
    flows = [row["flow_id"] for row in truth["flows"]][:2]
    names = {"order": "Placed Order", "refund": "Refunded Order", "alike": "Placed Order"}
    for id, name in names.items():
        lakes.write(
            lake,
            "klaviyo_v2.metrics",
            {"list_id": id, "metric_id": id, "tag_id": name, "name": name},
        )
    kinds = {"revenue": "order", "refunded_sales": "refund", "cancelled_sales": "refund"}
    mapped = [{"mapped_metric_id": kind, "metric_id": id} for kind, id in kinds.items()]
    lakes.write(lake, "klaviyo_plus.mapped_metrics", *mapped, {"mapped_metric_id": "added_to_cart"})
    rows: list[Row] = []
    for number in range(60):
        at = account.today - timedelta(days=60 + 3 * number)
        from_flow = number % 4 == 3
        row = {
            "id": f"order{number}",
            "metric_data_id": ("order", "order", "order", "refund", "alike")[number % 5],
            "profile_data_id": f"buyer{number % 17}",
            "event_datetime": at,
            "event_date": at.date(),
            "attribution_message": None if from_flow else (*campaigns, None)[number % 4],
            "attribution_flow": flows[number % 2] if from_flow else None,
            "_value": number * 7.25,
            "_value_currency": "EUR" if number % 7 == 0 else "USD",
        }
        rows.append(row)
    lakes.write(lake, "klaviyo_v2.events", *rows)
    return rows


def a_question(name: str) -> str:
    return (EXAMPLES / f"{name}.sql").read_text(encoding="utf-8")


# Models of the dbt project, with how many columns of each are its key.
MODELS = {"campaign_results": 2, "list_members_days": 3, "revenue_days": 3}


def a_model(name: str) -> str:
    """A model as dbt makes it for the tables under their own names."""
    text = (EXAMPLES / "dbt" / "models" / f"{name}.sql").read_text(encoding="utf-8")
    text = re.sub(r"\{\{ source\('(\w+)', '(\w+)'\) \}\}", r"\1.\2", text)
    return text.replace('{{ var("revenue_metric") }}', "Placed Order")


def plain(value: Any) -> Any:
    """A value as Python has it: sums of whole numbers are whole, times are in UTC and say so."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else value
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc) if value.tzinfo else value
    return value


def day_of(event: Event) -> date:
    return moment_of(event).date()


def moment_of(event: Event) -> datetime:
    return datetime.fromtimestamp(event.at, tz=timezone.utc)


def opened_by_person(event: Event, said: Json) -> bool:
    return event.kind == "opened_email" and said.get("machine_open") not in (True, "true")


def percent(part: int, whole: int, digits: int = 1) -> float:
    """Halves go up, as in SQL."""
    step = Decimal(10) ** -digits
    return float((Decimal(100 * part) / whole).quantize(step, ROUND_HALF_UP))


def campaigns(sample: Sample) -> list[tuple[Any, ...]]:
    campaign_of = {
        row["campaign_message_id"]: row["campaign_data_id"]
        for row in sample.truth["campaign_messages"]
    }
    people: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for event, said in sample.events:
        campaign = campaign_of.get(said.get("$message", ""))
        if campaign is None:
            continue
        if event.kind in RECEIVED:
            people[campaign]["received"].add(event.profile_id)
        elif opened_by_person(event, said):
            people[campaign]["opened"].add(event.profile_id)
        elif event.kind in CLICKED:
            people[campaign]["clicked"].add(event.profile_id)
        elif event.kind.startswith("unsubscribed"):
            people[campaign]["unsubscribed"].add(event.profile_id)
    rows = []
    for row in sample.truth["campaigns"]:
        counts = {name: len(some) for name, some in people[row["campaign_id"]].items()}
        received = counts.get("received", 0)
        if received:
            opened, clicked = counts.get("opened", 0), counts.get("clicked", 0)
            known = (row["campaign_id"], row["name"], row["channel"], row["send_time"])
            opens = percent(opened, received) if row["channel"] == "email" else None
            unsubscribed = counts.get("unsubscribed", 0)
            clicks = percent(clicked, received)
            rows.append((*known, received, opened, clicked, unsubscribed, opens, clicks))
    return sorted(rows, key=lambda row: (-row[4], row[0]))


def flows(sample: Sample) -> list[tuple[Any, ...]]:
    rows = []
    for row in sample.truth["flows"]:
        some = [(e, said) for e, said in sample.events if said.get("$flow") == row["flow_id"]]
        if some:
            rows.append(
                (
                    row["flow_id"],
                    row["name"],
                    row["status"],
                    row["_deleted"],
                    sum(e.kind in RECEIVED for e, _ in some),
                    sum(opened_by_person(e, said) for e, said in some),
                    sum(e.kind in CLICKED for e, _ in some),
                    sum(e.kind in NOT_DELIVERED for e, _ in some),
                    max(moment_of(e) for e, _ in some),
                )
            )
    return sorted(rows, key=lambda row: (-row[4], row[0]))


def list_growth(sample: Sample) -> list[tuple[Any, ...]]:
    names = {r["list_id"]: r["name"] for r in sample.truth["lists"] if not r["_deleted"]}
    joined: Counter[tuple[str, date]] = Counter()
    stayed: Counter[tuple[str, date]] = Counter()
    for row in sample.truth["member_lists"]:
        if row["list_id"] in names:
            key = (row["list_id"], row["joined_group_at"].date().replace(day=1))
            joined[key] += 1
            stayed[key] += row["is_member"]
    return [(id, names[id], month, n, stayed[id, month]) for (id, month), n in by_key(joined)]


def by_key(counts: Counter[Any]) -> list[tuple[Any, int]]:
    return sorted(counts.items(), key=lambda item: item[0])


def bounces(sample: Sample) -> list[tuple[Any, ...]]:
    said = [(e.kind, p) for e, p in sample.events]
    rows = []
    for domain in {p.get("Email Domain") for _, p in said} - {None}:
        some = [(kind, p) for kind, p in said if p.get("Email Domain") == domain]
        bounced = [p for kind, p in some if kind == "bounced_email"]
        sent = sum(kind == "received_email" for kind, _ in some) + len(bounced)
        hard = sum(p.get("Bounce Type") == "Hard" for p in bounced)
        rows.append((domain, sent, len(bounced), hard, percent(len(bounced), sent, 2)))
    return sorted(rows, key=lambda row: (-row[4], row[0]))


def consents(sample: Sample) -> list[tuple[Any, ...]]:
    found: Counter[tuple[str, str]] = Counter()
    for row in sample.truth["profiles"]:
        for channel, address in (("email", "email"), ("sms", "phone_number")):
            if row[address] is not None and not row["_deleted"]:
                consent = row[f"{channel}_marketing_consent"] or "NEVER_SUBSCRIBED"
                found[channel, consent] += 1
    return [(*key, count) for key, count in by_key(found)]


def suppressions(sample: Sample) -> list[tuple[Any, ...]]:
    tables = ("profile_email_suppressions", "profile_email_list_suppressions")
    people: dict[str, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for place, table in enumerate(tables):
        for row in sample.truth[table]:
            if row["reason"] is not None and not row["_deleted"]:
                people[row["reason"]][place].add(row["profile_id"])
    rows = [(reason, *map(len, both)) for reason, both in people.items()]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def texts(sample: Sample) -> list[tuple[Any, ...]]:
    found: dict[tuple[date, str | None], list[int]] = defaultdict(lambda: [0, 0, 0])
    for event, said in sample.events:
        counts = found[day_of(event).replace(day=1), said.get("To Phone Region")]
        if event.kind in ("received_sms", "received_text"):
            parts = str(said.get("Segment Count"))
            counts[0] += 1
            counts[2] += int(parts) if parts.isdigit() else 1
        elif event.kind in ("failed_sms", "failed_text"):
            counts[1] += 1
    rows = [(*key, *counts) for key, counts in found.items() if any(counts)]
    return sorted(rows, key=lambda row: (row[0], row[1] is None, row[1]))


def attributions(sample: Sample) -> list[tuple[Any, ...]]:
    names = {row["metric_id"]: row["name"] for row in sample.truth["metrics"]}
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in sample.truth["events"]:
        if row["attribution_attributed_channel"] is not None:
            key = (row["attribution_attributed_channel"], names[row["metric_data_id"]])
            groups[key].append(row)
    rows = [
        (
            *key,
            len(some),
            len({row["profile_data_id"] for row in some}),
            sum(row["attribution_flow"] is not None for row in some),
        )
        for key, some in groups.items()
    ]
    return sorted(rows, key=lambda row: (row[0], -row[2], row[1]))


def deleted_flows(sample: Sample) -> list[tuple[Any, ...]]:
    there = {row["flow_id"]: row for row in sample.truth["flows"]}
    events: dict[str, list[datetime]] = defaultdict(list)
    for event, said in sample.events:
        flow = said.get("$flow")
        if flow and (flow not in there or there[flow]["_deleted"]):
            events[flow].append(moment_of(event))
    rows = []
    for flow, times in events.items():
        name = there[flow]["name"] if flow in there else None
        gone = sample.account.today if flow in there else None
        rows.append((flow, name, gone, len(times), min(times), max(times)))
    return sorted(rows, key=lambda row: (-row[3], row[0]))


def late_events(sample: Sample) -> list[tuple[Any, ...]]:
    whole = Counter(day_of(event) for event, _ in sample.events)
    rows = [
        (day, 2 * count, 2, whole[day], percent(2 * count, whole[day]))
        for day, count in sample.late.items()
    ]
    return sorted(rows, reverse=True)


def money(row: Row) -> Decimal:
    return Decimal(str(row["_value"]))


def revenue(sample: Sample) -> list[Row]:
    return [row for row in sample.orders if row["metric_data_id"] == "order"]


def sales(groups: dict[tuple[Any, ...], list[Row]]) -> list[tuple[Any, ...]]:
    """Orders, customers and money per id, name and currency; the largest first."""
    rows = [
        (
            *key,
            len(some),
            len({row["profile_data_id"] for row in some}),
            plain(sum(map(money, some))),
        )
        for key, some in groups.items()
    ]
    return sorted(rows, key=lambda row: (-row[-1], row[0]))


def campaign_sales(sample: Sample) -> list[tuple[Any, ...]]:
    names = {row["campaign_id"]: row["name"] for row in sample.truth["campaigns"]}
    campaign_of = {
        row["campaign_message_id"]: row["campaign_data_id"]
        for row in sample.truth["campaign_messages"]
    }
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in revenue(sample):
        campaign = campaign_of.get(row["attribution_message"])
        if campaign is not None:
            groups[campaign, names[campaign], row["_value_currency"]].append(row)
    return sales(groups)


def flow_sales(sample: Sample) -> list[tuple[Any, ...]]:
    names = {row["flow_id"]: row["name"] for row in sample.truth["flows"]}
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in revenue(sample):
        flow = row["attribution_flow"]
        if flow is not None:
            groups[flow, names[flow], row["_value_currency"]].append(row)
    return sales(groups)


def net_revenue(sample: Sample) -> list[tuple[Any, ...]]:
    groups: dict[tuple[date, str], dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in sample.orders:
        if row["metric_data_id"] != "alike":
            month = row["event_date"].replace(day=1)
            groups[month, row["_value_currency"]][row["metric_data_id"]] += money(row)
    rows = [
        (*key, plain(sums["order"]), plain(sums["refund"]), plain(sums["order"] - sums["refund"]))
        for key, sums in groups.items()
    ]
    return sorted(rows)


def customers(sample: Sample) -> list[tuple[Any, ...]]:
    people: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in revenue(sample):
        people[row["profile_data_id"], row["_value_currency"]].append(row)
    groups: dict[tuple[int, str], list[Decimal]] = defaultdict(list)
    for (_, currency), some in people.items():
        groups[len(some), currency].append(sum(map(money, some), Decimal(0)))
    rows = [(*key, len(sums), plain(sum(sums))) for key, sums in groups.items()]
    return sorted(rows)


def reachable(sample: Sample) -> list[tuple[Any, ...]]:
    rows = []
    there = [row for row in sample.truth["profiles"] if not row["_deleted"]]
    for channel in ("email", "sms"):
        consent, can = f"{channel}_marketing_consent", f"_{channel}_can_receive_marketing"
        subscribed = [row[can] for row in there if row[consent] == "SUBSCRIBED"]
        rows.append((channel, len(subscribed), subscribed.count(True), subscribed.count(False)))
    return rows


_OF_MESSAGES = (
    "recipients", "open_rate", "click_rate", "unsubscribe_rate", "conversion_rate", "conversions",
    "conversion_value",
)  # fmt: skip


def campaign_rates(sample: Sample) -> list[tuple[Any, ...]]:
    known = {row["campaign_id"]: row for row in sample.truth["campaigns"]}
    rows = [
        (
            row["campaign_id"],
            known[row["campaign_id"]]["name"],
            row["campaign_message_id"],
            row["channel"],
            known[row["campaign_id"]]["send_time"],
            *(row[name] for name in _OF_MESSAGES),
        )
        for row in sample.plus["campaign_values"]
    ]
    return sorted(rows, key=lambda row: (-row[4].timestamp(), row[2], row[3]))


def flow_rates(sample: Sample) -> list[tuple[Any, ...]]:
    names = {row["flow_id"]: row["name"] for row in sample.truth["flows"]}
    rows = [
        (
            row["period_start"],
            row["flow_id"],
            names.get(row["flow_id"]),
            row["flow_message_id"],
            row["channel"],
            *(row[name] for name in _OF_MESSAGES),
        )
        for row in sample.plus["flow_values"]
    ]
    return sorted(rows, key=lambda row: (-row[0].toordinal(), row[1], row[3], row[4]))


def list_days(sample: Sample) -> list[tuple[Any, ...]]:
    kinds = {row["metric_id"]: row["name"].lower() for row in sample.truth["metrics"]}
    names = {row["list_id"]: row["name"] for row in sample.truth["lists"]}
    groups: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0])
    for row in sample.plus["list_days"]:
        if not row["_deleted"]:
            key = (row["list_id"], names.get(row["list_id"]) or row["list"], row["utc_date"])
            groups[key][kinds[row["metric_id"]] == "unsubscribed from list"] += row["count"]
    rows = [(*key, came, went, came - went) for key, (came, went) in groups.items()]
    return sorted(rows, key=lambda row: (row[1], row[0] or "", row[2]))


def segment_days(sample: Sample) -> list[tuple[Any, ...]]:
    names = {row["segment_id"]: row["name"] for row in sample.truth["segments"]}
    counts = ("total_members", "members_added", "members_removed", "net_members_changed")
    rows = [
        (
            row["segment_id"],
            names.get(row["segment_id"]),
            row["account_date"],
            *(row[name] for name in counts),
        )
        for row in sample.plus["segment_days"]
    ]
    return sorted(rows, key=lambda row: (row[0], row[2]))


def forms(sample: Sample) -> list[tuple[Any, ...]]:
    known = {row["form_id"]: row for row in sample.plus["forms"]}
    counts = ("viewed_form", "submits", "submit_rate", "closed_form")
    rows = [
        (
            row["period_start"],
            row["form_id"],
            known[row["form_id"]]["name"],
            known[row["form_id"]]["_deleted"],
            *(row[name] for name in counts),
        )
        for row in sample.plus["form_values"]
    ]
    return sorted(rows, key=lambda row: (-row[0].toordinal(), -row[4], row[1]))


QUESTIONS: dict[str, Callable[[Sample], list[tuple[Any, ...]]]] = {
    "attribution_by_channel": attributions,
    "bounce_rate_by_domain": bounces,
    "campaign_opens_and_clicks": campaigns,
    "campaign_rates": campaign_rates,
    "consent_by_channel": consents,
    "customers_by_orders": customers,
    "deleted_flows_events": deleted_flows,
    "flow_performance": flows,
    "flow_rates_by_month": flow_rates,
    "form_performance": forms,
    "late_events": late_events,
    "list_growth": list_growth,
    "list_growth_by_day": list_days,
    "net_revenue_by_month": net_revenue,
    "reachable_by_channel": reachable,
    "revenue_by_campaign": campaign_sales,
    "revenue_by_flow": flow_sales,
    "segment_growth_by_day": segment_days,
    "sms_delivery": texts,
    "suppression_reasons": suppressions,
}
