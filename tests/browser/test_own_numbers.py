"""Klaviyo's own numbers in a headless Chromium: they fit, are drawn, and are those of the rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from klaviyo_spark.commands.report.answers import ask
from klaviyo_spark.commands.report.figures import Figures, figures
from klaviyo_spark.commands.report.page import page
from klaviyo_spark.config.models import Schemas
from klaviyo_spark.lake.readers.folder import Files
from tests.helpers.reports import sample

# Text of each cell of a table's rows, in order.
ROWS = """[...document.querySelectorAll("#%s tbody tr")].map(
    (row) => [...row.cells].map((cell) => cell.textContent))"""


@pytest.fixture(scope="module")
def made(own_lake) -> Figures:
    return figures(ask(Files(own_lake, Schemas()), "default"), "default", sample.NOW)


@pytest.fixture(scope="module")
def html(made, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("page") / "report.html"
    out.write_text(page(made), encoding="utf-8")
    return out


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_they_fit_and_are_drawn(html, tab, width, scheme):
    tab.complaints.clear()
    tab.look(width, scheme=scheme)
    tab.open(html)

    assert tab.complaints == []
    assert tab.value("document.documentElement.scrollWidth") == width, "no part sticks out"
    ink = tab.value(
        """["lists", "segments"].map((name) => {
            const canvas = document.querySelector(`#chart-${name} canvas`);
            return new Set(canvas.getContext("2d")
                .getImageData(0, 0, canvas.width, canvas.height).data).size;
        })"""
    )
    assert min(ink) > 5, "something is drawn"


def test_tables_say_what_the_figures_do(html, tab, made):
    tab.look(1280)
    tab.open(html)

    found = tab.value(ROWS % "campaign-values")
    assert [row[0] for row in found] == [line.name for line in made.own.campaigns]
    assert [row[-1] for row in found] == [
        f"{line.numbers['conversion_value']:,.2f}" for line in made.own.campaigns
    ]
    revenue = [[row[0], row[1], row[-1]] for row in tab.value(ROWS % "revenue")]
    assert revenue == [
        [f"{line.month:%Y-%m}", line.currency or "none named", f"{line.net:,.2f}"]
        for line in made.own.revenue
    ]
    segments = tab.value(ROWS % "segment-days")
    assert [row[:2] for row in segments] == [
        [line.name, f"{line.members:,}"] for line in made.own.segments
    ]


def test_a_day_in_the_charts_names_each_number_and_no_sum(html, tab, made):
    tab.look(1280)
    tab.open(html)

    said = tab.value(
        """(() => {
            const chart = echarts.getInstanceByDom(document.getElementById("chart-segments"));
            const last = chart.getOption().xAxis[0].data.length - 1;
            chart.dispatchAction({ type: "showTip", seriesIndex: 0, dataIndex: last });
            return document.querySelector("#chart-segments div:nth-child(2)").textContent;
        })()"""
    )

    for layer in made.charts["segments"]["series"]:
        assert f"{layer['name']} {layer['counts'][-1]:,}" in said
    assert "together" not in said
