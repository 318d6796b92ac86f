"""Which tables are held against a listing, and what is read of its pages. No Spark."""

from __future__ import annotations

import json
from datetime import datetime, timezone

from klaviyo_spark.commands.verify.comparing import Listed
from klaviyo_spark.commands.verify.listings import listing_walks, listings
from klaviyo_spark.resources import RESOURCES
from tests.builders import a_campaign, a_campaign_message, a_page

NOW = datetime(2026, 11, 24, tzinfo=timezone.utc)


def test_all_tables_whose_rows_are_records_of_a_listing_are_held_against_it():
    found = {
        one.table.name: (one.endpoint.name, one.rows.type, one.key)
        for one in listings([*RESOURCES])
    }
    assert found == {
        "campaigns": ("campaigns", "", "campaign_id"),
        "campaign_messages": ("campaigns", "campaign-message", "campaign_message_id"),
        "flows": ("flows", "", "flow_id"),
        "flow_actions": ("flows", "flow-action", "flow_action_id"),
        "lists": ("lists", "", "list_id"),
        "metrics": ("metrics", "", "list_id"),
        "segments": ("segments", "", "segment_id"),
        "tags": ("tags", "", "tag_id"),
        "accounts": ("accounts", "", "account_id"),
        "mapped_metrics": ("mapped_metrics", "", "mapped_metric_id"),
        "custom_metrics": ("custom_metrics", "", "custom_metric_id"),
        "campaign_variations": (
            "campaign_variations",
            "campaign-variation",
            "campaign_variation_id",
        ),
        "catalog_items": ("catalog_items", "", "catalog_item_id"),
        "catalog_variants": ("catalog_variants", "", "catalog_variant_id"),
        "catalog_categories": ("catalog_categories", "", "catalog_category_id"),
        "coupons": ("coupons", "", "coupon_id"),
        "forms": ("forms", "", "form_id"),
        "push_tokens": ("push_tokens", "", "push_token_id"),
        "templates": ("templates", "", "template_id"),
    }


def test_only_the_resources_that_are_kept_are_listed():
    assert [one.table.name for one in listings(["events", "flows", "profiles"])] == [
        "flows",
        "flow_actions",
    ]


def test_each_listing_is_walked_once_in_all_its_slices():
    walks = listing_walks("https://a.klaviyo.com", listings(["campaigns", "tags"]), NOW)
    assert sorted(walk.endpoint.name for walk in walks) == ["campaigns"] * 6 + ["tags"]
    assert all(walk.is_full_read for walk in walks)


def test_records_are_told_from_what_the_page_includes():
    nameless = {"type": "campaign", "id": "C2", "attributes": None}
    page = a_page(
        "campaigns",
        a_campaign(),
        nameless,
        *({"type": "campaign", "id": id} for id in (None, "", {"id": "C3"}, ["C3"])),
        {"type": "campaign", "id": 4},
        included=[a_campaign_message(), {"type": "tag", "id": "T1"}],
    )
    body = page["body"].encode()
    campaigns, messages = listings(["campaigns"])

    created = datetime(2026, 4, 28, 10, 11, 12, tzinfo=timezone.utc)
    assert dict(campaigns.records(body)) == {
        "C1": Listed("Spring sale", created),
        "C2": Listed(None, None),
        "4": Listed(None, None),
    }
    assert dict(messages.records(body)) == {"C1-M": Listed(None, created)}


def test_a_record_was_created_when_the_first_of_two_names_that_holds_a_time_says():
    first = {"type": "tag", "id": "T1", "attributes": {"created": "soon", "created_at": 1782173723}}
    second = {"type": "tag", "id": "T2", "attributes": {"created": "2026-06-23t00:15:23z"}}
    (tags,) = listings(["tags"])

    created = datetime(2026, 6, 23, 0, 15, 23, tzinfo=timezone.utc)
    body = a_page("tags", first, second)["body"].encode()
    assert dict(tags.records(body)) == {"T1": Listed(None, created), "T2": Listed(None, created)}


def test_a_page_without_records_has_none():
    campaigns, messages = listings(["campaigns"])
    body = json.dumps({"data": [], "links": {}}).encode()
    assert [*campaigns.records(body), *messages.records(body)] == []
    assert [*messages.records(b'{"data":[{"id":"C1"}],"included":5}')] == []
