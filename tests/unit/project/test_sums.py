"""No number that cannot be added up is added up, in the report or in an example.

A rate, an average and a number per recipient are of their own group alone. A count of different
people counts somebody in two groups twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.places import EXAMPLES, ROOT

REPORT = ROOT / "klaviyo_spark" / "commands" / "report"
SCANNED = sorted(
    [
        *EXAMPLES.glob("*.sql"),
        *EXAMPLES.glob("*.py"),
        *EXAMPLES.glob("dbt/models/*.sql"),
        *REPORT.rglob("*.py"),
    ]
)
# Parts of the names that such numbers have, ours and Klaviyo's own.
NAMES = re.compile(
    r"(?<![a-z])(rates?|ratio|uniques?|average|avg|mean|percent|pct|per_[a-z]+|customers|people|"
    r"openers?|clickers?|recipients?|opener_count|clicker_count|recipient_count)(?![a-z])",
    re.IGNORECASE,
)
# What is one by how it is worked out, under whatever name.
_WORKED_OUT = re.compile(r"(?:\bcount\s*\(\s*distinct\b|\bavg\s*\(|\bround\s*\()", re.IGNORECASE)
_NAMED = re.compile(r"\s*as\s+(\w+)", re.IGNORECASE)
_SUM = re.compile(r"\bf?sum\s*(?=\()", re.IGNORECASE)
_METHOD = re.compile(r"([\w\]\[\"'.]+)\.sum\s*\(\s*\)")


def within(text: str, begin: int) -> tuple[str, int]:
    """What stands in the brackets that open at ``begin``, and where they end."""
    depth = 0
    for place in range(begin, len(text)):
        depth += (text[place] == "(") - (text[place] == ")")
        if depth == 0:
            return text[begin + 1 : place], place + 1
    return text[begin + 1 :], len(text)


def worked_out(text: str) -> set[str]:
    """Names that the text gives to what it counts once each, averages or rounds."""
    names = set()
    for found in _WORKED_OUT.finditer(text):
        _, end = within(text, text.index("(", found.start()))
        if named := _NAMED.match(text, end):
            names.add(named[1])
    return names


def wrong_sums(text: str) -> Iterator[str]:
    """Each sum of what cannot be added up."""
    text = re.sub(r"--.*", "", text)
    own = worked_out(text)
    summed = [within(text, found.end())[0] for found in _SUM.finditer(text)]
    summed += [found[1] for found in _METHOD.finditer(text)]
    for what in summed:
        if NAMES.search(what) or own & {*re.findall(r"\w+", what)}:
            yield " ".join(what.split())


@pytest.mark.parametrize("file", SCANNED, ids=lambda file: Path(file).relative_to(ROOT).as_posix())
def test_nothing_is_added_up_that_cannot_be(file: Path):
    assert [*wrong_sums(file.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    "text",
    [
        "SELECT sum(open_rate) FROM x",
        "SELECT SUM( CASE WHEN a THEN opens_unique END ) FROM x",
        "SELECT sum(coalesce(average_order_value, 0))",
        "SELECT sum(revenue_per_recipient)",
        "SELECT sum(n) FROM (SELECT count(DISTINCT profile_id) AS n FROM x GROUP BY day)",
        "SELECT sum(v) FROM (SELECT avg(value) AS v FROM x GROUP BY day)",
        "total = sum(row['click_rate'] for row in rows)",
        'frame["conversion_uniques"].sum()',
    ],
)
def test_a_sum_of_such_is_found(text: str):
    assert len([*wrong_sums(text)]) == 1


@pytest.mark.parametrize(
    "text",
    [
        "SELECT sum(order_value), count(DISTINCT profile_id) AS customers FROM x",
        "SELECT sum(opens) / sum(delivered) AS open_rate FROM x",
        "SELECT sum(n) FROM (SELECT count(*) AS n FROM x GROUP BY day)",
        "-- sum(open_rate) would be wrong",
    ],
)
def test_a_sum_of_others_is_none(text: str):
    assert [*wrong_sums(text)] == []


def test_the_report_and_the_examples_are_scanned_where_they_stand():
    names = {file.name for file in SCANNED}
    assert {
        "questions.py",
        "figures.py",
        "campaign_results.sql",
        "net_revenue_by_month.sql",
    } <= names
