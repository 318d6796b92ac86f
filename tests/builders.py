"""Things tests are arranged from, valid by default: a test shows only what matters to it."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from klaviyo_spark.resources import ENDPOINTS
from klaviyo_spark.schema import bronze_table
from klaviyo_spark.state.record_digests import record_digests
from tests.places import SAMPLES

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=timezone.utc)
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
NOW = datetime.now(timezone.utc).replace(microsecond=0)
KEY = "pk_sandbox"
_numbers = itertools.count(1)


def a_page(
    endpoint: str,
    *data: Any,
    included: Sequence[Any] = (),
    fetched_at: datetime = NOON,
    **facts: Any,
) -> dict[str, Any]:
    """A row of bronze for one page that is a whole walk and a complete read.

    Records may be given as text, to be on the page just so.
    """

    def text(record: Any) -> str:
        return record if isinstance(record, str) else json.dumps(record)

    body = (
        f'{{"data":[{",".join(map(text, data))}],'
        f'"included":[{",".join(map(text, included))}],"links":{{"next":null}}}}'
    )
    number = next(_numbers)
    page = {
        "resource": ENDPOINTS[endpoint].resource,
        "ingest_date": fetched_at.date(),
        "account_id": "default",
        "endpoint": endpoint,
        "path": ENDPOINTS[endpoint].path,
        "query": "",
        "slice": "{}",
        "parent_id": None,
        "parent_digest": None,
        "window_start": None,
        "window_end": None,
        "max_record_time": None,
        "in_order": True,
        "walk_id": f"walk-{number}",
        "page_number": 1,
        "next_url": None,
        "is_last": True,
        "read_id": f"read-{number}",
        "walks_in_read": 1,
        "read_run_id": facts.get("run_id", f"run-{number}"),
        "read_started_at": fetched_at - timedelta(seconds=1),
        "is_full_read": True,
        "revision": "2026-07-15",
        "status": 200,
        "http_date": fetched_at,
        "fetched_at": fetched_at,
        "bytes": len(body),
        "sha256": hashlib.sha256(body.encode()).hexdigest(),
        "record_count": len(data),
        "record_digests": record_digests(body.encode()),
        "run_id": f"run-{number}",
        "batch_id": f"batch-{number}",
        "forgotten_at": None,
        "body": body,
    }
    unknown = set(facts) - set(page)
    assert not unknown, f"no such facts of a page: {unknown}"
    return {**page, **facts}


def pages_df(spark: SparkSession, *pages: dict[str, Any]) -> DataFrame:
    """Bronze pages as silver gets them."""
    schema = ", ".join(f"{name} {type}" for name, type, _ in bronze_table.COLUMNS)
    rows = [tuple(page[name] for name, _, _ in bronze_table.COLUMNS) for page in pages]
    return spark.createDataFrame(rows, schema).selectExpr("*", "account_id AS _account_id")


def a_campaign(id: str = "C1", **attributes: Any) -> dict[str, Any]:
    """A sent e-mail campaign at the current revision."""
    return {
        "type": "campaign",
        "id": id,
        "attributes": {
            "name": "Spring sale",
            "status": "Sent",
            "archived": False,
            "audiences": {"included": ["L1"], "excluded": []},
            "send_options": {"use_smart_sending": True},
            "tracking_options": {"add_tracking_params": True, "is_tracking_opens": True},
            "send_strategy": {
                "method": "static",
                "datetime": "2026-05-01T09:00:00+00:00",
                "options": {"is_local": False},
            },
            "created_at": "2026-04-28T10:11:12+00:00",
            "updated_at": "2026-05-01T09:20:00+00:00",
            **attributes,
        },
        "relationships": {
            "campaign-messages": {"data": [{"type": "campaign-message", "id": f"{id}-M"}]},
            "tags": {"data": []},
        },
    }


def a_campaign_message(id: str = "C1-M", **definition: Any) -> dict[str, Any]:
    """A message as the campaigns' listing includes it: without its campaign or template."""
    return {
        "type": "campaign-message",
        "id": id,
        "attributes": {
            "definition": {"channel": "email", "content": {"subject": "Hello"}, **definition},
            "send_times": [{"datetime": "2026-05-01T09:00:00+00:00", "is_local": False}],
            "created_at": "2026-04-28T10:11:12+00:00",
            "updated_at": "2026-04-28T10:12:00+00:00",
        },
        "relationships": {"template": {"links": {}}},
    }


def an_event(id: str = "E1", properties: dict[str, Any] | None = None, **attributes: Any) -> Any:
    """A Received Email event of profile P1."""
    return {
        "type": "event",
        "id": id,
        "attributes": {
            "timestamp": 1782173723,
            "datetime": "2026-06-23T00:15:23+00:00",
            "uuid": "a4d1c780-6ea0-11f1-8001-3d1f0a6b2c11",
            "event_properties": {"$message": "M1"} if properties is None else properties,
            **attributes,
        },
        "relationships": {
            "profile": {"data": {"type": "profile", "id": "P1"}},
            "metric": {"data": {"type": "metric", "id": "X1"}},
            "attributions": {"data": []},
        },
    }


