"""Pages on their way to bronze: gathered in batches, then a file and a commit of a local table."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import deltalake
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from klaviyo_spark.bronze import lander as landing
from klaviyo_spark.bronze import request_plan
from klaviyo_spark.bronze.lander import Lander
from klaviyo_spark.client.paginator import Fetched
from klaviyo_spark.client.responses import Page
from klaviyo_spark.client.walk import Walk
from klaviyo_spark.lake.arrow import TYPES as ARROW
from klaviyo_spark.lake.local import pages as local_pages
from klaviyo_spark.lake.local.pages import LocalPages, UnsupportedTable
from klaviyo_spark.resources import ENDPOINTS
from klaviyo_spark.schema import bronze_table
from tests.builders import DAY, NOON
from tests.helpers.fakes import BASE
from tests.helpers.logs import a_field, switch_on, write_log

Row = dict[str, Any]


def tags() -> Walk:
    (walk,) = request_plan.listing_walks(BASE, ENDPOINTS["tags"], NOON)
    return walk


def a_fetched(
    walk: Walk, page_number: int = 1, body: bytes = b"{}", fetched_at: datetime = NOON
) -> Fetched:
    """A page of ``walk`` that is not its last."""
    page = Page(
        url=walk.first_url,
        path="/api/tags",
        query="",
        status=200,
        body=body,
        next_url=f"{BASE}/api/tags?page={page_number + 1}",
        record_count=1,
        http_date=None,
        fetched_at=fetched_at,
        revision="2026-07-15",
    )
    return Fetched(walk, page_number, page, is_last=False)


def a_row(
    page_number: int = 1, body: bytes = b"{}", fetched_at: datetime = NOON, **facts: Any
) -> Row:
    """A row as bronze gets it."""
    row = landing.page_row(a_fetched(WALK, page_number, body, fetched_at), "default", "run")
    return {**row, "batch_id": "batch", **facts}


WALK = tags()


# -- batches --------------------------------------------------------------------------------------


class Bronze:
    """Stands in for a lake: the batches appended, and an error for each that is refused."""

    def __init__(self, *errors: Exception | None) -> None:
        self._errors = list(errors)
        self.batches: list[list[Row]] = []

    def append_pages(self, rows: list[Row]) -> None:
        error = self._errors.pop(0) if self._errors else None
        if error:
            raise error
        self.batches.append(rows)

    @property
    def pages(self) -> list[list[int]]:
        return [[row["page_number"] for row in batch] for batch in self.batches]


def a_lander(lake: Bronze) -> Lander:
    return Lander(lake, "default", "run")  # type: ignore[arg-type]


def take(lander: Lander, numbers: Sequence[int], size: int = 2) -> None:
    for number in numbers:
        lander.take(a_fetched(WALK, number, b"x" * size))


@pytest.fixture
def small_batches(monkeypatch) -> None:
    """A batch is three pages, or ten bytes."""
    monkeypatch.setattr(landing, "BATCH_PAGES", 3)
    monkeypatch.setattr(landing, "BATCH_BYTES", 10)


def test_a_batch_is_appended_with_its_last_page(small_batches):
    lake = Bronze()
    take(a_lander(lake), range(1, 9))
    assert lake.pages == [[1, 2, 3], [4, 5, 6]]


def test_large_pages_make_a_batch_sooner(small_batches):
    lake = Bronze()
    take(a_lander(lake), range(1, 4), size=5)
    assert lake.pages == [[1, 2]]


def test_each_batch_is_full_by_its_own_bytes(small_batches):
    lake = Bronze()
    take(a_lander(lake), range(1, 6), size=6)
    assert lake.pages == [[1, 2], [3, 4]]


@pytest.mark.parametrize("is_reread", [False, True])
def test_what_is_read_again_is_known_by_no_digest(is_reread):
    """A heal that was killed before refine is news to the next run, whatever it had read again."""
    lake = Bronze()
    lander = a_lander(lake)
    lander.is_reread = is_reread
    lander.take(a_fetched(WALK, 1, b'{"data": [{"type": "event", "id": "E1"}]}'))
    lander.flush()

    [[row]] = lake.batches
    assert (row["record_digests"] is None) is is_reread


def test_what_is_in_hand_lands_at_the_end_once(small_batches):
    lake = Bronze()
    lander = a_lander(lake)
    take(lander, range(1, 6))
    lander.flush()
    lander.flush()
    assert lake.pages == [[1, 2, 3], [4, 5]]
    assert (lander.pages, lander.bytes) == (5, 10)


def test_no_pages_are_no_batch():
    lake = Bronze()
    a_lander(lake).flush()
    assert lake.batches == []


def test_a_batch_has_one_id_and_each_another(small_batches):
    lake = Bronze()
    take(a_lander(lake), range(1, 7))
    ids = [{row["batch_id"] for row in batch} for batch in lake.batches]
    assert [len(some) for some in ids] == [1, 1]
    assert ids[0] != ids[1]


def test_a_row_has_the_columns_of_bronze_and_its_body_to_the_byte():
    lake = Bronze()
    lander = a_lander(lake)
    lander.take(a_fetched(WALK, body='{"data":"😀"}'.encode()))
    lander.flush()
    ((row,),) = lake.batches
    assert set(row) == {name for name, _, _ in bronze_table.COLUMNS}
    assert (row["body"], row["bytes"]) == ('{"data":"😀"}'.encode(), 15)
    assert row["sha256"] == hashlib.sha256(row["body"]).hexdigest()


def test_only_what_has_landed_of_a_walk_is_kept_in_mind(small_batches):
    lander = a_lander(Bronze())
    other = tags()
    take(lander, [1, 2])
    lander.take(a_fetched(other))
    take(lander, [3])
    assert {id: walk.pages for id, walk in lander.walks.items()} == {
        WALK.walk_id: 2,
        other.walk_id: 1,
    }
    lander.flush()
    assert (lander.walks[WALK.walk_id].pages, lander.walks[WALK.walk_id].records) == (3, 3)


def test_a_batch_that_was_refused_is_neither_counted_nor_appended_again(small_batches):
    lake = Bronze(None, OSError("disk full"))
    lander = a_lander(lake)
    take(lander, range(1, 6))
    with pytest.raises(OSError, match="disk full"):
        take(lander, [6])
    lander.flush()
    assert lake.pages == [[1, 2, 3]]
    assert (lander.pages, lander.bytes, lander.walks[WALK.walk_id].pages) == (3, 6, 3)


# -- a local table --------------------------------------------------------------------------------

SCHEMA = pa.schema([(name, ARROW[type]) for name, type, _ in bronze_table.COLUMNS])


def a_table(folder: Path) -> Path:
    deltalake.DeltaTable.create(folder, SCHEMA, partition_by=list(bronze_table.PARTITIONS))
    return folder


@pytest.fixture
def table(tmp_path) -> Path:
    """A bronze table without rows."""
    return a_table(tmp_path / "pages")


def a_writer(folder: Path) -> LocalPages:
    return LocalPages(folder, SCHEMA, bronze_table.PARTITIONS, bronze_table.STATISTICS)


def rows_of(folder: Path) -> list[Row]:
    """All rows of the table, as they were given: in order of their pages, bodies as bytes."""
    found = deltalake.DeltaTable(folder).to_pyarrow_table().to_pylist()
    rows = [{**row, "body": row["body"].encode()} for row in found]
    return sorted(rows, key=lambda row: row["page_number"])


def commits(folder: Path) -> list[list[Row]]:
    """What each commit added, the table's creation left out."""
    logs = sorted((folder / "_delta_log").glob("*.json"))[1:]
    lines = [[json.loads(line) for line in log.read_text().splitlines()] for log in logs]
    return [[line["add"] for line in some if "add" in line] for some in lines]


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.parquet"))


