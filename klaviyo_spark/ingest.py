"""Klaviyo to bronze: ask, land, remember what has been read.

Two rounds: the listings, then everything that hangs from them together with profiles and events.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from pyspark.sql import functions as F

from klaviyo_spark import plan
from klaviyo_spark.api.answers import decode
from klaviyo_spark.api.client import Client
from klaviyo_spark.api.coverage import Range
from klaviyo_spark.api.metrics import MetricFact, Resolution, resolve
from klaviyo_spark.api.walks import Failed, Fetched, Walk, pages
from klaviyo_spark.bronze import Landing, page_row
from klaviyo_spark.errors import KlaviyoSparkError, MissingScope, RateLimitTooLong
from klaviyo_spark.lake import Lake
from klaviyo_spark.resources import ENDPOINTS, RESOURCES, TABLES
from klaviyo_spark.spec import Endpoint

logger = logging.getLogger(__name__)

# A batch is one Delta commit: large enough to be worth one, small enough to hold in memory.
_BATCH_PAGES = 128
_BATCH_BYTES = 48 * 2**20
# Resources that a time bounds; the others are read whole each time.
_WINDOWED = ("events", "profiles")


@dataclass(frozen=True)
class Wanted:
    """What one ingest is to read; see ``settings`` for the meaning of each."""

    account_id: str
    run_id: str
    resources: Sequence[str]
    start: datetime | None
    end: datetime | None
    lookback: timedelta
    upper_margin: timedelta
    full_profiles_every: timedelta
    metrics: str | Sequence[str]
    threads: int


@dataclass
class Outcome:
    """What came of it: pages landed, and a line for each thing that did not go well."""

    pages: int = 0
    bytes: int = 0
    failed: dict[str, list[str]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    resume_at: datetime | None = None

    def fail(self, resource: str, message: str) -> None:
        """Note that ``resource`` is not all there; the same message counts once."""
        lines = self.failed.setdefault(resource, [])
        if message not in lines:
            lines.append(message)


def ingest(lake: Lake, client: Client, wanted: Wanted) -> Outcome:
    """Read what is due and land it.

    Returns:
        The outcome; a resource that failed is in it, the others have landed.

    Raises:
        Unauthorized, RevisionRetired, Unreachable: every request would fail alike.
    """
    return _Ingest(lake, client, wanted).run()


class _Ingest:
    def __init__(self, lake: Lake, client: Client, wanted: Wanted) -> None:
        self.lake, self.client, self.wanted = lake, client, wanted
        self.outcome = Outcome()
        self._rows: list[dict[str, Any]] = []
        self._bytes = 0
        self._parents: dict[str, dict[str, plan.Parent]] = {}
        self._metrics: list[MetricFact] = []
        self._finished: set[str] = set()
        self._marks: list[dict[str, Any]] = []

    def run(self) -> Outcome:
        """Both rounds, then the watermarks; what is in hand is landed whatever happens."""
        asked = set(self.wanted.resources)
        listings = [
            RESOURCES[name].endpoints[0]
            for name in RESOURCES
            if name in asked - {*_WINDOWED} or (name == "metrics" and "events" in asked)
        ]
        try:
            base_url = self.client.base_url
            begun = _now()
            self._fetch([w for e in listings for w in plan.listing_walks(base_url, e, begun)])
            self._fetch(self._second_round(asked))
        except RateLimitTooLong as too_long:
            self.outcome.resume_at = too_long.resume_at
            self.outcome.warnings.append(str(too_long))
        finally:
            self._land()
            self._remember()
        return self.outcome

    def _second_round(self, asked: set[str]) -> list[Walk]:
        # Departures are judged by our clock, which pages are stamped with; bounds by Klaviyo's.
        begun, now = _now(), self.client.now()
        walks = []
        for endpoint in ENDPOINTS.values():
            if endpoint.fanout and endpoint.resource in asked:
                parents = self._parents.get(endpoint.name, {}).values()
                walks += plan.fanout_walks(self.client.base_url, endpoint, parents, begun)
        span = plan.Span(
            self.wanted.start,
            self.wanted.end and self.wanted.end - timedelta(seconds=1),
            now - self.wanted.upper_margin,
            self.wanted.lookback,
        )
        if "profiles" in asked:
            walks += self._profiles(ENDPOINTS["profiles"], span, begun)
        if "events" in asked and "metrics" not in self.outcome.failed:
            walks += self._events(ENDPOINTS["events"], span, begun)
        elif "events" in asked:
            self.outcome.fail("events", "events: which metrics to read could not be found out")
        return walks

    # -- what is due ----------------------------------------------------------------------------

    def _events(self, endpoint: Endpoint, span: plan.Span, begun: datetime) -> list[Walk]:
        covered = self._covered("events")
        remembered = {scope: name for scope, (name, _) in covered.items() if scope and name}
        found: Resolution = resolve(self._metrics, self.wanted.metrics, remembered)
        self.outcome.warnings += found.warnings
        for name in found.vanished:
            self.outcome.fail("events", f"events: metric {name!r} is no longer in the account")
        if found.none:
            self.outcome.fail("events", "events: none of the metrics to read is in the account")
        ranges = {i: covered[i][1] if i in covered else [] for i in found.ids}
        walks = plan.event_walks(self.client.base_url, endpoint, ranges, span, begun)
        for walk in walks:
            for metric_id in walk.facts["metric_ids"].split(","):
                self._mark(walk, "range", metric_id, found.ids[metric_id], span)
        return walks

    def _profiles(self, endpoint: Endpoint, span: plan.Span, begun: datetime) -> list[Walk]:
        covered = self._covered("profiles").get(None, (None, []))[1]
        bounded = span.start is not None or span.end is not None
        complete = not bounded and self._last_complete_profiles(span.upper)
        walks = plan.profile_walks(self.client.base_url, endpoint, covered, span, complete, begun)
        for walk in walks:
            self._mark(walk, "complete" if complete else "range", None, None, span)
        return walks

    def _last_complete_profiles(self, now: datetime) -> bool:
        """Whether the last complete read of profiles is long enough ago (or never was)."""
        last = (
            self.lake.ops("watermarks")
            .where(F.col("account_id") == self.wanted.account_id)
            .where("resource = 'profiles' and kind = 'complete'")
            .agg(F.unix_micros(F.max("range_end")).alias("at"))
            .first()
        )
        if last is None or last["at"] is None:
            return True
        return bool(now - _utc(last["at"]) >= self.wanted.full_profiles_every)

    def _covered(self, resource: str) -> dict[str | None, tuple[str | None, list[Range]]]:
        """Per scope: what it counts as, and the ranges read."""
        rows = (
            self.lake.ops("watermarks")
            .where(F.col("account_id") == self.wanted.account_id)
            .where(F.col("resource") == resource)
            .select(
                "scope",
                "documented_name",
                F.unix_micros("range_start").alias("start"),
                F.unix_micros("range_end").alias("end"),
            )
            .collect()
        )
        covered: dict[str | None, tuple[str | None, list[Range]]] = {}
        for row in rows:
            ranges = covered.setdefault(row["scope"], (row["documented_name"], []))[1]
            start = None if row["start"] is None else _utc(row["start"])
            ranges.append(Range(start, _utc(row["end"])))
        return covered

    def _mark(
        self, walk: Walk, kind: str, scope: str | None, name: str | None, span: plan.Span
    ) -> None:
        bounds = walk.bounds
        assert bounds
        self._marks.append(
            {
                "walk_id": walk.walk_id,
                "account_id": self.wanted.account_id,
                "resource": walk.endpoint.resource,
                "scope": scope,
                "documented_name": name,
                "kind": kind,
                "range_start": None if kind == "complete" else bounds.start,
                "range_end": span.upper if kind == "complete" else bounds.end,
                "run_id": self.wanted.run_id,
            }
        )

    # -- asking and landing ---------------------------------------------------------------------

    def _fetch(self, walks: Iterable[Walk]) -> None:
        """Walk side by side; what came before an error that meets all walks has been taken."""
        fatal: KlaviyoSparkError | None = None
        for got in pages(walks, self.client, threads=self.wanted.threads):
            match got:
                case Fetched():
                    self._take(got)
                case Failed(_, error) if got.stops_all:
                    fatal = fatal or error
                case Failed(walk, error):
                    self._failed(walk.endpoint, error)
        if fatal:
            raise fatal

    def _failed(self, endpoint: Endpoint, error: KlaviyoSparkError) -> None:
        logger.error("%s", error)
        message = str(error)
        if isinstance(error, MissingScope):
            tables = [t.name for t in TABLES.values() if endpoint.name in t.endpoints]
            message += f"; without it these tables are not kept up: {', '.join(tables)}"
        self.outcome.fail(endpoint.resource, message)

    def _take(self, got: Fetched) -> None:
        landing = Landing(self.wanted.account_id, self.wanted.run_id, "")
        self._rows.append(page_row(got.walk, got.page_no, got.page, landing))
        self._bytes += len(got.page.body)
        if got.page.status == 200:
            self._note(got)
        if got.is_last:
            self._finished.add(got.walk.walk_id)
        if len(self._rows) >= _BATCH_PAGES or self._bytes >= _BATCH_BYTES:
            self._land()

    def _note(self, got: Fetched) -> None:
        """Keep of a listing's page what the second round needs."""
        name = got.walk.endpoint.name
        for endpoint in ENDPOINTS.values():
            if endpoint.fanout and endpoint.fanout.of == name:
                known = self._parents.setdefault(endpoint.name, {})
                for parent in plan.parents_on(got.page.body, got.walk.facts, endpoint.fanout):
                    known[parent.id] = parent
        if name == "metrics":
            self._metrics += _metric_facts(got.page.body)

    def _land(self) -> None:
        """Append what is in hand to bronze, as one batch."""
        if not self._rows:
            return
        batch_id = uuid.uuid4().hex
        self.lake.append_pages([{**row, "batch_id": batch_id} for row in self._rows])
        logger.info("landed pages=%d bytes=%d", len(self._rows), self._bytes)
        self.outcome.pages += len(self._rows)
        self.outcome.bytes += self._bytes
        self._rows, self._bytes = [], 0

    def _remember(self) -> None:
        """Write the ranges whose walks have landed to the end."""
        now = self.client.now()
        done = [
            {**{k: v for k, v in mark.items() if k != "walk_id"}, "recorded_at": now}
            for mark in self._marks
            if mark["walk_id"] in self._finished
        ]
        if done:
            self.lake.append_ops("watermarks", done)


def _metric_facts(body: bytes) -> list[MetricFact]:
    """Metrics of a page; a record that is none is left to quarantine."""
    facts = []
    for record in decode(body).get("data") or []:
        if not isinstance(record, dict) or not isinstance(record.get("id"), str):
            continue
        attributes = _object(record.get("attributes"))
        name = attributes.get("name")
        owner = _object(attributes.get("integration")).get("name")
        facts.append(
            MetricFact(
                record["id"],
                name if isinstance(name, str) else "",
                owner if isinstance(owner, str) else None,
            )
        )
    return facts


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _utc(micros: int) -> datetime:
    return datetime.fromtimestamp(micros / 1e6, tz=timezone.utc)