def a_member(id: str = "P1", email: str | None = "a@example.com") -> dict[str, Any]:
    """A member of a list."""
    joined = "2026-05-05T05:05:05+00:00"
    return {
        "type": "profile",
        "id": id,
        "attributes": {"email": email, "joined_group_at": joined},
    }


def a_record(type: str, id: str = "X", **attributes: Any) -> dict[str, Any]:
    """Any record that is no more than its attributes."""
    return {"type": type, "id": id, "attributes": attributes}


def an_attribution(id: str = "A1", **named: str) -> dict[str, Any]:
    """What an event is attributed to: ``flow="F1"``, ``attributed_event="E0"``, ..., else null."""
    kinds = ("attributed-event", "flow", "flow-message", "flow-message-variation")
    names = [*kinds, "campaign", "campaign-message"]
    ids = {name: named.pop(name.replace("-", "_"), None) for name in names}
    assert not named, f"no such relationships of an attribution: {named}"
    data = {name: {"type": name, "id": of} if of else None for name, of in ids.items()}
    return {
        "type": "attribution",
        "id": id,
        "relationships": {name: {"data": of} for name, of in data.items()},
    }


def a_flow(id: str = "F1", *actions: str, **attributes: Any) -> dict[str, Any]:
    """A live flow that lists its actions."""
    return {
        "type": "flow",
        "id": id,
        "attributes": {
            "name": "Welcome",
            "status": "live",
            "archived": False,
            "created": "2024-01-02T03:04:05+00:00",
            "updated": "2026-02-03T04:05:06+00:00",
            "trigger_type": "Added to List",
            **attributes,
        },
        "relationships": {
            "flow-actions": {"data": [{"type": "flow-action", "id": a} for a in actions]},
            "tags": {"data": []},
        },
    }


def a_flow_action(id: str, definition: Any, flow: str | None = None) -> dict[str, Any]:
    """An action at the current revision; ``flow`` where it names its flow itself."""
    return {
        "type": "flow-action",
        "id": id,
        "attributes": {
            "created": "2024-01-02T03:04:05+00:00",
            "updated": "2026-02-03T04:05:06+00:00",
            "definition": definition,
        },
        "relationships": {
            "flow": {"data": {"type": "flow", "id": flow}} if flow else {"links": {}}
        },
    }


def a_flow_message(id: str = "M1", **definition: Any) -> dict[str, Any]:
    """An e-mail as the listing of its action's messages holds it."""
    return {
        "type": "flow-message",
        "id": id,
        "attributes": {
            "channel": "Email",
            "created": "2024-01-02T03:04:05+00:00",
            "updated": "2026-02-03T04:05:06+00:00",
            "definition": {"id": id, "name": "Welcome #1", "subject_line": "Hi", **definition},
        },
        "relationships": {},
    }


# What the requests knew that sample pages answer.
_SAMPLE_FACTS: dict[str, dict[str, str]] = {
    "campaigns": {"slice": '{"channel":"email","archived":"false"}'},
    "campaigns.sms": {"slice": '{"channel":"sms","archived":"false"}'},
    "campaign_templates": {"parent_id": "01HXYZ0000000000000000CAMP"},
    "flow_messages": {"parent_id": "116466131"},
    "form_versions": {"parent_id": "Y6nRLr"},
    "list_profiles": {"parent_id": "Y6nRLr"},
    "segment_profiles": {"parent_id": "UTd5ui"},
    **{
        name: {"slice": '{"conversion_metric_id":"VVMMNN","is_primary_conversion":"true"}'}
        for name in (
            "campaign_values",
            "campaign_variation_values",
            "campaign_group_values",
            "flow_message_days",
        )
    },
    "flow_values": {
        "slice": '{"conversion_metric_id":"VVMMNN","is_primary_conversion":"true",'
        '"period_start":"2026-10-01","period_end":"2026-10-31"}'
    },
    **{
        name: {"slice": '{"metric_id":"VVMMNN"}'}
        for name in ("metric_days", "metric_value_days", "list_days", "attributed_days")
    },
    "form_values": {"slice": '{"period_start":"2026-10-01","period_end":"2026-10-31"}'},
}


def a_sample(name: str) -> dict[str, Any]:
    """The page of ``samples/<name>.json``; the name is its endpoint's, ``.`` and what it shows."""
    [file] = SAMPLES.rglob(f"{name}.json")
    body = file.read_text(encoding="utf-8")
    return a_page(name.partition(".")[0], body=body, **_SAMPLE_FACTS.get(name, {}))


def all_samples() -> list[dict[str, Any]]:
    """Every page of ``samples``."""
    return [a_sample(path.stem) for path in sorted(SAMPLES.rglob("*.json"))]
