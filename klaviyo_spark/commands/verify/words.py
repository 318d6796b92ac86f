"""A verification in words, for people and for programs. Pure; no I/O here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from klaviyo_spark import messages
from klaviyo_spark.commands.text_table import WIDTH, TextTable
from klaviyo_spark.commands.verify.comparing import (
    EVENTS,
    MEMBERS,
    PROFILES,
    RECORDS,
    WHOLE_TABLES,
    Comparison,
)
from klaviyo_spark.commands.verify.days import joined
from klaviyo_spark.commands.verify.healing import healing
from klaviyo_spark.commands.verify.run import Verified
from klaviyo_spark.commands.verify.tables import uncounted
from klaviyo_spark.errors import ENDED
from klaviyo_spark.resources import TABLES

# So many lines of differences are shown; all of them are in the table.
SHOWN = 40


def lines(done: Verified, width: int = WIDTH) -> Iterator[str]:
    """For a terminal: what was checked, what differs, what was healed, the verdict."""
    yield from _table(done.checks).lines(width)
    yield from _differing("differs", done.found)
    if done.healed:
        yield from _healed(done) if done.healed.reads else ()
        yield from _differing("still differs", [c for c in done.checks if c.is_fault])
    outcome = done.outcome
    for warning in outcome.warnings:
        yield f"warning: {warning}"
    for resource, lines in outcome.failed.items():
        yield from (f"not verified: {resource}: {line}" for line in lines)
    alone = uncounted({check.resource for check in done.checks})
    if alone:
        yield messages.verify.UNCOUNTED(tables=", ".join(alone))
    yield f"{verdict(done)}"
    yield (
        f"verify {ENDED[done.exit_code]}: requests={done.requests:,} pages={outcome.pages:,} "
        f"seconds={done.seconds:.1f} run={done.run_id}"
    )


def as_json(done: Verified) -> str:
    """For programs."""
    return json.dumps(facts(done), indent=1)


def facts(done: Verified) -> dict[str, Any]:
    """What came of it as JSON has it; days as ISO 8601."""
    outcome = done.outcome
    return {
        "run_id": done.run_id,
        "account": done.account,
        "complete": done.is_complete,
        "exit_code": done.exit_code,
        "checked": [_sums(some) for some in _kinds(done.checks)],
        "found": [_facts(check) for check in done.found if check.differs or check.twice],
        "differences": [_facts(check) for check in done.checks if check.differs or check.twice],
        "healed": {
            "days": sum(len(r.metric_ids) * len(r.span) for r in done.healed.readings),
            "readings": len(done.healed.readings),
            "tables": sorted(done.healed.tables),
            "profiles": len(done.healed.profiles),
            "pages": outcome.pages,
            "new_rows": sum(load.inserted for load in done.loads),
        },
        "not_verified": outcome.failed,
        "warnings": outcome.warnings,
        "requests": done.requests,
        "seconds": round(done.seconds, 1),
    }


def verdict(done: Verified) -> str:
    """Whether the lake is complete, and what to do where it is not."""
    if done.is_complete:
        counted = sum(check.expected_count for check in done.checks if check.count_type == EVENTS)
        more = sum(check.surplus for check in done.checks if check.count_type == EVENTS)
        said = f"complete: nothing of what Klaviyo counts and lists is missing ({counted:,} events)"
        return said + (f"; {more:,} events are here that it does not count" if more else "")
    faults = done.faults
    if not faults:
        return messages.verify.NOT_ALL_VERIFIED()
    differ = _plural(len(faults), "difference")
    if not done.healed and healing(faults):
        return messages.verify.NOT_COMPLETE(differ=differ)
    if any(check.twice for check in faults):
        return messages.verify.ROWS_TWICE(differ=differ)
    return messages.verify.STILL_NOT_COMPLETE(differ=differ)


def _kinds(checks: Iterable[Comparison]) -> list[list[Comparison]]:
    """Checks by resource and what is counted, events first."""
    kinds: dict[tuple[bool, str, str], list[Comparison]] = {}
    for check in checks:
        at = (check.count_type != EVENTS, check.resource, check.count_type)
        kinds.setdefault(at, []).append(check)
    return [kinds[at] for at in sorted(kinds)]


def _sums(checks: Sequence[Comparison]) -> dict[str, Any]:
    return {
        "resource": checks[0].resource,
        "count_type": checks[0].count_type,
        "scopes": len(checks),
        "actual_count": sum(check.actual_count for check in checks),
        "expected_count": sum(check.expected_count for check in checks),
        "missing": sum(check.missing for check in checks),
        "more": sum(check.surplus for check in checks),
    }


def _facts(check: Comparison) -> dict[str, Any]:
    return {
        "resource": check.resource,
        "count_type": check.count_type,
        "scope": check.scope,
        "scope_name": check.scope_name,
        "day": check.day and check.day.isoformat(),
        "actual_count": check.actual_count,
        "expected_count": check.expected_count,
    }


def _table(checks: Sequence[Comparison]) -> TextTable:
    rows = []
    for some in _kinds(checks):
        sums = _sums(some)
        counts = (sums[n] for n in ("actual_count", "expected_count", "missing", "more"))
        cells = (f"{count:,}" for count in (len(some), *counts))
        rows.append((f"{some[0].resource}: {_scope_label(some)}", *cells))
    return TextTable(("verified", "scopes", "have", "should be", "missing", "more"), rows)


def _scope_label(checks: Sequence[Comparison]) -> str:
    """What the scopes of one kind are."""
    kind = checks[0].count_type
    if kind == EVENTS:
        return f"days of {len({check.scope for check in checks}):,} metrics"
    return {
        MEMBERS: "members per group",
        RECORDS: "what is listed",
        PROFILES: "days of creation",
        WHOLE_TABLES: "tables as loaded",
    }.get(kind, kind)


def _differing(what: str, checks: Iterable[Comparison]) -> Iterator[str]:
    found = [f"{what}: {line}" for line in _merge_days(checks)]
    yield from found[:SHOWN]
    if len(found) > SHOWN:
        rest = _plural(len(found) - SHOWN, "more line")
        yield f"... and {rest}: all are in klaviyo_ops.verifications"


def _merge_days(checks: Iterable[Comparison]) -> Iterator[str]:
    """Differences: tables, then days in a row of one metric as one, faults first; then others."""
    per_metric: dict[tuple[bool, str], list[Comparison]] = {}
    others = []
    for check in checks:
        if not check.differs and not check.twice:
            continue
        if check.count_type == WHOLE_TABLES:
            yield f"{TABLES[check.scope].label}: {check.why}"
        elif check.day:
            per_metric.setdefault((not check.is_fault, check.scope), []).append(check)
        else:
            others.append(check)
    for (no_fault, _), some in sorted(per_metric.items(), key=lambda item: item[0]):
        by_day = {check.day: check for check in some if check.day}
        for span in joined(by_day):
            days = [by_day[day] for day in span]
            actual_count, expected_count = (
                sum(c.actual_count for c in days),
                sum(c.expected_count for c in days),
            )
            when = f"{span.first}" if len(span) == 1 else f"{span.first} to {span.last}"
            twice = sum(check.twice for check in days)
            of = "profiles created" if days[0].count_type == PROFILES else _name(days[0])
            yield (
                f"{of} {when}: have {actual_count:,}, should be {expected_count:,}"
                + (f", {_plural(twice, 'row')} twice" if twice else "")
                + (" (events stay, whatever Klaviyo counts)" if no_fault else "")
            )
    for check in sorted(others, key=lambda check: (check.resource, check.count_type, check.scope)):
        what = f"{check.resource} {_name(check)}"
        counts = f"have {check.actual_count:,}", f"should be {check.expected_count:,}"
        if check.count_type == MEMBERS:
            yield f"{what}: {' members, '.join(counts)}"
        elif check.count_type == RECORDS:
            yield f"{what}: " + ("not here" if check.missing else "here, but no longer listed")
        else:
            yield f"{check.count_type} of {_name(check)}: {', '.join(counts)}"


def _healed(done: Verified) -> Iterator[str]:
    healed, outcome = done.healed, done.outcome
    parts = []
    if healed.readings:
        days = sum(len(r.metric_ids) * len(r.span) for r in healed.readings)
        parts.append(
            f"{_plural(days, 'day')} of metrics in {_plural(len(healed.readings), 'reading')}"
        )
    groups = sum(len(ids) for ids in healed.groups.values())
    parts += [f"members of {_plural(groups, 'group')}"] if groups else []
    parts += [f"listings of {', '.join(sorted(healed.listings))}"] if healed.listings else []
    if healed.profiles:
        parts.append(_plural(len(healed.profiles), "profile"))
    pages = _plural(outcome.pages, "page")
    new = _plural(sum(load.inserted for load in done.loads), "new row")
    yield f"read again: {'; '.join(parts)}: {pages}, {new}"


def _plural(count: int, one: str, more: str = "") -> str:
    return f"{count:,} {one if count == 1 else more or f'{one}s'}"


def _name(check: Comparison) -> str:
    return f"{check.scope_name} ({check.scope})" if check.scope_name else check.scope
