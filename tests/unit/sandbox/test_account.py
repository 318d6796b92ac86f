"""The account: the same number, the same content; what a day changes; what silver must hold."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta, timezone

import pytest

from klaviyo_spark.sandbox import Account
from klaviyo_spark.sandbox.render.payloads import payload
from klaviyo_spark.sandbox.times import DAY_S
from tests import contract

NOW = datetime(2026, 11, 20, 12, 30, tzinfo=timezone.utc)
LATER = datetime(2027, 6, 1, tzinfo=timezone.utc)


def a_small_account(seed=7, now=NOW, **size):
    return Account(seed=seed, events=2_000, profiles=300, now=now, **size)


@pytest.fixture(scope="module")
def moved_on():
    """Two truths of one account: before, and two days later."""
    account = a_small_account()
    before = account.truth(NOW)
    account.advance(days=2)
    return account, before, account.truth(NOW)


def by_key(rows, *key):
    return {tuple(row[k] for k in key): row for row in rows}


def gone(rows):
    return [row for row in rows if row["_deleted"]]


def test_the_same_number_gives_the_same_account():
    one, same, other = a_small_account(), a_small_account(), a_small_account(seed=8)
    one.advance()
    same.advance()

    assert one.truth(NOW) == same.truth(NOW)
    assert list(map(payload, one.world.timeline)) == list(map(payload, same.world.timeline))
    assert set(one.world.timeline.by_id).isdisjoint(other.world.timeline.by_id)


def test_events_can_fall_on_few_days():
    every, few = a_small_account(), a_small_account(quiet_days=9)
    days = [{event.at // DAY_S for event in one.world.timeline} for one in (every, few)]

    assert len(days[1]) < 90 < 400 < len(days[0])
    assert {e.id for e in few.world.timeline} == {e.id for e in every.world.timeline}
    assert max(days[1]) == max(days[0])


def test_says_all_25_tables_and_every_column(moved_on):
    _, _, truth = moved_on
    columns = {name: set(rows[0]) - {"_deleted"} for name, rows in truth.items()}

    assert truth.keys() == contract.COLUMNS.keys()
    for table, names in columns.items():
        documented = {name for name, _ in contract.COLUMNS[table]}
        second = {*contract.ALSO_NAMED.get(table, {}).values()}
        assert {name for name in names if name[0] != "_"} == documented | second
    assert all(set(r) - {"_deleted"} == columns[t] for t, rows in truth.items() for r in rows)
    assert {"metric_id", "name"} < columns["metrics"]
    assert "content_from_label" in columns["flow_action_messages"]
    assert "send_options_use_smart_sending" in columns["flow_actions"]


def test_every_kind_of_thing_is_in_it(moved_on):
    _, before, _ = moved_on
    campaigns = before["campaigns"]

    assert {c["channel"] for c in campaigns} == {"email", "sms", "mobile_push"}
    assert len({c["status"] for c in campaigns}) == 18
    assert {c["send_strategy_method"] for c in campaigns} == {
        "static", "throttled", "smart_send_time", "immediate", "ab_test_campaign", "unsupported",
    }  # fmt: skip
    assert any(c["archived"] for c in campaigns)
    assert any(f["archived"] for f in before["flows"])
    reasons = {row["reason"] for row in before["profile_email_suppressions"]}
    assert len(reasons) == 6
    assert None in reasons
    assert None in {row["timestamp"] for row in before["profile_email_list_suppressions"]}
    assert None in {row["email"] for row in before["profiles"]}


def test_only_the_documented_metrics_land_klaviyos_own_first(moved_on):
    account, before, _ = moved_on
    metrics = {m.id: m.attributes for m in account.world.all("metric")}
    landed = Counter(metrics[row["metric_data_id"]]["name"] for row in before["events"])
    owners = {
        (metrics[row["metric_data_id"]]["integration"] or {}).get("name")
        for row in before["events"]
        if metrics[row["metric_data_id"]]["name"] != "Unsubscribed from SMS"
    }

    assert {"Received SMS", "Received Text Message", "Unsubscribed from SMS"} <= set(landed)
    assert not {"Placed Order", "Dropped Email", "Opened Text"} & set(landed)
    assert owners == {"Klaviyo"}
    assert len(before["metrics"]) == len(metrics)


def test_events_ahead_of_time_wait_until_their_time_has_come():
    account = a_small_account()

    assert len(account.truth(LATER)["events"]) == len(account.truth(NOW)["events"]) + 4


def test_legacy_attributions_and_relations_fill_the_same_columns(moved_on):
    _, before, _ = moved_on
    events = {row["id"]: row for row in before["events"]}
    attributed = [row for row in events.values() if row["attribution_attributed_event_id"]]
    send_ts = [row["attribution_send_ts"] for row in attributed]

    assert {row["attribution_attributed_channel"] for row in attributed} >= {"email", "sms"}
    assert all(isinstance(ts, float) for ts in send_ts if ts is not None)
    assert None in send_ts  # put down to an event of a metric that does not land
    assert "" not in {row["attribution_flow"] for row in events.values()}
    assert {row["group_id"] for row in before["event_attribution_group_ids"]} >= {"Legacy"}


def test_orphaned_flows_are_those_deleted_before_anybody_read_them(moved_on):
    account, _, _ = moved_on
    deleted = {m.flow_id for m in account.world.messages if m.name.startswith("Deleted flow")}

    assert account.orphaned_flow_ids(NOW) == deleted
    assert len(deleted) == 2


NOT_TOLD = (None, None)


def tracking(row):
    """Opens and clicks of a flow action."""
    return row["tracking_options_is_tracking_opens"], row["tracking_options_is_tracking_clicks"]


def test_an_action_tells_its_tracking_while_it_has_an_email_to_send(moved_on):
    account, before, truth = moved_on
    for state in (before, truth):
        told = {
            row["flow_action_id"]: row for row in state["flow_actions"] if tracking(row) != NOT_TOLD
        }
        kinds = {row["action_type"] for row in told.values()}

        assert kinds == {"SEND_EMAIL", "AB_TEST", "CONTENT_EXPERIMENT"}
        assert {id: tracking(row) for id, row in told.items()}.items() <= (
            account.old_tracking().items()
        )


def test_tracking_goes_with_the_message_and_stays_with_a_deleted_flow(moved_on):
    account, before, truth = moved_on
    was = {row["flow_action_id"]: tracking(row) for row in before["flow_actions"]}
    now = {row["flow_action_id"]: tracking(row) for row in truth["flow_actions"]}
    left = {row["flow_action_id"] for row in gone(truth["flow_actions"])} & was.keys()
    changed = {id for id in was if now[id] != was[id]}
    came = now.keys() - was.keys()

    assert {was[id] for id in left} > {NOT_TOLD}
    assert len(changed) == 1, "the other message lost is a text"
    assert changed.isdisjoint(left)
    assert {now[id] for id in changed} == {NOT_TOLD}
    assert {id: now[id] for id in came}.items() <= account.old_tracking().items()
    assert len(came) == 2


def test_a_day_brings_new_and_late_events(moved_on):
    account, before, truth = moved_on
    old = {row["id"] for row in before["events"]}
    new = [row for row in truth["events"] if row["id"] not in old]
    start = account.today - timedelta(days=2)

    late = [row for row in new if row["event_datetime"] <= start]
    assert late
    assert len(late) < len(new)
    assert min(row["event_datetime"] for row in late) > NOW - timedelta(days=7)
    assert max(row["event_datetime"] for row in new) <= account.today


def test_what_is_gone_is_marked_and_keeps_its_last_state(moved_on):
    _, before, truth = moved_on
    for table, key in (
        ("campaigns", "campaign_id"),
        ("flows", "flow_id"),
        ("lists", "list_id"),
        ("tags", "tag_id"),
        ("profiles", "profile_id"),
    ):
        was = by_key(before[table], key)
        deleted = gone(truth[table])
        assert deleted, table
        assert set(was) <= set(by_key(truth[table], key)), table
    assert not gone(truth["events"])


def test_marks_pass_to_child_rows(moved_on):
    _, _, truth = moved_on
    for parent, key, children in (
        ("campaigns", "campaign_id", ("campaign_tags", "campaign_audiences_included")),
        ("flows", "flow_id", ("flow_actions",)),
        ("lists", "list_id", ("list_profiles", "list_tags", "stg_member_lists")),
        ("profiles", "profile_id", ("profile_email_suppressions",)),
    ):
        deleted = {row[key] for row in gone(truth[parent])}
        for child in children:
            orphans = [row for row in truth[child] if row[key] in deleted]
            assert all(row["_deleted"] for row in orphans), child
    lists = {row["list_id"] for row in gone(truth["lists"])}
    members = [row for row in truth["member_lists"] if row["list_id"] in lists]
    assert not any(row["is_member"] or row["_deleted"] for row in members)


def test_members_leave_join_and_return():
    account = a_small_account()
    first = set(by_key(account.truth(NOW)["list_profiles"], "list_id", "profile_id"))
    account.advance()
    after_one = account.truth(NOW)["list_profiles"]
    left = set(by_key(gone(after_one), "list_id", "profile_id"))
    account.advance()
    after_two = by_key(account.truth(NOW)["list_profiles"], "list_id", "profile_id")

    assert left
    assert left <= first
    assert any(not after_two[key]["_deleted"] for key in left)
    assert set(after_two) > first


def test_nobody_leaves_a_segment_that_is_being_processed():
    account = a_small_account()
    segment = next(
        s for s in account.world.groups("segment") if s.attributes["name"] == "Recomputed at night"
    )
    members = set(segment.members)
    account.advance()
    rows = [r for r in account.truth(NOW)["segment_profiles"] if r["segment_id"] == segment.id]
    shown = set(segment.members)
    account.advance()
    later = [r for r in account.truth(NOW)["segment_profiles"] if r["segment_id"] == segment.id]

    assert shown < members
    assert {r["profile_id"] for r in rows if not r["_deleted"]} >= members - {
        r["profile_id"] for r in rows if r["_deleted"]
    }
    assert not gone(rows)
    assert len(gone(later)) >= 3


def test_changed_profiles_carry_a_newer_update_time(moved_on):
    account, before, truth = moved_on
    was = by_key(before["profiles"], "profile_id")
    changed = [
        row
        for row in truth["profiles"]
        if not row["_deleted"] and was.get((row["profile_id"],), row) != row
    ]

    assert changed
    for row in changed:
        assert was[row["profile_id"],]["updated"] < row["updated"] <= account.today


def test_a_draft_is_sent_and_a_campaign_loses_a_tag(moved_on):
    _, before, truth = moved_on
    was = by_key(before["campaigns"], "campaign_id")
    sent = [
        row
        for row in truth["campaigns"]
        if row["status"] == "Sent" and was[row["campaign_id"],]["status"] in ("Draft", "Scheduled")
    ]

    assert len(sent) == 2
    assert gone(truth["campaign_tags"])
    assert gone(truth["campaign_audiences_included"])
    assert gone(truth["flow_action_messages"])
    assert gone(truth["profile_email_suppressions"])


def test_the_account_does_not_get_ahead_of_its_clock():
    account = Account(events=100, profiles=20, now=datetime.now(timezone.utc), lag_days=1)
    account.advance()

    with pytest.raises(ValueError, match="caught up with its clock after 1 days"):
        account.advance()


def test_what_arrives_late_is_there_at_its_own_time():
    account = a_small_account()
    times = [NOW - timedelta(days=17), NOW - timedelta(days=5)]

    ids = account.arrive(times)

    said = by_key(account.truth(NOW)["events"], "id")
    assert [said[id,]["event_datetime"] for id in ids] == times
    assert account.arrive(times) != ids
