"""A verification as people and programs are told of it. No Spark."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timezone

import pytest

from klaviyo_spark.commands.verify.comparing import Comparison
from klaviyo_spark.commands.verify.days import DayRange
from klaviyo_spark.commands.verify.healing import Healing, Reading
from klaviyo_spark.commands.verify.run import Verified, exit_code_of_verification, fault_lines
from klaviyo_spark.commands.verify.words import SHOWN, as_json, lines, verdict
from klaviyo_spark.silver.models import Load
from klaviyo_spark.state.models import Outcome

AT = datetime(2026, 11, 24, tzinfo=timezone.utc)


def of_events(
    day: int, actual_count: int = 5, expected_count: int = 5, twice: int = 0, metric: str = "M1"
):
    name = "Opened Email"
    return Comparison(
        "events", "events", metric, name, date(2026, 5, day), actual_count, expected_count, twice
    )


LIST = Comparison("lists", "members", "L1", "News", None, 7, 7)
TAG = Comparison("tags", "records", "T1", "vip", None, 1, 1)


def a_verification(
    *checks: Comparison, found: list[Comparison] | None = None, **facts: object
) -> Verified:
    """One that has come to its end; ``found`` is what it was before healing."""
    done = Verified("run1", "default", AT, found=found or [*checks], checks=[*checks], **facts)  # type: ignore[arg-type]
    done.exit_code = exit_code_of_verification(done, ["events", "lists", "tags", "profiles"])
    return done


def told(done: Verified) -> list[str]:
    return [
        line for line in lines(done) if line.startswith(("differs", "still", "read again", "..."))
    ]


# -- exit codes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("checks", "failed", "code"),
    [
        ([of_events(1), LIST, TAG], {}, 0),
        ([of_events(1, actual_count=4), LIST], {}, 3),
        ([of_events(1, actual_count=6), LIST], {}, 0),
        ([of_events(1, actual_count=6, twice=1), LIST], {}, 3),
        ([LIST], {"events": ["no scope"]}, 3),
        ([], {"events": ["no"], "lists": ["no"], "tags": ["no"]}, 1),
        ([], {}, 0),
    ],
)
def test_the_exit_code_says_whether_the_lake_is_complete(checks, failed, code):
    done = a_verification(*checks, outcome=Outcome(failed=failed))
    assert (done.exit_code, done.is_complete) == (code, code == 0)


def test_a_rate_limit_too_long_to_wait_for_is_exit_code_4():
    assert a_verification(LIST, outcome=Outcome(resume_at=AT)).exit_code == 4


# -- lines ----------------------------------------------------------------------------------------


def test_days_in_a_row_of_a_metric_are_one_line():
    checks = [
        of_events(1, 3),
        of_events(2, 0),
        of_events(4, 4),
        of_events(3),
        of_events(5, 1, metric="M2"),
    ]
    assert told(a_verification(*checks)) == [
        "differs: Opened Email (M1) 2026-05-01 to 2026-05-02: have 3, should be 10",
        "differs: Opened Email (M1) 2026-05-04: have 4, should be 5",
        "differs: Opened Email (M2) 2026-05-05: have 1, should be 5",
    ]


def test_members_and_records_are_named():
    checks = [
        replace(LIST, actual_count=8),
        replace(TAG, actual_count=0),
        replace(TAG, scope="T2", scope_name=None, expected_count=0),
    ]
    assert told(a_verification(*checks)) == [
        "differs: lists News (L1): have 8 members, should be 7",
        "differs: tags vip (T1): not here",
        "differs: tags T2: here, but no longer listed",
    ]


def test_events_that_klaviyo_no_longer_counts_come_last_and_are_no_fault():
    done = a_verification(of_events(1, 7), of_events(2, 4), of_events(3, 6, twice=1))
    assert told(done) == [
        "differs: Opened Email (M1) 2026-05-02 to 2026-05-03: have 10, should be 10, 1 row twice",
        "differs: Opened Email (M1) 2026-05-01: have 7, should be 5 "
        "(events stay, whatever Klaviyo counts)",
    ]
    assert verdict(a_verification(of_events(1, 7))) == (
        "complete: nothing of what Klaviyo counts and lists is missing (5 events); "
        "2 events are here that it does not count"
    )


def test_of_many_differences_the_rest_is_counted():
    checks = [replace(TAG, scope=f"T{n:03}", actual_count=0) for n in range(SHOWN + 2)]
    said = told(a_verification(*checks))
    assert len(said) == SHOWN + 1
    assert said[-1] == "... and 2 more lines: all are in klaviyo_ops.verifications"


def test_what_was_checked_is_summed_up_with_events_first():
    done = a_verification(TAG, LIST, of_events(1, 4), of_events(2), of_events(2, metric="M2"))
    assert [line.split() for line in lines(done)][:4] == [
        ["verified", "scopes", "have", "should", "be", "missing", "more"],
        ["events:", "days", "of", "2", "metrics", "3", "14", "15", "1", "0"],
        ["lists:", "members", "per", "group", "1", "7", "7", "0", "0"],
        ["tags:", "what", "is", "listed", "1", "1", "1", "0", "0"],
    ]


def test_what_could_not_be_verified_is_told_and_the_last_line_says_how_it_ended():
    outcome = Outcome(failed={"lists": ["no scope"]}, warnings=["odd"])
    done = a_verification(of_events(1), outcome=outcome, requests=12, seconds=1.25)
    assert [*lines(done)][-5:] == [
        "warning: odd",
        "not verified: lists: no scope",
        "of these tables Klaviyo neither counts nor lists the rows: event_group_ids, "
        "event_attribution_group_ids. They follow the records that are counted; that nobody else "
        "changed them was checked",
        'nothing was found missing, but not everything could be verified. The lines "not verified" '
        "above say why; then run `klaviyo-spark verify` again.",
        "verify partly done: requests=12 pages=0 seconds=1.2 run=run1",
    ]


# -- healing --------------------------------------------------------------------------------------

HEALING = Healing([Reading(("M1", "M2"), DayRange(date(2026, 5, 1), date(2026, 5, 2)), 9)])


def test_what_was_healed_is_told_between_what_was_found_and_what_is_left():
    found = [of_events(1, 3), of_events(2, 2)]
    done = a_verification(
        of_events(1),
        of_events(2, 4),
        found=found,
        healed=HEALING,
        outcome=Outcome(pages=2),
        loads=[Load("events", "run1", (), inserted=4), Load("event_group_ids", "run1", (), 1)],
    )
    assert told(done) == [
        "differs: Opened Email (M1) 2026-05-01 to 2026-05-02: have 5, should be 10",
        "read again: 4 days of metrics in 1 reading: 2 pages, 5 new rows",
        "still differs: Opened Email (M1) 2026-05-02: have 4, should be 5",
    ]
    assert verdict(done) == (
        "the lake is still not complete: 1 difference, although what was missing was read again. "
        "Run `klaviyo-spark verify` again later; report this if it does not go away."
    )


def test_before_healing_the_verdict_says_how_to():
    assert verdict(a_verification(of_events(1, 3))) == (
        "not complete: 1 difference. Run `klaviyo-spark verify --heal` to read exactly these again."
    )


def test_no_read_mends_rows_that_are_here_twice():
    assert "`klaviyo-spark refine --rebuild`" in verdict(a_verification(of_events(1, 6, twice=1)))


def test_the_runs_row_says_what_differs_without_saying_it_all():
    faults = [of_events(1, 3), of_events(2, 4), replace(LIST, actual_count=9)]
    assert fault_lines(faults) == [
        "events: events of 2 scopes differ, 3 missing, 0 too many",
        "lists: members of 1 scope differ, 0 missing, 2 too many",
    ]


# -- for programs ---------------------------------------------------------------------------------


def test_for_programs_everything_is_named():
    done = a_verification(of_events(1, 4), of_events(2), LIST, outcome=Outcome(warnings=["odd"]))
    said = json.loads(as_json(done))
    assert (said["complete"], said["exit_code"], said["account"]) == (False, 3, "default")
    assert (
        said["differences"]
        == said["found"]
        == [
            {
                "resource": "events",
                "count_type": "events",
                "scope": "M1",
                "scope_name": "Opened Email",
                "day": "2026-05-01",
                "actual_count": 4,
                "expected_count": 5,
            }
        ]
    )
    assert said["checked"][1] == {
        "resource": "lists",
        "count_type": "members",
        "scopes": 1,
        "actual_count": 7,
        "expected_count": 7,
        "missing": 0,
        "more": 0,
    }
    assert (said["healed"]["days"], said["not_verified"], said["warnings"]) == (0, {}, ["odd"])


def test_a_table_that_others_changed_stands_before_what_it_lacks():
    dropped = Comparison("tags", "tables", "tags", None, None, 0, 1, why="removed")
    said = told(a_verification(replace(TAG, actual_count=0), dropped))
    assert [line.split(": ", 1)[1] for line in said] == [
        "klaviyo_v2.tags: removed",
        "tags vip (T1): not here",
    ]


def test_profiles_are_named_by_the_days_of_their_creation():
    checks = [
        Comparison("profiles", "profiles", "created", None, date(2026, 5, n), 3, 4) for n in (1, 2)
    ]
    assert told(a_verification(*checks)) == [
        "differs: profiles created 2026-05-01 to 2026-05-02: have 6, should be 8"
    ]
