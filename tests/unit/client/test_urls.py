from __future__ import annotations

from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klaviyo_spark.client.urls import Bounds, check_next, first_url, origin
from klaviyo_spark.errors import BadAnswer
from klaviyo_spark.schema.endpoint import L, Slice, Window
from tests.builders import DAY
from tests.helpers.fakes import BASE, EVENTS, NOON, an_endpoint

PROFILES = an_endpoint(
    "profiles",
    "/api/profiles",
    L,
    windows=(Window("created", False, "created"), Window("updated", False, "updated")),
)


def params(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, strict_parsing=True))


def test_a_plain_endpoint_has_no_query():
    assert first_url(BASE, an_endpoint()) == "https://a.klaviyo.com/api/lists"


def test_keys_and_values_are_encoded_once():
    endpoint = an_endpoint(params={"fields[list]": "a,b"}, sort="-id")
    assert first_url(f"{BASE}/", endpoint) == (
        "https://a.klaviyo.com/api/lists?fields%5Blist%5D=a%2Cb&sort=-id"
    )


def test_the_slice_comes_first_then_ids_then_bounds_then_the_rest():
    bounds = Bounds("datetime", NOON, NOON + DAY, closed=True)
    slice_ = Slice({}, "equals(archived,true)")
    url = first_url(
        BASE, EVENTS, slice=slice_, window=bounds, id_filter=("A", "B"), extra_filter="has(metric)"
    )
    assert params(url)["filter"] == (
        'equals(archived,true),equals(metric_id,["A","B"]),'
        "greater-or-equal(datetime,2026-11-01T12:00:00Z),"
        "less-or-equal(datetime,2026-11-02T12:00:00Z),has(metric)"
    )


def test_one_metric_id_is_no_list():
    url = first_url(BASE, EVENTS, id_filter=("A",))
    assert params(url)["filter"] == 'equals(metric_id,"A")'


def test_ids_of_the_records_themselves_use_any():
    url = first_url(BASE, an_endpoint(), id_filter=("A", "b"))
    assert params(url)["filter"] == 'any(id,["A","b"])'


def test_an_id_with_a_quote_is_refused():
    with pytest.raises(ValueError, match="quote"):
        first_url(BASE, EVENTS, id_filter=('A")',))


def test_strict_bounds_are_asked_a_second_wider():
    bounds = Bounds("updated", NOON, NOON + DAY, closed=False)
    assert params(first_url(BASE, PROFILES, window=bounds)) == {
        "filter": "greater-than(updated,2026-11-01T11:59:59Z),"
        "less-than(updated,2026-11-02T12:00:01Z)",
        "sort": "updated",
    }


def test_fractions_never_narrow_the_span():
    half = timedelta(microseconds=500_000)
    closed = Bounds("datetime", NOON + half, NOON + half, closed=True)
    assert closed.filters() == (
        "greater-or-equal(datetime,2026-11-01T12:00:00Z)",
        "less-or-equal(datetime,2026-11-01T12:00:01Z)",
    )


@given(st.timedeltas(timedelta(0), timedelta(days=36500)), st.booleans())
def test_the_bound_itself_is_always_within(later: timedelta, closed: bool):
    moment = datetime(2000, 1, 1, tzinfo=timezone.utc) + later
    texts = [
        f.split(",")[1][:-1] for f in Bounds("datetime", moment, moment, closed=closed).filters()
    ]
    low, high = (datetime.fromisoformat(t.replace("Z", "+00:00")) for t in texts)
    assert (low <= moment <= high) if closed else (low < moment < high)


def test_bounds_in_another_zone_are_written_in_utc():
    start = datetime(2026, 11, 1, 13, tzinfo=timezone(timedelta(hours=1)))
    bounds = Bounds("datetime", start, None, closed=True)
    assert bounds.filters() == ("greater-or-equal(datetime,2026-11-01T12:00:00Z)",)


def test_a_bound_without_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        Bounds("datetime", datetime(2026, 11, 1), None, closed=True).filters()  # noqa: DTZ001


def test_a_walk_without_window_is_sorted_for_a_complete_read():
    assert params(first_url(BASE, PROFILES)) == {"sort": "created"}


def test_a_parent_id_is_quoted_whole():
    endpoint = an_endpoint(path="/api/lists/{id}/profiles")
    assert first_url(BASE, endpoint, parent_id="a/b ?") == (
        "https://a.klaviyo.com/api/lists/a%2Fb%20%3F/profiles"
    )


def test_a_path_with_id_needs_a_parent():
    with pytest.raises(ValueError, match="parent id None"):
        first_url(BASE, an_endpoint(path="/api/lists/{id}/profiles"))


@pytest.mark.parametrize(
    "link",
    [f"{BASE}/api/events?page=2", "https://a.klaviyo.com:443/x", "https://A.KLAVIYO.COM/x"],
)
def test_links_on_klaviyos_host_may_be_followed(link: str):
    check_next(link, BASE, set())


@pytest.mark.parametrize(
    "link",
    [
        "/api/events?page=2",
        "//a.klaviyo.com/x",
        "http://a.klaviyo.com/x",
        "https://a.klaviyo.com:8443/x",
        "https://evil.example/x",
        "https://a.klaviyo.com.evil.example/x",
        "https://a.klaviyo.com@evil.example/x",
        "https://user:word@a.klaviyo.com/x",
        "https://a.klaviyo.com\\.evil.example/x",
        "https://a.klaviyo.com\n.evil.example/x",
        "https://a.klaviyo.com:x/x",
        "https://[/x",
        "ftp://a.klaviyo.com/x",
        "x",
    ],
)
def test_links_elsewhere_are_refused(link: str):
    with pytest.raises(BadAnswer, match="the key was not sent there"):
        check_next(link, BASE, set())


def test_a_link_asked_before_is_a_loop():
    link = f"{BASE}/api/events?page=2&email=a"
    with pytest.raises(BadAnswer, match=r"links.next of /api/events leads back to a page"):
        check_next(link, BASE, {link})


def test_an_origin_has_neither_path_nor_user():
    assert origin("https://evil.example:8443/a?b#c") == "https://evil.example:8443"
    assert origin("https://user:word@evil.example/a") == "no full address"
