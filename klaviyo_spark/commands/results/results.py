"""What a command gives back to a Python program: plain values, whose names stay. No I/O here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from klaviyo_spark.errors import ENDED


@dataclass(frozen=True, kw_only=True)
class Result:
    """What every command gives back; printed, it is what the command line says.

    Args:
        command: which one.
        exit_code: what the command line ends with: 0 all done, 1 failed, 3 partly done, 4 stopped
            by the rate limit.
        errors: what did not succeed, a line each; of several accounts with the account's name.
        warnings: what should be known besides, a line each.
        text: the lines of the command line.
    """

    command: str
    exit_code: int = 0
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    text: str = field(default="", repr=False)

    @property
    def ending(self) -> str:
        """``done``, ``failed``, ``partly done`` or ``stopped``."""
        return ENDED[self.exit_code]

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class TableChange:
    """What a run did to one table of an account.

    Args:
        rows: that the table has now, those marked as gone too; None where they were not counted:
            the run loaded nothing, or the table could not be read.
        inserted, updated: rows.
        soft_deleted: rows that were marked as gone.
        cast_failures: cells that did not fit their column's type, and are NULL.
        quarantined: records without a key.
    """

    rows: int | None
    inserted: int = 0
    updated: int = 0
    soft_deleted: int = 0
    cast_failures: int = 0
    quarantined: int = 0


@dataclass(frozen=True, kw_only=True)
class AccountSummary:
    """One run of one account; ``klaviyo_ops.runs`` has its row. Times are UTC.

    Args:
        tables: what it did to each table, by name; all tables that it looked after.
        pages, bytes: landed in bronze.
        resume_at: when what the rate limit stopped can go on.
    """

    account: str
    run_id: str
    exit_code: int
    started_at: datetime
    finished_at: datetime | None
    pages: int
    bytes: int
    tables: Mapping[str, TableChange]
    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    resume_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class RunResult(Result):
    """What ``sync``, ``ingest`` or ``refine`` did, per account."""

    accounts: tuple[AccountSummary, ...]

    @property
    def rows(self) -> dict[str, int]:
        """Rows of each table now, of all accounts of the run together."""
        return _sums({t: c.rows or 0 for t, c in one.tables.items()} for one in self.accounts)

    @property
    def changed_rows(self) -> dict[str, int]:
        """Rows that were inserted, updated or marked as gone, per table that has any."""
        counts = (
            {t: c.inserted + c.updated + c.soft_deleted for t, c in one.tables.items()}
            for one in self.accounts
        )
        return {table: count for table, count in _sums(counts).items() if count}

    @property
    def resume_at(self) -> datetime | None:
        """When all that the rate limit stopped can go on (UTC)."""
        return max((one.resume_at for one in self.accounts if one.resume_at), default=None)


@dataclass(frozen=True, kw_only=True)
class BackfillResult(Result):
    """What a backfill did: a run per step that it read; a dry run has none, its plan is text."""

    steps: tuple[AccountSummary, ...] = ()


@dataclass(frozen=True)
class Difference:
    """A scope whose rows are not as many as Klaviyo counts or lists.

    Args:
        count_type: what is counted: events of a day, members of a group, records of a listing.
        scope: Klaviyo's id of the metric or group.
        day: of events (UTC).
    """

    account: str
    resource: str
    count_type: str
    scope: str
    scope_name: str | None
    day: date | None
    actual_count: int
    expected_count: int


@dataclass(frozen=True, kw_only=True)
class VerifyResult(Result):
    """Whether the tables are complete.

    Args:
        complete: nothing is missing of what Klaviyo counts and lists, for every account.
        differences: that are left after healing.
        healed_rows: that healing inserted.
    """

    complete: bool
    differences: tuple[Difference, ...] = ()
    healed_rows: int = 0


@dataclass(frozen=True, kw_only=True)
class MaintainResult(Result):
    """What upkeep did to the files of a lake."""

    run_id: str
    files_before: int
    files_after: int
    freed_bytes: int
    deleted_pages: int


@dataclass(frozen=True, kw_only=True)
class ForgetResult(Result):
    """What was taken out of a lake; nothing in it says whose it was.

    Args:
        found: there was anything of the person.
        rows: taken out, per table.
        pages: of bronze that were rewritten.
        left_out: tables that are damaged, which the person is not out of.
    """

    found: bool
    rows: Mapping[str, int]
    pages: int
    left_out: tuple[str, ...] = ()


def _sums(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for one in counts:
        for table, count in one.items():
            total[table] = total.get(table, 0) + count
    return total
