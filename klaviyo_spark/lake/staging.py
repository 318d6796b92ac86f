"""The schemas where a rebuild makes tables before readers see them: ours alone, and only for then.

Each is marked when it is made: a folder by a file, a schema of a catalog by its comment, a table
behind a URI, where nothing but tables can be made, by a property. What has no mark is another's,
and so is what is in them beside our tables: nothing of it is touched.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyspark.errors import AnalysisException

from klaviyo_spark import messages
from klaviyo_spark.config.models import ASIDE
from klaviyo_spark.errors import LakeError
from klaviyo_spark.lake.file_lock import folder_of
from klaviyo_spark.lake.spark.threads import workers
from klaviyo_spark.lake.tables import STAGED, is_not_there
from klaviyo_spark.resources import TABLES
from klaviyo_spark.schema import ops_tables, sql_text

if TYPE_CHECKING:
    from klaviyo_spark.lake.lake import Lake

FILE = ".klaviyo-spark-rebuild"
MARK = "klaviyo-spark makes tables anew here, then removes it all."
_SIDE_BY_SIDE = 8


def check_staging(lake: Lake) -> None:
    """See to it that all there is of these schemas is ours, before anything is done.

    Raises:
        LakeError: names what is not.
    """
    list(_own_schemas(lake))


def make_staging(lake: Lake) -> None:
    """Make the schemas, empty and marked.

    Raises:
        LakeError: one is there that is not ours.
    """
    drop_staging(lake)
    folder = folder_of(lake)
    # That of `klaviyo_plus` where tables of it are made.
    needed = {schema + ASIDE for schema in (lake.place.silver, lake.place.ops)}
    needed |= {lake.silver_schema(name) for name in lake.aside}
    for schema in (one for one in _schemas(lake) if one in needed):
        if folder:
            path = folder / f"{schema}.db"
            path.mkdir(parents=True, exist_ok=True)
            (path / FILE).write_text(f"{MARK}\n", encoding="utf-8")
        elif lake.place.catalog:
            name = _name(lake, schema)
            lake.spark.sql(f"CREATE SCHEMA IF NOT EXISTS {name} COMMENT {sql_text.text(MARK)}")


def drop_staging(lake: Lake) -> list[str]:
    """Remove the schemas with our tables in them.

    Returns:
        Names, in SQL, of tables that could only be emptied: those behind a URI.

    Raises:
        LakeError: one is there that is not ours, or cannot be removed.
    """
    ours = list(_own_schemas(lake))
    folder = folder_of(lake)
    if folder:
        for schema, tables in ours:
            _remove(folder / f"{schema}.db", tables)
        return []
    names = [lake.place.table(schema, table) for schema, tables in ours for table in tables]
    if not lake.place.catalog:
        _run_side_by_side(lake, names, lambda name: lake.spark.sql(f"DELETE FROM {name}").collect())
        return names
    _run_side_by_side(lake, names, lambda name: lake.spark.sql(f"DROP TABLE IF EXISTS {name}"))
    for schema, _ in ours:
        try:
            lake.spark.sql(f"DROP SCHEMA IF EXISTS {_name(lake, schema)} RESTRICT")
        except AnalysisException as error:
            # What no list of tables has, such as a function: it stays, and its schema.
            if "NOT_EMPTY" not in f"{error.getCondition()}":
                raise
    return []


def _schemas(lake: Lake) -> dict[str, Collection[str]]:
    """The schemas, each with the names of the tables that may be in it."""
    place = lake.place
    found: dict[str, list[str]] = {place.silver: [], place.plus: []}
    for name in TABLES:
        found[place.schema_of(name)].append(name)
    return {
        **{schema + ASIDE: tables for schema, tables in found.items()},
        place.ops + ASIDE: ops_tables.TABLES,
    }


def _own_schemas(lake: Lake) -> Iterator[tuple[str, list[str]]]:
    """The schemas that are there, each with those of our tables that are.

    Raises:
        LakeError: a schema, or something in it, is not ours.
    """
    folder = folder_of(lake)
    for schema, tables in _schemas(lake).items():
        if folder:
            found = _in_folder(folder / f"{schema}.db", tables)
        elif lake.place.catalog:
            found = _in_catalog(lake, schema, tables)
        else:
            found = _behind_uri(lake, schema, tables)
        if found is not None:
            yield schema, found


def _in_folder(path: Path, tables: Collection[str]) -> list[str] | None:
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise LakeError(_refusal(path))
    if not path.exists():
        return None
    inside = {one.name: one for one in sorted(path.iterdir())}
    mark = inside.pop(FILE, None)
    if inside and mark is None:
        raise LakeError(_refusal(path))
    for name, one in inside.items():
        if name not in tables or one.is_symlink() or not one.is_dir():
            raise LakeError(_refusal(one))
    return list(inside)


def _remove(path: Path, tables: Iterable[str]) -> None:
    """The mark goes last: what is left by a run that dies here is still ours."""
    try:
        for table in tables:
            shutil.rmtree(path / table)
        (path / FILE).unlink(missing_ok=True)
        path.rmdir()
    except OSError as error:
        raise LakeError(messages.lake.CANNOT_REMOVE(path=path, reason=error.strerror)) from error


def _in_catalog(lake: Lake, schema: str, tables: Collection[str]) -> list[str] | None:
    name = _name(lake, schema)
    try:
        about = lake.spark.sql(f"DESCRIBE SCHEMA {name}").collect()
    except AnalysisException as error:
        if is_not_there(error):
            return None
        raise
    if MARK not in {row[1] for row in about if row[0] == "Comment"}:
        raise LakeError(_refusal(name))
    inside = [
        row["tableName"]
        for row in lake.spark.sql(f"SHOW TABLES IN {name}").collect()
        if not row["isTemporary"]
    ]
    for table in inside:
        if table not in tables:
            raise LakeError(_refusal(f"{name}.{sql_text.name(table)}"))
    return inside


def _behind_uri(lake: Lake, schema: str, tables: Collection[str]) -> list[str]:
    def is_own(table: str) -> bool:
        name = lake.place.table(schema, table)
        try:
            rows = lake.spark.sql(f"SHOW TBLPROPERTIES {name}").collect()
        except AnalysisException as error:
            if is_not_there(error):
                return False
            raise
        if not STAGED.items() <= {row["key"]: row["value"] for row in rows}.items():
            raise LakeError(_refusal(name))
        return True

    return [
        table
        for table, there in zip(tables, _run_side_by_side(lake, tables, is_own), strict=True)
        if there
    ]


def _name(lake: Lake, schema: str) -> str:
    assert lake.place.catalog
    return f"{sql_text.name(lake.place.catalog)}.{sql_text.name(schema)}"


def _run_side_by_side(lake: Lake, names: Iterable[str], work: Callable[[str], Any]) -> list[Any]:
    with workers(lake.session, _SIDE_BY_SIDE, "staging") as pool:
        return list(pool.map(work, names))


def _refusal(what: object) -> str:
    return messages.lake.STAGING_NOT_OURS(place=what)
