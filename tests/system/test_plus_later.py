"""``klaviyo_plus`` through faults, and 60 days later: each table equals what the account says.

Nothing was read in between, so all days are asked for again. What was made and has gone since then
was never seen, so it is in no table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from klaviyo_spark.clock import utc_now
from klaviyo_spark.commands.sync.account_run import Summary
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.resources import TABLES
from klaviyo_spark.sandbox import Account, Sandbox
from klaviyo_spark.sandbox.ledger import Ledger
from klaviyo_spark.sandbox.render.payloads import payload
from klaviyo_spark.sandbox.truth.reports import REPORT_TABLES
from klaviyo_spark.sandbox.truth.truth import plus_statement
from tests.builders import KEY
from tests.helpers.compare import differences
from tests.helpers.small_lakes import a_place
from tests.system.test_plus import shown, sync_plus

NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
LATER = 60
UNSETTLED = 12
STEPS = ("through faults", "60 days later")
# Each kind that a request is tried again after, at reports, at days of metrics and at listings.
FAULTS = ("500", "429", "short", "503", "drop", "malformed", "html200")
STRUCK = (
    "-series-reports",
    "-values-reports",
    "metric-aggregates",
    "/api/(forms|templates|coupon)",
)
Tables = dict[str, list[dict[str, Any]]]


@dataclass
class Story:
    """Two syncs of the account, and what they left."""

    summaries: dict[str, Summary] = field(default_factory=dict)
    differences: dict[str, list[str]] = field(default_factory=dict)
    struck: dict[str, int] = field(default_factory=dict)
    expected: Tables = field(default_factory=dict)
    before: Tables = field(default_factory=dict)
    lists: dict[str, str] = field(default_factory=dict)
    orders: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    sums: dict[tuple[Any, ...], tuple[Any, ...]] = field(default_factory=dict)
    account: Account | None = None


@pytest.fixture(scope="module")
def story(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    told = Story()
    lake = Lake(spark, a_place(tmp_path_factory.mktemp("later")))
    lag = timedelta(days=LATER + 1, seconds=300)
    account = Account(
        seed=11, events=600, profiles=60, campaigns=42, now=NOW + lag, lag_days=LATER + 1
    )
    # What these orders and clicks are put down to is not worked out yet at the first sync.
    late = [event for event in account.world.timeline if event.attributions][:UNSETTLED]
    for event in late:
        event.settled = False
    with Sandbox(account, key=KEY, rate_scale=50) as sandbox:
        sandbox.clock_ahead = NOW - utc_now()
        for title in STEPS:
            if title == "60 days later":
                account.advance(days=LATER)
                for event in late:
                    event.settled = True
                sandbox.clock_ahead += timedelta(days=LATER)
            before = sandbox.faults.struck.total()
            for path in STRUCK:
                sandbox.faults.add(kind=FAULTS, path=path, times=len(FAULTS))
            told.summaries[title] = sync_plus(lake, sandbox, ("events", "lists", "metrics"))
            sandbox.faults.clear()
            told.struck[title] = sandbox.faults.struck.total() - before
            now = expected(account, told.expected, told.lists)
            told.lists |= {r.id: r.attributes["name"] for r in account.world.all("list")}
            told.differences[title] = differences(lake, now)
            told.expected, told.before = now, told.expected
        told.orders, told.sums = orders(lake), sums(lake)
        told.account = account
        yield told


def orders(lake: Lake) -> dict[str, tuple[Any, ...]]:
    """Value and currency of each event of commerce, by its id."""
    rows = lake.silver(TABLES["events"]).select("id", "_value", "_value_currency").collect()
    return {row["id"]: (row["_value"], row["_value_currency"]) for row in rows}


def sums(lake: Lake) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """Of each metric, day and currency what events add up to, and what Klaviyo says they do."""
    events = lake.silver(TABLES["events"]).selectExpr(
        "metric_data_id AS metric_id",
        "event_date AS utc_date",
        "coalesce(_value_currency, '') AS value_currency",
        "CAST(_value AS decimal(18, 2)) AS value",
    )
    days = lake.silver(TABLES["metric_value_days"]).where("_deleted_at IS NULL")
    by = ["metric_id", "utc_date", "value_currency"]
    own = events.groupBy(*by).agg(
        F.count("*").alias("n"), F.coalesce(F.sum("value"), F.lit(0)).cast("double").alias("value")
    )
    both = days.join(own, by, "left").collect()
    return {
        tuple(row[name] for name in by): (row["n"], row["value"], row["count"], row["sum_value"])
        for row in both
    }


def expected(account: Account, before: Tables, lists: Mapping[str, str]) -> Tables:
    """What there is now, and of what is there no more what the sync before saw of it.

    Args:
        lists: names of those that the sync before saw; one that has gone keeps it.
    """
    found = shown(plus_statement(account.world, Ledger()))
    sent = {
        row["campaign_id"]
        for row in account.truth()["campaigns"]
        if row["send_time"] and not row["_deleted"]
    }
    for name, rows in found.items():
        now = {key_of(name, row): row for row in rows}
        last = {key_of(name, row): row for row in before.get(name, [])}
        if name == "list_days":
            known = {**lists, **{r.id: r.attributes["name"] for r in account.world.all("list")}}
            for key, row in now.items():  # one that was found stays found, whatever its name now
                row["list_id"] = last.get(key, {}).get("list_id") or list_of(row["list"], known)
        if (
            name.startswith("campaign_") and name in REPORT_TABLES
        ):  # of a campaign that was never read there is no row
            now = {k: r for k, r in now.items() if k in last or r["campaign_id"] in sent}
        gone = [row for key, row in last.items() if key not in now]
        # Rows of reports are never marked.
        mark = {} if name in REPORT_TABLES else {"_deleted": True}
        found[name] = [*now.values(), *({**row, **mark} for row in gone)]
    return found


def list_of(said: str, known: Mapping[str, str]) -> str | None:
    """The list of that id, else the only one of that name."""
    named = [id for id, name in known.items() if name == said]
    return said if said in known else named[0] if len(named) == 1 else None


def key_of(name: str, row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[column] for column in TABLES[name].key)


@pytest.mark.parametrize("title", STEPS)
def test_every_cell_is_what_the_account_says(story, title):
    assert story.differences[title] == []


@pytest.mark.parametrize("title", STEPS)
def test_faults_are_overcome_and_said_nowhere(story, title):
    assert story.struck[title] == len(FAULTS) * len(STRUCK)
    outcome = story.summaries[title].outcome
    assert (story.summaries[title].exit_code, outcome.failed) == (0, {})


def moved(story: Story, name: str, *columns: str) -> int:
    """Rows whose numbers are others than 60 days before."""
    now = {key_of(name, row): row for row in story.expected[name]}
    return sum(
        any(now[key_of(name, row)][column] != row[column] for column in columns)
        for row in story.before[name]
    )


def test_numbers_have_moved_a_form_has_gone_and_codes_were_used(story):
    assert moved(story, "flow_message_days", "conversion_value") > 0
    assert moved(story, "coupon_codes", "status") > 0
    assert [row["name"] for row in story.expected["forms"] if row["_deleted"]] == [
        "Leaves tomorrow"
    ]
    assert any(row["_deleted"] for row in story.expected["attributed_days"])


def test_values_of_orders_are_what_their_pages_say(story):
    kinds = {"placed_order", "refunded_order"}
    events = {e.id: payload(e) for e in story.account.world.timeline if e.kind in kinds}
    said = {id: (p.get("$value"), p.get("$value_currency")) for id, p in events.items()}
    found = {id: story.orders[id] for id in events}

    assert said == {
        id: ("1,234.50" if said[id][0] == "1,234.50" else value, currency)
        for id, (value, currency) in found.items()
    }
    assert {"USD", "JPY", None} == {currency for _, currency in found.values()}
    odd = {value for value, _ in found.values() if value is None or not 0 <= value < 1_000_000}
    # 1,234.50 is no number.
    assert odd == {None, -19.99, 12_000_000.0}


def test_events_add_up_per_currency_to_what_klaviyo_says_they_do(story):
    assert len(story.sums) > 100
    assert [key for key, row in story.sums.items() if row[:2] != row[2:]] == []
