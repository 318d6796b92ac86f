"""Parts of a JSON text that a table reads, each found in as few looks at the text as can be.

SQL -> SQL and DataFrame -> DataFrame, no I/O.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pyspark.sql import DataFrame

from klaviyo_spark.schema import sql_text
from klaviyo_spark.schema.paths import FieldPath, Proof


@dataclass
class Tree:
    """The parts of a JSON text that are needed: what Spark has to parse, and no more.

    ``text`` says that the node itself is wanted as text, not only its children.
    """

    children: dict[str, Tree] = field(default_factory=dict)
    text: bool = False

    def want(self, path: FieldPath) -> None:
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


class JsonFieldReader:
    """The leaves of a JSON column, all of them text.

    ``parse`` adds struct columns to a DataFrame; ``of`` says in SQL where the text at a path is. An
    object wanted both whole and in parts is parsed twice, once to text and once from that text.
    """

    def __init__(self, source: str, name: str, wanted: Iterable[FieldPath]) -> None:
        self.source, self._name = source, name
        # Name of a struct column, the text it is parsed from, and its type.
        self._structs: list[tuple[str, str, str]] = []
        self._where: dict[tuple[str, ...], str] = {}
        tree = Tree()
        for path in wanted:
            if path.keys:
                tree.want(path)
        if tree.children:
            self._add(tree, (), sql_text.name(source))

    @property
    def columns(self) -> list[str]:
        """Names of the struct columns that ``parse`` adds."""
        return [name for name, _, _ in self._structs]

    @property
    def type(self) -> str:
        """Of the first of them."""
        return self._structs[0][2]

    def parse(self, rows: DataFrame, *, begun: bool = False) -> DataFrame:
        """``rows`` with the structs beside them; text that is no JSON object gives NULLs.

        Args:
            begun: the first of them, as ``first`` gives it, is there already.
        """
        for name, text, schema in self._structs[1 if begun else 0 :]:
            rows = rows.selectExpr("*", f"{_parsed(text, schema)} AS {sql_text.name(name)}")
        return rows

    def first(self, text: str) -> str:
        """The struct that one look at ``text`` gives."""
        return _parsed(text, self.type)

    def text_in(self, first: str, path: FieldPath) -> str:
        """Text at ``path``, which one look reaches, in the struct that ``first`` gave."""
        text = ".".join([first, *map(sql_text.name, path.keys)])
        return text if path.index is None else _element(text, path)

    def text_at(self, path: FieldPath) -> str:
        """Text at ``path``: a scalar as it is, anything else as JSON; NULL where it is missing."""
        text = self._where[path.keys] if path.keys else sql_text.name(self.source)
        return text if path.index is None else _element(text, path)

    def proves(self, proof: Proof) -> str:
        """Whether a judge's proof holds: see ``DeletionRule``."""
        text, key = self.text_at(proof.path), proof.key
        if not key:
            return f"coalesce({is_nested(text)}, false)"
        place = sql_text.text(f"$['{key}']")
        is_array = f"coalesce(startswith(get_json_object({text}, {place}), '['), true)"
        return f"({has_key(text, key)} AND {is_array})"

    def _add(self, node: Tree, keys: tuple[str, ...], text: str) -> None:
        """Parse ``node`` from its text, which stands at ``text``."""
        name = f"{self._name}{len(self._structs)}"
        again: list[tuple[Tree, tuple[str, ...], str]] = []
        schema = self._schema(node, keys, sql_text.name(name), again)
        self._structs.append((name, text, schema))
        twins = node.twins()
        for twin in twins:
            below = (*keys, twin)
            self._where[below] = _guarded(text, twin)
        for child, below, read in again:
            self._add(child, below, read)

    def _schema(
        self,
        node: Tree,
        keys: tuple[str, ...],
        here: str,
        again: list[tuple[Tree, tuple[str, ...], str]],
    ) -> str:
        fields = []
        for key, child in node.children.items():
            if key in node.twins():
                continue
            below = (*keys, key)
            read = f"{here}.{sql_text.name(key)}"
            if child.text:
                kind = "STRING"
                self._where[below] = read
                if child.children:
                    again.append((child, below, read))
            elif child.twins():  # its late twins are read from its text
                kind = "STRING"
                again.append((child, below, read))
            else:
                kind = self._schema(child, below, read, again)
            fields.append(f"{sql_text.name(key)}: {kind}")
        return f"STRUCT<{', '.join(fields)}>"


def has_key(text: str, key: str) -> str:
    """Whether the JSON object in ``text`` has ``key``, be it with null."""
    return f"coalesce(array_contains(json_object_keys({text}), {sql_text.text(key)}), false)"


def is_nested(text: str) -> str:
    """Whether JSON is an object or an array; NULL where it is NULL."""
    return f"left({text}, 1) IN ('{{', '[')"


def _parsed(text: str, schema: str) -> str:
    return f"from_json({text}, {sql_text.text(schema)})"


def _element(text: str, path: FieldPath) -> str:
    """One element of the array in ``text``, or what stands in it."""
    place = f"$[{path.index}]" + "".join(f"['{key}']" for key in path.inner)
    return f"get_json_object({text}, {sql_text.text(place)})"


def _guarded(text: str, key: str) -> str:
    """A key read on its own; the cheap look first spares most rows the parsing."""
    named, at = sql_text.text(f'"{key}"'), sql_text.text(f"$['{key}']")
    return f"CASE WHEN contains({text}, {named}) THEN get_json_object({text}, {at}) END"
