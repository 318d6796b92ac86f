"""A whole lake on a store: the verbs of its life, and the same rows as in a folder beside it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from klaviyo_spark.lake.lake import names_of
from klaviyo_spark.resources import DOCUMENTED, TABLES
from klaviyo_spark.sandbox import Account, Sandbox
from tests.builders import KEY
from tests.s3.server import S3Server, kinds

URI = "s3://lakes/whole/lake"
# What differs between two lakes of the same pages; and times of reading, of which only whether
# they are there is the same.
_OF_THE_RUN = {"_run_id", "_landed_at", "_row_hash"}
_OF_THE_READ = ("_deleted_at", "first_seen_at", "last_seen_at")
_PATIENCE_S = 1200.0


@dataclass
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str
    seconds: float
    requests: int


@dataclass
class Lakes:
    """The same account in a store and in a folder; ``ran``: what each command of the store cost."""

    sandbox: Sandbox
    server: S3Server
    home: Path
    ran: dict[str, Ended] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The lake beside it."""
        return self.home / "lake"

    @property
    def environ(self) -> Mapping[str, str]:
        """Of every command: no profile of this machine, the sandbox's key."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return {**ours, **self.server.environ, "KLAVIYO_API_KEY": KEY}

    def command(self, lake: str, verb: str, *options: str) -> list[str]:
        """The words of a command on a lake."""
        asks = {"sync", "ingest", "verify", "doctor"}
        url = ("--base-url", self.sandbox.url) if verb in asks else ()
        place = ("--warehouse", lake)
        return [sys.executable, "-m", "klaviyo_spark.cli", verb, *place, *url, *options]

    def run(self, lake: str, verb: str, *options: str) -> Ended:
        """A command from its beginning to its end."""
        before, began = len(self.server.requests()), time.monotonic()
        done = subprocess.run(
            self.command(lake, verb, *options),
            cwd=self.home,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
        )
        seconds, requests = time.monotonic() - began, self.server.requests(before)
        sys.stdout.write(
            f"{verb} {lake}: exit {done.returncode}, {seconds:.0f} s, {len(requests)} requests "
            f"{dict(kinds(requests))}\n"
        )
        return Ended(done.returncode, done.stdout, done.stderr, seconds, len(requests))

    def both(self, step: str, verb: str, *options: str) -> None:
        """A command on either lake, which has to succeed."""
        for lake in (URI, f"{self.folder}"):
            ended = self.run(lake, verb, *options)
            assert ended.code == 0, ended.err
            if lake == URI:
                self.ran[step] = ended

    def rows(self, root: Path, table: str) -> list[str]:
        """All rows of a silver table, as texts."""
        columns = [name for name in names_of(TABLES[table]) if name not in _OF_THE_RUN]
        found = DeltaTable(root / "klaviyo_v2.db" / table).to_pyarrow_table(columns=columns)
        rows = pa.table(found).to_pylist()
        for row in rows:
            row.update({name: row[name] is None for name in _OF_THE_READ if name in row})
        return sorted(map(str, rows))

    def differences(self) -> dict[str, list[str]]:
        """Per table that is not the same in both lakes, a few rows that only one of them has."""
        store = self.server.files_of(URI)
        found: dict[str, list[str]] = {}
        for name in DOCUMENTED:
            apart = {*self.rows(store, name)} ^ {*self.rows(self.folder, name)}
            if apart:
                found[name] = sorted(apart)[:4]
        return found


@pytest.fixture(scope="module")
def lakes(server, tmp_path_factory):
    """A first sync, one without news, and one a day later, of a small account, in both places."""
    account = Account(seed=3, events=150, profiles=40, quiet_days=2)
    with Sandbox(account, key=KEY, rate_scale=1000) as sandbox:
        found = Lakes(sandbox, server, tmp_path_factory.mktemp("whole"))
        found.both("first", "sync")
        found.both("nothing new", "sync")
        account.advance(days=1)
        found.both("a day later", "sync")
        yield found


def test_all_tables_are_those_of_a_folder(lakes):
    assert lakes.differences() == {}


def test_no_command_says_a_word_of_java(lakes):
    for step in lakes.ran.values():
        assert "\tat " not in step.err
        assert "Exception" not in step.err


def test_a_first_sync_takes_no_more_requests_than_it_may(lakes):
    assert lakes.ran["first"].requests <= 1800


def test_the_lake_is_looked_at_without_spark(lakes, tmp_path):
    looks = {
        verb: lakes.run(URI, verb, *options)
        for verb, options in {
            "status": ("--json",),
            "report": ("--out", f"{tmp_path}/report.html"),
            "doctor": (),
        }.items()
    }

    assert [look.code for look in looks.values()] == [0, 0, 0]
    rows = {table["table"]: table["rows"] for table in json.loads(looks["status"].out)["tables"]}
    assert rows["profiles"] == len(lakes.rows(lakes.folder, "profiles"))
    assert (tmp_path / "report.html").stat().st_size > 10_000
    assert "lists, writes and deletes" in looks["doctor"].out


def test_the_lake_is_verified(lakes):
    lakes.both("verify", "verify")


def test_a_run_is_refused_while_another_holds_the_lake_and_goes_on_after_a_kill(lakes):
    """A killed run's lease is taken over; what it landed is gone on from."""
    lakes.sandbox.account.advance(days=1)
    running = subprocess.Popen(
        lakes.command(URI, "sync"),
        cwd=lakes.home,
        env=lakes.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        asked = len(lakes.sandbox.requests)
        while len(lakes.sandbox.requests) < asked + 20 and running.poll() is None:
            time.sleep(0.05)
        refused = lakes.run(URI, "sync")
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()

    assert (refused.code, "the lake is held by a sync" in refused.err) == (1, True)
    lakes.both("after a kill", "sync", "--wait")
    assert lakes.differences() == {}


def test_a_person_is_forgotten_and_the_lake_kept_up(lakes):
    table = DeltaTable(lakes.folder / "klaviyo_v2.db" / "profiles").to_pyarrow_table()
    person = table["profile_id"].to_pylist()[0]
    lakes.both("forget", "forget", "--profile", person)
    lakes.both("maintain", "maintain")

    assert lakes.differences() == {}
    assert all(person not in row for row in lakes.rows(lakes.server.files_of(URI), "profiles"))
