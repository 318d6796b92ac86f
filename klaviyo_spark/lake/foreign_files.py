"""Files in a table's folder that no writer of Delta made: VACUUM would delete them by their age.

To VACUUM whatever the log does not name is a file of its own. What Spark, delta-rs and our writer
of pages make is known by its name and its place; all else is somebody else's.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from klaviyo_spark.lake.file_lock import folder_of
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.tables import folder_in

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# Data, changes that a feed shows, and deletion vectors, whatever the codec.
_MADE = re.compile(
    rf"(?:part|cdc)-(?:\d+-)?(?:tid-[\d-]+-)?{_UUID}[^/]*\.parquet|deletion_vector_{_UUID}\.bin"
)
# Tables with column mapping spread their files over folders of two letters.
_PREFIX = re.compile(r"[A-Za-z0-9]{2}")
_SPREADS = {
    "delta.columnMapping.mode": ("name", "id"),
    "delta.randomizeFilePrefixes": ("true",),
}
_CHANGES = "_change_data"
# Of such a table Delta keeps a folder of Iceberg's metadata, which VACUUM knows.
_ICEBERG = "delta.universalFormat.enabledFormats"


def is_made(path: str, partitions: Collection[str], *, spread: bool = False) -> bool:
    """Whether a file has the name and the place of what writers of Delta make.

    Args:
        path: from the table's folder.
        partitions: the table's columns that it is partitioned by.
        spread: files of the table stand in folders of two letters too.
    """
    *folders, name = path.split("/")
    if folders[:1] == [_CHANGES]:
        folders = folders[1:]
    if spread and folders and _PREFIX.fullmatch(folders[0]):
        folders = folders[1:]
    of_partitions = all(unquote(one.partition("=")[0]) in partitions for one in folders)
    return of_partitions and _MADE.fullmatch(name) is not None


def foreign_file(
    lake: Lake, name: str, detail: Mapping[str, Any], before_s: float, hours: int
) -> str | None:
    """A file of somebody else's that a VACUUM would delete; None where there is none.

    A lake in a folder is looked through. Behind a URI or a catalog VACUUM itself is asked, which
    lists the table's files once more; on Databricks it names 1,000 files at most.

    Args:
        name: the table, as SQL names it.
        detail: its ``partitionColumns`` and ``properties``, as DESCRIBE DETAIL has them.
        before_s: files changed before that, in seconds since 1970, are old enough; ``hours``: their
            age, as VACUUM is told it.
    """
    partitions, properties = detail["partitionColumns"], detail["properties"]
    spread = any(properties.get(key) in values for key, values in _SPREADS.items())
    folder = folder_of(lake)
    if folder:
        inside = folder_in(name).removeprefix(lake.place.uri.rstrip("/")).lstrip("/")
        hidden = {"metadata"} if _ICEBERG in properties else set()
        found = _in_folder(folder / inside, partitions, spread, hidden, before_s)
        return next(found, None)
    root = f"{unquote(detail['location']).rstrip('/')}/"
    for (file,) in lake.spark.sql(f"VACUUM {name} RETAIN {hours} HOURS DRY RUN").collect():
        path = unquote(file).rpartition(root)[2]
        if path and not is_made(path, partitions, spread=spread):
            return path
    return None


def _in_folder(
    table: Path,
    partitions: Collection[str],
    spread: bool,
    hidden: Collection[str],
    before_s: float,
) -> Iterator[str]:
    """Such files, and folders without any, by their paths from the table's folder."""

    def is_old(path: str) -> bool:
        return os.lstat(path).st_mtime <= before_s

    for where, folders, files in os.walk(table):
        at = os.path.relpath(where, table)
        inside = "" if at == "." else f"{at}/".replace(os.sep, "/")
        # VACUUM leaves what is hidden alone, but for the changes of a feed.
        hidden_here = hidden if at == "." else ()
        folders[:] = [
            one
            for one in folders
            if one == _CHANGES or (one[0] not in "._" and one not in hidden_here)
        ]
        linked = [one for one in folders if os.path.islink(os.path.join(where, one))]
        for file in (one for one in (*files, *linked) if one[0] not in "._"):
            path = os.path.join(where, file)
            made = is_made(inside + file, partitions, spread=spread) and not os.path.islink(path)
            if not made and is_old(path):
                yield inside + file
        empty = inside and not folders and not files
        probe = f"{inside}part-{'0' * 8}-0000-0000-0000-{'0' * 12}.parquet"
        if empty and not is_made(probe, partitions, spread=spread) and is_old(where):
            yield inside
