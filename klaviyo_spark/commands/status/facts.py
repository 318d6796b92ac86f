"""What is asked of a lake to say how it is, in words that delta-rs and Spark both understand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from klaviyo_spark.errors import TableUnreadable
from klaviyo_spark.lake.delta_log import TableState, Write
from klaviyo_spark.lake.file_lock import LockStatus
from klaviyo_spark.lake.readers.reader import ROWS_OF, Reader, Row
from klaviyo_spark.resources import TABLES
from klaviyo_spark.state.drift import LoadMark, looked_at, writes_of

# Runs of an account that are looked at: the ones shown, and those whose pages are the newest in
# some table.
RUNS = 200
_SIDE_BY_SIDE = 8

T = TypeVar("T")


# Schema and SQL per question. Nothing but names and plain aggregates: two engines read this.
_QUESTIONS: dict[str, tuple[str, str, str]] = {
    "runs": (
        "ops",
        "runs",
        "SELECT run_id, account_id, command, started_at, finished_at, exit_code, requests, pages, "
        "errors, warnings FROM (SELECT *, row_number() OVER "
        "(PARTITION BY account_id ORDER BY started_at DESC) AS place FROM {t}) r "
        f"WHERE place <= {RUNS} ORDER BY started_at DESC",
    ),
    "loads": (
        "ops",
        "table_loads",
        "SELECT table_name, run_id, max(loaded_at) AS loaded_at FROM {t} "
        "GROUP BY table_name, run_id",
    ),
    "loaded": (
        "ops",
        "table_loads",
        "SELECT account_id, table_name, table_id, max(table_version) AS version FROM {t} "
        "GROUP BY account_id, table_name, table_id",
    ),
    "written": (
        "ops",
        "table_loads",
        "SELECT account_id, table_name, table_id, version, run_id FROM (SELECT account_id, "
        "table_name, table_id, table_version AS version, refine_run_id AS run_id, row_number() "
        "OVER (PARTITION BY account_id, table_name, table_id ORDER BY table_version DESC, "
        "refine_run_id DESC) AS place FROM {t} WHERE inserted + updated + soft_deleted > 0 "
        "AND table_version IS NOT NULL) w WHERE place = 1",
    ),
    "foreign": (
        "ops",
        "table_loads",
        "SELECT account_id, table_name, table_id, foreign_commits FROM {t} "
        "WHERE foreign_commits IS NOT NULL",
    ),
    "bronzes": (
        "ops",
        "watermarks",
        "SELECT account_id, bronze_id, max(bronze_version) AS version FROM {t} "
        "GROUP BY account_id, bronze_id",
    ),
    "landed": (
        "ops",
        "watermarks",
        "SELECT account_id, bronze_id, version, run_id, commits FROM (SELECT account_id, "
        "bronze_id, bronze_version AS version, run_id, bronze_commits AS commits, "
        "row_number() OVER (PARTITION BY account_id, bronze_id ORDER BY bronze_version DESC, "
        "run_id DESC, bronze_commits DESC) AS place FROM {t} WHERE bronze_commits > 0) w "
        "WHERE place = 1",
    ),
    "ranges": (
        "ops",
        "watermarks",
        "SELECT account_id, resource, scope, documented_name, run_id, max(range_end) AS range_end "
        "FROM {t} WHERE kind = 'window' OR (kind = 'full_read' AND scope IS NULL) "
        "GROUP BY account_id, resource, scope, documented_name, run_id",
    ),
    "wholes": (
        "ops",
        "watermarks",
        "SELECT account_id, resource, scope, max(range_end) AS range_end FROM {t} "
        "WHERE kind = 'full_read' AND scope IS NOT NULL GROUP BY account_id, resource, scope",
    ),
    "late": (
        "ops",
        "late_arrivals",
        "SELECT _account_id AS account_id, run_id, sum(late_row_count) AS late_row_count, "
        "min(event_date) AS first_day FROM {t} GROUP BY _account_id, run_id",
    ),
    "quarantined": (
        "ops",
        "quarantine",
        "SELECT _account_id AS account_id, table_name, count(*) AS records FROM {t} "
        "GROUP BY _account_id, table_name",
    ),
    "orphans": (
        "ops",
        "orphaned_flows",
        "SELECT _account_id AS account_id, count(DISTINCT flow_id) AS flows FROM {t} "
        "GROUP BY _account_id",
    ),
    "backfills": (
        "ops",
        "backfills",
        "SELECT account_id, backfill_id, resources, range_start, range_end, step_start, run_id, "
        "finished_at FROM {t}",
    ),
    "lists": (
        "silver",
        "lists",
        "SELECT _account_id AS account_id, list_id AS id FROM {t} WHERE _deleted_at IS NULL",
    ),
    "segments": (
        "silver",
        "segments",
        "SELECT _account_id AS account_id, segment_id AS id FROM {t} WHERE _deleted_at IS NULL",
    ),
}


_NEWEST_OF = (
    "SELECT _account_id AS account_id, max(event_datetime) AS newest FROM {t} GROUP BY _account_id"
)


@dataclass(frozen=True)
class Facts:
    """What a lake answers; ``rows`` has the silver tables that are there.

    ``by_account``, ``newest_by_account``: the same per account; empty where there is but one.
    ``states``: silver tables as their logs have them, ``bronze`` the table of pages.
    ``unreadable``: tables that cannot be read, by their names, with what is said of each.
    """

    rows: Mapping[str, int] = field(default_factory=dict)
    pages: int | None = None
    newest_event_at: datetime | None = None
    holding: LockStatus | None = None
    answers: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    by_account: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    newest_by_account: Mapping[str, datetime] = field(default_factory=dict)
    states: Mapping[str, TableState] = field(default_factory=dict)
    bronze: TableState | None = None
    unreadable: Mapping[str, str] = field(default_factory=dict)

    @property
    def accounts(self) -> tuple[str, ...]:
        """All that have run on the lake, by name."""
        return tuple(sorted({row["account_id"] for row in self["runs"]} - {None}))

    def rows_of(self, account: str) -> Mapping[str, int]:
        """Rows of the account in each silver table that is there."""
        if self._all_of(account):
            return self.rows
        return {table: self.by_account.get(table, {}).get(account, 0) for table in self.rows}

    def newest_event_of(self, account: str) -> datetime | None:
        """The account's latest event."""
        if self._all_of(account):
            return self.newest_event_at
        return self.newest_by_account.get(account)

    def _all_of(self, account: str) -> bool:
        """Whether all that is there is the account's."""
        return not self.by_account and self.accounts in ((), (account,))

    @property
    def is_there(self) -> bool:
        """Whether any table is: else there is no lake yet."""
        known = bool(self.rows) or self.pages is not None or "runs" in self.answers
        return known or bool(self.unreadable)

    @property
    def load_marks(self) -> Iterator[tuple[str, LoadMark]]:
        """What loads say of the tables they went to, with the account that each is of."""
        writes = {
            _table_of(row): Write(row["version"], row["run_id"] or "") for row in self["written"]
        }
        commits: dict[tuple[str, str, str], set[str]] = {}
        for row in self["foreign"]:
            commits.setdefault(_table_of(row), set()).update(row["foreign_commits"])
        for row in self["loaded"]:
            found = frozenset(commits.get(_table_of(row), ()))
            yield (
                row["account_id"],
                LoadMark(
                    row["table_name"],
                    row["table_id"],
                    row["version"],
                    foreign_commits=found,
                    written=writes.get(_table_of(row)),
                ),
            )

    @property
    def newest_landings(self) -> Mapping[tuple[str, str], Write]:
        """Per account and bronze table, by its id: the newest landing."""
        return {
            (row["account_id"], row["bronze_id"]): Write(
                row["version"], row["run_id"], row["commits"]
            )
            for row in self["landed"]
        }

    def rows_for(self, question: str, account: str) -> Iterator[Row]:
        """The rows of an answer that are the account's."""
        return (row for row in self[question] if row["account_id"] == account)

    def __getitem__(self, question: str) -> Sequence[Row]:
        """The rows of an answer; none where its table is not there."""
        return self.answers.get(question, ())