BODIES = (b"{}", b"", '{"data":"😀 Zoë"}'.encode(), b"x" * 100_000)


def test_rows_are_read_as_they_were_appended(table):
    rows = [a_row(n, body) for n, body in enumerate(BODIES, 1)]
    a_writer(table).append(rows)
    assert rows_of(table) == rows


def test_each_append_is_one_commit_and_adds_to_what_is_there(table):
    writer = a_writer(table)
    writer.append([a_row(1), a_row(2)])
    writer.append([a_row(3)])
    assert [row["page_number"] for row in rows_of(table)] == [1, 2, 3]
    assert [len(added) for added in commits(table)] == [1, 1]


def test_pages_of_two_days_and_resources_are_a_file_each_and_one_commit(table):
    rows = [
        a_row(1),
        a_row(2, fetched_at=NOON + DAY),
        a_row(3, resource="lists"),
        a_row(4),
        a_row(5, resource="lists"),
    ]
    a_writer(table).append(rows)
    assert rows_of(table) == rows
    (added,) = commits(table)
    assert [add["partitionValues"] for add in added] == [
        {"resource": "lists", "ingest_date": "2026-06-01"},
        {"resource": "tags", "ingest_date": "2026-06-01"},
        {"resource": "tags", "ingest_date": "2026-06-02"},
    ]
    assert [str(f.parent.relative_to(table)) for f in files(table)] == [
        "resource=lists/ingest_date=2026-06-01",
        "resource=tags/ingest_date=2026-06-01",
        "resource=tags/ingest_date=2026-06-02",
    ]


