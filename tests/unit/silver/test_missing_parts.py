"""Which columns a part of an answer feeds, and when a page lacks it. No Spark."""

from __future__ import annotations

import pytest

from klaviyo_spark.resources import ENDPOINTS, TABLES
from klaviyo_spark.silver.changes import labels_of


def test_every_part_that_an_endpoint_asks_for_feeds_what_it_should():
    """Which columns stay as they were, by the name of the part."""
    found = {name: labels_of(table) for name, table in TABLES.items()}
    fed = {
        name: {label: sorted(c for c, labels in columns.items() if label in labels)
               for label in sorted({one for labels in columns.values() for one in labels})}
        for name, columns in found.items()
        if columns
    }  # fmt: skip
    consent = [c.name for c in TABLES["profiles"].columns if "_marketing_" in c.name]
    attributed = [c.name for c in TABLES["events"].columns if c.name.startswith("attribution_")]
    members = {
        "attributes.email": ["email"],
        "attributes.joined_group_at": ["joined_group_at"],
    }
    assert len(consent) == 10
    assert fed == {
        "campaign_messages": {
            "campaign": ["campaign_data_id", "campaign_data_type"],
            "relationships.template.data": ["template_data_id", "template_data_type"],
        },
        "campaigns": {"message": ["channel"]},
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
        "member_lists": members,
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
            assert {*source.asks} <= {*ENDPOINTS[source.endpoint].asks}
