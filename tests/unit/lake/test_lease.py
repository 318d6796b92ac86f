"""What a lease says and does where its storage fails. No Spark."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from klaviyo_spark.lake import lease as leases
from tests.helpers.leases import Clock, a_lease


def test_a_beat_that_fails_is_tried_again(logged):
    answers: list[bool | Exception] = [OSError("storage is\nout of reach"), True, False]

    def renew() -> bool:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    leases._beat(SimpleNamespace(renew=renew, lease_s=300), 0.0, threading.Event())

    assert logged[0] == (
        "warning: this run could not renew its lock on the lake: OSError: storage is out of reach; "
        "it tries again in 0 s. If this goes on for five minutes, another run may take the lake "
        "over: check the lake's storage."
    )
    assert (len(logged), answers) == (2, [])


def test_a_lake_that_cannot_be_freed_is_said_and_hides_no_error_of_the_run(logged):
    def sql(text: str) -> None:
        raise OSError("storage is out of reach")

    lake: Any = SimpleNamespace(
        spark=SimpleNamespace(sql=sql),
        session=SimpleNamespace(is_remote=True),
        ensure=lambda *_: "lock",
    )
    ours = a_lease(lake, "one", Clock())
    ours.claimed = True

    ours.free()

    assert logged == [
        "warning: the lake was not freed: OSError: storage is out of reach. Start the "
        "next run with --wait, or after 300 s."
    ]


@pytest.mark.parametrize(
    ("text", "tries"),
    [
        ("io.delta.exceptions.ConcurrentAppendException: [DELTA_CONCURRENT_APPEND]", 2),
        ("[DELTA_METADATA_CHANGED] The metadata of the Delta table has been changed", 2),
        ("io.delta.exceptions.ProtocolChangedException", 2),
        ("[INSUFFICIENT_PERMISSIONS]", 1),
    ],
)
def test_what_delta_refuses_to_one_of_two_is_tried_again_and_nothing_else(text, tries):
    calls = []

    def write() -> None:
        calls.append(1)
        if len(calls) < 2:
            raise RuntimeError(text)

    try:
        leases._retry_on_conflict(write)
    except RuntimeError:
        assert tries == 1
    assert len(calls) == tries