def test_another_writer_in_between_loses_nothing(table):
    ours, others = a_writer(table), a_writer(table)
    ours.append([a_row(1)])
    others.append([a_row(2)])
    ours.append([a_row(3)])
    assert [row["page_number"] for row in rows_of(table)] == [1, 2, 3]


def test_a_table_whose_properties_were_set_in_between_is_appended_to(table):
    """The commit was refused for changed metadata, and so was each later one of that writer."""
    writer = a_writer(table)
    writer.append([a_row(1)])
    kept = {"delta.deletedFileRetentionDuration": "interval 30 days"}
    deltalake.DeltaTable(table).alter.set_table_properties(kept)

    writer.append([a_row(2)])

    assert [row["page_number"] for row in rows_of(table)] == [1, 2]


def test_a_table_can_be_read_by_partition_and_by_what_it_has_statistics_of(table):
    writer = a_writer(table)
    for number in range(1, 4):
        day = NOON + number * DAY
        writer.append([a_row(number, fetched_at=day, batch_id=f"b{number}", run_id=f"r{number}")])
    found = deltalake.DeltaTable(table)
    for wanted in (
        [("ingest_date", "=", date(2026, 6, 3))],
        [("batch_id", "=", "b2")],
        [("run_id", "=", "r2")],
        [("fetched_at", ">", NOON + DAY), ("fetched_at", "<", NOON + 3 * DAY)],
    ):
        assert found.to_pyarrow_table(filters=wanted)["page_number"].to_pylist() == [2]


moments = st.integers(0, 4 * 10**15).map(
    lambda micros: datetime(1970, 1, 2, tzinfo=timezone.utc) + timedelta(microseconds=micros)
)


@given(st.lists(st.tuples(moments, st.text("0123456789abcdef", min_size=1)), min_size=1))
def test_statistics_bound_all_values(found):
    rows = [
        {"account_id": id, "batch_id": id, "run_id": id[::-1], "fetched_at": moment, "bytes": 0}
        for moment, id in found
    ]
    stats = LocalPages._stats(_unopened(), rows)
    assert stats["numRecords"] == len(rows)
    assert stats["nullCount"] == dict.fromkeys(bronze_table.STATISTICS, 0)
    low, high = stats["minValues"], stats["maxValues"]
    for row in rows:
        assert _instant(low) <= row["fetched_at"] <= _instant(high)
        for name in ("batch_id", "run_id"):
            assert low[name] <= row[name] <= high[name]
    assert _instant(high) - _instant(low) < max(m for m, _ in found) - min(
        m for m, _ in found
    ) + timedelta(milliseconds=2)


def _unopened() -> LocalPages:
    """A writer without its table."""
    writer = LocalPages.__new__(LocalPages)
    writer._statistics = bronze_table.STATISTICS
    return writer


def _instant(values: dict[str, str]) -> datetime:
    return datetime.fromisoformat(values["fetched_at"].replace("Z", "+00:00"))


def test_a_time_is_bounded_by_the_clock_of_utc_wherever_it_was_taken(table):
    west = timezone(timedelta(hours=-7))
    a_writer(table).append([a_row(fetched_at=datetime(2026, 6, 1, 20, 0, 0, 1500, west))])
    ((added,),) = commits(table)
    stats = json.loads(added["stats"])
    assert stats["minValues"]["fetched_at"] == "2026-06-02T03:00:00.001Z"
    assert stats["maxValues"]["fetched_at"] == "2026-06-02T03:00:00.002Z"


@settings(max_examples=30)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=60))
def test_a_readers_share_is_neither_many_pages_nor_large(sizes):
    rows = [{"page_number": n, "bytes": size * 2**20} for n, size in enumerate(sizes)]
    groups = list(local_pages._groups(rows))
    assert [row for group in groups for row in group] == rows
    for group in groups:
        assert 1 <= len(group) <= 16
        assert len(group) == 1 or sum(row["bytes"] for row in group) <= 8 * 2**20


def test_pages_are_written_in_groups_that_a_reader_can_hold(table):
    a_writer(table).append([a_row(n) for n in range(1, 41)])
    (file,) = files(table)
    found = pq.ParquetFile(file).metadata
    assert [found.row_group(n).num_rows for n in range(found.num_row_groups)] == [16, 16, 8]


