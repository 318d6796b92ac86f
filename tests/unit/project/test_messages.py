"""The table of messages: all that the code can say, and nothing else."""

from __future__ import annotations

import pytest

from klaviyo_spark import errors
from scripts import messages
from scripts.messages import said

WHERE = "scripts/messages/meanings.yml"


def test_every_message_has_its_cause_and_a_way_out():
    assert messages.without_meaning() == set(), f"say what they mean in {WHERE}, then make docs"


def test_no_meaning_is_of_a_message_that_nothing_says():
    assert messages.no_longer_said() == set(), f"take them out of {WHERE}, then make docs"


def test_the_table_of_messages_is_not_stale():
    assert messages.README.read_text(encoding="utf-8") == messages.as_markdown(), "make docs"


def test_no_message_is_explained_twice():
    rows = [row.says for rows in messages.meanings().values() for row in rows]
    assert sorted(rows) == sorted(set(rows))


def test_no_cell_is_empty():
    rows = [row for rows in messages.meanings().values() for row in rows]
    assert [row for row in rows if not (row.says and row.cause and row.way_out)] == []


def test_the_tree_of_errors_names_each_kind_under_its_own():
    told = messages.kinds()
    own = {name for name, kind in said.classes().items() if kind.__module__ == errors.__name__}
    assert {kind.name for kind in told} == own

    parents: dict[int, str] = {}
    for kind in told:
        bases = [base.__name__ for base in said.classes()[kind.name].__bases__]
        assert kind.depth == 0 or parents[kind.depth - 1] in bases, kind.name
        parents[kind.depth] = kind.name


def test_the_tree_of_errors_ends_in_the_exit_codes_that_errors_have():
    for kind in messages.kinds():
        if kind.exit.startswith("exit"):
            assert str(said.classes()[kind.name].exit_code) in kind.exit or kind.exit[5] == "3"


@pytest.mark.parametrize(
    ("source", "text", "kind"),
    [
        ('raise ConfigError(f"{file}: not " "YAML")', "…: not YAML", "ConfigError"),
        ('error = UsageError("no such thing")', "no such thing", "UsageError"),
        ('logger.warning("%s: gone in %.0f s", a, b)', "…: gone in … s", "log"),
        ('self.outcome.fail("events", f"events: no {name}")', "events: no …", "not done"),
        ('warnings.append(f"metric {id} is odd")', "metric … is odd", "note"),
        ('click.echo("klaviyo-spark: stopped", err=True)', "stopped", "error"),
        ('class LakeBusy:\n  def f(s):\n    super().__init__(f"{s}; wait")', "…; wait", "LakeBusy"),
        ('def _refusal():\n  return f"no Java in {home}"', "no Java in …", "part"),
    ],
)  # fmt: skip
def test_a_message_is_found_wherever_it_is_made(source, text, kind):
    assert list(said.of_source(source, "a.py")) == [said.Said(text, kind, "a.py")]


@pytest.mark.parametrize(
    "source",
    [
        'raise ConfigError(f"{error}")',
        "raise ConfigError(text)",
        'raise ValueError("not shown to anyone")',
        'out.append("a line")',
        'click.echo("fine")',
    ],
)
def test_what_only_passes_a_message_on_is_none(source):
    assert list(said.of_source(source, "a.py")) == []
