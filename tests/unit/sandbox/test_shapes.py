"""Resources as api documents show them: what is there, and what is not unless asked for."""

from __future__ import annotations

import json

from klaviyo_spark.sandbox.content.newer_shape import as_newer
from klaviyo_spark.sandbox.render.records import type_of
from klaviyo_spark.sandbox.rules import NEWER_RULES, RULES

EMAIL = "/api/campaigns?filter=equals(messages.channel,'email')"
OLDER = {"revision": "2025-07-15"}
NEWER = {"revision": "2026-10-15"}


def test_tags_have_data_only_when_included(get):
    plain = get(EMAIL).json()
    asked = get(f"{EMAIL}&include=tags").json()

    assert "included" not in plain
    assert all("data" not in c["relationships"]["tags"] for c in plain["data"])
    assert all("data" in c["relationships"]["campaign-messages"] for c in plain["data"])
    assert all("data" in c["relationships"]["tags"] for c in asked["data"])
    assert {one["type"] for one in asked["included"]} == {"tag"}


def test_only_the_messages_of_one_campaign_tell_their_template(get):
    listed = get(f"{EMAIL}&include=campaign-messages").json()
    message = listed["included"][0]
    campaign = message["relationships"]["campaign"]["data"]["id"]

    single = get(f"/api/campaigns/{campaign}/campaign-messages?include=template").json()

    assert "data" not in message["relationships"]["template"]
    assert single["data"][0]["relationships"]["template"]["data"]["type"] == "template"
    assert single["included"][0]["type"] == "template"
    assert "next" not in single["links"]


def test_subscriptions_and_counts_come_only_when_asked(get, account):
    newsletter = next(account.world.groups("list"))
    path = f"/api/lists/{newsletter.id}"

    profile = get("/api/profiles?page[size]=1").json()["data"][0]
    asked = get("/api/profiles?page[size]=1&additional-fields[profile]=subscriptions").json()
    counted = get(f"{path}?additional-fields[list]=profile_count").json()

    assert "subscriptions" not in profile["attributes"]
    assert "joined_group_at" not in profile["attributes"]
    assert "subscriptions" in asked["data"][0]["attributes"]
    assert "profile_count" not in get(path).json()["data"]["attributes"]
    assert counted["data"]["attributes"]["profile_count"] == len(newsletter.members)


def test_a_sparse_fieldset_cuts_the_relationships_of_its_type(get):
    event = get("/api/events?page[size]=1&fields[event]=datetime&include=metric").json()["data"][0]
    place = get("/api/profiles?page[size]=5&fields[profile]=location.city").json()["data"]

    assert set(event["attributes"]) == {"datetime"}
    assert "relationships" not in event
    assert {key for p in place for key in (p["attributes"]["location"] or {"city": 1})} == {"city"}


def test_an_event_includes_profile_metric_and_attributions_once_per_page(get):
    path = "/api/events?page[size]=1000&sort=datetime&include=profile,metric,attributions"
    page = get(f"{path}&fields[profile]=email&fields[metric]=name").json()

    refs = [(one["type"], one["id"]) for one in page["included"]]
    attributed = [e for e in page["data"] if e["relationships"]["attributions"]["data"]]
    attribution = next(one for one in page["included"] if one["type"] == "attribution")
    assert len(refs) == len(set(refs))
    assert {type for type, _ in refs} == {"profile", "metric", "attribution"}
    assert any(len(e["relationships"]["attributions"]["data"]) > 1 for e in attributed)
    assert "attributes" not in attribution
    assert {"event", "attributed-event", "flow", "campaign"} <= set(attribution["relationships"])


def test_events_hold_the_keys_that_trip_readers(walk):
    events = walk("/api/events?page[size]=1000")
    properties = [e["attributes"]["event_properties"] or {} for e in events]
    text = json.dumps(properties)

    assert {len(str(e["attributes"]["datetime"])) for e in events} >= {20, 25, 32}
    assert None in [e["attributes"]["event_properties"] for e in events]
    assert any(isinstance(p.get("$group_ids"), str) for p in properties)
    assert any(isinstance(p.get("$group_ids"), list) for p in properties)
    assert any(len(json.dumps(p)) > 100_000 for p in properties)
    for key in ("$attribution", "$_cohort$message_send_cohort", "Message Id", "Message ID", "IP",
                "custom.key", "$_ip", "machine_open"):  # fmt: skip
        assert json.dumps(key) in text


def test_flow_actions_have_the_old_shape_at_the_older_revision(get):
    today = get("/api/flows?include=flow-actions").json()["included"]
    older = get("/api/flows?include=flow-actions", headers=OLDER).json()["included"]
    mail = next(one for one in older if one["attributes"]["action_type"] == "SEND_EMAIL")
    sms = next(one for one in older if one["attributes"]["action_type"] == "SEND_SMS")
    wait = next(one for one in older if one["attributes"]["action_type"] == "TIME_DELAY")
    single = get(f"/api/flow-actions/{mail['id']}", headers=OLDER).json()["data"]

    assert all("definition" in one["attributes"] for one in today)
    assert single["attributes"] == mail["attributes"]
    assert set(mail["attributes"]["tracking_options"]) == {
        "add_utm", "utm_params", "is_tracking_opens", "is_tracking_clicks",
    }  # fmt: skip
    assert set(sms["attributes"]["tracking_options"]) == {"add_utm", "utm_params"}
    assert wait["attributes"]["tracking_options"] is None


