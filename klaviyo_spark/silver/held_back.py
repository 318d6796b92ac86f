"""Tables that a run cannot load: which they are, and what is said of them."""

from __future__ import annotations

from collections.abc import Collection

from klaviyo_spark import messages
from klaviyo_spark.errors import TableDiffers, TableUnreadable
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.spark.threads import workers
from klaviyo_spark.resources import TABLES
from klaviyo_spark.silver.dependencies import held_back_with
from klaviyo_spark.silver.models import Load

_SIDE_BY_SIDE = 5


def unopened(lake: Lake, names: Collection[str]) -> dict[str, TableDiffers | TableUnreadable]:
    """Tables of ``names``, in any order, that cannot be opened; what is not there is made."""
    found: dict[str, TableDiffers | TableUnreadable] = {}

    def open_table(name: str) -> None:
        try:
            lake.open(name)
        except (TableDiffers, TableUnreadable) as error:
            found[name] = error

    with workers(lake.session, _SIDE_BY_SIDE, "tables") as pool:
        list(pool.map(open_table, names))
    return found


def held_back_line(name: str, others: Collection[str], why: str) -> str:
    """What is said of a table that was not loaded, and of those that are held back with it."""
    more = sorted({*others} - {name})
    tables = TABLES[name].label + (f", and so {', '.join(more)}," if more else "")
    return messages.silver.HELD_BACK(tables=tables, reason=why)


def held_back_load(name: str, among: Collection[str], why: str) -> Load:
    """The load of a table that no page is taken into, as it cannot be read.

    Args:
        among: tables that would have been loaded.
    """
    line = held_back_line(name, held_back_with([name]).intersection(among), why)
    return Load(name, "", (), errors=(line,), is_loaded=False)
