"""What Delta's log says of a table: which one it is, and who else has changed its rows.

A table is known by the id that Delta gave it when it was made: one that was dropped and made again
has another. Commits that leave all rows as they are (OPTIMIZE, VACUUM, ALTER, CREATE) are left out,
and so are ours: see ``commit_tag``. Here a log is read as files, in a folder or on a store; Spark's
statements say the same of any table in ``table_states``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow.parquet as pq

from klaviyo_spark.clock import utc
from klaviyo_spark.lake.commit_tag import is_of_run, is_ours
from klaviyo_spark.lake.local.log_files import LogFiles, log_files
from klaviyo_spark.lake.local.store import Folder
from klaviyo_spark.lake.unreadable import unreadable

_VERSION = re.compile(r"(\d{20})\.json")
_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint\.(?:.*\.)?(?:parquet|json)")
# What reading a log raises that is damaged, or of a form which only Spark knows: Spark is asked.
NOT_KNOWN_HERE = (LookupError, ValueError, TypeError, AttributeError)
# What our own statements look like where they carry no tag: conditions on columns of ours.
_OUR_MERGE = re.compile(r"_account_id#?\d* (?:<=>|=) |resource#?\d* = .*ingest_date#?\d*")


@dataclass(frozen=True)
class Commit:
    """One commit of somebody else that changed rows; ``at`` is UTC.

    ``removes``: rows of before may be gone.
    """

    version: int
    at: datetime
    operation: str
    removes: bool

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} UTC {self.operation} (version {self.version})"


@dataclass(frozen=True)
class Write:
    """What a run wrote to a table, as a ledger has it.

    Args:
        version: the newest that the run had looked at before.
        run_id: empty where the ledger does not say it.
        commits: how many the run made after that version, at least.
    """

    version: int
    run_id: str
    commits: int = 1


@dataclass(frozen=True)
class Signature:
    """One commit, as far as it says whose it is.

    Args:
        tag: its ``userMetadata``.
        predicate: of its operation.
        is_known: False where it says nothing at all of itself.
    """

    version: int
    tag: str | None
    predicate: str | None = None
    is_known: bool = True


@dataclass(frozen=True)
class TableState:
    """One table as its log has it.

    Args:
        foreign: commits of others, of those that were asked for, oldest first.
        missing: writes, of those that were asked for, that the log shows not to be in the table:
            an older copy of it was put back.
    """

    table_id: str
    version: int
    properties: Mapping[str, str] = field(default_factory=dict)
    foreign: tuple[Commit, ...] = ()
    missing: frozenset[Write] = frozenset()

    def is_older_than(self, version: int, write: Write | None) -> bool:
        """Whether it is an older copy: it lacks a version looked at before, or the newest write."""
        return self.version < version or write in self.missing


def is_like_ours(predicate: str | None) -> bool:
    """Whether a commit's predicate is that of a statement of ours, which may carry no tag."""
    return bool(_OUR_MERGE.search(predicate or ""))


def is_missing(write: Write, newest: int, oldest: int, commits: Iterable[Signature]) -> bool:
    """Whether a log proves that a write is not in its table.

    Args:
        newest, oldest: the last and the first version whose commit the log still has. Delta
            removes commits by their age: where it has begun to, that one is not there proves
            nothing.
        commits: those after ``write.version``, oldest first.
    """
    if newest < write.version + write.commits:
        return True
    if not write.run_id or oldest > write.version + 1:
        return False
    left = write.commits
    for commit in commits:
        untagged = commit.tag is None and is_like_ours(commit.predicate)
        left -= is_of_run(commit.tag, write.run_id)
        if not left or untagged or not commit.is_known:
            return False
    return True


def missing_writes(
    writes: Iterable[Write],
    newest: int,
    oldest: int,
    commits_after: Callable[[int], Iterable[Signature]],
) -> frozenset[Write]:
    """Those of ``writes`` that are missing: see ``is_missing``.

    Args:
        commits_after: commits after a version, oldest first; taken one by one, and none after that
            which ends the search.
    """
    return frozenset(
        write for write in writes if is_missing(write, newest, oldest, commits_after(write.version))
    )


