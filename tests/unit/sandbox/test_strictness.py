"""What the sandbox refuses, as Klaviyo does."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
import requests

EMAIL = "filter=equals(messages.channel,'email')"


def iso(**ago: float) -> str:
    return (datetime.now(timezone.utc) - timedelta(**ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("/api/campaigns", "messages.channel is required"),
        ("/api/campaigns?filter=equals(archived,true)", "messages.channel is required"),
        ("/api/campaigns?filter=equals(messages.channel,'whatsapp')", "not a value"),
        (f"/api/campaigns?{EMAIL},equals(name,'x')", "not an allowed filter operator"),
        (f"/api/campaigns?{EMAIL},equals(updated,'x')", "not a filterable field"),
        (f"/api/campaigns?{EMAIL}&include=templates", "not allowed for include"),
        (f"/api/campaigns?{EMAIL}&sort=status", "not a sort"),
        (f"/api/campaigns?{EMAIL}&page[size]=101", "between 1 and 100"),
        (f"/api/campaigns?{EMAIL}&page[size]=0", "between 1 and 100"),
        (f"/api/campaigns?{EMAIL}&fields[campaign]=nam", "not allowed for fields[campaign]"),
        (f"/api/campaigns?{EMAIL}&fields[profile]=email", "not a parameter"),
        (f"/api/campaigns?{EMAIL}&limit=3", "not a parameter"),
        (f"/api/campaigns?{EMAIL}&filter=equals(archived,true)", "more than once"),
        (f"/api/campaigns?{EMAIL},", "Invalid filter"),
        ("/api/campaigns?filter=or(equals(messages.channel,'email'))", "Invalid filter"),
        ("/api/campaigns?filter=equals(messages.channel,email)", "quoted string"),
        ("/api/events?filter=equals(name,'x')", "not a filterable field"),
        ("/api/events?filter=greater-than(datetime,'2026-01-01T00:00:00Z')", "ISO 8601"),
        ("/api/events?filter=greater-than(datetime,2026-01-01T00:00:00)", "with a zone"),
        ("/api/events?page[size]=1001", "between 1 and 1000"),
        ("/api/events?sort=id", "not a sort"),
        ("/api/events?additional-fields[profile]=subscriptions", "not a parameter"),
        ("/api/events?page[cursor]=abc", "Invalid cursor provided"),
        ("/api/events/NOPE01", "Invalid Event ID"),
        ("/api/profiles?filter=less-or-equal(updated,2026-01-01T00:00:00Z)", "not an allowed"),
        ("/api/profiles?additional-fields[profile]=lists", "not allowed for additional"),
        ("/api/lists?filter=less-than(updated,2026-01-01T00:00:00Z)", "not an allowed"),
        ("/api/lists?page[size]=11", "between 1 and 10"),
        ("/api/lists?additional-fields[list]=profile_count", "not a parameter"),
        ("/api/metrics?page[size]=10", "not a parameter"),
        ("/api/metrics?sort=id", "not a parameter"),
        ("/api/tags?filter=any(name,['x'])", "not an allowed filter operator"),
        ("/api/flows?filter=any(id,'x')", "takes a list"),
        ("/api/flows?filter=equals(status,['live'])", "takes no list"),
        ("/api/flows?filter=equals(archived,'true')", "true or false"),
        ("/api/accounts?page[size]=1", "not a parameter"),
        ("/api/templates?page[size]=11", "between 1 and 10"),
        ("/api/forms?sort=id", "not a sort"),
        ("/api/coupons?sort=id", "not a parameter"),
        ("/api/coupon-codes", "filter on coupon.id or profile.id is required"),
        ("/api/coupon-codes?filter=equals(status,'USED')", "coupon.id or profile.id is required"),
        ("/api/coupon-codes?filter=any(coupon.id,['X']),equals(status,'used')", "not a value"),
        ("/api/push-tokens?filter=equals(platform,'web')", "not a value"),
        ("/api/catalog-items?sort=updated", "not a sort"),
        ("/api/catalog-items?filter=equals(updated,2026-01-01T00:00:00Z)", "not a filterable"),
        ("/api/catalog-variants?include=item", "not a parameter"),
        ("/api/catalog-categories?page[size]=101", "between 1 and 100"),
        ("/api/mapped-metrics?include=metrics", "not allowed for include"),
    ],
)
def test_refuses_what_an_endpoint_does_not_take(get, path, detail):
    answer = get(path)

    assert answer.status_code == 400
    error = answer.json()["errors"][0]
    assert detail in error["detail"]
    assert {"id", "status", "code", "title", "detail", "source"} <= set(error)
    assert error["code"] == "invalid"


def test_refuses_bounds_near_now_ahead_of_now_and_the_wrong_way_round(get):
    near = f"/api/events?filter=greater-or-equal(datetime,{iso(seconds=3)})"
    ahead = f"/api/flows?filter=less-than(updated,{iso(hours=-1)})"
    turned = (
        f"/api/events?filter=greater-than(datetime,{iso(days=1)}),less-than(datetime,{iso(days=2)})"
    )
    other = f"/api/flows?filter=less-than(updated,{iso(days=1)})&sort=created"

    assert "too close to now" in get(near).json()["errors"][0]["detail"]
    assert "future" in get(ahead).json()["errors"][0]["detail"]
    assert "after the upper" in get(turned).json()["errors"][0]["detail"]
    assert "sort must be on the same field" in get(other).json()["errors"][0]["detail"]


def test_takes_a_lower_bound_a_minute_ago(get):
    path = f"/api/events?filter=greater-or-equal(datetime,{iso(minutes=1)})&sort=datetime"

    assert get(path).status_code == 200


@pytest.mark.parametrize("key", [None, "Klaviyo-API-Key pk_other", "Bearer pk_sandbox"])
def test_refuses_any_other_key(get, key):
    answer = get("/api/tags", headers={"Authorization": key})

    assert answer.status_code == 401
    assert answer.json()["errors"][0]["detail"] == "Incorrect authentication credentials."


@pytest.mark.parametrize(
    ("revision", "opt_out", "status"),
    [
        ("2023-09-15", "1", 410),
        ("2023-09-15", None, 400),
        (None, "1", 400),
        ("2027-01-15", "1", 400),
    ],
)
def test_serves_three_revisions_and_no_other(get, revision, opt_out, status):
    headers = {"revision": revision, "X-Klaviyo-Revision-Fall-Forward-Opt-Out": opt_out}

    assert get("/api/tags", headers=headers).status_code == status


@pytest.mark.parametrize(
    ("revision", "field"),
    [("2025-07-15", "definition"), ("2025-07-15", "id"), ("2026-07-15", "tracking_options")],
)
def test_each_revision_has_its_own_fields_of_flow_actions(get, revision, field):
    path = f"/api/flows?include=flow-actions&fields[flow-action]={field}"

    answer = get(path, headers={"revision": revision})

    assert answer.status_code == 400
    assert f"'{field}' is not allowed" in answer.json()["errors"][0]["detail"]


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("/api/campaigns?filter=equals(messages.channel,'email')", "not a filterable field"),
        ("/api/campaigns?filter=equals(status,'Sent')", "not a filterable field"),
        ("/api/campaigns?sort=scheduled_at", "not a sort"),
        ("/api/campaigns?fields[campaign]=send_strategy", "not allowed for fields[campaign]"),
        ("/api/campaigns/X?include=template", "not allowed for include"),
        ("/api/campaign-messages?include=template", "not allowed for include"),
        ("/api/campaign-messages?page[size]=101", "between 1 and 100"),
        ("/api/campaign-messages?filter=equals(status,'Sent')", "not a value"),
        ("/api/campaign-messages?filter=any(campaign_id,['X'])", "not an allowed filter operator"),
        ("/api/campaign-messages?sort=send_time", "not a sort"),
    ],
)
def test_campaigns_of_the_newer_revision_are_asked_in_its_own_way(get, path, detail):
    answer = get(path, headers={"revision": "2026-10-15"})

    assert answer.status_code == 400
    assert detail in answer.json()["errors"][0]["detail"]


def test_what_only_the_newer_revision_has_is_not_there_before_it(get):
    assert get("/api/campaign-messages").status_code == 404
    assert get("/api/campaign-messages", headers={"revision": "2026-10-15"}).status_code == 200


@pytest.mark.parametrize(
    "path", ["/api/flows/NOPE01", "/api/lists/Nope22/profiles", "/api/images", "/api/v2/lists"]
)
def test_answers_404_for_what_is_not_there(get, path):
    assert get(path).status_code == 404


def test_says_of_a_missing_scope_no_more_than_klaviyo(get, sandbox):
    sandbox.missing_scopes = {"lists:read"}

    answer = get("/api/lists")

    assert answer.status_code == 403
    assert "lists:read" not in answer.text
    assert get("/api/tags").status_code == 200


def test_refuses_other_verbs(sandbox, session: requests.Session):
    assert session.post(f"{sandbox.url}/api/tags", timeout=10).status_code == 405
