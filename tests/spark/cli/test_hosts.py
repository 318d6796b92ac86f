"""A sync as an odd host starts it: descriptors closed, and files for nobody else's eyes."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from deltalake import DeltaTable

from klaviyo_spark.sandbox import Account, Sandbox
from tests.builders import KEY

SYNC = "umask 077; exec {python} -m klaviyo_spark.cli sync --resources tags,metrics >&- 2>&- <&-"


@dataclass
class Synced:
    """How the sync ended, and its lake."""

    code: int
    said: str
    lake: Path


@pytest.fixture(scope="module")
def synced(tmp_path_factory) -> Synced:
    folder = tmp_path_factory.mktemp("host")
    # Spark writes the silver tables then, and delta-rs the others: files of Java's and of ours.
    (folder / "conf").mkdir()
    (folder / "conf" / "base.yml").write_text("loads_by: spark\n")
    account = Account(seed=3, events=200, profiles=20)
    with Sandbox(account, key=KEY, rate_scale=50) as sandbox:
        done = subprocess.run(
            ["bash", "-c", SYNC.format(python=shlex.quote(sys.executable))],
            cwd=folder,
            env={**os.environ, "KLAVIYO_API_KEY": KEY, "KLAVIYO_BASE_URL": sandbox.url},
            capture_output=True,
            text=True,
            check=False,
        )
    return Synced(done.returncode, done.stdout + done.stderr, folder / "lake")


def test_with_all_descriptors_closed_it_does_its_work(synced):
    assert (synced.code, synced.said) == (0, "")
    assert DeltaTable(synced.lake / "klaviyo_v2.db" / "tags").to_pyarrow_table().num_rows > 0
    [run] = DeltaTable(synced.lake / "klaviyo_ops.db" / "runs").to_pyarrow_table().to_pylist()
    assert run["exit_code"] == 0


def test_nothing_was_written_into_the_file_that_a_closed_descriptor_became(synced):
    assert (synced.lake / ".klaviyo-spark.lock").read_bytes() == b""


def test_the_umask_holds_for_all_of_the_lake(synced):
    modes = {
        (path.is_dir(), path.stat().st_mode & 0o777)
        for path in [synced.lake, *synced.lake.rglob("*")]
    }

    assert modes == {(True, 0o700), (False, 0o600)}
    there = {path.suffix for path in synced.lake.rglob("*") if path.is_file()}
    assert there >= {".json", ".crc", ".parquet", ".lock"}
