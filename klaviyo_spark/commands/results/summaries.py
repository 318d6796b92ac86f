"""What commands say of themselves, as the results that a Python program gets, or as an error."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeVar

import msgspec

from klaviyo_spark import messages
from klaviyo_spark.commands import maintain, summary
from klaviyo_spark.commands.forget.run import Erasure
from klaviyo_spark.commands.maintain import Upkeep
from klaviyo_spark.commands.results.results import (
    AccountSummary,
    BackfillResult,
    Difference,
    ForgetResult,
    MaintainResult,
    Result,
    RunResult,
    TableChange,
    VerifyResult,
)
from klaviyo_spark.commands.sync.account_run import EVERYTHING, Summary
from klaviyo_spark.commands.verify.run import Verified, fault_lines
from klaviyo_spark.config.accounts import combined_exit_code
from klaviyo_spark.errors import RunIncomplete
from klaviyo_spark.state.models import Outcome

_COUNTS = ("inserted", "updated", "soft_deleted", "cast_failures", "quarantined")
# An account's name, and a line on it.
Line = tuple[str, str]
R = TypeVar("R", bound=Result)
# Of so many errors the exception's text tells; all of them are in its result.
_TOLD = 5


def result_of_run(command: str, every: Sequence[Summary]) -> RunResult:
    """Of ``sync``, ``ingest`` or ``refine``."""
    accounts = tuple(account_summary(one) for one in every)
    names = [one.account for one in accounts]
    return RunResult(
        command=command,
        exit_code=combined_exit_code(one.exit_code for one in every),
        errors=_lines([(one.account, line) for one in accounts for line in one.errors], names),
        warnings=_lines([(one.account, line) for one in accounts for line in one.warnings], names),
        text="\n".join(summary.of_run(every)),
        accounts=accounts,
    )


def runs_as_json(every: Sequence[Summary]) -> str:
    """Of ``sync``, ``ingest`` or ``refine``, for programs; of several accounts, a list."""
    accounts = [account_summary(one) for one in every]
    found = accounts if len(accounts) > 1 else accounts[0]
    return json.dumps(msgspec.to_builtins(found), indent=1)


def account_summary(one: Summary) -> AccountSummary:
    """Of one run of one account."""
    outcome = one.outcome
    names = dict.fromkeys((*one.rows, *(load.table for load in one.loads)))
    return AccountSummary(
        account=one.account,
        run_id=one.run_id,
        exit_code=one.exit_code,
        started_at=one.started_at,
        finished_at=one.finished_at,
        pages=outcome.pages,
        bytes=outcome.bytes,
        tables={
            name: TableChange(one.rows.get(name), *(one.total(name, count) for count in _COUNTS))
            for name in names
        },
        errors=_failures(outcome),
        warnings=tuple(outcome.warnings),
        resume_at=outcome.resume_at,
    )


def result_of_backfill(
    code: int, steps: Sequence[Summary], lines: Sequence[str], failed: Sequence[Line]
) -> BackfillResult:
    """Of a backfill, or of a dry run.

    Args:
        lines: that were said.
        failed: accounts that an error ended.
    """
    read = tuple(account_summary(one) for one in steps)
    several = {*(one.account for one in read), *(account for account, _ in failed)}
    errors = [*((one.account, line) for one in read for line in one.errors), *failed]
    warnings = [(one.account, line) for one in read for line in one.warnings]
    return BackfillResult(
        command="backfill",
        exit_code=code,
        errors=tuple(dict.fromkeys(_lines(errors, several))),
        warnings=tuple(dict.fromkeys(_lines(warnings, several))),
        text="\n".join(lines),
        steps=read,
    )


def result_of_verify(
    code: int, every: Sequence[Verified], lines: Sequence[str], failed: Sequence[Line]
) -> VerifyResult:
    """Of a verification; ``failed``: accounts that an error ended."""
    accounts = [*(one.account for one in every), *(account for account, _ in failed)]
    errors = [
        (one.account, line)
        for one in every
        for line in (*_failures(one.outcome), *fault_lines(one.faults))
    ]
    warnings = [(one.account, line) for one in every for line in one.outcome.warnings]
    return VerifyResult(
        command="verify",
        exit_code=code,
        errors=_lines([*errors, *failed], accounts),
        warnings=_lines(warnings, accounts),
        text="\n".join(lines),
        complete=code == 0,
        differences=tuple(
            Difference(
                one.account,
                check.resource,
                check.count_type,
                check.scope,
                check.scope_name,
                check.day,
                check.actual_count,
                check.expected_count,
            )
            for one in every
            for check in one.checks
            if check.differs
        ),
        healed_rows=sum(load.inserted for one in every for load in one.loads),
    )


def result_of_maintain(done: Upkeep) -> MaintainResult:
    """Of upkeep."""
    return MaintainResult(
        command="maintain",
        exit_code=done.exit_code,
        errors=tuple(done.errors),
        warnings=tuple(done.warnings),
        text="\n".join(maintain.lines(done)),
        run_id=done.run_id,
        files_before=sum(table.files_before for table in done.tables),
        files_after=sum(table.files_after for table in done.tables),
        freed_bytes=sum(table.freed or 0 for table in done.tables),
        deleted_pages=sum(table.pages for table in done.tables),
    )


def result_of_forget(
    code: int, every: Sequence[tuple[str, Erasure]], lines: Sequence[str], failed: Sequence[Line]
) -> ForgetResult:
    """Of forgetting somebody.

    Args:
        every: what was done, by account.
        failed: accounts that an error ended.
    """
    accounts = [*(account for account, _ in every), *(account for account, _ in failed)]
    rows: Counter[str] = Counter()
    for _, done in every:
        rows.update(done.rows)
    return ForgetResult(
        command="forget",
        exit_code=code,
        errors=_lines(
            [*((a, line) for a, done in every for line in done.errors), *failed], accounts
        ),
        text="\n".join(lines),
        found=any(done.was_there for _, done in every),
        rows=dict(rows),
        pages=sum(done.pages for _, done in every),
        left_out=tuple(dict.fromkeys(table for _, done in every for table in done.left_out)),
    )


def check_complete(result: R) -> R:
    """What all was done of.

    Raises:
        RunIncomplete: not all was.
    """
    if not result.exit_code:
        return result
    told = "; ".join(error.rstrip(".") for error in result.errors[:_TOLD])
    more = len(result.errors) - _TOLD
    text = messages.command_line.RUN_INCOMPLETE(
        command=result.command,
        ended=result.ending,
        code=result.exit_code,
        errors=(told or "see its result") + (f"; and {more} more" if more > 0 else ""),
    )
    raise RunIncomplete(text, result, result.exit_code)


def _failures(outcome: Outcome) -> tuple[str, ...]:
    """A line per thing that failed, with its resource."""
    return tuple(
        line if resource == EVERYTHING else f"{resource}: {line}"
        for resource, lines in outcome.failed.items()
        for line in lines
    )


def _lines(found: Iterable[Line], accounts: Iterable[str]) -> tuple[str, ...]:
    """Lines with the account's name before each, where there are several."""
    several = len({*accounts}) > 1
    return tuple(f"{account}: {line}" if several else line for account, line in found)
