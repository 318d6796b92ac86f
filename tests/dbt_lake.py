"""A lake of all events of a sample account, and what dbt's views over it must answer.

Beside the account stand money in every odd form, a second metric of the same name, and a second
account with the very same ids.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from klaviyo_spark.cli.app import cli
from klaviyo_spark.sandbox import Account
from klaviyo_spark.sandbox.event import Event
from klaviyo_spark.sandbox.render.payloads import payload
from klaviyo_spark.sandbox.times import moment
from tests.helpers import lakes

Row = dict[str, Any]

# What the package counts each kind of event of Klaviyo's own metrics as.
CLASSIC = {
    "received_email": "Received Email",
    "opened_email": "Opened Email",
    "clicked_email": "Clicked Email",
    "bounced_email": "Bounced Email",
    "spam": "Marked Email as Spam",
    "unsubscribed_old": "Unsubscribed",
    "unsubscribed": "Unsubscribed",
    "subscribed_list": "Subscribed to List",
    "received_sms": "Received SMS",
    "received_text": "Received SMS",
    "clicked_sms": "Clicked SMS",
    "clicked_text": "Clicked SMS",
    "failed_sms": "Failed to Deliver SMS",
    "failed_text": "Failed to Deliver SMS",
    "unsubscribed_sms": "Unsubscribed from SMS",
    "unsubscribed_text": "Unsubscribed from SMS",
    "unsubscribed_sms_oldest": "Unsubscribed from SMS",
    "sent_text": "Sent SMS",
    "api_received_email": "Received Email (API)",
    "api_subscribed_list": "subscribed to list (API)",
    "null_clicked_sms": "Clicked SMS (no integration)",
    "placed_order_alike": "Placed Order (Magento Two)",
}
# Of Placed Order: the value of an event's page, its currency, what is handed on, and why not.
MONEY: list[tuple[float, str | None, Decimal | None, str | None]] = [
    (2620.2, "USD", Decimal("2620.2"), None),
    (12_000_000, "USD", Decimal(12_000_000), None),
    (0.1, "usd", Decimal("0.1"), None),
    (0.0, None, Decimal(0), None),
    (-19.99, "USD", None, "negative"),
    (100.0, "EUR", None, "currency"),
    (1e30, "USD", None, "size"),
]
ALIKE, ALIKE_VALUE = "AliKe1", 55.5


@dataclass
class DbtLake:
    """The lake, and what its account's own objects say."""

    folder: Path
    account: Account
    events: list[Event]

    @cached_property
    def names(self) -> dict[str, str]:
        """What the account calls its metrics, by id."""
        return {row["metric_id"]: row["name"] for row in self.account.truth()["metrics"]}

    def type_of(self, event: Event) -> str:
        """The name that the package is to count an event under."""
        return CLASSIC.get(event.kind) or self.names[event.metric_id]

    def counts(self) -> dict[str, int]:
        """Events by that name; three metrics are called Placed Order, and one of them counts."""
        found = Counter(map(self.type_of, self.events))
        found["Placed Order"] += len(MONEY)
        found["Placed Order (API)"] += 1
        return dict(found)

    def sums(self) -> dict[str, Decimal]:
        """Money by that name, where there is any."""
        found: dict[str, Decimal] = defaultdict(Decimal)
        for event in self.events:
            value = _money(payload(event))
            if value is not None:
                found[self.type_of(event)] += value
        found["Placed Order"] += sum(
            (handed for *_, handed, _ in MONEY if handed is not None), Decimal(0)
        )
        found["Placed Order (API)"] += Decimal(str(ALIKE_VALUE))
        return dict(found)


