"""What is printed at the end of a run."""

from __future__ import annotations

from collections.abc import Iterator

from klaviyo_spark.errors import ENDED
from klaviyo_spark.pipeline import Summary
from klaviyo_spark.resources import TABLES

_COUNTS = {
    "new": "inserted",
    "changed": "updated",
    "marked deleted": "marked_deleted",
    "nulled cells": "nulled_cells",
    "quarantined": "quarantined",
}


def lines(summary: Summary) -> Iterator[str]:
    """The summary for a terminal: a table of tables, then what did not go well."""
    if summary.rows:
        yield from _tables(summary)
    outcome = summary.outcome
    for warning in outcome.warnings:
        yield f"note: {warning}"
    for resource, messages in outcome.failed.items():
        for message in messages:
            yield f"not done: {resource}: {message}"
    if outcome.resume_at:
        yield f"stopped by Klaviyo's rate limit; go on after {outcome.resume_at:%Y-%m-%d %H:%M} UTC"
    assert summary.finished_at
    seconds = (summary.finished_at - summary.started_at).total_seconds()
    said = ENDED[summary.exit_code]
    yield (
        f"{summary.verb} {said}: pages={outcome.pages} bytes={outcome.bytes:,} "
        f"seconds={seconds:.1f} (ingest {summary.ingest_s:.1f}, refine {summary.refine_s:.1f}) "
        f"run={summary.run_id}"
    )


def _tables(summary: Summary) -> Iterator[str]:
    width = max(len(name) for name in TABLES)
    yield f"{'table':<{width}} {'rows':>10} " + " ".join(f"{name:>14}" for name in _COUNTS)
    totals = dict.fromkeys(_COUNTS, 0)
    for name in TABLES:
        counts = {c: summary.total(name, field) for c, field in _COUNTS.items()}
        for count, value in counts.items():
            totals[count] += value
        cells = " ".join(f"{value:>14,}" for value in counts.values())
        yield f"{name:<{width}} {summary.rows[name]:>10,} {cells}"
    cells = " ".join(f"{value:>14,}" for value in totals.values())
    yield f"{f'{len(TABLES)} tables':<{width}} {sum(summary.rows.values()):>10,} {cells}"