def facts(reader: Reader) -> Facts:
    """Ask everything, several questions at a time."""
    unreadable: dict[str, str] = {}

    def answer(asked: Future[T]) -> T | None:
        try:
            return asked.result()
        except TableUnreadable as error:
            unreadable.setdefault(error.table, str(error))
            return None

    with ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="status") as pool:
        answers = {
            name: pool.submit(reader.ask, *question) for name, question in _QUESTIONS.items()
        }
        pages = pool.submit(reader.count, "bronze", "pages")
        newest = pool.submit(reader.newest_event)
        held = pool.submit(reader.holding)
        counts = {n: pool.submit(reader.count, t.schema, n) for n, t in TABLES.items()}
        rows = {name: answer(count) for name, count in counts.items()}
        found = {name: answer(asked) for name, asked in answers.items()}
        there = Facts(
            {name: count for name, count in rows.items() if count is not None},
            answer(pages),
            answer(newest),
            held.result(),
            {name: asked for name, asked in found.items() if asked is not None},
        )
        loaded = [one for _, one in there.load_marks]
        landed = {"pages": tuple(there.newest_landings.values())}
        silver = _silver_states(reader, loaded)
        bronze = reader.states("bronze", {"pages": None}, landed)
        for error in (*silver.values(), *bronze.values()):
            if isinstance(error, TableUnreadable):
                unreadable.setdefault(error.table, str(error))
        names = {name.rpartition(".")[2] for name in unreadable}
        there = replace(
            there,
            rows={name: count for name, count in there.rows.items() if name not in names},
            states=_readable(silver),
            bronze=_readable(bronze).get("pages"),
            unreadable=unreadable,
        )
        if len(there.accounts) < 2:
            return there
        of = {
            name: pool.submit(reader.ask, TABLES[name].schema, name, ROWS_OF) for name in there.rows
        }
        newest_of = answer(pool.submit(reader.ask, "silver", "events", _NEWEST_OF)) or ()
        return replace(
            there,
            by_account={
                name: {row["account_id"]: row["n"] for row in answer(counted) or ()}
                for name, counted in of.items()
            },
            newest_by_account={row["account_id"]: row["newest"] for row in newest_of},
        )


def _silver_states(
    reader: Reader, loaded: Sequence[LoadMark]
) -> dict[str, TableState | TableUnreadable]:
    by_schema: dict[str, dict[str, int | None]] = {}
    for name, version in looked_at(loaded, TABLES).items():
        by_schema.setdefault(TABLES[name].schema, {})[name] = version
    writes = writes_of(loaded)
    found: dict[str, TableState | TableUnreadable] = {}
    for schema, since in by_schema.items():
        found |= reader.states(schema, since, writes)
    return found


def _readable(states: Mapping[str, TableState | TableUnreadable]) -> dict[str, TableState]:
    return {name: one for name, one in states.items() if not isinstance(one, TableUnreadable)}


def _table_of(row: Row) -> tuple[str, str, str]:
    return row["account_id"], row["table_name"], row["table_id"]