def write_dbt_lake(folder: Path) -> DbtLake:
    """Write it, without Spark."""
    account = Account(seed=23, events=900, profiles=90, quiet_days=9)
    account.advance(days=1)
    lakes.write_account(folder, account)
    truth = account.truth()
    known = {row["id"] for row in truth["events"]}
    metrics = {row["metric_id"] for row in truth["metrics"]}
    until = account.today.timestamp()
    every = [e for e in account.world.timeline if e.at <= until and e.metric_id in metrics]
    others = [_event(e) for e in every if e.id not in known]
    orders = next(r["metric_id"] for r in truth["metrics"] if r["name"] == "Placed Order")
    lakes.write(folder, "klaviyo_v2.events", *others, *_orders(account, orders))
    # Older than the account's own, so that it is not the one with the latest events.
    long_ago = account.today - timedelta(days=200)
    alike = {"metric_data_id": ALIKE, "_value": ALIKE_VALUE, "_landed_at": account.today}
    alike |= {"event_datetime": long_ago, "event_date": long_ago.date(), "id": "alike"}
    lakes.write(folder, "klaviyo_v2.events", alike)
    second = {"list_id": ALIKE, "metric_id": ALIKE, "tag_id": "Placed Order"}
    second |= {"name": "Placed Order", "integration_name": "API", "_landed_at": account.today}
    lakes.write(folder, "klaviyo_v2.metrics", second)
    lakes.write(
        folder,
        "klaviyo_plus.mapped_metrics",
        {"mapped_metric_id": "revenue", "metric_id": ALIKE},
        {"mapped_metric_id": "refunded_sales"},
    )
    lakes.write(folder, "klaviyo_plus.accounts", {"preferred_currency": "EUR"})
    _write_twin(folder, truth)
    return DbtLake(folder, account, every)


def _number(said: Row) -> float | None:
    """A number, or the text of one; ``1,234.50`` is none."""
    try:
        return float(str(said.get("$value")))
    except ValueError:
        return None


def _money(said: Row) -> Decimal | None:
    """What is handed on of an event's money, where the account has dollars."""
    value, currency = _number(said), said.get("$value_currency") or "USD"
    is_handed_on = value is not None and value >= 0 and currency == "USD"
    return Decimal(str(said["$value"])) if is_handed_on else None


def _event(event: Event) -> Row:
    """The columns of an event that the views read, off its own object."""
    said, at = payload(event), moment(event.at * 1_000_000)
    return {
        "id": event.id,
        "metric_data_id": event.metric_id,
        "profile_data_id": event.profile_id,
        "event_datetime": at,
        "event_date": at.date(),
        "flow": said.get("$flow"),
        "message": said.get("$message"),
        "_value": _number(said),
        "_value_currency": said.get("$value_currency"),
        "_landed_at": at,
    }


def _orders(account: Account, metric: str) -> Iterator[Row]:
    for number, (value, currency, *_) in enumerate(MONEY):
        yield {
            "id": f"order{number}",
            "metric_data_id": metric,
            "event_datetime": account.today,
            "event_date": account.today.date(),
            "_value": value,
            "_value_currency": currency,
            "_landed_at": account.today,
        }


def _write_twin(folder: Path, truth: dict[str, list[Row]]) -> None:
    """A second account with the ids of the first: whatever joins by ids alone doubles rows."""
    keys = {
        "metrics": ("list_id", "metric_id"),
        "campaigns": ("campaign_id",),
        "campaign_messages": ("campaign_message_id", "campaign_data_id"),
        "flows": ("flow_id",),
        "profiles": ("profile_id",),
        "events": ("id", "metric_data_id", "profile_data_id", "event_datetime", "message"),
    }
    for table, names in keys.items():
        rows = [{name: row[name] for name in names} for row in truth[table]]
        lakes.write(folder, f"klaviyo_v2.{table}", *({**r, "_account_id": "twin"} for r in rows))


def views_sql(folder: Path, *options: str) -> str:
    """What ``catalog-sql`` prints of the lake."""
    words = ["catalog-sql", "--for", "dbt-klaviyo", "--warehouse", f"{folder}", *options]
    return CliRunner().invoke(cli, words, catch_exceptions=False).stdout
