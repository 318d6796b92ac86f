"""What is to be known of a run before its tables are loaded, asked of bronze."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from klaviyo_spark.lake.lake import AccountLake
from klaviyo_spark.lake.readers.opening import ask
from klaviyo_spark.lake.readers.reader import Row
from klaviyo_spark.schema.sql_text import portable
from klaviyo_spark.schema.table import TableSpec
from klaviyo_spark.silver.unchanged import unchanged_endpoints
from klaviyo_spark.state.landings import of_account
from klaviyo_spark.state.models import Batch

DaySpan = tuple[date | None, date | None]
"""First and last day, both within; None where it is open."""


@dataclass(frozen=True)
class RunFacts:
    """What is known of a run before its tables are loaded.

    Args:
        began: when its first page was fetched.
        unchanged: endpoints whose pages say nothing that earlier runs' did not; see ``unchanged``.
        fully_read: endpoints of which complete reads have pages.
        asked_before: per endpoint, the last of the runs before that asked it, as a number that
            grows; also of endpoints that this run has not asked.
        records: objects in ``data`` per endpoint.
        bytes: of its pages, per endpoint.
        resumed_walk_ids: complete reads that an earlier run began; their pages of then count too.
        meanwhile: per endpoint, the runs since those reads began: what they saw is not gone.
        spans: days that the records of an endpoint fall into, where its walks are cut by time.
    """

    run_id: str
    began: datetime
    unchanged: frozenset[str]
    records: Mapping[str, int]
    bytes: Mapping[str, int] = field(default_factory=dict)
    resumed_walk_ids: frozenset[str] = frozenset()
    fully_read: frozenset[str] = frozenset()
    asked_before: Mapping[str, int] = field(default_factory=dict)
    meanwhile: Mapping[str, frozenset[str]] = field(default_factory=dict)
    spans: Mapping[str, DaySpan] = field(default_factory=dict)

    def records_of(self, table: TableSpec) -> int:
        """How many records the run has for ``table``, at most."""
        return sum(self.records.get(source.endpoint, 0) for source in table.sources)

    def bytes_of(self, table: TableSpec) -> int:
        """Size of the pages that the run has for ``table``."""
        return sum(self.bytes.get(endpoint, 0) for endpoint in table.endpoints)

    def reads_whole(self, table: TableSpec) -> bool:
        """Whether the run has complete reads that judge rows of ``table``."""
        return any(judge.endpoint in self.fully_read for judge in table.judges)


def run_facts(
    lake: AccountLake, batches: Sequence[Batch], run_id: str, began: Mapping[str, datetime]
) -> RunFacts:
    """What is to be known of a run.

    Args:
        batches: all of the account.
        began: when each run began, in that order.
    """
    order = list(began)
    before = order[: order.index(run_id)]
    places = {run: place for place, run in enumerate(before)}
    asked_before: dict[str, int] = {}
    for batch in batches:
        if batch.run_id in places:
            last = asked_before.get(batch.endpoint, -1)
            asked_before[batch.endpoint] = max(places[batch.run_id], last)
    mine = f"{of_account(lake)} AND run_id = {portable(run_id)}"
    rows = ask(
        lake,
        "pages",
        "SELECT endpoint, sum(record_count) AS records, sum(bytes) AS bytes, "
        "bool_or(is_full_read) AS is_full_read, min(window_start) AS low, "
        "max(max_record_time) AS high, "
        "sum(CASE WHEN window_start IS NULL THEN 1 ELSE 0 END) AS open_below, "
        "sum(CASE WHEN max_record_time IS NULL AND record_count > 0 THEN 1 ELSE 0 END) "
        f"AS open_above FROM {{t}} WHERE {mine} GROUP BY endpoint",
    )
    gone_on_with = ask(
        lake,
        "pages",
        f"SELECT DISTINCT endpoint, read_id, read_run_id FROM {{t}} WHERE {mine} "
        f"AND is_full_read AND read_run_id <> {portable(run_id)}",
    )
    records = {row["endpoint"]: row["records"] for row in rows}
    asked_again = {name: n for name, n in records.items() if name in asked_before}
    return RunFacts(
        run_id,
        began[run_id],
        unchanged=unchanged_endpoints(lake, run_id, began[run_id], asked_again),
        records=records,
        bytes={row["endpoint"]: row["bytes"] for row in rows},
        resumed_walk_ids=frozenset(row["read_id"] for row in gone_on_with),
        fully_read=frozenset(row["endpoint"] for row in rows if row["is_full_read"]),
        asked_before=asked_before,
        meanwhile={
            name: _since([r["read_run_id"] for r in gone_on_with if r["endpoint"] == name], before)
            for name in records
        },
        spans={row["endpoint"]: _span(row) for row in rows},
    )


def _since(begun_by: Sequence[str], before: Sequence[str]) -> frozenset[str]:
    """Runs of ``before`` from the first of those that began a read."""
    places = [before.index(run) for run in begun_by if run in before]
    return frozenset(before[min(places) :]) if places else frozenset()


def _span(row: Row) -> DaySpan:
    """The days that an endpoint's walks asked for, as far as they came."""
    low = None if row["open_below"] or row["low"] is None else row["low"].date()
    high = None if row["open_above"] or row["high"] is None else row["high"].date()
    return low, high