# -- a table that asks for more than delta-rs does ------------------------------------------------


def test_a_feature_switched_on_between_batches_is_seen_before_anything_is_written(table):
    writer = a_writer(table)
    writer.append([a_row(1)])
    switch_on(table, "inCommitTimestamp")

    with pytest.raises(UnsupportedTable, match="inCommitTimestamp"):
        writer.append([a_row(2)])

    assert ([row["page_number"] for row in rows_of(table)], len(files(table))) == ([1], 1)


def test_a_feature_switched_on_while_a_batch_is_written_leaves_no_file_of_it(table, monkeypatch):
    writer = a_writer(table)
    write = LocalPages._write

    def write_slowly(*args: Any) -> Any:
        switch_on(table, "rowTracking")
        return write(*args)

    with monkeypatch.context() as patch:
        patch.setattr(LocalPages, "_write", write_slowly)
        with pytest.raises(UnsupportedTable):
            writer.append([a_row(1)])

    assert (rows_of(table), files(table)) == ([], [])
    with pytest.raises(UnsupportedTable, match="rowTracking"):
        writer.append([a_row(1)])


def test_a_table_that_delta_rs_cannot_open_is_spark_s(table):
    """As one whose columns are mapped by names that it does not find."""
    fields = [a_field(name, type) for name, type, _ in bronze_table.COLUMNS]
    mapped = {"reader": 2, "writer": 5, "delta__columnMapping__mode": "name"}
    write_log(table, fields, partitions=bronze_table.PARTITIONS, version=1, **mapped)
    with pytest.raises(UnsupportedTable, match="Column mapping is enabled"):
        a_writer(table).append([a_row(1)])


# -- what fails -----------------------------------------------------------------------------------


def test_a_disk_that_is_full_in_the_middle_leaves_no_file_and_no_commit(table, monkeypatch):
    a_writer(table).append([a_row(1)])
    before, flushed = files(table), list[int]()

    def fsync(descriptor: int) -> None:
        flushed.append(descriptor)
        if len(flushed) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    writer = a_writer(table)
    with pytest.raises(OSError, match="No space left"):
        writer.append([a_row(2), a_row(3, resource="lists"), a_row(4, resource="segments")])

    assert files(table) == before
    assert [row["page_number"] for row in rows_of(table)] == [1]
    assert len(commits(table)) == 1


def test_after_a_failure_the_same_writer_appends_again(table, monkeypatch):
    writer = a_writer(table)
    with monkeypatch.context() as patch:
        patch.setattr(pq.ParquetWriter, "write_table", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            writer.append([a_row(1)])
    writer.append([a_row(1)])
    assert [row["page_number"] for row in rows_of(table)] == [1]
    assert len(files(table)) == 1


def _interrupted(*args: Any, **more: Any) -> None:
    raise KeyboardInterrupt


def test_a_commit_that_is_refused_leaves_no_file(table, monkeypatch):
    def refuse(*args: Any, **more: Any) -> None:
        raise OSError("the log is out of reach")

    monkeypatch.setattr(deltalake.DeltaTable, "create_write_transaction", refuse)
    with pytest.raises(OSError, match="out of reach"):
        a_writer(table).append([a_row(1), a_row(2, resource="lists")])
    assert (files(table), rows_of(table)) == ([], [])


def test_files_of_a_commit_that_was_made_stay_whatever_comes_after(table, monkeypatch):
    commit = deltalake.DeltaTable.create_write_transaction

    def commit_and_stop(*args: Any, **more: Any) -> None:
        commit(*args, **more)
        raise KeyboardInterrupt

    monkeypatch.setattr(deltalake.DeltaTable, "create_write_transaction", commit_and_stop)
    with pytest.raises(KeyboardInterrupt):
        a_writer(table).append([a_row(1)])
    assert [row["page_number"] for row in rows_of(table)] == [1]


def test_a_folder_that_may_not_be_written_to_is_an_error_and_no_commit(table):
    (table / "resource=tags").write_text("a file in the way")
    with pytest.raises(OSError):
        a_writer(table).append([a_row(1, resource="lists"), a_row(2)])
    assert (files(table), rows_of(table)) == ([], [])


def test_a_row_that_does_not_fit_the_table_leaves_nothing(table):
    with pytest.raises((pa.ArrowInvalid, pa.ArrowTypeError)):
        a_writer(table).append([a_row(1), a_row(2, record_count="two")])
    assert (files(table), rows_of(table)) == ([], [])