def test_tracking_alone_can_be_asked_of_actions_at_the_older_revision(get, account):
    fields = "tracking_options.is_tracking_clicks,tracking_options.is_tracking_opens"
    path = f"/api/flows?include=flow-actions&fields[flow-action]={fields}"
    page = get(path, headers=OLDER).json()

    told = {one["id"]: one["attributes"]["tracking_options"] for one in page["included"]}
    listed = {
        action["id"] for f in page["data"] for action in f["relationships"]["flow-actions"]["data"]
    }
    said = {
        row["flow_action_id"]: {
            "is_tracking_opens": row["tracking_options_is_tracking_opens"],
            "is_tracking_clicks": row["tracking_options_is_tracking_clicks"],
        }
        for row in account.truth()["flow_actions"]
        if row["flow_action_id"] in told
    }
    assert told.keys() == listed == said.keys()
    assert {id: options for id, options in told.items() if options} == {
        id: options for id, options in said.items() if None not in options.values()
    }


def test_a_campaign_of_before_has_its_arms_in_one_message_at_the_newer_revision(get, account):
    world = account.world
    campaign = next(c for c in world.all("campaign") if len(c.to_many["campaign-messages"]) == 2)
    arms = [id for _, id in campaign.to_many["campaign-messages"]]
    path = f"/api/campaign-messages?filter=equals(campaign_id,'{campaign.id}')"

    page = get(f"{path}&include=campaign-variations", headers=NEWER).json()

    [message] = page["data"]
    assert message["id"] not in arms
    assert message["attributes"]["definition"]["send_options"]["send_strategy"] == (
        "content_variation"
    )
    assert [one["id"] for one in page["included"]] == arms
    named = message["relationships"]["campaign-variations"]["data"]
    assert [one["id"] for one in named] == arms
    assert (
        "data"
        not in get(path, headers=NEWER).json()["data"][0]["relationships"]["campaign-variations"]
    )


def test_whatsapp_and_several_channels_are_shown_by_the_newer_revision_alone(get, walk, account):
    path = "/api/campaign-messages?include=campaign-variations&page[size]=100"
    found = []
    while path:
        page = get(path, headers=NEWER).json()
        found += page["included"]
        path = page["links"]["next"]
    details = [one["attributes"]["definition"]["details"] for one in found]
    channels = {one["channel"] for one in details if one}
    own = {one.id for one in account.world.newer["campaign"].values()}
    listed = walk("/api/campaigns?filter=equals(messages.channel,'email')")

    assert channels == {"email", "sms", "push", "whatsapp"}
    assert None in details
    assert "" in {one.get("preview_text") for one in details if one}
    assert own.isdisjoint(one["id"] for one in listed)
    shown = get("/api/campaigns", headers=NEWER).json()["data"]
    assert own <= {one["id"] for one in shown}


def test_every_type_of_action_is_there_with_messages_two_levels_down(get):
    actions = get("/api/flows?include=flow-actions").json()["included"]
    types = {(a["attributes"]["definition"] or {}).get("type") for a in actions}
    test = next(
        a for a in actions if (a["attributes"]["definition"] or {}).get("type") == "ab-test"
    )
    data = test["attributes"]["definition"]["data"]

    messages = get(f"/api/flow-actions/{test['id']}/flow-messages").json()["data"]

    nested = [data["main_action"], *data["current_experiment"]["variations"]]
    assert len(types) == 22  # the twenty of the specification, a new one, and none at all
    assert sorted(m["id"] for m in messages) == sorted(n["data"]["message"]["id"] for n in nested)


def test_the_tag_side_knows_what_carries_it(get):
    lists = get("/api/lists?include=tags").json()["data"]
    tagged = next(one for one in lists if one["relationships"]["tags"]["data"])
    tag = tagged["relationships"]["tags"]["data"][0]["id"]

    side = get(f"/api/tags/{tag}/relationships/lists").json()

    assert {"type": "list", "id": tagged["id"]} in side["data"]
    own = get(f"/api/lists/{tagged['id']}/relationships/tags").json()["data"]
    assert {"type": "tag", "id": tag} in own


def test_every_endpoint_of_the_rules_answers(get, account):
    world = account.world
    some = {type: next(iter(found)) for type, found in world.records.items()}
    some |= {"profile": next(iter(world.profiles)), "event": list(world.timeline.by_id)[1]}
    for rule in RULES:
        id = some[type_of(rule.parts[0])]
        needed = {"messages.channel": "sms", "coupon.id": "10OFF"}
        field = next(iter(rule.filter_required), "")
        query = f"?filter=equals({field},'{needed[field]}')" if field else ""
        answer = get(rule.template.replace("{id}", id) + query)
        assert answer.status_code == 200, (rule.template, answer.text)
        assert "data" in answer.json()


def test_every_endpoint_of_the_newer_rules_answers_at_that_revision(get, account):
    shown = as_newer(account.world)
    some = {type: next(iter(found)) for type, found in shown.records.items()}
    for rule in NEWER_RULES:
        path = rule.template.replace("{id}", some[type_of(rule.parts[0])])
        answer = get(path, headers=NEWER)
        assert answer.status_code == 200, (rule.template, answer.text)
        assert "data" in answer.json()
