"""Small answers that went wrong once, served over a socket and read back by other readers.

Each file of ``cases`` says in ``right`` what must come of it. They are one account here: ids of
records begin with the case's letter.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import duckdb
import pyarrow as pa
import pytest
from deltalake import DeltaTable, QueryBuilder

from klaviyo_spark.client.client import Client
from klaviyo_spark.client.rate_limiter import Limiter
from klaviyo_spark.client.retry import RetryPolicy
from klaviyo_spark.commands.report.verb import write as write_report
from klaviyo_spark.commands.sync.account_run import Summary
from klaviyo_spark.config.models import Settings
from klaviyo_spark.config.secrets import ApiKey
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.resources.metric_names import DOCUMENTED
from tests.helpers.fakes import Answer, LoopbackServer
from tests.helpers.small_lakes import a_place, run_account
from tests.places import CASES

EVENTS = {
    "G": "empty-group-id",
    "D": "event-date-from-timestamp",
    "N": "number-in-text-cell",
    "R": "report-null-metric",
}
REFUSED = "M00007"


def a_case(name: str) -> dict[str, Any]:
    return json.loads((CASES / f"{name}.json").read_text("utf-8"))


def events_as_written(letter: str, name: str) -> str:
    """The events of a case as their text stands in its file, so that numbers keep their digits."""
    text = (CASES / f"{name}.json").read_text("utf-8")
    for event in a_case(name)["events"]["data"]:
        text = text.replace(f'"id": "{event["id"]}"', f'"id": "{letter}-{event["id"]}"')
    begin = text.index("[", text.index('"data":'))
    records, _ = json.JSONDecoder().raw_decode(text, begin)
    assert records
    end = text.rindex('"links"')
    return text[begin + 1 : text.rindex("]", begin, end)]


def a_page(data: str = "", next_url: str | None = None) -> Answer:
    return Answer(
        f'{{"data":[{data}],"links":{{"self":"x","next":{json.dumps(next_url)}}}}}'.encode()
    )


def metrics() -> Answer:
    names = [("MReSm1", "Received SMS"), ("MReEm1", "Received Email")]
    names += [(f"M{n:05}", aliases[0]) for n, aliases in enumerate(DOCUMENTED.values(), 1)]
    klaviyo = {"id": "0rG4eQ", "name": "Klaviyo"}
    return a_page(
        ",".join(
            json.dumps(
                {"type": "metric", "id": id, "attributes": {"name": name, "integration": klaviyo}}
            )
            for id, name in names
        )
    )


class Account:
    """Answers as the cases say, in their order."""

    def __init__(self) -> None:
        self.url = ""
        self.challenges = 1
        self.not_found = a_case("404-child-of-listed-parent")["serve"]

    def answer(self, target: str) -> Answer:
        parts = urlsplit(target)
        query, cursor = unquote(parts.query), parse_qs(parts.query).get("page[cursor]", [None])[0]
        match parts.path:
            case "/api/metrics":
                return metrics()
            case "/api/events":
                return self._events(query, cursor)
            case "/api/profiles":
                data = a_case("year-0001")["profiles"]["data"]
                return a_page(",".join(map(json.dumps, data)))
        for case in self.not_found:
            if parts.path == case["path"] and case.get("query", "") in query:
                return Answer(json.dumps(case["body"]).encode(), case.get("status", 200))
        return a_page()

    def _events(self, query: str, cursor: str | None) -> Answer:
        if REFUSED in query:
            refusal = a_case("metric-filter-400")["serve"][0]
            return Answer(json.dumps(refusal["body"]).encode(), refusal["status"])
        _, challenge, last = a_case("403-challenge")["serve"]
        if cursor is None:
            written = ",".join(events_as_written(*case) for case in EVENTS.items())
            return a_page(written, f"{self.url}/api/events?page%5Bcursor%5D=c1")
        if self.challenges:
            self.challenges -= 1
            return Answer(challenge["text"].encode(), 403, challenge["headers"])
        return a_page(",".join(map(json.dumps, last["body"]["data"])))


@dataclass
class Story:
    """Two syncs of the account, and the lake they left."""

    folder: Path
    settings: Settings
    summaries: list[Summary]

    def rows(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        """Rows by delta-rs's own query engine, in the order of the first column."""
        opened = DeltaTable(self.folder / "klaviyo_v2.db" / table)
        names = ", ".join(f'"{column}"' for column in columns)
        found = QueryBuilder().register("t", opened).execute(f"SELECT {names} FROM t")
        return sorted(
            (tuple(row.values()) for row in pa.table(found.read_all()).to_pylist()), key=str
        )

    def rows_of(self, letter: str, table: str, *columns: str) -> list[tuple[Any, ...]]:
        """The rows of one case, whose ids stand in the first column."""
        return [row for row in self.rows(table, *columns) if row[0].startswith(f"{letter}-")]

    def files(self, table: str) -> list[str]:
        """The Parquet files of the newest version."""
        return DeltaTable(self.folder / "klaviyo_v2.db" / table).file_uris()


