"""Listings: complete, without doubles, with cursors that belong to their request."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

CHANNELS = ("email", "sms", "mobile_push")


def ids(records):
    return [record["id"] for record in records]


@pytest.mark.parametrize(
    "query",
    [
        "page[size]=100&sort=datetime",
        "page[size]=313&sort=-datetime",
        "page[size]=250&sort=timestamp&include=profile,metric,attributions",
        "",
    ],
)
def test_events_come_once_each_and_in_order(walk, account, query):
    found = walk(f"/api/events?{query}")

    times = [event["attributes"]["timestamp"] for event in found]
    assert sorted(ids(found)) == sorted(account.world.timeline.by_id)
    assert times == sorted(times, reverse=not query or "-" in query)


def test_bounds_of_events_hold_or_leave_out_the_bound_itself(walk, account):
    second = sorted(event.at for event in account.world.timeline)[1500]
    have = [event.at for event in account.world.timeline]

    def count(op):
        return len(walk(f"/api/events?filter={op}(timestamp,{second})&page[size]=1000"))

    assert count("greater-or-equal") == sum(at >= second for at in have)
    assert count("greater-than") == sum(at > second for at in have)
    assert count("less-or-equal") == sum(at <= second for at in have)
    assert count("less-than") == sum(at < second for at in have)


def test_events_of_one_metric_or_of_several(walk, account):
    metrics = {m.attributes["name"]: m.id for m in account.world.all("metric")}
    one, two = metrics["Opened Email"], metrics["Bounced Email"]

    of_one = walk(f'/api/events?filter=equals(metric_id,"{one}")&page[size]=1000')
    of_both = walk(f'/api/events?filter=equals(metric_id,["{one}","{two}"])&page[size]=1000')

    kinds = {e["relationships"]["metric"]["data"]["id"] for e in of_both}
    assert {e["relationships"]["metric"]["data"]["id"] for e in of_one} == {one}
    assert kinds == {one, two}
    assert len(of_both) > len(of_one)


def test_more_events_share_a_second_than_fit_on_a_page(account):
    times = [event.at for event in account.world.timeline]

    assert max(map(times.count, set(times))) > 100


@pytest.mark.parametrize("sort", ["id", "-updated", "created", "email"])
def test_profiles_come_once_each(walk, account, sort):
    found = walk(f"/api/profiles?page[size]=77&sort={sort}&fields[profile]=email")

    assert sorted(ids(found)) == sorted(account.world.profiles)


def test_profiles_between_two_bounds(walk, account):
    middle = sorted(p.updated for p in account.world.profiles.values())[200]
    text = "2025-06-01T00:00:00Z"
    both = f"greater-than(updated,2025-01-01T00:00:00Z),less-than(updated,{text})"

    found = walk(f"/api/profiles?filter={both}&page[size]=100&sort=updated")

    assert middle
    assert all("2025-01" <= p["attributes"]["updated"][:7] < "2025-06" for p in found)


def test_members_come_once_each_with_the_time_they_joined(walk, account):
    newsletter = next(account.world.groups("list"))

    found = walk(f"/api/lists/{newsletter.id}/profiles?page[size]=50&sort=joined_group_at")
    only_ids = walk(f"/api/lists/{newsletter.id}/relationships/profiles?page[size]=100")

    assert sorted(ids(found)) == sorted(ids(only_ids)) == sorted(newsletter.members)
    assert all(record["attributes"]["joined_group_at"] for record in found)
    assert set(only_ids[0]) == {"type", "id"}


def test_campaigns_hide_the_archived_unless_asked(walk, account):
    every = {c.id: c.attributes["archived"] for c in account.world.all("campaign")}
    shown, archived = [], []
    for channel in CHANNELS:
        listing = f"/api/campaigns?filter=equals(messages.channel,'{channel}')"
        shown += ids(walk(f"{listing}&page[size]=7"))
        archived += ids(walk(f"{listing},equals(archived,true)"))

    assert sorted(shown) == sorted(id for id, hidden in every.items() if not hidden)
    assert sorted(archived) == sorted(id for id, hidden in every.items() if hidden)
    assert archived


def test_flows_hide_the_archived_unless_asked(walk):
    shown = walk("/api/flows?page[size]=3&sort=updated")
    archived = walk("/api/flows?filter=equals(archived,true)")

    assert len(ids(shown)) == len(set(ids(shown))) == 12
    assert len(archived) == 2


def test_lists_segments_tags_and_metrics_come_once_each(walk, account):
    for path, type in (
        ("lists?page[size]=10&sort=id", "list"),
        ("segments?include=tags", "segment"),
        ("tags?page[size]=5&sort=name", "tag"),
        ("metrics", "metric"),
    ):
        assert sorted(ids(walk(f"/api/{path}"))) == sorted(account.world.records[type])


def test_ids_are_told_apart_by_case(get, account):
    first, twin = [group.id for group in account.world.groups("list")][:2]

    assert first != twin
    assert first.lower() == twin.lower()
    assert get(f"/api/lists/{twin}").json()["data"]["attributes"]["name"] == "VIP"


def with_other(url, **changes):
    parts = urlsplit(url)
    params = dict(parse_qsl(parts.query)) | changes
    return f"{parts.scheme}://{parts.netloc}{parts.path}?{urlencode(params)}"


def test_a_cursor_belongs_to_its_request(get):
    following = get("/api/events?sort=datetime&page[size]=10").json()["links"]["next"]

    assert get(following).status_code == 200
    for other in (
        with_other(following, sort="-datetime"),
        with_other(following, include="metric"),
        with_other(following, filter="has(metric)"),
        following.replace("page%5Bsize%5D=10", "page%5Bsize%5D=11"),
        following.replace("/api/events", "/api/profiles").replace("sort=datetime", "sort=id"),
        following + "x",
        following.replace("page%5Bcursor%5D=", "page%5Bcursor%5D=%2541"),
    ):
        answer = get(other)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["detail"] == "Invalid cursor provided"


def test_links_are_absolute_and_null_at_the_end(get, sandbox):
    first = get("/api/lists?page[size]=10").json()["links"]
    last = get(first["next"]).json()["links"]

    assert first["next"].startswith(sandbox.url + "/api/lists?")
    assert first["prev"] is None
    assert last["next"] is None
