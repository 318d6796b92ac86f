"""What Klaviyo says that no table has: found on pages, written down once, never with a value."""

from __future__ import annotations

from klaviyo_spark.bronze.unknown_fields import UnknownField, UnknownFieldDetector, note
from klaviyo_spark.client.client import Client
from klaviyo_spark.client.rate_limiter import Limiter
from klaviyo_spark.config.models import Settings
from klaviyo_spark.config.secrets import ApiKey
from klaviyo_spark.sandbox import Account, Sandbox
from tests.builders import DAY, KEY, NOON
from tests.helpers.small_lakes import run_account


def test_what_later_runs_find_is_added_to_what_is_there(lake):
    def watch(at, *types: str) -> UnknownFieldDetector:
        made = UnknownFieldDetector()
        made.found["tags", "data", ("attributes", "hue")] = UnknownField(at, at, {*types}, 2)
        return made

    first = note(lake, "default", "one", watch(NOON, "null"))
    second = note(lake, "default", "two", watch(NOON + DAY, "number"))
    other = note(lake, "other", "three", watch(NOON, "number"))

    assert (first, second) == (["tags $.attributes.hue of data (null)"], [])
    assert other == ["tags $.attributes.hue of data (number)"]
    rows = lake.ops("unknown_fields").where("account_id = 'default'").collect()
    assert [row.asDict() for row in rows] == [
        {
            "account_id": "default",
            "resource": "tags",
            "endpoint": "tags",
            "record_type": "data",
            "path": "$.attributes.hue",
            "json_types": ["null", "number"],
            "first_seen_at": NOON.replace(tzinfo=None),
            "last_seen_at": (NOON + DAY).replace(tzinfo=None),
            "record_count": 4,
            "run_id": "two",
        }
    ]


def test_a_run_says_what_the_account_has_that_no_table_has(lake):
    account = Account(seed=3, events=100, profiles=20, quiet_days=29)
    tags = account.world.all("tag")
    with Sandbox(account, key=KEY, rate_scale=50) as sandbox:
        settings = Settings(base_url=sandbox.url, resources=("lists", "tags"))
        with Client(sandbox.url, ApiKey(KEY), limiter=Limiter()) as client:
            as_it_stands = run_account("ingest", lake, settings, client)
            for tag in tags:
                tag.attributes["colour"] = "Ann's red"
            added = run_account("ingest", lake, settings, client)

    assert as_it_stands.outcome.warnings == []
    assert added.outcome.warnings == [
        "Klaviyo sends fields that no table has: tags $.attributes.colour of data (string). "
        "See klaviyo_ops.unknown_fields."
    ]
    rows = lake.ops("unknown_fields").select("endpoint", "path", "record_count").collect()
    assert [tuple(row) for row in rows] == [("tags", "$.attributes.colour", len(tags))]
