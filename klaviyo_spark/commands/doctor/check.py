"""What one check of the doctor finds, and what all of them come to. Pure."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from klaviyo_spark import messages
from klaviyo_spark.config import accounts
from klaviyo_spark.errors import KlaviyoSparkError, in_a_line
from klaviyo_spark.messages.message import Message

logger = logging.getLogger(__name__)

State = Literal["ok", "warn", "fail"]
# Of several failures the one that comes first in this order gives the exit code: what keeps
# anything from starting, what fails a run, what stops it for a time, what leaves it partly done.
_GRAVEST_FIRST = (2, 1, 4, 3)


@dataclass(frozen=True)
class Diagnosis:
    """One line.

    Args:
        said: what was found.
        way_out: what to do, where ``said`` does not say it; empty where there is nothing to do.
        exit_code: of a failure.
        account: whose it is, where there are several.
    """

    name: str
    state: State
    said: str
    way_out: str = ""
    exit_code: int = 0
    account: str = ""


def ok(name: str, said: str) -> Diagnosis:
    """Nothing to do."""
    return Diagnosis(name, "ok", said)


def warn(name: str, message: Message, **values: object) -> Diagnosis:
    """A run would go well all the same."""
    said, way_out = message.parts(**values)
    return Diagnosis(name, "warn", said, way_out)


def refuse(name: str, message: Message, **values: object) -> Diagnosis:
    """A run would not go well, and would end as the message says."""
    said, way_out = message.parts(**values)
    return Diagnosis(name, "fail", said, way_out, int(message.exit))


def fail(name: str, said: str, exit_code: int) -> Diagnosis:
    """A run would not go well; what was said of it has the way out."""
    return Diagnosis(name, "fail", said, exit_code=exit_code)


def quote(name: str, said: str) -> Diagnosis:
    """A warning that a run would give."""
    return Diagnosis(name, "warn", said)


def of_error(name: str, error: KlaviyoSparkError, exit_code: int | None = None) -> Diagnosis:
    """What a run would have met; its message says what to do."""
    return fail(name, str(error), error.exit_code if exit_code is None else exit_code)


def guarded(name: str, look: Callable[[], Iterable[Diagnosis]]) -> Iterator[Diagnosis]:
    """The checks that ``look`` makes; where it breaks, a failed one that says so."""
    try:
        yield from look()
    except KlaviyoSparkError as error:
        yield of_error(name, error)
    except Exception as error:
        logger.debug("%s could not be checked", name, exc_info=True)
        yield refuse(name, messages.doctor.NOT_CHECKED, reason=in_a_line(error))


def of_account(account: str, checks: Iterable[Diagnosis]) -> Iterator[Diagnosis]:
    """The same checks, said to be of one account of several."""
    return (replace(check, account=account) for check in checks)


def exit_code_of_checks(checks: Iterable[Diagnosis]) -> int:
    """0 where none failed, else that of the gravest failure.

    What failed for one account of several lets the others run: ``accounts.combined_exit_code``.
    """
    codes: dict[str, set[int]] = {}
    for check in checks:
        failed = {check.exit_code} if check.state == "fail" else set()
        codes.setdefault(check.account, set()).update(failed)
    of_all = _gravest(codes.pop("", set()))
    return of_all or accounts.combined_exit_code(_gravest(some) for some in codes.values())


def _gravest(codes: Collection[int]) -> int:
    return next((code for code in (*_GRAVEST_FIRST, *sorted(codes)) if code in codes), 0)


def lines(check: Diagnosis) -> Iterator[str]:
    """For a terminal: the state, the name, what was found; below it, what to do."""
    whose = f"{check.account}: " if check.account else ""
    yield f"{check.state:<5} {check.name:<18} {whose}{check.said}"
    if check.way_out:
        yield f"{'':<24} -> {check.way_out}"


def facts(checks: Sequence[Diagnosis]) -> dict[str, Any]:
    """What all came to as JSON has it."""
    fit = all(check.state != "fail" for check in checks)
    return {"fit": fit, "checks": [asdict(check) for check in checks]}


def verdict(checks: Iterable[Diagnosis], sync: str) -> str:
    """The last line; ``sync`` is the command that comes next."""
    states = [check.state for check in checks]
    failed, warned = states.count("fail"), states.count("warn")
    if failed:
        return f"{failed} of {len(states)} checks failed"
    if warned:
        return f"fit to run, {warned} of {len(states)} checks warn; next: {sync}"
    return f"all {len(states)} checks pass; next: {sync}"
