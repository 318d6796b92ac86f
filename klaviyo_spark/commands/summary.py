"""What is printed at the end of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from klaviyo_spark import messages
from klaviyo_spark.commands.sync.account_run import EVERYTHING, Summary
from klaviyo_spark.commands.text_table import WIDTH, TextTable
from klaviyo_spark.config.accounts import combined_exit_code
from klaviyo_spark.errors import ENDED
from klaviyo_spark.resources import DOCUMENTED, TABLES

_COUNTS = {
    "new": "inserted",
    "changed": "updated",
    "marked deleted": "soft_deleted",
    "nulled cells": "cast_failures",
    "quarantined": "quarantined",
}


def lines(summary: Summary, width: int = WIDTH) -> Iterator[str]:
    """The summary for a terminal: a table of tables, then what did not go well."""
    if summary.rows:
        yield from _tables(summary).lines(width)
    yield from _notes(summary)
    outcome = summary.outcome
    assert summary.finished_at
    seconds = (summary.finished_at - summary.started_at).total_seconds()
    said = ENDED[summary.exit_code]
    yield (
        f"{summary.verb} {said}: pages={outcome.pages} bytes={outcome.bytes:,} "
        f"seconds={seconds:.1f} (ingest {summary.ingest_s:.1f}, refine {summary.refine_s:.1f}) "
        f"run={summary.run_id}"
    )


def of_run(every: Sequence[Summary], width: int = WIDTH) -> Iterator[str]:
    """The summary of a run, of one account or of several."""
    return of_several(every, width) if len(every) > 1 else lines(every[0], width)


def of_several(every: Sequence[Summary], width: int = WIDTH) -> Iterator[str]:
    """The summaries of several accounts; last, which of them are not all done."""
    for summary in every:
        yield f"== account {summary.account}"
        yield from lines(summary, width)
    yield f"== {len(every)} accounts"
    for summary in every:
        yield from _notes(summary, f"{summary.account}: ", notes=False)
    code = combined_exit_code(summary.exit_code for summary in every)
    left = [f"{s.account} {ENDED[s.exit_code]}" for s in every if s.exit_code]
    yield f"{every[0].verb} {ENDED[code]}: {', '.join(left) or 'all accounts'}"


def _notes(summary: Summary, whose: str = "", *, notes: bool = True) -> Iterator[str]:
    """What should be known of a run, and what did not go well."""
    outcome = summary.outcome
    if notes:
        yield from (f"warning: {warning}" for warning in outcome.warnings)
    for resource, lines in outcome.failed.items():
        what = "" if resource == EVERYTHING else f"{resource}: "
        yield from (f"failed: {whose}{what}{line}" for line in lines)
    if outcome.resume_at:
        at = f"{outcome.resume_at:%Y-%m-%d %H:%M} UTC"
        yield f"{whose}{messages.requests.STOPPED_BY_RATE_LIMIT(time=at)}"


def _tables(summary: Summary) -> TextTable:
    names = [name for name in TABLES if name in DOCUMENTED or name in summary.rows]
    counts = {name: [summary.total(name, field) for field in _COUNTS.values()] for name in names}
    totals = [sum(column) for column in zip(*counts.values(), strict=True)]

    def row(name: str, rows: int | None, cells: Sequence[int]) -> tuple[str, ...]:
        said = "unreadable" if rows is None else f"{rows:,}"
        return (name, said, *(f"{cell:,}" for cell in cells))

    return TextTable(
        ("table", "rows", *_COUNTS),
        [
            *(row(name, summary.rows.get(name), cells) for name, cells in counts.items()),
            row(f"{len(names)} tables", sum(summary.rows.values()), totals),
        ],
    )
