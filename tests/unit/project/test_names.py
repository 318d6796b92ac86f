"""Names of modules, classes and functions: nouns of the field, or a verb and its object."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import klaviyo_spark
from tests.places import ROOT

PACKAGE = Path(klaviyo_spark.__file__).parent
# As a whole name they tell nobody what is done, or what is held.
PARTICIPLES = """
    asked counted covered cut due found given gone held judged kept known landed lent loaded made
    meant moved named noted owed read repeated said seen settled shown stored taken told used
    waiting wanted written
"""
ADVERBS = """
    again alone anew apart aside beside ever here lately meanwhile more now otherwise there together
    twice
"""
PREPOSITIONS = (
    "at by for from in of on only to until with within each every one ours some theirs whose"
)
BANNED = {*PARTICIPLES.split(), *ADVERBS.split(), *PREPOSITIONS.split()}

# Each with what makes it the better word where it stands.
ALLOWED = {
    "client/client.py now": "a clock's reading: every clock calls it so",
    "client/server_clock.py now": "a clock's reading",
    "client/server_clock.py _now": "the same, under its lock",
    "client/rate_limiter.py cut": "an order to the window: cut it",
    "client/scheduler.py _cut": "an order to the walk that is longest: cut it",
    "client/window_split.py cut": "an order to the window: cut it",
    "bronze/response_audit.py read": "a reader's verb",
    "client/client.py _read": "a body is read",
    "lake/spark/console.py _read": "a stream is read",
    "schema/sources.py read": "the path that is read, beside what it is read for",
}


def names() -> Iterator[tuple[str, str]]:
    """File in the package, and each name that it defines; the file's own too."""
    for file in sorted(PACKAGE.rglob("*.py")):
        where = file.relative_to(PACKAGE).as_posix()
        if where.startswith("sandbox/"):  # a stand-in for Klaviyo, under the rules of its own room
            continue
        yield where, file.stem
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                yield where, node.name


def test_no_name_is_a_participle_an_adverb_or_a_bare_preposition():
    found = {f"{where} {name}" for where, name in names() if name.strip("_").lower() in BANNED}
    assert sorted(found - ALLOWED.keys()) == []
    assert sorted(ALLOWED.keys() - found) == [], "allowed, and there no more"


def test_the_glossary_is_in_order_and_names_what_is_there():
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")][2:]
    words = [row[0] for row in rows]
    assert words == sorted(words, key=str.lower)
    assert len({*words}) == len(words) > 30
    places = [place for row in rows for place in re.findall(r"`([\w/]+(?:\.py|/\w*))`", row[2])]
    assert len(places) > 20
    assert [place for place in places if not (PACKAGE / place).exists()] == []
