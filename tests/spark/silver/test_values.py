"""What Klaviyo writes in odd ways, and the cells it becomes. ``cases`` were failures once."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from pyspark.sql import SparkSession

from klaviyo_spark.resources import TABLES
from klaviyo_spark.silver.parse.project import project, project_columns
from tests.builders import a_campaign, a_page, a_record, an_event, pages_df
from tests.places import CASES

DAY = date(2026, 6, 23)
TIME = datetime(2026, 6, 23, 0, 15, 23)  # noqa: DTZ001


def a_case(name: str, endpoint: str) -> dict[str, Any]:
    """The one page of ``cases/<name>.json``, as it is written there."""
    text = (CASES / f"{name}.json").read_text(encoding="utf-8")
    after = text.index(f'"{endpoint}"') + len(endpoint) + 2
    start = text.index("{", after)
    _, end = json.JSONDecoder().raw_decode(text, start)
    return a_page(endpoint, body=text[start:end])


def cells(spark: SparkSession, table: str, columns: str, *pages: Any) -> list[tuple[Any, ...]]:
    """Some columns of all rows that the pages give, sorted; times naive, in UTC."""
    read = project(pages_df(spark, *pages), TABLES[table]).select(*columns.split())
    # By Arrow: Python takes no time of the first day of the year 1 from Spark's rows.
    rows = [tuple(map(_naive, row.values())) for row in read.toArrow().to_pylist()]
    return sorted(rows, key=str)


def _naive(cell: Any) -> Any:
    return cell.replace(tzinfo=None) if isinstance(cell, datetime) else cell


def test_a_number_in_a_text_cell_is_written_as_klaviyo_wrote_it(spark):
    page = a_case("number-in-text-cell", "events")
    properties = '{"$event_id":1621295008.50,"$internal":{"send_timestamp":1782173700.123}}'
    columns = "id internal_send_timestamp event_id timestamp _event_properties nulled"
    assert cells(spark, "events", columns, page) == [
        ("E1", "1782173700.123", "1621295008.50", 1782173723, properties, 0)
    ]


def test_an_event_has_the_day_of_its_timestamp_where_its_datetime_is_none(spark):
    page = a_case("event-date-from-timestamp", "events")
    assert cells(spark, "events", "id event_datetime timestamp event_date nulled", page) == [
        ("E1", None, 1782173723, DAY, 0),
        ("E2", None, 1782173723, DAY, 1),
        ("E3", None, 1782173723, DAY, 0),
        ("E4", TIME, 1782173723, DAY, 0),
        ("E5", None, 1782173723000, DAY, 0),
    ]


def test_a_time_of_the_year_1_is_kept_and_one_before_it_is_null_and_counted(spark):
    page = a_case("year-0001", "profiles")
    before = a_record("profile", "P3", last_event_date="0001-01-01T00:00:00+01:00")
    found = cells(
        spark,
        "profiles",
        "profile_id email last_event_date nulled",
        page,
        a_page("profiles", before),
    )
    assert found == [
        ("P1", "ann@example.com", datetime.min, 0),  # noqa: DTZ901
        ("P2", "bob@example.com", None, 0),
        ("P3", None, None, 1),
    ]


def test_the_first_reading_that_fits_gives_the_cell_and_counts_as_nulled_only_if_none_does(spark):
    def sms(id: str, first: Any, second: Any) -> dict[str, Any]:
        marketing = {"consent_timestamp": first, "timestamp": second}
        return a_record("profile", id, subscriptions={"sms": {"marketing": marketing}})

    good = "2026-06-23T00:15:23Z"
    page = a_page(
        "profiles",
        sms("P1", "soon", good),
        sms("P2", "", good),
        sms("P3", {"at": good}, 1782173723.0),
        sms("P4", "soon", "later"),
        sms("P5", "", None),
        sms("P6", good, "later"),
    )
    expected = [
        ("P1", TIME, 0),
        ("P2", TIME, 0),
        ("P3", TIME, 0),
        ("P4", None, 1),
        ("P5", None, 0),
        ("P6", TIME, 0),
    ]
    assert cells(spark, "profiles", "profile_id sms_marketing_timestamp nulled", page) == expected
    names = ["profile_id", "sms_marketing_timestamp"]
    glanced = project_columns(pages_df(spark, page), TABLES["profiles"], names).collect()
    assert sorted(row[1:] for row in glanced) == [row[:2] for row in expected]


def test_empty_text_is_a_value_of_a_text_column_and_an_unfilled_shape_is_none(spark):
    page = a_page(
        "events",
        an_event("E1", {"_ip": "", "$_ip": "192.0.2.1"}),
        an_event("E2", {"_ip": None, "$_ip": "192.0.2.1"}),
    )
    legacy = an_event("E3", {"$attribution": {"$flow": "F1"}})
    legacy["relationships"]["attributions"]["data"] = [{"type": "attribution", "id": "A1"}]
    unfilled = {"type": "attribution", "id": "A1", "relationships": {"flow": {"data": {"id": 0}}}}
    attributed = a_page("events", legacy, included=[unfilled])
    assert cells(spark, "events", "id ip attribution_flow", page, attributed) == [
        ("E1", "", None),
        ("E2", "192.0.2.1", None),
        ("E3", None, "F1"),
    ]


def test_whether_a_time_is_a_wall_clock_is_told_by_the_first_flag_that_is_one(spark):
    def strategy(id: str, first: Any, second: Any) -> dict[str, Any]:
        told = {"options": {"is_local": first}, "options_static": {"is_local": second}}
        at = "2026-06-23T00:15:23+05:00"
        return a_campaign(id, send_strategy={"method": "static", "datetime": at, **told})

    columns = "campaign_id send_strategy_options_static_datetime "
    columns += "send_strategy_options_static_is_local nulled"
    utc = datetime(2026, 6, 22, 19, 15, 23)  # noqa: DTZ001
    page = a_page(
        "campaigns",
        strategy("C1", "yes", True),
        strategy("C2", "no", False),
        strategy("C3", "yes", "no"),
        strategy("C4", True, False),
    )
    assert cells(spark, "campaigns", columns, page) == [
        ("C1", TIME, True, 0),
        ("C2", utc, False, 0),
        ("C3", utc, None, 1),
        ("C4", TIME, True, 0),
    ]
