"""The listings of campaigns by channel, as specs and listings order them."""

from __future__ import annotations

from klaviyo_spark.resources import ENDPOINTS, TABLES


def test_the_order_of_the_spec_is_that_of_the_listings():
    channels = [part.facts["channel"] for part in ENDPOINTS["campaigns"].slices]
    sources = [s for t in TABLES.values() for s in t.sources if s.endpoint == "campaigns"]
    assert {s.precedence.values if s.precedence else None for s in sources} == {
        tuple(dict.fromkeys(channels))
    }
    assert [t.name for t in TABLES.values() if t.listed_under] == ["campaigns"]
