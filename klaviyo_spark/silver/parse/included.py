"""Objects of a page that stand beside a record: those it points to, or that point to it.

SQL -> SQL, no I/O. They are found page by page: ``included`` holds each object once per page, and
the next page may hold a newer state of it.
"""

from __future__ import annotations

from klaviyo_spark.schema import sql_text
from klaviyo_spark.schema.paths import ID
from klaviyo_spark.schema.sources import Related
from klaviyo_spark.silver.parse.json_fields import JsonFieldReader

_IDENTITY = "'struct<type:string,id:string>'"
_IDS = "'array<struct<id:string>>'"


class IncludedObject:
    """A related object beside each record; ``name`` is the column of its text."""

    def __init__(self, related: Related) -> None:
        self._type = related.type
        self._link = related.link_path
        self.name = f"{related.name}_json"
        self.ref = related.ref_path or ID

    def on_page(self) -> tuple[str, str]:
        """What a page has to offer: texts of the objects, and what each is found by."""
        if self._link:
            naming = JsonFieldReader("json", "naming_", [self._link])
            listed = naming.text_in(naming.first("text"), self._link)
            named = f"text -> transform(from_json({listed}, {_IDS}), one -> one.id)"
            texts, found_by = "page.data", f"transform(page.data, {named})"
        else:
            marked = f"text -> struct(text AS text, from_json(text, {_IDENTITY}) AS it)"
            mine = f"one -> one.it.type = {sql_text.text(self._type)}"
            objects = f"filter(transform(page.included, {marked}), {mine})"
            texts = f"transform({objects}, one -> one.text)"
            found_by = f"transform({objects}, one -> one.it.id)"
        return f"{texts} AS {self._texts}", f"{found_by} AS {self._found_by}"

    def find(self, leaves: JsonFieldReader, record: str) -> str:
        """Text of the object for ``record``, as ``JsonFieldReader.first`` gave it; else NULL."""
        id = leaves.text_in(record, self.ref)
        if self._link:
            names = f"ids -> coalesce(array_contains(ids, {id}), false)"
            place = f"array_position(transform({self._found_by}, {names}), true)"
        else:
            place = f"array_position({self._found_by}, {id})"
        return f"get({self._texts}, CAST({place} AS int) - 1)"

    @property
    def _texts(self) -> str:
        return sql_text.name(f"{self.name}_texts")

    @property
    def _found_by(self) -> str:
        return sql_text.name(f"{self.name}_found_by")
