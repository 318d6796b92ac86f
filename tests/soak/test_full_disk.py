"""A disk that is full in the middle of a run, and has room again for the next."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from deltalake import DeltaTable

from klaviyo_spark.sandbox import Account, Sandbox
from tests.builders import KEY
from tests.helpers.compare import differences
from tests.helpers.runs import Home, after_commits, after_requests, meanwhile

DISK_MB = 64


@pytest.fixture
def disk(tmp_path) -> Iterator[Path]:
    """A small file system of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={DISK_MB}m", "soak", str(folder)]
    mounted = subprocess.run(["mount", *options], capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"a disk to fill cannot be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


class Ballast:
    """A file that takes all the room there is."""

    def __init__(self, disk: Path) -> None:
        self._file = disk / "ballast"

    def load(self) -> None:
        """Fill the disk, to the last byte."""
        with open(self._file, "ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError as full:
                    if full.errno != errno.ENOSPC:
                        raise

    def drop(self) -> None:
        """Make room again."""
        self._file.unlink()


def half_written(home: Home) -> list[str]:
    """Tables that cannot be read, and files of pages that no commit speaks of."""
    wrong = []
    for log in sorted(home.warehouse.glob("*/*/_delta_log")):
        if not any(log.glob("*.json")):
            continue
        try:
            DeltaTable(log.parent).to_pyarrow_table()
        except Exception as error:
            wrong.append(f"{log.parent.name}: {error}")
    pages = home.warehouse / "klaviyo_bronze.db" / "pages"
    committed = {Path(file).resolve() for file in DeltaTable(pages).file_uris()}
    there = {file.resolve() for file in pages.rglob("*.parquet") if "_delta_log" not in file.parts}
    return [*wrong, *(f"{file.name}: in no commit" for file in there - committed)]


def stack_traces(text: str) -> list[str]:
    """Lines that only a stack trace has, Python's or Java's."""
    begin = ("Traceback", "\tat ", "Caused by:")
    return [line for line in text.splitlines() if line.startswith(begin)]


def test_a_full_disk_ends_the_run_in_one_line_and_the_next_goes_on(spark, tmp_path, disk):
    account = Account(seed=13, events=3_000, profiles=200, quiet_days=9)
    with Sandbox(account, key=KEY, rate_scale=100, page_most=10) as sandbox:
        home, ballast = Home(sandbox, tmp_path, disk=disk), Ballast(disk)
        for moment, more in ((after_requests, 200), (after_commits, 30)):
            with meanwhile(moment(home, more), ballast.load) as full:
                ended = home.finish("sync")
            assert full.is_set()
            assert (ended.code, len(ended.said)) == (1, 1), ended.err
            assert os.strerror(errno.ENOSPC).lower() in ended.said[0].lower()
            assert stack_traces(ended.err) == []
            assert half_written(home) == []
            ballast.drop()

        ended = home.finish("sync")

        assert (ended.code, ended.said) == (0, []), ended.err
        assert half_written(home) == []
        assert differences(home.lake(spark), account.truth()) == []
