"""The folder of a demo's lake: a demo replaces what an earlier one made, and nothing else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from klaviyo_spark.config.models import ASIDE, Schemas
from klaviyo_spark.errors import ConfigError
from klaviyo_spark.lake import file_lock, heartbeat, staging
from klaviyo_spark.resources import DOCUMENTED
from klaviyo_spark.schema import ops_tables

MARK = ".klaviyo-spark-demo"
REPORT = "report.html"
_ABOUT = "`klaviyo-spark demo` made the lake in this folder, and the next demo replaces it."
_RUN = "run "
_NAMES = Schemas()
# The tables that may be in each schema's folder.
_TABLES: Mapping[str, Collection[str]] = {
    f"{_NAMES.bronze}.db": ("pages",),
    f"{_NAMES.silver}.db": DOCUMENTED,
    f"{_NAMES.ops}.db": (*ops_tables.TABLES, heartbeat.TABLE),
    f"{_NAMES.silver}{ASIDE}.db": DOCUMENTED,
    f"{_NAMES.ops}{ASIDE}.db": ops_tables.TABLES,
}
# Files of a table, beside those of its log.
_ENDINGS = (".parquet", ".crc", ".bin")


def check_folder(folder: Path) -> None:
    """See to it that a demo may make its lake in ``folder``, before anything is done.

    Raises:
        ConfigError: there is something in it that no demo made; names it.
    """
    if folder.is_dir() and {one.name for one in folder.iterdir()} - {file_lock.FILE}:
        foreign = _foreign(folder)
        if foreign is not None:
            raise ConfigError(
                f"warehouse {folder}: {foreign}; a demo replaces what is in its folder: name an "
                "empty or a new one with --warehouse"
            )


def clear_folder(folder: Path, run_ids: Iterable[str]) -> None:
    """Remove what an earlier demo made, and mark the folder for this one.

    The lock's file stays: it is held.

    Args:
        run_ids: of this demo's runs.

    Raises:
        ConfigError: as ``check_folder``.
    """
    check_folder(folder)
    for name in _TABLES:
        if (folder / name).exists():
            shutil.rmtree(folder / name)
    (folder / REPORT).unlink(missing_ok=True)
    # Its own runs are named, so that it is no longer a demo's lake once another has landed pages.
    lines = [_ABOUT, *(f"{_RUN}{run_id}" for run_id in run_ids)]
    (folder / MARK).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _foreign(folder: Path) -> str | None:
    """What a folder has that no demo made, in words; None where there is nothing."""
    mark = folder / MARK
    if mark.is_symlink() or not mark.is_file():
        return "is not empty, and no demo made what is in it"
    for path in _not_made(folder):
        return f"a demo made it, but not {path.relative_to(folder)}"
    lines = mark.read_text(encoding="utf-8", errors="replace").splitlines()
    known = {line.removeprefix(_RUN) for line in lines if line.startswith(_RUN)}
    if _runs_in(folder / f"{_NAMES.bronze}.db") - known:
        return "a demo made it, but other runs have read into it since"
    return None


def _not_made(folder: Path) -> Iterator[Path]:
    """Files and folders in a demo's lake that are none of its own."""
    for path in sorted(folder.iterdir()):
        tables = _TABLES.get(path.name)
        if path.is_symlink():
            yield path
        elif tables is None or not path.is_dir():
            if path.name not in (MARK, REPORT, file_lock.FILE) or not path.is_file():
                yield path
        else:
            for table in sorted(path.iterdir()):
                if table.name == staging.FILE:
                    continue
                if table.name in tables and table.is_dir() and not table.is_symlink():
                    yield from _not_of_table(table)
                else:
                    yield table


def _not_of_table(table: Path) -> Iterator[Path]:
    for at, folders, files in os.walk(table):
        here = Path(at)
        yield from (here / name for name in folders if (here / name).is_symlink())
        for name in files:
            path = here / name
            in_log = "_delta_log" in path.relative_to(table).parts
            if path.is_symlink() or not (in_log or name.endswith(_ENDINGS)):
                yield path


def _runs_in(bronze: Path) -> set[str]:
    """The runs whose pages are in bronze, by its files: the log may be half removed."""
    found: set[str] = set()
    for file in bronze.rglob("*.parquet"):
        try:
            pages = pq.ParquetFile(file).read(columns=["run_id"])
        except pa.ArrowInvalid:  # begun by a run that died
            continue
        if "run_id" in pages.column_names:  # the log's checkpoints have none
            found |= set(pages["run_id"].to_pylist())
    return found
