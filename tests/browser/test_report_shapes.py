"""The page on lakes with nothing, one day, four years, three accounts: nothing sticks out."""

from __future__ import annotations

from pathlib import Path

import pytest

from klaviyo_spark.cli import main
from tests.browser import report_lakes

SHAPES = ("nothing", "day", "years", *(f"accounts-{name}" for name in report_lakes.ACCOUNTS))
# Text that the browser cuts off, outside what scrolls by itself.
CUT = """[...document.querySelectorAll("h1, h2, h3, p, li, .card, .buttons, .chart")].filter(
    (part) => part.scrollWidth > part.clientWidth + 1 && getComputedStyle(part).display !== "inline"
).map((part) => part.textContent.slice(0, 40))"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> Path:
    """A page of each shape, by its name."""
    folder: Path = tmp_path_factory.mktemp("shapes")
    report_lakes.write_nothing(folder / "nothing")
    report_lakes.write_days(folder / "day", 1)
    report_lakes.write_days(folder / "years", 4 * 365 + 1)
    for account in report_lakes.ACCOUNTS:
        report_lakes.write_days(folder / "accounts", 60, account)
    entries = (
        f"{{name: {name}, key_variable: K{n}}}" for n, name in enumerate(report_lakes.ACCOUNTS)
    )
    conf = folder / "my.yml"
    conf.write_text(f"accounts: [{', '.join(entries)}]\n")
    for name in ("nothing", "day", "years", "accounts"):
        more = ["--config", str(conf)] if name == "accounts" else []
        out = str(folder / f"{name}.html")
        with pytest.raises(SystemExit, match="0"):
            main(["report", "--warehouse", str(folder / name), "--out", out, *more])
    return folder


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_is_cut_off_or_asked_for(pages, tab, shape: str, width: int, scheme: str):
    page = pages / f"{shape}.html"
    tab.complaints.clear()
    tab.asked.clear()
    tab.look(width, scheme=scheme)
    tab.open(page)

    assert tab.complaints == []
    assert tab.asked == [page.as_uri()]
    assert tab.value("document.documentElement.scrollWidth") == width
    assert tab.value(CUT) == []


def test_four_years_are_all_in_the_chart_and_in_the_heat_map(pages, tab):
    tab.look(1280)
    tab.open(pages / "years.html")

    days = tab.value(
        """echarts.getInstanceByDom(document.getElementById("chart-days")).getOption()
            .xAxis[0].data.length"""
    )
    months = tab.value("""document.querySelectorAll("#heat thead th").length - 1""")

    assert (days, months) == (4 * 365 + 1, 49)
