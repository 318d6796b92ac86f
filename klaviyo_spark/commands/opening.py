"""All tables of a lake opened, each by itself: one that is damaged stops none of the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from klaviyo_spark.errors import LakeError, TableDiffers, TableUnreadable, in_a_line
from klaviyo_spark.lake.file_lock import root_of
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.spark.threads import workers
from klaviyo_spark.lake.table_states import states_or_errors
from klaviyo_spark.lake.tables import folder_in
from klaviyo_spark.lake.unreadable import is_damage, unreadable

_SIDE_BY_SIDE = 5


@dataclass(frozen=True)
class OpenedTables:
    """A lake's tables under their schemas and names.

    Args:
        names: how SQL names each that could be opened.
        errors: what is to be said of each other, with the way out.
    """

    names: Mapping[str, str]
    errors: Mapping[str, LakeError]


def open_tables(lake: Lake) -> OpenedTables:
    """Open every table; one that is not there is made.

    Raises:
        Exception: what is not about one table alone: a store that answers nothing, no more room.
    """
    names: dict[str, str] = {}
    errors: dict[str, LakeError] = {}

    def open_one(table: str) -> None:
        try:
            names[table] = _open(lake, table, openers[table])
        except (TableDiffers, TableUnreadable) as error:
            errors[table] = error

    openers = lake.openers()
    tables = list(openers)
    with workers(lake.session, _SIDE_BY_SIDE, "tables") as pool:
        list(pool.map(open_one, tables))
    schemas = dict.fromkeys(table.partition(".")[0] for table in tables)
    for schema in schemas if root_of(lake) else ():  # Spark's statements would not tell it
        # A commit that is an empty file: who opens the table takes it for one that changed nothing.
        ours = {t.partition(".")[2]: None for t in names if t.startswith(f"{schema}.")}
        for name, state in states_or_errors(lake, schema, ours).items():
            if isinstance(state, TableUnreadable):
                errors[f"{schema}.{name}"] = state
    in_order = [table for table in tables if table in names and table not in errors]
    return OpenedTables({table: names[table] for table in in_order}, errors)


def _open(lake: Lake, table: str, opener: Callable[[], str]) -> str:
    name = opener()
    try:
        lake.spark.table(name)  # it may be delta-rs alone that could read the log
    except Exception as error:
        if not is_damage(error):
            raise
        schema, _, of = table.partition(".")
        raise unreadable(schema, of, folder_in(name), in_a_line(error)) from error
    return name
