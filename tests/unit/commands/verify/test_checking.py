"""A verification over a socket, of a lake whose rows are given: no Spark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from klaviyo_spark.cli.progress import progress
from klaviyo_spark.client.client import Client
from klaviyo_spark.client.rate_limiter import Limiter
from klaviyo_spark.client.retry import RetryPolicy
from klaviyo_spark.commands.verify import checking
from klaviyo_spark.commands.verify.checking import Checker
from klaviyo_spark.commands.verify.children import Children, Key
from klaviyo_spark.commands.verify.comparing import Comparison, EventCount
from klaviyo_spark.commands.verify.days import DayRange
from klaviyo_spark.commands.verify.healing import healing
from klaviyo_spark.commands.verify.klaviyo_counts import KlaviyoCounter
from klaviyo_spark.commands.verify.listings import Listing
from klaviyo_spark.commands.verify.profiles import HeldProfiles, all_months
from klaviyo_spark.config.models import Settings
from klaviyo_spark.config.secrets import ApiKey
from klaviyo_spark.resources import TABLES
from klaviyo_spark.sandbox import Account, Sandbox
from klaviyo_spark.state import store
from klaviyo_spark.state.intervals import CoveredInterval, Range
from klaviyo_spark.state.models import GroupKey, GroupRead, Outcome
from klaviyo_spark.state.watermarks import KnownWatermarks
from tests.builders import KEY

NOW = datetime.now(timezone.utc)
LONG_AGO = datetime(2000, 1, 1, tzinfo=timezone.utc)
MESSAGES = "flow_action_messages"
RESOURCES = ("campaigns", "events", "flows", "lists", "metrics", "segments", "tags")


@dataclass
class Here:
    """Stands in for ``Holdings``: rows as the account says silver must hold them."""

    truth: dict[str, list[dict[str, Any]]]
    read_at: datetime = NOW
    before: list[Comparison] = field(default_factory=list)
    asked: list[DayRange] = field(default_factory=list)
    broken: dict[str, list[str]] = field(default_factory=dict)
    verified: dict[date, datetime] = field(default_factory=dict)
    parents_verified: dict[str, datetime] = field(default_factory=dict)

    def unreadable(self, resources: Collection[str]) -> dict[str, list[str]]:
        return {name: lines for name, lines in self.broken.items() if name in resources}

    def lose(self, table: str, which: Callable[[dict[str, Any]], bool]) -> None:
        self.truth[table] = [row for row in self.truth[table] if not which(row)]

    def first_day(self) -> date | None:
        return min(row["event_datetime"].date() for row in self.truth["events"])

    def events(
        self, metric_ids: Collection[str], span: DayRange
    ) -> dict[tuple[str, date], EventCount]:
        self.asked.append(span)
        found = Counter(
            (row["metric_data_id"], row["event_datetime"].date()) for row in self.truth["events"]
        )
        return {k: EventCount(n, n) for k, n in found.items() if span.first <= k[1] <= span.last}

    def members(self, resources: Collection[str]) -> dict[GroupKey, int]:
        tables = {
            "lists": ("list_profiles", "list_id"),
            "segments": ("segment_profiles", "segment_id"),
        }
        return Counter(
            (resource, row[key])
            for resource, (table, key) in tables.items()
            for row in self.truth[table]
            if not row["_deleted"]
        )

    def records(self, listings: Collection[Listing]) -> dict[str, dict[str, str | None]]:
        return {
            one.table.name: {
                row[one.key]: None for row in self.truth[one.table.name] if not row["_deleted"]
            }
            for one in listings
        }

    def children(self, wanted: Collection[Children]) -> dict[str, dict[str, frozenset[Key]]]:
        return {one.table.name: self._children(one) for one in wanted}

    def _children(self, one: Children) -> dict[str, frozenset[Key]]:
        parent, own = one.columns
        rows = [row for row in self.truth[one.table.name] if not row["_deleted"]]
        return {
            id: frozenset(row[own] for row in rows if row[parent] == id)
            for id in {row[parent] for row in rows}
        }

    def _profiles(self) -> list[dict[str, Any]]:
        return [row for row in self.truth["profiles"] if not row["_deleted"]]

    def profiles_per_month(self) -> dict[date, int]:
        return Counter(month_of(row) for row in self._profiles())

    def profiles(self, months: Collection[date]) -> HeldProfiles:
        ids = [row["profile_id"] for row in self._profiles() if month_of(row) in months]
        return HeldProfiles(frozenset(ids), len(ids))

    def months_verified(self) -> dict[date, datetime]:
        return self.verified

    def verified_at(self, count_type: str) -> dict[str, datetime]:
        assert count_type == MESSAGES
        return self.parents_verified

    def differing(self) -> list[Comparison]:
        return self.before

    def listed_at(self, listings: Collection[Listing]) -> Mapping[str, datetime]:
        return {one.table.resource: self.read_at for one in listings}


def month_of(row: Mapping[str, Any]) -> date:
    """The month that a profile was created in, by its first day."""
    day: date = row["created"].date()
    return day.replace(day=1)


@dataclass
class Lab:
    """What a test arranges, and a verification of it."""

    sandbox: Sandbox
    client: Client
    here: Here
    known: KnownWatermarks = field(default_factory=KnownWatermarks)
    outcome: Outcome = field(default_factory=Outcome)
    settings: Settings = field(default_factory=lambda: Settings(resources=RESOURCES))

    def checker(self) -> Checker:
        klaviyo = KlaviyoCounter(self.client, 8, self.outcome, progress("none"))
        return Checker(None, klaviyo, self.settings, self.outcome)  # type: ignore[arg-type]

    def sandbox_rows(self, table: str) -> list[dict[str, Any]]:
        """What the account says a table must hold."""
        return self.sandbox.account.truth()[table]

    def faults(self) -> list[tuple[str, str, int, int]]:
        found = [
            check
            for check in self.checker().everything(ever=False, profiles="none")
            if check.is_fault
        ]
        return [
            (check.count_type, check.scope, check.actual_count, check.expected_count)
            for check in found
        ]


@pytest.fixture(scope="module")
def served() -> Iterator[Sandbox]:
    account = Account(seed=4, events=1_500, profiles=120, campaigns=8)
    with Sandbox(account, key=KEY, rate_scale=1000) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def truth(served) -> dict[str, list[dict[str, Any]]]:
    """What the account says silver must hold, worked out once."""
    return served.account.truth()


@pytest.fixture
def lab(served, truth, monkeypatch) -> Iterator[Lab]:
    policy = RetryPolicy(sleep=lambda _seconds, _stop=None: None)
    with Client(served.url, ApiKey(KEY), limiter=Limiter(), policy=policy) as client:
        rows = {table: [dict(row) for row in of_table] for table, of_table in truth.items()}
        made = Lab(served, client, Here(rows))
        monkeypatch.setattr(checking, "Holdings", lambda *_: made.here)
        monkeypatch.setattr(store, "read_watermarks", lambda *_: made.known)
        yield made
    served.missing_scopes = set()


def of(checks: list[Comparison], count_type: str) -> list[Comparison]:
    return [check for check in checks if check.count_type == count_type]


def test_a_lake_that_holds_all_is_complete_and_every_scope_is_a_check(lab):
    checks = lab.checker().everything(ever=False, profiles="none")

    assert [check for check in checks if check.differs] == []
    truth = lab.sandbox.account.truth()
    metrics = {row["metric_data_id"] for row in truth["events"]}
    assert {check.scope for check in of(checks, "events")} >= metrics
    assert len(of(checks, "events")) == len({c.scope for c in of(checks, "events")}) * 393
    assert {check.scope for check in of(checks, "members") if check.resource == "lists"} == {
        row["list_id"] for row in truth["lists"]
    }
    tables = ("campaigns", "campaign_messages", "flows", "flow_actions", "lists", "metrics")
    rows = sum(len(truth[name]) for name in (*tables, "segments", "tags"))
    assert len(of(checks, "records")) == rows
    assert lab.outcome.failed == {}


def test_a_resource_whose_tables_cannot_be_read_is_named_and_the_others_verified(lab):
    lab.here.broken = {"tags": ["klaviyo_v2.tags is unreadable"]}
    checks = lab.checker().everything(ever=False, profiles="none")

    assert "tags" not in {check.resource for check in checks}
    assert {"events", "lists", "flows"} <= {check.resource for check in checks}
    assert lab.outcome.failed == {"tags": ["klaviyo_v2.tags is unreadable"]}


def test_a_year_of_days_of_a_metric_is_one_request(lab):
    before = lab.sandbox.counts()
    checks = lab.checker().everything(ever=False, profiles="none")
    asked = lab.sandbox.counts() - before
    metrics = {check.scope for check in of(checks, "events")}
    assert asked["/api/metric-aggregates"] == 2 * len(metrics), "400 days are more than one year"
    assert asked["/api/lists/{id}"] == len(lab.sandbox.account.truth()["lists"])
    assert asked["/api/campaigns"] == 6
    assert "/api/events" not in asked


def test_everything_goes_back_to_the_first_event_and_asks_no_more_of_the_lake(lab):
    until = NOW - timedelta(days=1)
    metrics = {row["metric_data_id"] for row in lab.here.truth["events"]}
    lab.known = KnownWatermarks(
        events={id: [CoveredInterval(Range(None, until), NOW)] for id in metrics}
    )
    checks = of(lab.checker().everything(ever=True, profiles="none"), "events")
    assert sum(check.expected_count for check in checks) == len(lab.here.truth["events"])
    assert min(check.day for check in checks if check.day) == lab.here.first_day()
    assert lab.here.asked == [DayRange(date(2000, 1, 1), until.date() - timedelta(days=1))]


def test_what_is_missing_or_too_much_is_named(lab):
    event = next(
        row
        for row in lab.here.truth["events"]
        if timedelta(30) < NOW - row["event_datetime"] < timedelta(300)
    )
    lab.here.lose("events", lambda row: row["id"] == event["id"])
    tag = lab.here.truth["tags"][0]["tag_id"]
    lab.here.lose("tags", lambda row: row["tag_id"] == tag)
    lab.here.truth["flows"].append({"flow_id": "GONE", "_deleted": False})

    found = {
        (counted, scope): actual_count - expected_count
        for counted, scope, actual_count, expected_count in lab.faults()
    }
    assert found == {
        ("events", event["metric_data_id"]): -1,
        ("records", tag): -1,
        ("records", "GONE"): 1,
    }


def test_rows_that_are_marked_as_gone_do_not_count(lab):
    flow = next(row for row in lab.here.truth["flows"] if not row["_deleted"])
    flow["_deleted"] = True
    assert lab.faults() == [("records", flow["flow_id"], 0, 1)]


# -- what a later run is to find ------------------------------------------------------------------


def the_largest_list(lab: Lab) -> tuple[str, list[dict[str, Any]]]:
    """Its id and its members, the last who joined last."""
    sizes = Counter(row["list_id"] for row in lab.here.truth["list_profiles"])
    id = sizes.most_common(1)[0][0]
    rows = [row for row in lab.here.truth["stg_member_lists"] if row["list_id"] == id]
    return id, sorted(rows, key=lambda row: row["joined_group_at"])


@pytest.mark.parametrize(("read_later", "expected"), [(False, []), (True, [-3])])
def test_members_are_missing_only_if_they_joined_before_the_last_that_was_read(
    lab, read_later, expected
):
    id, members = the_largest_list(lab)
    late = {row["profile_id"] for row in members[-3:]}
    lab.here.lose("list_profiles", lambda row: row["list_id"] == id and row["profile_id"] in late)
    last = members[-1 if read_later else -4]["joined_group_at"]
    lab.known = KnownWatermarks(
        groups={("lists", id): GroupRead(whole_at=LONG_AGO, joined_at=last)}
    )

    assert [
        actual_count - expected_count for _, _, actual_count, expected_count in lab.faults()
    ] == expected
    newer = "3 members joined after the last sync; the next one reads them"
    assert (newer in lab.outcome.warnings) is not read_later


def test_what_was_created_after_the_last_sync_is_not_missing_yet(lab):
    lab.here.read_at = LONG_AGO
    for name in ("campaigns", "lists", "list_profiles"):
        lab.here.truth[name] = []
    assert lab.faults() == []
    campaigns = len(lab.sandbox.account.truth()["campaigns"])
    assert (
        f"campaigns: {campaigns} were created after the last sync; the next one reads them"
    ) in lab.outcome.warnings


# -- what cannot be verified ----------------------------------------------------------------------


def test_a_key_that_may_not_list_metrics_lets_the_rest_be_verified(lab):
    lab.sandbox.missing_scopes = {"metrics:read"}
    checks = lab.checker().everything(ever=False, profiles="none")

    assert {check.resource for check in checks} == {*RESOURCES} - {"events", "metrics"}
    assert [check for check in checks if check.is_fault] == []
    assert {*lab.outcome.failed} == {"events", "metrics"}
    assert lab.outcome.failed["events"] == [
        (
            "events were not verified, since the listing of metrics failed. See the reason given "
            "for metrics."
        )
    ]


def test_a_metric_that_vanished_is_named_and_the_others_are_counted(lab):
    metric = lab.here.truth["events"][0]["metric_data_id"]
    lab.settings = Settings(resources=("events",), metrics=(metric, "Old Metric"))
    lab.known = KnownWatermarks(metric_names={"X1": "Old Metric"})

    checks = lab.checker().everything(ever=False, profiles="none")
    assert {check.scope for check in checks} == {metric}
    assert lab.outcome.failed == {
        "events": [
            (
                "metric 'Old Metric' is no longer in the account. Set its new name or its id in "
                "`metrics` in conf."
            )
        ]
    }


def test_events_of_a_metric_that_is_gone_stay_and_are_no_fault(lab):
    lab.settings = Settings(resources=("events",))
    lab.known = KnownWatermarks(metric_names={"X1": "received email"})
    stray = {**lab.here.truth["events"][0], "metric_data_id": "X1"}
    lab.here.truth["events"].append(stray)

    assert (lab.faults(), lab.outcome.failed) == ([], {})
    assert (
        "metric X1 (received email) is no longer in the account; its events stay, and "
        "Klaviyo cannot count them"
    ) in lab.outcome.warnings


def test_a_segment_that_is_being_worked_out_is_left_out_and_told(lab):
    checker = lab.checker()
    checker.everything(ever=False, profiles="none")
    key = next(key for key in checker.scope.groups if key[0] == "segments")
    checker.scope.groups = {
        **checker.scope.groups,
        key: replace(checker.scope.groups[key], whole=False),
    }

    assert key not in checker._countable({})
    assert [w for w in lab.outcome.warnings if " segments were not verified" in w]


def test_days_before_conf_start_are_left_out(lab):
    start = (NOW - timedelta(days=20)).replace(hour=12)
    lab.settings = Settings(resources=("events",), start=start.isoformat())
    days = {check.day for check in lab.checker().everything(ever=False, profiles="none")}
    assert min(days) == start.date() + timedelta(days=1)


# -- what stands on the pages of listings ----------------------------------------------------------


@pytest.mark.parametrize(
    "table",
    [
        "campaign_audiences_excluded",
        "campaign_audiences_included",
        "campaign_message_send_times",
        "campaign_tags",
        "list_tags",
        "segment_tags",
    ],
)
def test_a_row_of_a_listed_records_element_that_is_missing_or_too_many_is_named(lab, table):
    parent, own = TABLES[table].key
    lost = next(row for row in lab.here.truth[table] if not row["_deleted"])
    lab.here.truth[table].remove(lost)
    had = sum(
        row[parent] == lost[parent] and not row["_deleted"] for row in lab.sandbox_rows(table)
    )
    assert lab.faults() == [(table, lost[parent], had - 1, had)]

    lab.here.truth[table] += [lost, {**lost, own: NOW if "time" in own else "STRAY"}]
    assert lab.faults() == [(table, lost[parent], had + 1, had)]


# -- profiles -------------------------------------------------------------------------------------


def with_profiles(lab: Lab) -> Lab:
    """Profiles alone, read to their end a moment ago."""
    lab.settings = Settings(resources=("profiles",), indexing_lag=timedelta(0))
    lab.known = KnownWatermarks(profiles=[CoveredInterval(Range(None, NOW), NOW)])
    return lab


def test_every_profile_is_listed_once_by_the_month_in_which_it_was_created(lab):
    with_profiles(lab)
    before = lab.sandbox.counts()
    checks = lab.checker().everything(ever=False, profiles="all")
    asked = lab.sandbox.counts() - before

    held = [row for row in lab.here.truth["profiles"] if not row["_deleted"]]
    assert [check for check in checks if check.differs] == []
    assert sum(check.expected_count for check in checks) == len(held)
    first, last = min(map(month_of, held)), NOW.date().replace(day=1)
    months = 12 * (last.year - first.year) + last.month - first.month + 1
    assert months <= asked["/api/profiles"] <= months + len(held) // 100
    assert lab.outcome.failed == {}


def test_profiles_that_are_missing_are_named_by_their_day_and_read_again_by_id(lab):
    with_profiles(lab)
    lost = [row for row in lab.here.truth["profiles"] if not row["_deleted"]][3:6]
    ids = {row["profile_id"] for row in lost}
    truth = lab.here.truth
    lab.here.truth = {**truth}
    lab.here.lose("profiles", lambda row: row["profile_id"] in ids)
    checker = lab.checker()
    found = checker.everything(ever=False, profiles="all")

    missing = {check.day: check.missing for check in found if check.is_fault}
    assert missing == Counter(row["created"].date() for row in lost)
    todo = healing(found)
    assert todo.profiles == ids

    lab.here.truth = truth
    before = lab.sandbox.counts()
    again = checker.recheck(todo, found)
    assert {check.day for check in again} == missing.keys()
    assert [check for check in again if check.is_fault] == []
    assert not lab.sandbox.counts() - before


def test_a_profile_that_klaviyo_no_longer_lists_is_said_and_no_fault(lab):
    with_profiles(lab)
    first = lab.here.truth["profiles"][0]
    lab.here.truth["profiles"].append({**first, "profile_id": "GONE", "_deleted": False})
    checks = lab.checker().everything(ever=False, profiles="all")
    assert [check for check in checks if check.is_fault] == []
    assert (
        "profiles: 1 are here that Klaviyo no longer lists. Nothing to do: the next full read of "
        "profiles marks them as deleted."
    ) in lab.outcome.warnings


def test_what_was_changed_after_the_last_sync_is_not_missing_yet(lab):
    with_profiles(lab)
    rows = sorted(lab.here.truth["profiles"], key=lambda row: row["updated"])
    until = rows[-4]["updated"]
    lab.known = KnownWatermarks(profiles=[CoveredInterval(Range(None, until), NOW)])
    late = {row["profile_id"] for row in rows if row["updated"] > until and not row["_deleted"]}
    lab.here.lose("profiles", lambda row: row["profile_id"] in late)
    checks = lab.checker().everything(ever=False, profiles="all")
    assert [check for check in checks if check.is_fault] == []
    newer = sum(
        row["profile_id"] in late and row["created"] <= until
        for row in lab.sandbox_rows("profiles")
    )
    assert (
        f"profiles: {newer} were created or changed after the last sync; the next one reads them"
    ) in lab.outcome.warnings


def test_a_sample_is_the_months_verified_longest_ago(lab):
    with_profiles(lab)
    months = all_months(lab.here.profiles_per_month(), NOW)
    ago = {month: NOW - timedelta(days=n) for n, month in enumerate(months, 1)}
    lab.here.verified = ago
    checks = lab.checker().everything(ever=False, profiles="sample")
    found = {check.day.replace(day=1) for check in checks if check.day}
    turn = -(-len(months) // 28)
    assert found == {*months[-turn:]}
    [line] = [line for line in lab.outcome.warnings if "turn" in line]
    assert line.startswith(f"profiles created in {turn} of {len(months)} months were verified")


# -- messages of flow actions, which each action lists for itself ---------------------------------


def sending_actions(lab: Lab) -> dict[str, list[str]]:
    """Ids of the messages of each action that has any."""
    found: dict[str, list[str]] = {}
    for row in lab.sandbox_rows(MESSAGES):
        if not row["_deleted"]:
            found.setdefault(row["flow_action_id"], []).append(row["flow_action_message_id"])
    return found


def message_checks(lab: Lab, *, ever: bool = True) -> dict[str, tuple[int, int]]:
    """What is here and what should be, per action that was verified."""
    checks = of(lab.checker().everything(ever=ever, profiles="none"), MESSAGES)
    return {check.scope: (check.actual_count, check.expected_count) for check in checks}


def test_messages_are_compared_by_the_action_that_lists_them(lab):
    lab.settings = Settings(resources=("flows",))
    actions = sending_actions(lab)
    [first, second, third, *_] = sorted(actions)
    lab.here.lose(MESSAGES, lambda row: row["flow_action_message_id"] == actions[first][0])
    extra = {"flow_action_id": second, "flow_action_message_id": "GONE", "_deleted": False}
    lab.here.truth[MESSAGES].append(extra)

    found = message_checks(lab)

    counts = {id: len(ids) for id, ids in actions.items()}
    assert {id: found[id] for id in counts if id not in {first, second}} == {
        id: (n, n) for id, n in counts.items() if id not in {first, second}
    }
    assert found[first] == (counts[first] - 1, counts[first])
    assert found[second] == (counts[second] + 1, counts[second])
    assert third in found
    assert lab.outcome.warnings == []


def test_a_message_that_is_newer_than_the_last_sync_is_not_missing(lab):
    lab.settings = Settings(resources=("flows",))
    lab.here.read_at = LONG_AGO
    for table in ("flows", "flow_actions"):
        assert lab.here.truth[table]  # which are here, whatever their messages are
    lab.here.lose(MESSAGES, lambda _row: True)

    assert {*message_checks(lab).values()} == {(0, 0)}


def test_a_sample_is_the_actions_verified_longest_ago_and_those_that_differed(lab):
    lab.settings = Settings(resources=("flows",))
    actions = sorted(sending_actions(lab))
    lab.here.parents_verified = {id: NOW - timedelta(days=n) for n, id in enumerate(actions, 1)}
    [differed, *_] = actions
    lab.here.before = [Comparison("flows", MESSAGES, differed, None, None, 0, 1)]
    before = lab.sandbox.counts()

    found = message_checks(lab, ever=False)

    turn = -(-len(actions) // 28)
    assert found.keys() >= {*actions[-turn:], differed}
    asked = (lab.sandbox.counts() - before)["/api/flow-actions/{id}/flow-messages"]
    assert asked == len(found) == turn + 1
    [line] = [line for line in lab.outcome.warnings if "turn" in line]
    assert line.startswith(f"flow_action_messages of {turn + 1} of ")


def test_messages_of_an_action_that_had_a_fault_are_read_and_verified_again(lab):
    lab.settings = Settings(resources=("flows",))
    truth, actions = lab.here.truth, sending_actions(lab)
    lab.here = Here({name: [*rows] for name, rows in truth.items()})
    [first, *_] = sorted(actions)
    lab.here.lose(MESSAGES, lambda row: row["flow_action_id"] == first)
    checker = lab.checker()
    found = checker.everything(ever=True, profiles="none")
    todo = healing(found)
    assert todo.listings == {"flows": frozenset({first})}
    lab.here.truth = truth
    before = lab.sandbox.counts()

    again = of(checker.recheck(todo, found), MESSAGES)

    n = len(actions[first])
    assert [(c.scope, c.actual_count, c.expected_count) for c in again] == [(first, n, n)]
    assert (lab.sandbox.counts() - before)["/api/flow-actions/{id}/flow-messages"] == 1


# -- again ----------------------------------------------------------------------------------------


def test_again_asks_about_what_was_healed_alone(lab):
    truth = lab.here.truth
    event = next(
        row
        for row in truth["events"]
        if timedelta(30) < NOW - row["event_datetime"] < timedelta(300)
    )
    id, members = the_largest_list(lab)
    lost = [row["profile_id"] for row in members][:1]
    lab.here = Here({name: [*rows] for name, rows in truth.items()})
    lab.here.lose("events", lambda row: row["id"] == event["id"])
    lab.here.lose("list_profiles", lambda r: r["list_id"] == id and r["profile_id"] in lost)
    checker = lab.checker()
    found = checker.everything(ever=False, profiles="none")
    todo = healing(found)
    lab.here.truth = truth
    before = lab.sandbox.counts()

    checks = checker.recheck(todo, found)

    assert [(check.count_type, check.scope, check.day, check.differs) for check in checks] == [
        ("events", event["metric_data_id"], event["event_datetime"].date(), False),
        ("members", id, None, False),
    ]
    assert lab.sandbox.counts() - before == Counter(
        {"/api/metric-aggregates": 1, "/api/lists/{id}": 1}
    )


def test_a_record_that_is_gone_here_too_differs_no_longer(lab):
    lab.here.truth["flows"].append({"flow_id": "GONE", "_deleted": False})
    checker = lab.checker()
    found = checker.everything(ever=False, profiles="none")
    lab.here.truth["flows"][-1]["_deleted"] = True

    again = {check.scope: check for check in checker.recheck(healing(found), found)}
    assert (again["GONE"].actual_count, again["GONE"].expected_count) == (0, 0)
    assert [check for check in again.values() if check.differs] == []

    lab.here.before = [check for check in found if check.scope == "GONE"]
    later = {check.scope: check for check in lab.checker().everything(ever=False, profiles="none")}
    assert (later["GONE"].actual_count, later["GONE"].expected_count) == (0, 0)
