"""A lake that has lost rows, over a socket: what verify names, what heals it, what that costs."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

import pytest
from pyspark.sql import functions as F

from klaviyo_spark.client.client import Client
from klaviyo_spark.client.rate_limiter import Limiter
from klaviyo_spark.commands.sync import pipeline
from klaviyo_spark.commands.verify import Verified, VerifyRequest, verify
from klaviyo_spark.commands.verify.comparing import PROFILES
from klaviyo_spark.commands.verify.days import joined
from klaviyo_spark.commands.verify.healing import readings
from klaviyo_spark.config.models import Settings
from klaviyo_spark.config.secrets import ApiKey
from klaviyo_spark.lake.commit_tag import tagged
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.resources import TABLES
from klaviyo_spark.sandbox import Account, Sandbox
from klaviyo_spark.schema import ops_tables
from tests.builders import KEY
from tests.helpers.small_lakes import a_lake, run_account

LOST = (
    "events",
    "event_group_ids",
    "event_attribution_group_ids",
    "tags",
    "segment_profiles",
    "profiles",
    "profile_email_suppressions",
)
Scope = tuple[str, str, date | None]


@dataclass
class Story:
    """What was lost and what came of it.

    ``asked`` are requests of each kind while healing, ``first_left`` the day that the first profile
    which was left had been created on.
    """

    lake: Lake
    short: dict[str, dict[date, int]]
    lost: dict[Scope, tuple[int, int]]
    first_left: date
    healed: Verified
    asked: Counter[str]
    afterwards: Verified
    before: set[tuple[object, ...]]
    after: set[tuple[object, ...]]


@pytest.fixture(scope="module")
def story(spark, tmp_path_factory) -> Story:
    """A sync, a loss, its healing, and a verification while another run holds the lake.

    The tests below only look at what they left.
    """
    warehouse = tmp_path_factory.mktemp("verified")
    lake = a_lake(spark, warehouse)
    account = Account(seed=5, events=1_500, profiles=60, campaigns=6)
    with Sandbox(account, key=KEY, rate_scale=1000) as sandbox:
        settings = Settings(
            base_url=sandbox.url,
            warehouse=str(warehouse),
            resources=("events", "profiles", "segments", "tags"),
        )
        with Client(sandbox.url, ApiKey(KEY), limiter=Limiter()) as client:
            run_account("sync", lake, settings, client)
            before = _rows(lake)
            short, lost = _lose(lake, _whole_segments(account))
            left = lake.silver(TABLES["profiles"]).where("_deleted_at IS NULL")
            first_left = left.agg(F.min("created").cast("date")).collect()[0][0]
            counted = sandbox.counts()
            healed = verify(lake, client, settings, VerifyRequest(profiles="all", heal=True))
            asked = sandbox.counts() - counted
            after = _rows(lake)
            counted = sandbox.counts()
            with pipeline.exclusive("sync", a_lake(spark, warehouse), "another", wait=False):
                afterwards = verify(lake, client, settings)
            assert "/api/profiles" not in sandbox.counts() - counted, "they have just been read"
    return Story(lake, short, lost, first_left, healed, asked, afterwards, before, after)


def _whole_segments(account: Account) -> list[str]:
    """Segments that are not being worked out."""
    segments = account.world.all("segment")
    return [segment.id for segment in segments if not segment.attributes["is_processing"]]


def _rows(lake: Lake) -> set[tuple[object, ...]]:
    """Every row of the tables that lose some, by its key and its hash."""
    every = None
    for name in LOST:
        table = TABLES[name]
        key = F.concat_ws("|", *table.key).alias("key")
        rows = lake.silver(table).select(F.lit(name).alias("table"), key, "_row_hash")
        every = rows if every is None else every.union(rows)
    assert every is not None
    return {tuple(row) for row in every.collect()}


def _lose(
    lake: Lake, segments: list[str]
) -> tuple[dict[str, dict[date, int]], dict[Scope, tuple[int, int]]]:
    """Take away three days of a metric, 50 other events, a tag, a member of a segment, 3 profiles.

    It looks like what a fault of ours would do: no commit of others is to be seen.

    Returns:
        Per metric its short days and how many events they had; and of every scope that lacks
        something what is left and what was there.
    """
    events = lake.silver(TABLES["events"]).select("id", "metric_data_id", "event_date").collect()
    today = datetime.now(timezone.utc).date()
    settled = [
        (row["id"], row["metric_data_id"], row["event_date"])
        for row in events
        if today - timedelta(days=399) <= row["event_date"] <= today - timedelta(days=9)
    ]
    had = Counter((metric, day) for _, metric, day in settled)
    days = {metric: [day for m, day in had if m == metric] for metric, _ in had}
    metric, span = next(
        (metric, span) for metric in sorted(days) for span in joined(days[metric]) if len(span) >= 3
    )
    three = {(metric, day) for day in [*span][:3]}
    whole = [event for event in settled if event[1:] in three]
    others = sorted(event for event in settled if event[1:] not in three)
    gone = [*whole, *random.Random(11).sample(others, 50)]
    left = had - Counter((metric, day) for _, metric, day in gone)

    ids = ", ".join(f"'{id}'" for id, _, _ in gone)
    _delete(lake, "events", f"id IN ({ids})")
    _delete(lake, "event_group_ids", f"event_id IN ({ids})")
    _delete(lake, "event_attribution_group_ids", f"event_id IN ({ids})")
    tag = lake.silver(TABLES["tags"]).agg(F.min("tag_id")).collect()[0][0]
    _delete(lake, "tags", f"tag_id = '{tag}'")
    members = lake.silver(TABLES["segment_profiles"]).where(F.col("segment_id").isin(segments))
    sizes = members.groupBy(F.col("segment_id").alias("id")).agg(
        F.count("*").alias("n"), F.min("profile_id").alias("profile_id")
    )
    largest = sizes.orderBy(F.desc("n"), "id").first()
    assert largest
    id, n, profile_id = largest
    _delete(lake, "segment_profiles", f"segment_id = '{id}' AND profile_id = '{profile_id}'")

    short: dict[str, dict[date, int]] = {}
    lost: dict[Scope, tuple[int, int]] = {
        ("tags", tag, None): (0, 1),
        ("segments", id, None): (n - 1, n),
    }
    profiles = lake.silver(TABLES["profiles"]).where("_deleted_at IS NULL")
    of_day = F.col("created").cast("date")
    some = profiles.orderBy(F.md5("profile_id")).limit(3).select("profile_id", of_day).collect()
    for table in ("profiles", "profile_email_suppressions"):
        _delete(lake, table, f"profile_id IN ({', '.join(repr(row[0]) for row in some)})")
    for day, n in Counter(row[1] for row in some).items():
        all_of_it = profiles.where(of_day == day).count() + n
        lost["profiles", "created", day] = (all_of_it - n, all_of_it)
    for metric, day in {(metric, day) for _, metric, day in gone}:
        short.setdefault(metric, {})[day] = had[metric, day]
        lost["events", metric, day] = (left[metric, day], had[metric, day])
    return short, lost


def _delete(lake: Lake, table: str, where: str) -> None:
    name = lake.place.table("klaviyo_v2", table)
    with tagged(lake.spark):
        lake.spark.sql(f"DELETE FROM {name} WHERE {where}")


def named(done: Verified) -> dict[Scope, tuple[int, int]]:
    """What a verification found to differ."""
    return {
        (check.resource, check.scope, check.day): (check.actual_count, check.expected_count)
        for check in done.found
        if check.differs
    }


def test_exactly_what_was_lost_is_named(story):
    assert named(story.healed) == story.lost
    assert (
        sum(expected_count - actual_count for actual_count, expected_count in story.lost.values())
        > 50 + 3
    )


def test_what_was_lost_is_read_again_in_the_fewest_requests(story):
    runs = {span for days in story.short.values() for span in joined(days)}
    assert len(readings(story.short)) == story.asked["/api/events"] <= len(runs)
    assert story.asked["/api/segments/{id}/profiles"] == 2, "who joined since; then all members"
    days = {check.day for check in story.healed.found if check.count_type == PROFILES}
    # The first month that is known here is asked for with all that is before it.
    first = story.first_left.replace(day=1)
    months = {day.replace(day=1) for day in days if day >= first}
    assert story.asked["/api/profiles"] == len(months) + 1, "each month; then those by their ids"


def test_healing_brings_back_every_row_as_it_was(story):
    assert story.healed.exit_code == 0
    assert [check for check in story.healed.checks if check.differs] == []
    assert story.after == story.before


def test_what_was_healed_is_verified_again_and_nothing_else(story):
    rows = story.lake.ops("verifications").where(F.col("run_id") == story.healed.run_id)
    per_scope = rows.groupBy("resource", "count_type", "scope", "day").count().where("count = 2")
    again = {(row["resource"], row["scope"], row["day"]) for row in per_scope.collect()}
    tags = {("tags", id, None) for id in _ids(story.lake, "tags")}
    assert again == story.lost.keys() | tags


def test_the_tables_tell_what_the_verifications_found(story):
    rows = story.lake.ops("verifications").collect()
    assert {*rows[0].asDict()} == {name for name, _, _ in ops_tables.TABLES["verifications"][1]}
    assert {
        (row["resource"], row["scope"], row["day"]): (row["actual_count"], row["expected_count"])
        for row in rows
        if row["actual_count"] != row["expected_count"]
    } == story.lost
    last = [row for row in rows if row["run_id"] == story.afterwards.run_id]
    metrics = {row["scope"] for row in last if row["count_type"] == "events"}
    days = [row["day"] for row in last if row["count_type"] == "events"]
    assert len(days) == len(metrics) * len({*days}), "a row per metric and day, whole or not"
    listed = {row["scope"] for row in last if row["count_type"] == "records"}
    assert listed == _ids(story.lake, "segments") | _ids(story.lake, "tags")


def test_afterwards_all_is_whole_and_nobody_has_to_be_waited_for(story):
    done = story.afterwards
    assert (done.exit_code, done.outcome.failed) == (0, {})
    assert [check for check in done.checks if check.differs] == []
    (note,) = [w for w in done.outcome.warnings if w.startswith("the lake is held by a sync")]
    assert "run another" in note


def test_a_full_read_that_has_just_been_says_which_profiles_there_are(story):
    days = [check for check in story.afterwards.checks if check.count_type == PROFILES]
    held = story.lake.silver(TABLES["profiles"]).where("_deleted_at IS NULL").count()
    assert sum(check.expected_count for check in days) == held


def test_runs_of_verify_are_written_down(story):
    runs = story.lake.ops("runs").where("command = 'verify'").orderBy("started_at").collect()
    assert [(run["exit_code"], run["pages"] > 0, run["errors"]) for run in runs] == [
        (0, True, []),
        (0, False, []),
    ]


def test_what_has_been_read_again_is_no_step_back(story):
    """The marks of the sync stay; healing adds ranges of the days it read, with their names."""
    marks = story.lake.ops("watermarks").where("resource = 'events' AND kind = 'window'").collect()
    synced = {m["scope"]: m["range_end"] for m in marks if m["range_start"] is None}
    added = [mark for mark in marks if mark["run_id"] == story.healed.run_id]
    assert {mark["scope"] for mark in added} == story.short.keys() <= synced.keys()
    assert all(mark["range_end"] < synced[mark["scope"]] for mark in added)
    assert all(mark["documented_name"] for mark in added)


def _ids(lake: Lake, name: str) -> set[str]:
    table = TABLES[name]
    rows = lake.silver(table).where("_deleted_at IS NULL").select(table.key[0]).collect()
    return {row[0] for row in rows}
