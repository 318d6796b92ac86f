"""The numbers behind the charts."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

from klaviyo_spark.commands.report import charts

TODAY = date(2026, 11, 20)
START = datetime(2026, 11, 20, 10, tzinfo=timezone.utc)


def a_day(day: date | None, count: int = 1, metric: str | None = "M1"):
    return {"day": day, "metric_id": metric, "row_count": count, "newest": None}


def a_minute(endpoint: str, minute: int, pages: int):
    return {"endpoint": endpoint, "at": START + timedelta(minutes=minute), "pages": pages}


def a_run(minutes: int = 10):
    return {"started_at": START, "finished_at": START + timedelta(minutes=minutes)}


def test_a_day_without_events_is_a_hole_not_left_out():
    days = [a_day(date(2026, 11, 1), 5), a_day(date(2026, 11, 4), 2)]

    found = charts.events_per_day(days, {"M1": "Opened Email"}, TODAY)

    assert found == {
        "start": "2026-11-01",
        "length": 4,
        "outside": 0,
        "series": [{"name": "Opened Email", "counts": [5, 0, 0, 2]}],
    }


def test_events_far_off_and_without_a_day_are_counted_and_do_not_stretch_the_axis():
    days = [a_day(TODAY, 3), a_day(date(1970, 1, 1), 2), a_day(date(2099, 1, 1)), a_day(None)]

    found = charts.events_per_day(days, {}, TODAY)

    assert (found["start"], found["length"], found["outside"]) == ("2026-11-20", 1, 4)


def test_small_metrics_share_a_layer_so_that_no_event_is_left_out():
    many = charts.MOST_METRICS + 3
    days = [a_day(TODAY, 100 - n, f"M{n}") for n in range(many)]

    series = charts.events_per_day(days, {}, TODAY)["series"]

    assert len(series) == charts.MOST_METRICS + 1
    assert series[0]["name"] == "M0", "the largest first"
    assert series[-1] == {"name": charts.OTHERS, "counts": [86 + 85 + 84]}


def test_events_without_a_metric_are_a_layer_of_their_own_whatever_the_others_sizes():
    same_size = [a_day(TODAY, 1, None), a_day(TODAY, 1, "M1")]
    smallest = [a_day(TODAY, 100 - n, f"M{n}") for n in range(charts.MOST_METRICS + 3)]
    smallest.append(a_day(TODAY, 2, None))

    even, small = (
        charts.events_per_day(days, {}, TODAY)["series"] for days in (same_size, smallest)
    )

    assert even == [{"name": "M1", "counts": [1]}, {"name": "no metric", "counts": [1]}]
    assert [layer["name"] for layer in small[-3:]] == ["M13", "other metrics", "no metric"]
    assert [layer["counts"] for layer in small[-2:]] == [[86 + 85 + 84], [2]]


def test_no_events_give_an_empty_axis():
    found = charts.events_per_day([], {}, TODAY)

    assert found == {"start": None, "length": 0, "outside": 0, "series": []}


def test_late_events_stand_in_the_order_of_their_days():
    rows = [{"day": date(2026, 11, n), "row_count": n} for n in (9, 3)]

    assert charts.late_per_day(rows) == {"days": ["2026-11-03", "2026-11-09"], "counts": [3, 9]}


def test_the_share_of_the_limit_is_that_of_the_endpoint_nearest_to_its_own():
    # Events may be asked for 3,500 times a minute, profiles 750 times.
    rows = [a_minute("events", 0, 350), a_minute("profiles", 0, 150), a_minute("events", 2, 1)]

    found = charts.requests_over_run(rows, a_run())

    assert found["times"] == ["2026-11-20 10:00", "2026-11-20 10:01", "2026-11-20 10:02"]
    assert found["share"] == [20.0, 0.0, 0.0]
    assert found["busiest"] == ["profiles", None, "events"]
    assert found["series"][0] == {"name": "events", "counts": [350, 0, 1]}


def test_endpoints_that_share_a_budget_are_added_up():
    # 60 a minute, at both revisions together.
    rows = [a_minute("flows", 0, 3), a_minute("flow_actions_2025", 0, 3)]

    assert charts.requests_over_run(rows, a_run())["share"] == [10.0]


def test_a_long_run_is_shown_by_the_hour():
    rows = [{**a_minute("profiles", 0, 900), "at": START + n * timedelta(hours=1)} for n in (0, 5)]

    found = charts.requests_over_run(rows, a_run(minutes=400))

    assert (found["unit"], len(found["times"])) == ("hour", 6)
    assert found["share"][0] == 2.0, "900 of 60 x 750"


def test_an_endpoint_of_another_version_is_shown_and_has_no_share():
    found = charts.requests_over_run([a_minute("faxes", 0, 9)], a_run())

    assert (found["series"][0]["name"], found["share"]) == ("faxes", [0.0])


def test_without_a_run_there_is_nothing_to_draw():
    assert charts.requests_over_run([], None)["times"] == []
