"""The strings that specs are written in, taken apart into small values. No Spark here.

path         ``$.attributes['Bounce Type']``, ``$.data[0].id``: a place in a JSON text
array        a path with ``[]`` at its end: each element of the array there
field read   ``$.id``, ``^.id``, ``profile>$.id``, ``page.parent_id``, ``row.id``; the first three
             may have a condition: ``$.datetime if $.method=static``
row source   ``data``, ``included:<type>`` or ``answer``: which objects of a page
proof        a path, or ``<path> has <key>``: what must be there

Each is parsed once, when the spec that holds it is built; everybody else uses the values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, TypeVar

from klaviyo_spark import messages
from klaviyo_spark.errors import SpecError

T = TypeVar("T")

_KEY = re.compile(r"\.([\w$-]+)|\['([^']*)'\]|\[(\d+)\]")
_WORD = re.compile(r"[\w$-]+")
_READS = (
    "$<path>, ^<path>, <related>>$<path>, row.<column>, page.parent_id, page.fetched_at, "
    "page.present or page.slice.<fact>"
)
_PAGE_FACT = re.compile(r"parent_id|fetched_at|present|slice\.\w+")


@dataclass(frozen=True)
class FieldPath:
    """A place in a JSON text.

    ``keys`` are object keys from the top. ``index`` picks one element of the array there and
    ``inner`` are the keys below it.
    """

    keys: tuple[str, ...] = ()
    index: int | None = None
    inner: tuple[str, ...] = ()

    @property
    def all_keys(self) -> tuple[str, ...]:
        """All keys on the way; arrays are passed through."""
        return (*self.keys, *self.inner)

    def below(self, *keys: str) -> FieldPath:
        """The same place of an object that stands at ``keys``."""
        return replace(self, keys=(*keys, *self.keys))

    def __str__(self) -> str:
        """As specs write it, without the scope before it."""
        index = "" if self.index is None else f"[{self.index}]"
        return f"{_keys_text(self.keys)}{index}{_keys_text(self.inner)}"


# Every record has these two.
ID, TYPE = FieldPath(("id",)), FieldPath(("type",))


@dataclass(frozen=True)
class FieldRead:
    """Where one value stands.

    ``scope`` is ``$`` (the row's own JSON), ``^`` (the record around an exploded element),
    ``page`` (a fact of the request, its name in the path's keys), ``row`` (a column of the silver
    row that the record is) or the name of a related object. With ``only_if`` it is read only where
    the text at that path, in the same scope, is that value.
    """

    scope: str
    path: FieldPath
    only_if: tuple[FieldPath, str] | None = None

    def __str__(self) -> str:
        """As specs write it."""
        if self.scope in ("page", "row"):
            return f"{self.scope}.{'.'.join(self.path.keys)}"
        begin = "^" if self.scope == "^" else "$"
        related = "" if self.scope == begin else f"{self.scope}>"
        where = f"{related}{begin}{self.path}"
        if not self.only_if:
            return where
        path, value = self.only_if
        return f"{where} if {begin}{path}={value}"


@dataclass(frozen=True)
class RowSource:
    """Which objects of a page are meant: those in ``data``, or the included ones of a type.

    ``is_answer``: ``data`` is one object, the answer to a question.
    """

    array: Literal["data", "included"]
    type: str = ""
    is_answer: bool = False


@dataclass(frozen=True)
class Proof:
    """What must be there: an object or an array at ``path``, or the ``key`` of the object there."""

    path: FieldPath
    key: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """Where it stands, from the record's top."""
        return (*self.path.keys, self.key) if self.key else self.path.keys


def parse_path(text: str) -> FieldPath:
    """``$.a['b c'][0].d`` taken apart.

    Raises:
        SpecError: the text is no path.
    """
    return _parse_keys(text, "$")


def parse_array(text: str) -> FieldPath:
    """The path of ``$.a[]``; without the brackets, of an object that counts as an array of one."""
    return parse_path(text.removesuffix("[]"))


def parse_read(text: str) -> FieldRead:
    """A field read taken apart.

    Raises:
        SpecError: the text is no field read.
    """
    where, has_condition, condition = text.partition(" if ")
    related, bracket, place = where.partition(">")
    if where.startswith(("$", "^")):
        read = FieldRead(where[0], _parse_keys(where, where[0]))
    elif bracket and _WORD.fullmatch(related):
        read = FieldRead(related, parse_path(place))
    elif has_condition:
        raise _slip("field read", text, "no condition on what does not stand in JSON")
    else:
        return _parse_fact(text)
    if not has_condition:
        return read
    path, _, value = condition.partition("=")
    if not value:
        raise _slip("field read", text, "<path> if <path>=<value>")
    return replace(read, only_if=(_parse_keys(path, "^" if read.scope == "^" else "$"), value))


def parse_rows(text: str) -> RowSource:
    """A row source taken apart.

    Raises:
        SpecError: the text is none of ``data``, ``included:<type>`` and ``answer``.
    """
    array, _, type = text.partition(":")
    if text == "data":
        return RowSource("data")
    if text == "answer":
        return RowSource("data", is_answer=True)
    if array == "included" and _WORD.fullmatch(type):
        return RowSource("included", type)
    raise _slip("row source", text, "data, included:<type> or answer")


def parse_proof(text: str) -> Proof:
    """A proof taken apart.

    Raises:
        SpecError: the text is neither a path nor ``<path> has <key>``.
    """
    path, has, key = text.partition(" has ")
    if has and not _WORD.fullmatch(key):
        raise _slip("proof", text, "<path> or <path> has <key>")
    return Proof(parse_path(path), key)


def parse_each(texts: Iterable[str], parse: Callable[[str], T]) -> tuple[T, ...]:
    """Several texts parsed.

    Raises:
        SpecError: some cannot be, each of them named.
    """
    found, slips = [], []
    for text in texts:
        try:
            found.append(parse(text))
        except SpecError as error:
            slips.append(str(error))
    if slips:
        raise SpecError("; ".join(slips))
    return tuple(found)


def find_slips(word: object, label: str) -> Iterator[str]:
    """Parse all strings of a part of a spec, which are its cached properties.

    Args:
        label: what the part is called.

    Returns:
        What cannot be parsed, a text each.
    """
    for name, member in vars(type(word)).items():
        if isinstance(member, cached_property):
            try:
                getattr(word, name)
            except SpecError as error:
                yield f"{label}: {error}"


def path_text(keys: Iterable[str]) -> str:
    """Keys as specs write a path; arrays on the way are not told."""
    return f"${_keys_text(keys)}"


def _keys_text(keys: Iterable[str]) -> str:
    return "".join(f".{key}" if _WORD.fullmatch(key) else f"[{key!r}]" for key in keys)


def _parse_fact(text: str) -> FieldRead:
    scope, _, name = text.partition(".")
    if scope == "page" and _PAGE_FACT.fullmatch(name):
        return FieldRead(scope, FieldPath(tuple(name.split("."))))
    if scope == "row" and _WORD.fullmatch(name):
        return FieldRead(scope, FieldPath((name,)))
    raise _slip("field read", text, _READS)


def _slip(kind: str, text: str, expected: str) -> SpecError:
    return SpecError(messages.spec.NOT_OF_KIND(kind=kind, text=text, expected=expected))


def _parse_keys(text: str, scope: str) -> FieldPath:
    """What stands behind ``scope`` in a text."""
    if not text.startswith(scope):
        raise _slip("path", text, f"{scope} at its start")
    keys: list[str] = []
    inner: list[str] = []
    index: int | None = None
    at = len(scope)
    while at < len(text):
        found = _KEY.match(text, at)
        if not found or (found[3] and index is not None):
            raise SpecError(messages.spec.NO_PATH(text=text, character=at + 1))
        word, quoted, number = found.groups()
        if number is not None:
            index = int(number)
        else:
            (keys if index is None else inner).append(word if word is not None else quoted)
        at = found.end()
    return FieldPath(tuple(keys), index, tuple(inner))
