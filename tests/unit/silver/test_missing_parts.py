"""Which columns a part of an answer feeds, and what is told where it is missing. No Spark."""

from __future__ import annotations

import pytest

from klaviyo_spark.resources import ENDPOINTS, TABLES
from klaviyo_spark.schema.bookkeeping import columns_of
from klaviyo_spark.schema.parts import ATTRIBUTES, included_parts
from klaviyo_spark.silver.changes import labels_of


def test_every_part_that_an_endpoint_asks_for_feeds_what_it_should():
    """Which columns stay as they were, by the name of the part."""
    found = {name: labels_of(table) for name, table in TABLES.items()}
    fed = {
        name: {label: sorted(c for c, labels in columns.items() if label in labels)
               for label in sorted({one for labels in columns.values() for one in labels})
               if label not in ("attributes", "attributes.definition")}
        for name, columns in found.items()
    }  # fmt: skip
    fed = {name: labels for name, labels in fed.items() if labels}
    profiles = [c.name for c in columns_of(TABLES["profiles"])]
    consent = [name for name in profiles if "_marketing" in name]
    attributed = [c.name for c in TABLES["events"].columns if c.name.startswith("attribution_")]
    members = {
        "attributes.email": ["email"],
        "attributes.joined_group_at": ["joined_group_at"],
    }
    assert len(consent) == 12
    assert fed == {
        "campaign_messages": {
            "campaign": ["campaign_data_id", "campaign_data_type"],
            "relationships.template.data": ["template_data_id", "template_data_type"],
        },
        "campaigns": {"message": ["channel"]},
        "catalog_variants": {"relationships.item.data": ["catalog_item_id"]},
        "events": {
            "attribution": sorted(attributed),
            "profile": ["profile_email"],
            "relationships.attributions.data": sorted(attributed),
            "relationships.metric.data": ["metric_data_id", "metric_data_type"],
            "relationships.profile.data": [
                "profile_data_id",
                "profile_data_type",
                "profile_email",
            ],
        },
        "flow_actions": {
            "attributes.tracking_options": [
                "tracking_options_is_tracking_clicks",
                "tracking_options_is_tracking_opens",
            ],
            "flow": ["flow_id"],
        },
        "mapped_metrics": {
            "relationships.custom-metric.data": ["custom_metric_id"],
            "relationships.metric.data": ["metric_id"],
        },
        "member_lists": members,
        "profile_predictions": {
            "attributes.predictive_analytics": sorted(
                c.name for c in TABLES["profile_predictions"].columns if c.name != "profile_id"
            )
        },
        "profiles": {
            f"attributes.subscriptions.{channel}": sorted(c for c in consent if channel in c)
            for channel in ("email", "sms")
        },
        "stg_member_lists": members,
    }


@pytest.mark.parametrize("table", sorted(TABLES))
def test_what_a_source_asks_for_is_what_its_endpoint_does(table):
    for source in TABLES[table].sources:
        if source.rows == "data":
            told = {part for part in source.asks if not part.optional}
            assert told <= {*ENDPOINTS[source.endpoint].asks}


def test_each_column_read_below_attributes_stays_where_they_are_missing():
    """A record without ``attributes`` made its row NULL, and nobody said so."""
    for table in TABLES.values():
        labels = labels_of(table)
        for source in (one for one in table.sources if not one.explode):
            read = {
                column.name
                for column in columns_of(table)
                for one in column.field_reads.get(source.name, ())
                if one.scope == "$" and one.path.keys[:1] == ("attributes",)
            }
            stays = {
                name
                for name, several in labels.items()
                if any(label.split(".")[0] == "attributes" for label in several)
            }
            assert read <= stays, table.name


def test_an_action_and_a_message_may_come_without_a_definition():
    """Klaviyo says that it may be null; its columns stay as they were all the same."""
    fed = {
        name: {c for c, labels in labels_of(TABLES[name]).items() if label in labels}
        for name, label in dict.fromkeys(
            ("flow_actions", "flow_action_messages", "campaign_messages"), "attributes.definition"
        ).items()
    }
    content = {c.name for c in TABLES["campaign_messages"].columns if "content" in c.name}
    assert {"action_type", "status", "send_options_is_transactional"} <= fed["flow_actions"]
    assert {"name", "content_subject"} <= fed["flow_action_messages"]
    assert {"label", "channel", *content} <= fed["campaign_messages"]


def test_of_included_objects_those_parts_are_told_that_feed_columns():
    told = {name: included_parts(name, TABLES.values()) for name in ENDPOINTS}
    words = {
        name: {type: [part.proof for part in parts] for type, parts in types.items()}
        for name, types in told.items()
        if types
    }
    assert words == {
        "campaign_message_variations": {"campaign-variation": ["$.attributes"]},
        "campaign_variations": {"campaign-variation": ["$.attributes"]},
        "campaigns": {"campaign-message": ["$.attributes", "$.attributes.definition"]},
        "events": {"profile": ["$.attributes"]},
        "flows": {"flow-action": ["$.attributes"]},
    }
    assert told["flows"]["flow-action"] == (ATTRIBUTES,)
