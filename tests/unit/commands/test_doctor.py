"""The doctor: each check by itself, and all of them against a machine, a lake and an account."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from klaviyo_spark.bronze import revisions
from klaviyo_spark.commands.doctor import account, machine
from klaviyo_spark.commands.doctor import check as checks
from klaviyo_spark.commands.doctor import lake as lakes
from klaviyo_spark.commands.doctor.check import (
    Diagnosis,
    fail,
    guarded,
    lines,
    of_account,
    ok,
    verdict,
    warn,
)
from klaviyo_spark.commands.status import Facts, Status, summed
from klaviyo_spark.commands.status.summing import Holder
from klaviyo_spark.config.models import RESOURCE_NAMES
from klaviyo_spark.errors import ConfigError
from klaviyo_spark.messages.message import warning
from klaviyo_spark.resources import ENDPOINTS
from klaviyo_spark.sandbox import Sandbox
from tests.builders import KEY
from tests.helpers.doctor import a_sandbox, run
from tests.helpers.status_lakes import HOUR, NOON, a_lake, a_run

LITTLE = warning("{gib} GiB free", "Make room.")

pytestmark = pytest.mark.usefixtures("_with_key")

GIB = 1 << 30


# -- what a check is ------------------------------------------------------------------------------


def test_a_check_that_passes_is_one_line_and_one_that_does_not_says_what_to_do():
    assert list(lines(ok("java", "Java 17"))) == ["ok    java               Java 17"]
    assert list(lines(warn("disk", LITTLE, gib=1))) == [
        "warn  disk               1 GiB free",
        "                         -> Make room.",
    ]


@pytest.mark.parametrize(
    ("codes", "expected"), [([], 0), ([3], 3), ([3, 4], 4), ([3, 4, 1], 1), ([1, 2, 3], 2)]
)
def test_the_gravest_failure_gives_the_exit_code(codes, expected):
    some = [ok("a", ""), warn("b", LITTLE, gib=1), *(fail("d", "", code) for code in codes)]
    assert checks.exit_code_of_checks(some) == expected


@pytest.mark.parametrize(
    ("of_all", "us", "eu", "expected"),
    [
        (0, 0, 0, 0),
        (0, 1, 0, 3),
        (0, 2, 0, 3),
        (0, 1, 1, 1),
        (0, 2, 2, 2),
        (0, 4, 0, 4),
        (0, 3, 3, 3),
        (1, 0, 0, 1),
        (2, 4, 0, 2),
    ],
)
def test_what_fails_for_one_account_leaves_the_others(of_all, us, eu, expected):
    def found(code: int) -> list[Diagnosis]:
        return [ok("a", ""), *([fail("b", "", code)] if code else [])]

    whole = [*found(of_all), *of_account("us", found(us)), *of_account("eu", found(eu))]
    assert checks.exit_code_of_checks(whole) == expected


def test_a_check_of_one_account_of_several_names_it():
    (check,) = of_account("us", [ok("key", "there is a private key")])
    assert list(lines(check)) == ["ok    key                us: there is a private key"]


def test_a_check_that_blows_up_is_a_line_and_keeps_what_came_before_it():
    def look() -> Iterator[Diagnosis]:
        yield ok("a", "fine")
        raise ZeroDivisionError("division by zero")

    found = list(guarded("b", look))
    assert [(c.name, c.state, c.exit_code) for c in found] == [("a", "ok", 0), ("b", "fail", 1)]
    assert found[1].said == "could not be checked: ZeroDivisionError: division by zero"


def test_an_error_of_ours_keeps_its_message_and_its_exit_code():
    def look() -> Iterator[Diagnosis]:
        raise ConfigError("no Java found; Spark needs 17 or 21")

    assert list(guarded("java", look)) == [
        Diagnosis("java", "fail", "no Java found; Spark needs 17 or 21", "", 2)
    ]


def test_the_verdict_counts_and_says_the_next_command():
    good, odd, bad = ok("a", ""), warn("b", LITTLE, gib=1), fail("d", "", 2)
    assert verdict([good], "sync") == "all 1 checks pass; next: sync"
    assert verdict([good, odd], "sync") == "fit to run, 1 of 2 checks warn; next: sync"
    assert verdict([good, odd, bad], "sync") == "1 of 3 checks failed"


# -- the machine ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("free", "state"), [(6 * GIB, "ok"), (GIB, "warn"), (GIB // 4, "fail")])
def test_room_on_the_disk_is_enough_little_or_too_little(free, state):
    assert machine.disk(Path("lake"), free).state == state


def test_the_wrong_java_says_which_one_to_install(tmp_path):
    with pytest.raises(
        ConfigError, match="no Java there. Set it to the folder above the bin of a Java 17 or 21"
    ):
        list(machine.spark({"JAVA_HOME": str(tmp_path)}))


def test_jars_that_are_not_there_yet_are_fetched_by_a_run_and_not_by_the_doctor(tmp_path):
    found = machine.delta_jars("4.2.0", "4.4.0", {"XDG_CACHE_HOME": str(tmp_path)})
    assert (found.state, "the first run fetches them" in found.said) == ("warn", True)
    assert list(tmp_path.iterdir()) == []


def test_a_platform_brings_its_own_spark():
    environ = {"DATABRICKS_RUNTIME_VERSION": "17.3"}
    (found,) = machine.spark(environ)
    assert (found.state, list(machine.pair(environ))) == ("ok", [])


# -- Klaviyo --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "state"), [(0, "ok"), (60, "ok"), (-60, "ok"), (61, "warn"), (-3600, "warn")]
)
def test_a_clock_may_be_a_minute_off(seconds, state):
    assert account.clock(timedelta(seconds=seconds)).state == state


def test_which_way_the_clock_is_wrong_is_said():
    assert "120 s behind Klaviyo's" in account.clock(timedelta(seconds=120)).said
    assert "120 s ahead of Klaviyo's" in account.clock(timedelta(seconds=-120)).said


def test_a_revision_lives_two_years():
    assert revisions.ends("2026-07-15") == date(2028, 7, 15)


@pytest.mark.parametrize(
    ("today", "state"),
    [
        (date(2026, 11, 24), "ok"),
        (date(2028, 4, 15), "ok"),
        (date(2028, 4, 16), "warn"),
        (date(2028, 7, 14), "warn"),
        (date(2028, 7, 15), "fail"),
    ],
)
def test_a_revision_warns_ninety_days_before_its_end(today, state):
    assert account.revision("2026-07-15", today).state == state


def test_after_the_revision_has_ended_every_request_would_fail():
    gone = account.revision("2026-07-15", date(2032, 1, 1))
    assert (gone.state, gone.exit_code) == ("fail", 1)


def test_every_endpoint_is_asked_for_one_record_where_it_has_a_page_size():
    probed = {name: endpoint for name, endpoint in ENDPOINTS.items() if not endpoint.is_question}
    sizes = {name: account.smallest(e).params.get("page[size]") for name, e in probed.items()}
    assert {name for name, size in sizes.items() if size not in (None, "1")} == set()
    assert {name for name, size in sizes.items() if size is None} == {
        "campaign_templates", "list_count", "segment_count", "metrics",
        "accounts", "custom_metrics", "mapped_metrics", "campaign_message_variations",
    }  # fmt: skip


# -- the lake -------------------------------------------------------------------------------------


def a_status(**answers: Any) -> Status:
    known = {"runs": [a_run()], "loads": [{"table_name": "tags", "run_id": "r1"}], **answers}
    for load in known["loads"]:
        load["loaded_at"] = NOON
    return summed(Facts({"tags": 1}, 2, None, None, known), "./lake", "default", NOON + HOUR)


def named(found: Iterator[Diagnosis]) -> dict[str, Diagnosis]:
    return {check.name: check for check in found}


def test_no_lake_yet_is_fine():
    (found,) = lakes.lake(summed(Facts(), "./lake", "default", NOON))
    assert (found.state, found.said) == ("ok", "none in ./lake yet; the first sync makes it")


def test_a_run_that_did_not_go_well_is_told_with_its_first_problem():
    runs = [a_run(exit_code=3, errors=["lists: no scope", "tags: no scope"])]
    found = named(lakes.lake(a_status(runs=runs)))["last run"]
    assert found.said == "sync partly done (exit 3): lists: no scope (and 1 more)"
    assert found.way_out.startswith("Correct that, then run `klaviyo-spark sync`")


def test_pages_that_wait_and_tables_that_are_missing_have_a_way_out():
    found = named(lakes.lake(a_status(loads=[])))
    assert found["to refine"].way_out == "Run `klaviyo-spark refine`."
    assert "campaigns, " in found["tables"].said


@pytest.mark.parametrize(("alive", "state"), [(True, "ok"), (False, "warn"), (None, "warn")])
def test_a_lock_is_held_left_behind_or_not_to_be_told(alive, state):
    found = lakes.lock(Holder("r1", "sync", "here", 7, NOON, alive))
    assert (found.state, "sync since 2026-06-01 12:00 UTC, process 7" in found.said) == (
        state,
        True,
    )


def test_nobody_holds_a_free_lake():
    assert lakes.lock(None) == ok("lock", "nobody holds the lake")


# -- the verb -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served() -> Iterator[Sandbox]:
    with a_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def klaviyo(served) -> Iterator[Sandbox]:
    yield served
    served.missing_scopes = set()
    served.faults.clear()


def test_an_account_with_all_scopes_passes_on_a_machine_without_a_lake(capsys, klaviyo, tmp_path):
    code, states, out = run(capsys, "--base-url", klaviyo.url)
    of_the_machine = {"disk", "jars"}  # may warn where the tests run
    odd = {name for name, state in states.items() if state != "ok"} - of_the_machine
    assert (code, odd) == (0, set()), out
    documented = {name for name, one in ENDPOINTS.items() if one.resource in RESOURCE_NAMES}
    assert documented | {"conf", "java", "jars", "disk", "lake", "lock", "clock"} <= set(states)
    assert out.splitlines()[-1].endswith("; next: klaviyo-spark sync")
    assert list(tmp_path.iterdir()) == [], "the doctor writes nothing"


def test_each_missing_scope_is_a_line_that_names_it(capsys, klaviyo):
    klaviyo.missing_scopes = {"segments:read", "metrics:read"}
    code, states, out = run(capsys, "--base-url", klaviyo.url)
    assert code == 3
    assert {name for name, state in states.items() if state == "fail"} == {"segments", "metrics"}
    assert {name for name, state in states.items() if state == "warn"} == {
        "segment_profiles",
        "segment_count",
    }
    assert "lacks a scope, segments:read needed" in out
    assert states["klaviyo"] == "ok"


def test_only_what_is_read_has_to_be_allowed(capsys, klaviyo):
    klaviyo.missing_scopes = {"campaigns:read"}
    code, states, _ = run(capsys, "--base-url", klaviyo.url, "--config", conf("resources: [tags]"))
    assert code == 0
    assert {"tags", "metrics"} == set(states) & set(ENDPOINTS)


def test_a_wrong_key_ends_the_questions_and_is_not_shown(capsys, monkeypatch, klaviyo):
    monkeypatch.setenv("KLAVIYO_API_KEY", "pk_wrong_0123456789")
    code, states, out = run(capsys, "--base-url", klaviyo.url)
    assert (code, states["key"], states["scopes"]) == (1, "fail", "warn")
    assert "pk_wrong" not in out


def test_without_a_key_the_machine_and_the_lake_are_looked_at_all_the_same(capsys, monkeypatch):
    monkeypatch.delenv("KLAVIYO_API_KEY")
    code, states, _ = run(capsys)
    assert (code, states["key"], states["java"], states["lake"]) == (2, "fail", "ok", "ok")


def test_digests_need_a_key_of_their_own(capsys, monkeypatch, klaviyo):
    monkeypatch.delenv("KLAVIYO_HASH_KEY", raising=False)
    hashed = conf("personal_data: {email: hash}\nresources: [tags]")
    code, states, out = run(capsys, "--base-url", klaviyo.url, "--config", hashed)
    assert (code, states["personal data"], states["tags"]) == (2, "fail", "ok")
    assert "put it into KLAVIYO_HASH_KEY" in out

    monkeypatch.setenv("KLAVIYO_HASH_KEY", "0123456789abcdef")
    code, states, out = run(capsys, "--base-url", klaviyo.url, "--config", hashed)
    assert (code, states["personal data"]) == (0, "ok")
    assert "email=hash" in out
    assert "0123456789abcdef" not in out


def test_a_rate_limit_too_long_says_when_to_go_on(capsys, klaviyo):
    klaviyo.faults.add("429_long")
    code, states, out = run(capsys, "--base-url", klaviyo.url)
    assert (code, states["klaviyo"]) == (4, "fail")
    assert "Run again after " in out


def test_an_endpoint_in_trouble_is_a_line_and_the_others_are_asked(capsys, klaviyo):
    klaviyo.faults.add("no_data", path="/api/lists")
    lists = conf("resources: [lists]")
    code, states, out = run(capsys, "--base-url", klaviyo.url, "--config", lists)
    assert (code, states["lists"], states["list_profiles"]) == (3, "fail", "warn")
    assert "the body has no data" in out


def test_a_conf_that_is_wrong_is_a_line_among_others(capsys):
    code, states, out = run(capsys, "--config", conf("lookbak: 3d"))
    assert (code, states["conf"], states["java"], states["the rest"]) == (2, "fail", "ok", "warn")
    assert "Did you mean 'lookback'" in out


def test_a_folder_of_other_things_is_no_lake(capsys, klaviyo, tmp_path):
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake" / "file").write_text("")
    code, states, _ = run(capsys, "--base-url", klaviyo.url)
    assert (code, states["warehouse"], states["tags"]) == (2, "fail", "ok")


TWO = """
resources: [tags]
accounts:
  - {name: us, key_variable: KEY_US}
  - {name: eu, key_variable: KEY_EU}
