"""What is asked to mend faults, round by round. No Spark."""

from __future__ import annotations

import json
from datetime import date, datetime, timezone
from urllib.parse import unquote

from klaviyo_spark.bronze.request_plan import Parent
from klaviyo_spark.client.walk import Walk
from klaviyo_spark.commands.verify.checking import VerifiedScope
from klaviyo_spark.commands.verify.days import DayRange
from klaviyo_spark.commands.verify.healing import PAGE, Healing, Reading
from klaviyo_spark.commands.verify.reread import Reread
from tests.builders import a_campaign, a_page

NOW = datetime(2026, 11, 24, tzinfo=timezone.utc)
DAYS = DayRange(date(2026, 5, 2), date(2026, 5, 4))
EMAIL = {"channel": "email", "archived": "false"}


def a_reread(healing: Healing) -> Reread:
    groups = {("lists", "L1"): Parent("L1"), ("segments", "S1"): Parent("S1", whole=False)}
    scope = VerifiedScope({"M1": "opened email"}, groups)
    return Reread("https://a.klaviyo.com", healing, scope, NOW, lambda: NOW)


def of(walks: list[Walk]) -> list[tuple[str, str | None, bool]]:
    return [(walk.endpoint.name, walk.parent_id, walk.is_full_read) for walk in walks]


def test_short_days_are_asked_for_from_midnight_to_midnight():
    plan = a_reread(Healing([Reading(("M1", "M2"), DAYS, 40)]))
    (walk,) = next(plan.rounds())
    assert (
        'filter=equals(metric_id,["M1","M2"]),greater-or-equal(datetime,2026-05-02T00:00:00Z),'
        "less-or-equal(datetime,2026-05-04T23:59:59Z)"
    ) in unquote(walk.first_url)
    assert (walk.facts, walk.is_full_read) == ({"metric_ids": "M1,M2"}, False)


def test_a_reading_is_cut_among_threads_only_where_it_is_long():
    few, many = (Reading(("M1",), DAYS, n * PAGE) for n in (31, 32))
    assert [walk.ask is None for walk in next(a_reread(Healing([few, many])).rounds())] == [
        True,
        False,
    ]


def test_members_are_read_whole():
    healing = Healing(groups={"lists": frozenset({"L1"}), "segments": frozenset({"S1"})})
    rounds = a_reread(healing).rounds()
    assert of(next(rounds)) == [("list_profiles", "L1", True), ("segment_profiles", "S1", False)]
    assert next(rounds) == []


def test_of_missing_records_children_are_asked_for_once_they_are_listed():
    plan = a_reread(Healing(listings={"campaigns": frozenset({"C1", "C3-M"})}))
    rounds = plan.rounds()
    assert [walk.endpoint.name for walk in next(rounds)] == ["campaigns"] * 6
    page = a_page("campaigns", *(a_campaign(id) for id in ("C1", "C2", "C3")))
    plan.note("campaigns", EMAIL, None, page["body"].encode())
    assert of(next(rounds)) == [
        ("campaign_templates", "C1", True),
        ("campaign_templates", "C3", True),
    ]


def test_what_has_no_id_was_not_missing_and_names_nothing_that_was():
    plan = a_reread(Healing(listings={"campaigns": frozenset({"C1", "C3-M"})}))
    rounds = plan.rounds()
    next(rounds)
    nameless = {**a_campaign("C3"), "id": None}
    odd = a_campaign("C2")
    odd["relationships"]["campaign-messages"]["data"] = [{"id": ["C3-M"]}, {"id": {"a": 1}}]
    page = a_page("campaigns", nameless, odd, a_campaign("C1"))
    plan.note("campaigns", EMAIL, None, page["body"].encode())
    assert of(next(rounds)) == [("campaign_templates", "C1", True)]


def test_what_is_included_in_another_shape_names_nothing_that_was_missing():
    plan = a_reread(Healing(listings={"campaigns": frozenset({"C1"})}))
    rounds = plan.rounds()
    next(rounds)
    body = json.dumps({"data": [a_campaign("C1"), a_campaign("C2")], "included": 5})
    plan.note("campaigns", EMAIL, None, body.encode())
    assert of(next(rounds)) == [("campaign_templates", "C1", True)]


def test_where_nothing_was_missing_no_child_is_asked_for():
    plan = a_reread(Healing(listings={"campaigns": frozenset()}))
    rounds = plan.rounds()
    next(rounds)
    plan.note("campaigns", EMAIL, None, a_page("campaigns", a_campaign())["body"].encode())
    assert next(rounds) == []


def test_nothing_that_landed_before_is_taken_for_read():
    assert a_reread(Healing()).kept == {}