@pytest.fixture(scope="module")
def story(spark, tmp_path_factory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("cases")
    place = a_place(folder)
    account = Account()
    server = LoopbackServer(account.answer)
    account.url = server.url
    settings = Settings(base_url=server.url, warehouse=str(folder))
    policy = RetryPolicy(sleep=lambda _seconds, _stop=None: None)
    summaries = []
    try:
        for _ in range(2):
            with Client(server.url, ApiKey("pk_x"), limiter=Limiter(), policy=policy) as client:
                summaries.append(run_account("sync", Lake(spark, place), settings, client))
        yield Story(folder, settings, summaries)
    finally:
        server.close()


def test_numbers_in_text_cells_stand_as_they_were_written(story):
    columns = ("id", "event_id", "internal_send_timestamp", "_event_properties")
    (row,) = story.rows_of("N", "events", *columns)
    assert row[1:3] == ("1621295008.50", "1782173700.123")
    assert json.loads(row[3]) == {
        "$event_id": 1621295008.50,
        "$internal": {"send_timestamp": 1782173700.123},
    }
    assert "1621295008.50" in row[3]


def test_a_day_comes_from_the_time_that_fits(story):
    rows = [
        row
        for row in story.rows("events", "id", "event_date", "event_datetime")
        if row[0][0] == "D"
    ]
    told = datetime(2026, 6, 23, 0, 15, 23, tzinfo=timezone.utc)
    assert rows == [(f"D-E{n}", date(2026, 6, 23), told if n == 4 else None) for n in range(1, 6)]


def test_an_empty_id_names_nothing(story):
    rows = [
        row for row in story.rows("event_group_ids", "event_id", "group_id") if row[0][0] == "G"
    ]
    assert rows == [("G-E2", "LA"), ("G-E2", "LB")]


def test_a_challenge_in_the_middle_of_a_walk_loses_nothing(story):
    assert {"E2"} <= {row[0] for row in story.rows("events", "id")}
    assert "events" not in story.summaries[0].outcome.failed


def test_a_refused_metric_is_named_and_the_others_are_read(story):
    (line,) = [line for line in story.summaries[0].outcome.warnings if REFUSED in line]
    assert line.startswith(f"Klaviyo lists metric {REFUSED} (")
    assert len(story.rows("events", "id")) == 2 + 5 + 1 + 2 + 1


def test_a_404_of_a_child_marks_nothing_that_its_listing_holds(story):
    for table in ("campaigns", "campaign_messages", "flows", "flow_actions"):
        assert [mark for (mark,) in story.rows(table, "_deleted_at")] == [None], table


@pytest.mark.parametrize("reader", ["pyarrow", "duckdb", "pandas"])
def test_a_year_that_nanoseconds_cannot_hold_spoils_no_reader(story, reader):
    table = DeltaTable(story.folder / "klaviyo_v2.db" / "profiles")
    columns = ["profile_id", "last_event_date", "email"]
    if reader == "duckdb":
        files = f"read_parquet({story.files('profiles')})"
        found = duckdb.sql(f"SELECT {', '.join(columns)} FROM {files}").fetchall()
    elif reader == "pyarrow":
        rows = table.to_pyarrow_table(columns=columns).to_pylist()
        found = [tuple(row[column] for column in columns) for row in rows]
    else:
        frame = table.to_pyarrow_table(columns=columns).to_pandas(timestamp_as_object=True)
        found = [tuple(row) for row in frame.itertuples(index=False)]
    told = {id: at and (at.year, at.month, at.day) for id, at, _ in found}
    assert told == {"P1": (1, 1, 1), "P2": None}
    assert sorted(email for *_, email in found) == ["ann@example.com", "bob@example.com"]


def test_the_report_shows_events_without_a_metric(story, tmp_path):
    out = tmp_path / "report.html"
    write_report(story.settings, out)
    assert "no metric" in out.read_text("utf-8")


def test_the_same_again_changes_nothing(story):
    first, second = story.summaries
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert [
        (load.table, load.inserted, load.updated, load.soft_deleted)
        for load in second.loads
        if load.changed
    ] == []
