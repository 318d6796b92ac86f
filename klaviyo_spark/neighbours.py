"""Objects of a page that stand beside a record: those it points to, or that point to it.

Column -> Column, no I/O. They are found page by page: ``included`` holds each object once per page,
and the next page may hold a newer state of it.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from klaviyo_spark.leaves import Leaves
from klaviyo_spark.paths import Path, parse_path
from klaviyo_spark.spec import Related

_ID = parse_path(".id")
_IDENTITY = "struct<type:string,id:string>"
_IDS = "array<struct<id:string>>"


class Neighbour:
    """A related object beside each record; ``name`` is the column of its text."""

    def __init__(self, related: Related) -> None:
        self._type = related.type
        self._link = parse_path(related.link[1:]) if related.link else None
        self.name = f"{related.name}_json"
        self.ref: Path = parse_path(related.ref[1:]) if related.ref else _ID

    def on_page(self) -> tuple[Column, Column]:
        """What a page has to offer: texts of the objects, and what each is found by."""
        if self._link:
            link, naming = self._link, Leaves("json", "naming_", [self._link])

            def named(text: Column) -> Column:
                listed = naming.within(naming.first(text), link)
                return F.transform(F.from_json(listed, _IDS), lambda one: one["id"])

            texts, found_by = F.col("page.data"), F.transform("page.data", named)
        else:

            def marked(text: Column) -> Column:
                return F.struct(text.alias("text"), F.from_json(text, _IDENTITY).alias("is"))

            objects = F.transform("page.included", marked)
            mine = F.filter(objects, lambda one: one["is"]["type"] == self._type)
            texts = F.transform(mine, lambda one: one["text"])
            found_by = F.transform(mine, lambda one: one["is"]["id"])
        return texts.alias(f"{self.name}_texts"), found_by.alias(f"{self.name}_found_by")

    def find(self, leaves: Leaves, record: Column) -> Column:
        """Text of the object for ``record``, as ``leaves.first`` gave it; NULL if there is none."""
        id, found_by = leaves.within(record, self.ref), F.col(f"{self.name}_found_by")
        if self._link:
            naming = F.transform(
                found_by, lambda ids: F.coalesce(F.array_contains(ids, id), F.lit(False))
            )
            place = F.array_position(naming, F.lit(True))
        else:
            place = F.array_position(found_by, id)
        return F.get(f"{self.name}_texts", place.cast("int") - 1)
