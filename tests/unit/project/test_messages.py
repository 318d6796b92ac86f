"""The tables of messages: each row whole and said as it must be, and a page that is not stale."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import klaviyo_spark
from klaviyo_spark import errors
from klaviyo_spark.messages import AREAS
from klaviyo_spark.messages.message import Message, pattern, warning
from scripts.reference import messages

PACKAGE = Path(klaviyo_spark.__file__).parent
TABLE = {
    (module.__name__.rpartition(".")[2], name): value
    for module in AREAS
    for name, value in vars(module).items()
    if isinstance(value, Message)
}

# What is sent again is told the way out when it is given up.
SAID_ELSEWHERE = re.compile("sent again|Correct it|make a new one|next listing")


@dataclass(frozen=True)
class Use:
    """Where code says ``messages.area.NAME``: with which fields, and what takes the text."""

    where: str
    key: tuple[str, str]
    fields: set[str | None]
    taken_by: str


def uses() -> Iterator[Use]:
    for file in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        above = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
        for node in ast.walk(tree):
            area = getattr(node, "value", None)
            if isinstance(node, ast.Attribute) and name_of(getattr(area, "value", 0)) == "messages":
                call = above[node]
                assert isinstance(call, ast.Call), ast.unparse(call)
                yield Use(
                    f"{file.relative_to(PACKAGE)}:{node.lineno}",
                    (name_of(area), node.attr),
                    {keyword.arg for keyword in call.keywords},
                    name_of(getattr(above[call], "func", None)),
                )


def name_of(node: object) -> str:
    return str(getattr(node, "attr", getattr(node, "id", "")))


def test_every_message_has_its_text_cause_and_way_out():
    rows = [m for _, area in messages.areas() for m in area]
    assert [m for m in rows if not (m.says and m.cause)] == []
    # None is needed where a run goes on, or where something else says the way out.
    without = {m.exit for m in rows if not m.way_out and not SAID_ELSEWHERE.search(m.cause)}
    assert without <= {"", "0"}, without
    assert [k.error for k in messages.kinds() if "way_out" not in vars(k.error)] == []


def test_no_text_stands_in_the_tables_twice():
    texts = Counter((pattern(m.text)) for _, area in messages.areas() for m in area)
    assert [text for text, times in texts.items() if times > 1] == []


def test_every_message_is_said_somewhere():
    assert sorted(TABLE.keys() - {use.key for use in uses()}) == []


def test_every_use_fills_in_the_fields_that_its_message_has():
    assert [use for use in uses() if use.fields != TABLE[use.key].fields] == []


def test_an_error_ends_as_its_message_says():
    exits = {kind.error.__name__: kind.exits for kind in messages.kinds()}
    exits |= {"ValueError": "2", "append": "0", "fail": "3"}
    for use in uses():
        if use.taken_by in exits:
            ends, says = exits[use.taken_by], TABLE[use.key].exit
            assert {*ends.split(" or ")} & {*says.split(" or ")}, (use, ends)


def test_a_message_says_what_happened_and_then_the_way_out():
    assert warning("{a} is gone", "Look for {b}.")(a=1, b=2) == "1 is gone. Look for 2."


def test_braces_in_a_value_mean_nothing():
    assert warning("{a}, {b:,}")(a="{b}{0}{", b=1000) == "{b}{0}{, 1,000"


@pytest.mark.parametrize("values", [{}, {"a": 1, "b": 2}, {"b": 1}])
def test_a_message_takes_its_own_fields_and_no_others(values):
    with pytest.raises(TypeError, match=r"fields \['a'\]"):
        warning("{a}")(**values)


def test_a_pattern_has_gaps_where_a_text_has_values_and_keeps_its_own_braces():
    assert pattern("{a!r} in {{x}}, {b:%Y-%m-%d}") == "… in {x}, …"
    assert pattern("{{{check}: warn}}") == "{…: warn}"


def test_the_tree_of_errors_names_each_kind_under_its_own():
    told = messages.kinds()
    own = {error for error in vars(errors).values() if isinstance(error, type)}
    assert {kind.error for kind in told} == {e for e in own if issubclass(e, told[0].error)}

    parents: dict[int, type] = {}
    for kind in told:
        assert kind.depth == 0 or parents[kind.depth - 1] in kind.error.__bases__, kind.error
        parents[kind.depth] = kind.error


def test_the_tree_of_errors_ends_in_the_exit_codes_that_errors_have():
    for kind in messages.kinds():
        if kind.ends.startswith("exit"):
            assert str(kind.error.exit_code) in kind.ends or kind.ends[5] == "3"