"""


def test_each_account_is_asked_with_its_own_key(capsys, monkeypatch, klaviyo, tmp_path):
    a_lake(tmp_path / "lake")
    monkeypatch.setenv("KEY_US", KEY)
    monkeypatch.setenv("KEY_EU", "pk_wrong_0123456789")
    code, _, out = run(capsys, "--base-url", klaviyo.url, "--config", conf(TWO))
    said = [" ".join(line.split()) for line in out.splitlines()]
    assert code == 3, out
    assert "ok conf 2 accounts (us, eu), lake ./lake" in said
    assert "ok tags us: tags:read" in said
    assert any(
        line.startswith("fail key eu: GET /api/metrics -> 401: KEY_EU was refused") for line in said
    )
    assert [line for line in said if line.startswith("ok java")], "the machine is looked at once"
    assert "warn last run us: no run has come to an end" in said
    assert [line for line in said if line.startswith("ok lake 9 rows in 3 tables")]
    assert "pk_wrong" not in out


def test_an_account_without_its_key_leaves_the_other(capsys, monkeypatch, klaviyo):
    monkeypatch.setenv("KEY_US", KEY)
    code, _, out = run(capsys, "--base-url", klaviyo.url, "--config", conf(TWO))
    assert (code, "eu: no Klaviyo key found. Either set KEY_EU" in out) == (3, True), out


def test_two_accounts_with_one_key_are_told(capsys, monkeypatch, klaviyo):
    monkeypatch.setenv("KEY_US", KEY)
    monkeypatch.setenv("KEY_EU", KEY)
    code, _, out = run(capsys, "--base-url", klaviyo.url, "--config", conf(TWO))
    assert (code, "us and eu have the same key" in out) == (2, True), out


def conf(text: str) -> str:
    Path("a.yml").write_text(text)
    return "a.yml"
