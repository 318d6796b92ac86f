"""Reads as specs write them, taken apart: scope, keys, condition. No Spark here.

``$.attributes['Bounce Type'] if $.type=event`` is scope ``$``, keys ``attributes``, ``Bounce Type``
and a condition of the same scope.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from klaviyo_spark.errors import SpecError

_KEY = re.compile(r"\.([\w$-]+)|\['([^']*)'\]|\[(\d*)\]")


@dataclass(frozen=True)
class Path:
    """A place in a JSON text.

    ``keys`` are object keys from the top. ``index`` picks one element of the array there and
    ``inner`` are the keys below it; ``each`` means all its elements.
    """

    keys: tuple[str, ...]
    index: int | None = None
    inner: tuple[str, ...] = ()
    each: bool = False


@dataclass(frozen=True)
class Read:
    """Where one value stands.

    ``scope`` is ``$`` (the row's own JSON), ``^`` (the record around an exploded element),
    ``page`` (a fact of the request, its name in ``keys``), ``row`` (a column of the silver row
    that the record is) or the name of a related object.
    """

    scope: str
    path: Path
    only_if: tuple[Path, str] | None = None


def parse_path(text: str) -> Path:
    """``.a['b c'][0].d`` taken apart.

    Raises:
        SpecError: the text is no path.
    """
    keys: list[str] = []
    inner: list[str] = []
    index: int | None = None
    each = False
    at = 0
    while at < len(text):
        found = _KEY.match(text, at)
        if not found or each:
            raise SpecError(f"not a path: {text!r}, from character {at}")
        word, quoted, number = found.groups()
        if number == "":
            each = True
        elif number is not None:
            index = int(number)
        else:
            key = word if word is not None else quoted
            (keys if index is None else inner).append(key)
        at = found.end()
    return Path(tuple(keys), index, tuple(inner), each)


def parse_read(text: str) -> Read:
    """One read of a column, as ``table`` describes it."""
    where, _, condition = text.partition(" if ")
    only_if = None
    if condition:
        left, _, value = condition.partition("=")
        only_if = (parse_path(left.lstrip("$^")), value)
    if where.startswith(("page.", "row.")):
        scope, *keys = where.split(".")
        return Read(scope, Path(tuple(keys)), only_if)
    if where[0] in "$^":
        return Read(where[0], parse_path(where[1:]), only_if)
    name, _, path = where.partition(">$")
    return Read(name, parse_path(path), only_if)


@dataclass
class Tree:
    """The parts of a JSON text that are needed: what Spark has to parse, and no more.

    ``text`` says that the node itself is wanted as text, not only its children.
    """

    children: dict[str, Tree] = field(default_factory=dict)
    text: bool = False

    def want(self, path: Path) -> None:
        """Make ``path`` readable."""
        node = self
        for key in path.keys:
            node = node.children.setdefault(key, Tree())
        node.text = True

    def twins(self) -> set[str]:
        """Children that differ from an earlier one in case only.

        Spark resolves names of struct fields without regard to case, so these cannot stand in
        one struct with their elders.
        """
        seen: set[str] = set()
        late = set()
        for key in self.children:
            if key.lower() in seen:
                late.add(key)
            seen.add(key.lower())
        return late
