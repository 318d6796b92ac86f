"""Commits that lost against another writer: which are repeated, and how often."""

from __future__ import annotations

from typing import Any

import pytest

from klaviyo_spark.lake.commit_retry import TRIES, is_retriable, retry_on_conflict


class Refused(Exception):
    """What Spark raises, by its text."""


def losing(times: int, text: str) -> tuple[Any, list[int]]:
    """Work that is refused so many times, and its tries."""
    tries: list[int] = []

    def work() -> str:
        tries.append(len(tries) + 1)
        if len(tries) <= times:
            raise Refused(text)
        return "done"

    return work, tries


APPENDED = "[DELTA_CONCURRENT_APPEND.WITH_PARTITION_HINT] files were added to partition …"


@pytest.mark.parametrize(
    "text",
    [
        APPENDED,
        "[DELTA_CONCURRENT_DELETE_READ.WITHOUT_HINT] …",
        "[DELTA_CONCURRENT_DELETE_DELETE] …",
        "io.delta.exceptions.ConcurrentAppendException: Files were added …",
    ],
)
def test_what_another_writer_did_to_rows_is_safe_to_repeat(text):
    assert is_retriable(Refused(text))


@pytest.mark.parametrize(
    "text",
    [
        "[DELTA_METADATA_CHANGED] the metadata of the table has been changed",
        "[DELTA_PROTOCOL_CHANGED] …",
        "[DELTA_CONCURRENT_TRANSACTION] …",
        "[DIVIDE_BY_ZERO] …",
    ],
)
def test_changed_columns_and_other_errors_are_not(text):
    work, tries = losing(1, text)
    with pytest.raises(Refused):
        retry_on_conflict(work, "events", sleep=lambda _s: None)
    assert tries == [1]


def test_the_work_is_done_again_until_it_is_through(caplog):
    work, tries = losing(2, APPENDED)
    assert retry_on_conflict(work, "events", sleep=lambda _s: None) == "done"
    assert tries == [1, 2, 3]
    assert [record.getMessage() for record in caplog.records] == [
        f"events: another writer committed first; try {n} of {TRIES}" for n in (1, 2)
    ]


def test_the_last_error_is_raised_where_it_never_is():
    work, tries = losing(99, APPENDED)
    waits: list[float] = []
    with pytest.raises(Refused):
        retry_on_conflict(work, "events", sleep=waits.append)
    assert len(tries) == TRIES
    assert all(0 <= wait <= 30 for wait in waits)
