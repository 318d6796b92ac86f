"""Whether all is there that Klaviyo counts, from ``klaviyo_ops.verifications``. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from klaviyo_spark.commands.report.charts import metric_label
from klaviyo_spark.lake.readers.reader import Row

HOW = "run klaviyo-spark verify"


@dataclass(frozen=True)
class Cell:
    """One metric and month. ``level``: full, over (too many), high, low or empty."""

    percent: str
    level: str
    title: str


@dataclass(frozen=True)
class Heat:
    """Metrics by months, oldest first; None where a month was not verified."""

    months: tuple[date, ...] = ()
    lines: tuple[tuple[str, tuple[Cell | None, ...]], ...] = ()


@dataclass(frozen=True)
class Completeness:
    """The map, its sums, and what differs. ``verified_at``: None where nothing was verified."""

    heat: Heat
    verified_at: datetime | None
    expected_count: int
    missing: int
    too_many: int
    resources: tuple[Row, ...]
    differences: tuple[Row, ...]

    @property
    def is_complete(self) -> bool:
        """Verified, and nothing is missing.

        More events than Klaviyo counts are no fault: events stay here, whatever becomes of them
        there.
        """
        counted = not any(row["differing"] for row in self.resources)
        return self.verified_at is not None and counted and not self.missing


def completeness(
    months: Sequence[Row],
    resources: Sequence[Row],
    differences: Sequence[Row],
    names: Mapping[str, str],
) -> Completeness:
    """Completeness from the answers to the questions of those names."""
    times = [row["verified_at"] for row in (*months, *resources) if row["verified_at"]]
    return Completeness(
        heat=_heat([row for row in months if row["month"]], names),
        verified_at=max(times, default=None),
        expected_count=sum(row["expected_count"] or 0 for row in months),
        missing=sum(row["missing"] or 0 for row in months),
        too_many=sum(row["too_many"] or 0 for row in months),
        resources=tuple(sorted(resources, key=lambda row: str(row["resource"]))),
        differences=tuple(differences),
    )


def _heat(rows: Sequence[Row], names: Mapping[str, str]) -> Heat:
    if not rows:
        return Heat()
    first, last = (bound(row["month"] for row in rows) for bound in (min, max))
    count = _number(last) - _number(first) + 1
    months = tuple(_month(_number(first) + n) for n in range(count))
    cells: dict[str | None, list[Cell | None]] = {}
    shown = {row["scope"]: row["scope_name"] for row in rows if row["scope_name"]} | {**names}
    for row in rows:
        line = cells.setdefault(row["scope"], [None] * count)
        line[_number(row["month"]) - _number(first)] = cell(row)
    lines = [(metric_label(scope, shown), scope or "", tuple(c)) for scope, c in cells.items()]
    # By the id too: names may be shared, and cells have no order.
    ordered = sorted(lines, key=lambda line: line[:2])
    return Heat(months, tuple((name, line) for name, _, line in ordered))


def cell(row: Row) -> Cell:
    """One cell. Its percentage is rounded down: 100 says that not one event is missing."""
    tenths = 1000 * row["matched"] // row["expected_count"] if row["expected_count"] else 1000
    percent = f"{tenths // 10}" if tenths % 10 == 0 else f"{tenths / 10:.1f}"
    said = f"{row['matched']:,} of {row['expected_count']:,} events, {row['days']} days verified"
    if row["missing"]:
        said += f", {row['missing']:,} missing on {row['short_days']} days"
    if row["too_many"]:
        said += f", {row['too_many']:,} more than Klaviyo counts"
    if row["missing"]:
        level = "high" if tenths >= 990 else "low" if tenths > 0 else "empty"
    else:
        level = "over" if row["too_many"] else "full"
    return Cell(percent, level, said)


def _number(month: date) -> int:
    return 12 * month.year + month.month - 1


def _month(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)
