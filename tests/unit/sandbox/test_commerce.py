"""Money in the account: currencies, refunds, a look-alike, odd values; and a past that stays."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta, timezone

import pytest

from klaviyo_spark.sandbox import Account
from klaviyo_spark.sandbox.render.payloads import payload
from klaviyo_spark.sandbox.reports.sends import LATE_DAY, flow_sends, last_day
from klaviyo_spark.sandbox.reports.statistics import message_numbers

NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)


@pytest.fixture
def account() -> Account:
    return Account(seed=7, events=3_000, profiles=100, now=NOW)


def test_two_metrics_are_called_placed_order_and_refunds_have_one_of_their_own(account):
    named = Counter(m.attributes["name"] for m in account.world.all("metric"))
    assert (named["Placed Order"], named["Refunded Order"]) == (2, 1)
    kinds = Counter(event.kind for event in account.world.timeline)
    assert min(kinds["placed_order"], kinds["placed_order_alike"], kinds["refunded_order"]) > 3
    mapped = {r["mapped_metric_id"]: r["metric_id"] for r in account.plus_truth()["mapped_metrics"]}
    orders = {e.metric_id for e in account.world.timeline if e.kind == "placed_order"}
    refunds = {e.metric_id for e in account.world.timeline if e.kind == "refunded_order"}
    assert {mapped["revenue"]} == orders
    assert {mapped["refunded_sales"]} == refunds


def test_a_day_later_one_metric_is_refunds_and_cancellations(account):
    account.advance()
    mapped = {r["mapped_metric_id"]: r["metric_id"] for r in account.plus_truth()["mapped_metrics"]}
    assert mapped["refunded_sales"] == mapped["cancelled_sales"]


def test_orders_have_two_currencies_or_none_and_one_of_each_odd_value(account):
    said = [payload(e) for e in account.world.timeline if e.kind == "placed_order"]
    assert {p.get("$value_currency") for p in said} == {"USD", "JPY", None}
    values = [p["$value"] for p in said]
    assert [v for v in values if isinstance(v, str)] == ["1,234.50"]
    numbers = [v for v in values if not isinstance(v, str)]
    assert [v for v in numbers if v < 0] == [-19.99]
    assert [v for v in numbers if v > 1_000_000] == [12_000_000.0]


def test_sums_are_per_currency_and_text_that_is_no_number_counts_for_nothing(account):
    orders = [e for e in account.world.timeline if e.kind == "placed_order"]
    today = account.today.date()
    rows = [
        row
        for row in account.plus_truth()["metric_value_days"]
        if row["metric_id"] == orders[0].metric_id
    ]
    found: Counter[str] = Counter()
    for row in rows:
        found[row["value_currency"]] += row["sum_value"]
    expected: Counter[str] = Counter()
    for event in orders:
        value = payload(event)["$value"]
        if datetime.fromtimestamp(event.at, timezone.utc).date() < today:
            number = 0.0 if isinstance(value, str) else value
            expected[payload(event).get("$value_currency", "")] += number
    assert found == pytest.approx(expected)
    assert found["JPY"] > 12_000_000


def test_what_happened_stays_as_it_was_when_days_pass(account):
    def past() -> dict[str, object]:
        return {
            e.id: payload(e) for e in account.world.timeline if e.at < NOW.timestamp() - 864_000
        }

    before = past()
    account.advance(days=3)
    assert {id: said for id, said in past().items() if id in before} == before


def test_a_number_moves_on_the_59th_day_and_on_none_after():
    account = Account(seed=7, events=60, profiles=20, now=NOW + timedelta(days=5), lag_days=5)
    world = account.world
    metric = world.records["mapped-metric"]["revenue"].to_one["metric"][1]

    def worth() -> dict[object, float]:
        last = last_day(world)
        return {
            (send.message_id, send.day): message_numbers([send], metric, last)["conversion_value"]
            for send in flow_sends(world)
        }

    before, first = worth(), last_day(world)
    account.advance(days=3)
    after = worth()
    moved = {(first - day).days for (id, day), value in before.items() if after[id, day] != value}
    # Those of before are settled; on these days it is 59 days since they were sent.
    assert {age for age in moved if age > 10} == {LATE_DAY - 1, LATE_DAY - 2, LATE_DAY - 3}
