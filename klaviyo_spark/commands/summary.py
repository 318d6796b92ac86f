"""What is printed at the end of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from klaviyo_spark import messages
from klaviyo_spark.commands.sync.account_run import EVERYTHING, Summary
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


def lines(summary: Summary) -> Iterator[str]:
    """The summary for a terminal: a table of tables, then what did not go well."""
    if summary.rows:
        yield from _tables(summary)
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


def of_run(every: Sequence[Summary]) -> Iterator[str]:
    """The summary of a run, of one account or of several."""
    return of_several(every) if len(every) > 1 else lines(every[0])


def of_several(every: Sequence[Summary]) -> Iterator[str]:
    """The summaries of several accounts; last, which of them are not all done."""
    for summary in every:
        yield f"== account {summary.account}"
        yield from lines(summary)
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


def _tables(summary: Summary) -> Iterator[str]:
    names = [name for name in TABLES if name in DOCUMENTED or name in summary.rows]
    width = max(map(len, names))
    yield f"{'table':<{width}} {'rows':>10} " + " ".join(f"{name:>14}" for name in _COUNTS)
    totals = dict.fromkeys(_COUNTS, 0)
    for name in names:
        counts = {c: summary.total(name, field) for c, field in _COUNTS.items()}
        for count, value in counts.items():
            totals[count] += value
        cells = " ".join(f"{value:>14,}" for value in counts.values())
        rows = f"{summary.rows[name]:,}" if name in summary.rows else "unreadable"
        yield f"{name:<{width}} {rows:>10} {cells}"
    cells = " ".join(f"{value:>14,}" for value in totals.values())
    yield f"{f'{len(names)} tables':<{width}} {sum(summary.rows.values()):>10,} {cells}"
