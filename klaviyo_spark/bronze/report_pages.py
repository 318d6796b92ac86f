"""Whether arrays that stand side by side on a page are equally long. Pure; no I/O here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from klaviyo_spark.bronze.request_plan import read_field
from klaviyo_spark.client.json_bodies import records
from klaviyo_spark.resources import TABLES
from klaviyo_spark.schema.sources import Source

_ZIPPED = {
    source.endpoint: source for table in TABLES.values() for source in table.sources if source.zip
}


def unequal_arrays(endpoint_name: str, body: bytes) -> list[str]:
    """Names of the arrays on a page that are not as long as what they stand beside.

    Of such a page nobody knows which number is of which day.
    """
    source = _ZIPPED.get(endpoint_name)
    if source is None:
        return []
    return sorted({name for record in records(body) for name in _unequal(record, source)})


def _unequal(record: dict[str, Any], source: Source) -> Iterator[str]:
    assert source.zip
    axis = read_field(record, source.zip.axis_path)
    length = len(axis) if isinstance(axis, list) else -1
    for path in source.arrays:
        elements = read_field(record, path)
        for element in elements if isinstance(elements, list) else [elements]:
            arrays = (
                read_field(element, source.zip.arrays_path) if isinstance(element, dict) else None
            )
            for name, values in arrays.items() if isinstance(arrays, dict) else ():
                if not isinstance(values, list) or len(values) != length:
                    yield name
