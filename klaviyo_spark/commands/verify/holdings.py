"""What the lake holds, counted by Spark, as plain values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import reduce

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from klaviyo_spark.clock import utc
from klaviyo_spark.commands.verify.children import AskedChildren, Children, Key
from klaviyo_spark.commands.verify.comparing import (
    EVENTS,
    PROFILES,
    WHOLE_TABLES,
    Comparison,
    EventCount,
)
from klaviyo_spark.commands.verify.days import DayRange
from klaviyo_spark.commands.verify.listings import Listing
from klaviyo_spark.commands.verify.profiles import HeldProfiles, ListedProfile
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.resources import ENDPOINTS, TABLES
from klaviyo_spark.schema.instants import as_time
from klaviyo_spark.silver.held_back import unopened
from klaviyo_spark.state.models import GroupKey


class Holdings:
    """One account's rows. Those that are marked as gone do not count."""

    def __init__(self, lake: Lake, account_id: str) -> None:
        self._lake, self._account_id = lake, account_id

    def unreadable(self, resources: Collection[str]) -> dict[str, list[str]]:
        """Per resource with tables that cannot be read, a line for each of these."""
        names = [name for name, table in TABLES.items() if table.resource in resources]
        found: dict[str, list[str]] = {}
        for name, error in sorted(unopened(self._lake, names).items()):
            found.setdefault(TABLES[name].resource, []).append(str(error))
        return found

    def first_day(self) -> date | None:
        """The first day that any event falls into."""
        row = self._rows("events").agg(F.min("event_date").alias("first")).first()
        first: date | None = row["first"] if row else None
        return first

    def events(
        self, metric_ids: Collection[str], span: DayRange
    ) -> dict[tuple[str, date], EventCount]:
        """Rows and ids per metric and day, for days of the span that have any."""
        rows = (
            self._rows("events")
            .where(F.col("event_date").between(F.lit(span.first), F.lit(span.last)))
            .where(F.col("metric_data_id").isin(*metric_ids))
            .groupBy("metric_data_id", "event_date")
            .agg(F.count(F.lit(1)).alias("rows"), F.countDistinct("id").alias("ids"))
        )
        return {
            (row["metric_data_id"], row["event_date"]): EventCount(row["rows"], row["ids"])
            for row in rows.collect()
        }

    def members(self, resources: Iterable[str]) -> dict[GroupKey, int]:
        """How many members each list or segment has."""
        counts = [
            self._present(e.members.table)
            .groupBy(F.col(TABLES[e.members.table].key[0]).alias("id"))
            .count()
            .withColumn("resource", F.lit(e.resource))
            for e in ENDPOINTS.values()
            if e.members and e.resource in resources
        ]
        return {(row["resource"], row["id"]): row["count"] for row in _all(counts)}

    def records(self, listings: Sequence[Listing]) -> dict[str, dict[str, str | None]]:
        """Per table, what is there: its name, where it has one, per id."""
        found: dict[str, dict[str, str | None]] = {one.table.name: {} for one in listings}
        rows = [
            self._present(one.table.name).select(
                F.lit(one.table.name).alias("table"),
                F.col(one.key).alias("id"),
                _name(one).alias("name"),
            )
            for one in listings
        ]
        for row in _all(rows):
            found[row["table"]][row["id"]] = row["name"]
        return found

    def children(
        self, wanted: Sequence[Children | AskedChildren]
    ) -> dict[str, dict[str, frozenset[Key]]]:
        """Per table and record, what keys its rows."""
        found: dict[str, dict[str, set[Key]]] = {one.table.name: {} for one in wanted}
        rows = [
            self._present(one.table.name).select(
                F.lit(one.table.name).alias("table"),
                F.col(one.columns[0]).alias("record"),
                *_text_or_time(one),
            )
            for one in wanted
        ]
        for row in _all(rows):
            key = row["text"] if row["micros"] is None else utc(row["micros"])
            found[row["table"]].setdefault(row["record"], set()).add(key)
        return {
            name: {id: frozenset(keys) for id, keys in records.items()}
            for name, records in found.items()
        }

    def profiles_per_month(self) -> dict[date, int]:
        """How many profiles there are of each month of creation that has any, by its first day."""
        counts = self._present("profiles").groupBy(F.trunc("created", "month").alias("month"))
        return {row["month"]: row["count"] for row in counts.count().collect() if row["month"]}

    def profiles(self, months: Collection[date]) -> HeldProfiles:
        """The profiles that were created in these months."""
        rows = self._present("profiles").where(F.trunc("created", "month").isin(*months))
        ids = [row["profile_id"] for row in rows.select("profile_id").collect()]
        return HeldProfiles(frozenset(ids), len(ids))

    def profiles_read_whole(self, since: datetime) -> dict[str, ListedProfile]:
        """The profiles on the pages of the full read that began then, as bronze has them."""
        listed = (
            "struct<data:array<struct<id:string,attributes:struct<created:string,updated:string>>>>"
        )
        rows = (
            self._lake.pages()
            .where((F.col("account_id") == self._account_id) & (F.col("resource") == "profiles"))
            .where(F.col("is_full_read") & (F.col("read_started_at") >= F.lit(since)))
            .where("status = 200")
            .select(F.explode(F.from_json("body", listed)["data"]).alias("profile"))
            .select("profile.id", "profile.attributes.created", "profile.attributes.updated")
        )
        times = (
            (row["id"], as_time(row["created"]), as_time(row["updated"])) for row in rows.collect()
        )
        return {id: ListedProfile(created, updated) for id, created, updated in times if created}

    def months_verified(self) -> dict[date, datetime]:
        """When each month of profiles was last verified (UTC)."""
        rows = (
            self._lake.ops("verifications")
            .where((F.col("account_id") == self._account_id) & (F.col("count_type") == PROFILES))
            .groupBy(F.trunc("day", "month").alias("month"))
            .agg(F.unix_micros(F.max("verified_at")).alias("at"))
        )
        return {row["month"]: utc(row["at"]) for row in rows.collect()}

    def verified_at(self, count_type: str) -> dict[str, datetime]:
        """When each scope that is compared in this way was last verified (UTC)."""
        rows = (
            self._lake.ops("verifications")
            .where((F.col("account_id") == self._account_id) & (F.col("count_type") == count_type))
            .groupBy("scope")
            .agg(F.unix_micros(F.max("verified_at")).alias("at"))
        )
        return {row["scope"]: utc(row["at"]) for row in rows.collect()}

    def listed_at(self, listings: Sequence[Listing]) -> Mapping[str, datetime]:
        """When the last read of each resource's listing began (UTC)."""
        if not listings:
            return {}
        names = sorted({one.endpoint.name for one in listings})
        pages = (
            self._lake.pages()
            .where(F.col("account_id") == self._account_id)
            .where(F.col("resource").isin(*{one.endpoint.resource for one in listings}))
            .where(F.col("is_full_read") & F.col("endpoint").isin(*names))
        )
        rows = pages.groupBy("resource").agg(F.unix_micros(F.max("read_started_at")).alias("at"))
        return {row["resource"]: utc(row["at"]) for row in rows.collect()}

    def differing(self) -> list[Comparison]:
        """What differed when it was last verified of members, and of what listings say."""
        facts = ("scope_name", "actual_count", "expected_count")
        rows = (
            self._lake.ops("verifications")
            .where(F.col("account_id") == self._account_id)
            .where(~F.col("count_type").isin(EVENTS, PROFILES, WHOLE_TABLES))
            .groupBy("resource", "count_type", "scope")
            .agg(F.max_by(F.struct(*facts), "verified_at").alias("newest"))
            .where("newest.actual_count <> newest.expected_count")
            .select("resource", "count_type", "scope", *[f"newest.{name}" for name in facts])
        )
        return [Comparison(**row.asDict(), day=None) for row in rows.collect()]

    def _rows(self, table: str) -> DataFrame:
        return self._lake.silver(TABLES[table]).where(F.col("_account_id") == self._account_id)

    def _present(self, table: str) -> DataFrame:
        return self._rows(table).where("_deleted_at IS NULL")


def _name(listing: Listing) -> Column:
    named = any(column.name == "name" for column in listing.table.visible)
    return F.col("name") if named else F.lit(None).cast("string")


def _text_or_time(one: Children | AskedChildren) -> tuple[Column, Column]:
    """The key of a row as text, or as microseconds where it is a time."""
    key = F.col(one.columns[1])
    is_time = next(c for c in one.table.columns if c.name == one.columns[1]).type == "timestamp"
    text = F.lit(None).cast("string") if is_time else key
    micros = F.unix_micros(key) if is_time else F.lit(None).cast("bigint")
    return text.alias("text"), micros.alias("micros")


def _all(frames: Sequence[DataFrame]) -> list[Row]:
    """The rows of all frames, by one query."""
    return reduce(DataFrame.unionByName, frames).collect() if frames else []
