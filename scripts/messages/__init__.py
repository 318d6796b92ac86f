"""Every message that a user can meet, with its cause and the way out: ``docs/errors.md``.

``said`` finds the messages in the source, ``meanings.yml`` says what they mean; a message without a
meaning, or the other way round, is a test that fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from klaviyo_spark import errors
from scripts.messages.said import Said, classes, messages

README = Path(__file__).parents[2] / "docs" / "errors.md"
MEANINGS = Path(__file__).with_name("meanings.yml")
# Exit codes of what is no error of its own kind.
_EXITS = {
    "ValueError": "2",
    "not done": "3",
    "note": "0",
    "log": "0",
    "error": "1",
    "part": "",
}


class Meaning(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of ``meanings.yml``."""

    says: str
    cause: str
    way_out: str


@dataclass(frozen=True)
class Kind:
    """A kind of error as the tree at the top of ``errors.py`` tells it."""

    name: str
    depth: int
    meaning: str
    exit: str


def meanings() -> Mapping[str, Sequence[Meaning]]:
    """What messages mean, by area, in the order of the file.

    Raises:
        ValidationError: the file has another form.
    """
    text = MEANINGS.read_bytes()
    return msgspec.yaml.decode(text, type=dict[str, list[Meaning]])


def kinds() -> list[Kind]:
    """The tree of errors, line by line."""
    found = []
    for line in (errors.__doc__ or "").splitlines():
        parts = re.split(r"\s{2,}", line.strip())
        if line.startswith("    ") and parts[0] in classes():
            name, meaning, exit = [*parts, "", ""][:3]
            found.append(Kind(name, (len(line) - len(line.lstrip())) // 2 - 2, meaning, exit))
    return found


def without_meaning() -> set[str]:
    """Messages that the code says and ``meanings.yml`` does not know."""
    return _said() - _known()


def no_longer_said() -> set[str]:
    """Messages that ``meanings.yml`` explains and the code does not say."""
    return _known() - _said()


def as_markdown() -> str:
    """``docs/errors.md``."""
    exits: dict[str, list[Said]] = {}
    for one in messages():
        exits.setdefault(one.text, []).append(one)
    lines = [
        "# Messages, what causes them, and the way out",
        "",
        "Made by `make docs` from the source and `meanings.yml`; a test fails when it is stale.",
        "`…` stands for what is filled in. An error is one line on standard error; with `-v` its",
        "stack trace follows. Messages never hold the key, and no e-mail address or phone number.",
        "`klaviyo-spark doctor` finds most of these before a run does; its lines say themselves",
        "what to do. Exit 0 means that the run goes on.",
        "",
        "## Kinds",
        "",
        "| kind | means | ends in |",
        "|---|---|---|",
        *(f"| {'&nbsp;' * 4 * k.depth}`{k.name}` | {k.meaning} | {k.exit} |" for k in kinds()),
        "",
    ]
    for area, rows in meanings().items():
        lines += [f"## {area}", "", "| message | exit | cause | way out |", "|---|---|---|---|"]
        lines += [_row(row, exits.get(row.says, [])) for row in rows]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _row(row: Meaning, said: Sequence[Said]) -> str:
    codes = dict.fromkeys(code for one in said for code in _exits(one.kind))
    cells = (f"`{row.says}`", " or ".join(codes), row.cause, row.way_out)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _exits(kind: str) -> Iterator[str]:
    if kind in _EXITS:
        yield from filter(None, [_EXITS[kind]])
        return
    told = {k.name: k for k in kinds()}.get(kind)
    codes = re.findall(r"\d+", told.exit) if told else []
    yield from codes or [str(classes()[kind].exit_code)]


def _said() -> set[str]:
    return {one.text for one in messages()}


def _known() -> set[str]:
    return {row.says for rows in meanings().values() for row in rows}
