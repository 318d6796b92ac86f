"""The page in a headless Chromium: it renders, and says what the tables say. `make test-report`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from klaviyo_spark.cli import main
from tests import contract
from tests.helpers.browser import Browser

# Text of each cell of a table's rows, by the row's first.
ROWS = """Object.fromEntries([...document.querySelectorAll("#%s tbody tr")].map(
    (row) => [row.cells[0].textContent, [...row.cells].slice(1).map((c) => c.textContent)]))"""


@pytest.fixture(scope="module")
def html(lake, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("page") / "report.html"
    with pytest.raises(SystemExit, match="0"):
        main(["report", "--warehouse", str(lake), "--out", str(out)])
    return out


@pytest.fixture
def shown(tab, html) -> Browser:
    tab.look(1280)
    tab.open(html)
    return tab


def table(lake: Path, name: str) -> list[dict[str, Any]]:
    schema, _, table = name.partition(".")
    return DeltaTable(lake / f"{schema}.db" / table).to_pyarrow_table().to_pylist()


def whole(text: str) -> int:
    return int(text.replace(",", ""))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_it_renders_without_complaint_and_asks_nobody(html, tab, width, scheme):
    tab.complaints.clear()
    tab.asked.clear()
    tab.look(width, scheme=scheme)
    tab.open(html)

    assert tab.complaints == []
    assert tab.asked == [html.as_uri()]
    assert tab.value("document.documentElement.scrollWidth") == width, "no part sticks out"
    ink = tab.value(
        """[...document.querySelectorAll(".chart canvas")].map((canvas) => new Set(
            canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data).size)"""
    )
    assert len(ink) == 3
    assert min(ink) > 5, "something is drawn"


def test_dark_is_dark(html, tab):
    colours = []
    for scheme in ("light", "dark"):
        tab.look(1280, scheme=scheme)
        tab.open(html)
        colours.append(tab.value("getComputedStyle(document.body).backgroundColor"))

    assert colours == ["rgb(246, 247, 249)", "rgb(18, 22, 28)"]


def test_charts_follow_when_the_scheme_changes(shown):
    line = (
        'echarts.getInstanceByDom(document.getElementById("chart-requests"))'
        ".getOption().series.at(-1).color"
    )
    light = shown.value(line)
    shown.look(1280, scheme="dark")

    assert (light, shown.value(line)) == ("#1c2430", "#e6eaf0")
    assert shown.complaints == []


def test_rows_of_every_table_are_those_of_the_table(shown, lake):
    found = shown.value(ROWS % "rows")

    assert {name: whole(cells[0]) for name, cells in found.items()} == {
        name: len(table(lake, f"klaviyo_v2.{name}")) for name in contract.COLUMNS
    }
    loads = table(lake, "klaviyo_ops.table_loads")
    last = {row["table_name"]: row for row in loads if row["run_id"] == "third"}
    for name, cells in found.items():
        changes = [whole(cell) for cell in cells[2:7]]
        row = last[name]
        assert changes == [
            row[count]
            for count in ("inserted", "updated", "soft_deleted", "cast_failures", "quarantined")
        ]


def test_every_event_is_in_the_chart_on_its_day(shown, lake):
    names = {row["metric_id"]: row["name"] for row in table(lake, "klaviyo_v2.metrics")}
    events = table(lake, "klaviyo_v2.events")
    expected = Counter((f"{e['event_date']}", names[e["metric_data_id"]]) for e in events)

    drawn = shown.value(
        """(() => {
            const chart = echarts.getInstanceByDom(document.getElementById("chart-days"));
            const { series, xAxis } = chart.getOption();
            return series.flatMap((layer) => layer.data.map(
                (count, at) => [xAxis[0].data[at], layer.name, count]));
        })()"""
    )

    layers = {name for _, name, _ in drawn}
    found: Counter[tuple[str, str]] = Counter()
    for day, name, count in drawn:
        found[day, name] += count
    folded: Counter[tuple[str, str]] = Counter()
    for (day, name), count in expected.items():
        folded[day, name if name in layers else "other metrics"] += count
    assert +found == folded


def test_the_list_of_metrics_adds_up_to_the_events(shown, lake):
    found = shown.value(ROWS % "metrics")

    total = sum(whole(cells[0]) for cells in found.values())
    assert total == len(table(lake, "klaviyo_v2.events"))


def test_late_events_are_those_of_the_table(shown, lake):
    late = table(lake, "klaviyo_ops.late_arrivals")
    said = shown.value("""document.querySelector("[data-sum=late]").textContent""")
    drawn = shown.value(
        """echarts.getInstanceByDom(document.getElementById("chart-late")).getOption()
            .series[0].data"""
    )

    assert whole(said) == sum(drawn) == sum(row["late_row_count"] for row in late)


def test_the_heat_map_holds_every_month_that_was_verified(shown):
    heat = shown.value(ROWS % "heat")
    months = shown.value(
        """[...document.querySelectorAll("#heat thead th")].map((c) => c.textContent)"""
    )

    assert months == ["metric", "2026-09", "2026-10"]
    assert sorted(heat.values()) == [["100", "100"], ["·", "85"]]
    sums = [
        whole(shown.value(f"""document.querySelector("[data-sum={name}]").textContent"""))
        for name in ("expected_count", "missing", "too_many")
    ]
    assert sums == [240, 6, 89]


def test_runs_and_their_requests_are_those_of_the_table(shown, lake):
    found = shown.value(
        """[...document.querySelectorAll("#runs tbody tr")].map((row) => [row.dataset.run,
            ...["requests", "retries", "pages"].map(
                (name) => row.querySelector(`[data-count=${name}]`).textContent)])"""
    )

    runs = {row["run_id"]: row for row in table(lake, "klaviyo_ops.runs")}
    assert [run_id for run_id, *_ in found] == ["third", "second", "first"]
    for run_id, *counts in found:
        names = ("requests", "retries", "pages")
        assert [whole(count) for count in counts] == [runs[run_id][name] for name in names]


def test_pages_of_the_newest_run_are_in_its_chart_with_their_share(shown, lake):
    series = shown.value(
        """echarts.getInstanceByDom(document.getElementById("chart-requests")).getOption()
            .series.map(({ name, data }) => [name, data])"""
    )

    pages = Counter(row["endpoint"] for row in table(lake, "klaviyo_bronze.pages"))
    *layers, (line, share) = series
    assert {name: sum(data) for name, data in layers} == dict(pages)
    assert (line, share) == ("share of the limit", [0.9, 10.0, 4.0])


def test_quarantine_and_orphans_are_counted_and_lead_to_what_to_do(shown, lake):
    quarantined = shown.value(ROWS % "quarantined")
    orphans = shown.value(ROWS % "orphaned")

    assert whole(quarantined["profiles"][1]) == len(table(lake, "klaviyo_ops.quarantine"))
    rows = table(lake, "klaviyo_ops.orphaned_flows")
    assert sum(whole(cells[0]) for cells in orphans.values()) == sum(r["row_count"] for r in rows)
    shown.value("""document.querySelector("#quarantine .todo a").click()""")
    assert shown.value("location.hash") == "#records-in-quarantine"
    assert shown.value("""document.querySelector(location.hash).textContent""") == (
        "Records in quarantine"
    )


def test_a_button_shows_as_many_days_as_it_says(shown):
    zoom = (
        'echarts.getInstanceByDom(document.getElementById("chart-days")).getOption()'
        ".dataZoom.map(({ startValue, endValue }) => endValue - startValue + 1)"
    )
    for days in (30, 365):
        shown.value(f"""document.querySelector("[data-days='{days}']").click()""")

        assert shown.value(zoom) == [days, days]