def in_folder(folder: Folder, since: int | None, writes: Sequence[Write] = ()) -> TableState | None:
    """The state of the table in a folder; None where there is none.

    Args:
        since: the version after which commits of others are looked for; None: none are.
        writes: those that are looked for.

    Raises:
        NOT_KNOWN_HERE: its log does not say, in a form that is known here, which table it is.
        TableUnreadable: a commit is an empty file, which readers take for one that changed nothing.
    """
    log = log_files(folder)
    versions = sorted(int(found[1]) for found in map(_VERSION.fullmatch, log.sizes) if found)
    checkpoints: dict[int, list[str]] = {}
    for name in sorted(log.sizes):
        if found := _CHECKPOINT.fullmatch(name):
            checkpoints.setdefault(int(found[1]), []).append(name)
    if not versions and not checkpoints:
        return None  # a run that was killed at its making leaves an empty log
    for version in versions:
        if version > max(checkpoints, default=-1) and not log.sizes[_name(version)]:
            schema, why = folder.parent.name.removesuffix(".db"), f"{log}/{_name(version)} is empty"
            raise unreadable(schema, folder.name, f"{folder}", why)
    described = _metadata(log, versions, checkpoints)
    newest = max([*versions, *checkpoints])
    asked = [] if since is None else [v for v in versions if v > since]
    oldest = min(versions, default=newest + 1)

    def commits_after(version: int) -> Iterator[Signature]:
        return (_signature(log, later) for later in versions if later > version)

    return TableState(
        described["id"],
        newest,
        dict(described.get("configuration") or {}),
        tuple(filter(None, (_commit(log, version) for version in asked))),
        missing_writes(writes, newest, oldest, commits_after),
    )


def _signature(log: LogFiles, version: int) -> Signature:
    info: Mapping[str, Any] | None = next(_actions(log, _name(version), "commitInfo"), None)
    if info is None:
        return Signature(version, None, is_known=False)
    predicate = (info.get("operationParameters") or {}).get("predicate")
    return Signature(
        version, info.get("userMetadata"), None if predicate is None else f"{predicate}"
    )


def _metadata(
    log: LogFiles, versions: list[int], checkpoints: Mapping[int, list[str]]
) -> Mapping[str, Any]:
    """The newest description of the table: in a commit, or in the last checkpoint before it."""
    last = max(checkpoints, default=-1)
    for version in reversed([v for v in versions if v > last]):
        for action in _actions(log, _name(version), "metaData"):
            return action
    for name in checkpoints.get(last, ()):
        if name.endswith(".json"):
            for action in _actions(log, name, "metaData"):
                return action
            continue
        with log.open_parquet(name) as file:
            parquet = pq.ParquetFile(file)
            if "metaData" not in parquet.schema_arrow.names:
                continue
            # Without the columns of files, which may be many.
            columns = ["metaData.id", "metaData.configuration"]
            for row in parquet.read(columns)["metaData"].drop_null().to_pylist():
                return {"id": row["id"], "configuration": dict(row["configuration"] or ())}
    raise LookupError(f"{log}: no description of the table")


def _commit(log: LogFiles, version: int) -> Commit | None:
    """A commit of somebody else that changed rows; None for any other."""
    file = _name(version)
    info: Mapping[str, Any] = next(_actions(log, file, "commitInfo"), {})
    if is_ours(info.get("userMetadata")):
        return None
    adds, removes = (
        any(action.get("dataChange", True) for action in _actions(log, file, kind))
        for kind in ("add", "remove")
    )
    if not adds and not removes:
        return None
    millis = info.get("timestamp", log.changed_s(file) * 1000)
    return Commit(
        version, utc(int(millis * 1000)), info.get("operation", "a commit without a name"), removes
    )


def _actions(log: LogFiles, name: str, kind: str) -> Iterator[Mapping[str, Any]]:
    """The actions of one kind in a commit: its name stands first in its line."""
    with log.open_text(name) as lines:
        for line in lines:
            if f'"{kind}"' in line[:20]:
                yield json.loads(line)[kind]


def _name(version: int) -> str:
    return f"{version:020}.json"
