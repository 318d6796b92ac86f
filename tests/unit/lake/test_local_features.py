"""Which tables delta-rs appends to and reads to the letter; the others are Spark's."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from klaviyo_spark.lake.local.features import obstacle_to_append, obstacle_to_read
from tests.helpers.logs import a_field, write_log

SCHEMA = pa.schema([("id", pa.string()), ("day", pa.date32()), ("n", pa.int32())])
FIELDS = [a_field("id", "string", comment="Its id."), a_field("day", "date"), a_field("n", "int")]
MAPPED = [
    {
        **field,
        "metadata": {"delta.columnMapping.id": n, "delta.columnMapping.physicalName": f"c{n}"},
    }
    for n, field in enumerate(FIELDS, 1)
]


def a_table(folder: Any, fields: Any = FIELDS, **facts: Any) -> DeltaTable:
    return DeltaTable(write_log(folder, fields, **{"partitions": ("day",), **facts}))


def to_append(table: DeltaTable) -> str | None:
    return obstacle_to_append(table, SCHEMA, ["day"])


def features(*names: str, reader: tuple[str, ...] | None = None) -> dict[str, Any]:
    """A protocol of named features."""
    given = {"writer": 7, "writer_features": names}
    return given if reader is None else {**given, "reader": 3, "reader_features": reader}


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"delta__dataSkippingStatsColumns": "id", "klaviyo_spark__columns": "id,day,n"},
        {"writer": 4, "delta__enableChangeDataFeed": "true"},
        features("appendOnly", "invariants", "changeDataFeed", "checkConstraints"),
        features("timestampNtz", reader=("timestampNtz",)),
        features("deletionVectors", reader=("deletionVectors",)),
        {"delta__columnMapping__mode": "none"},
        {"delta__appendOnly": "true"},
        {"delta__logRetentionDuration": "interval 90 days", "theirs": "true"},
        {"delta__compatibility__symlinkFormatManifest__enabled": "false"},
        {"fields": [*FIELDS, a_field("theirs", "string")]},
    ],
)
def test_a_table_of_known_features_is_appended_to_and_read(tmp_path, facts):
    table = a_table(tmp_path, **facts)
    assert (to_append(table), obstacle_to_read(table)) == (None, None)


@pytest.mark.parametrize(
    ("facts", "obstacle"),
    [
        (features("rowTracking", "domainMetadata"), "domainMetadata, rowTracking"),
        (features("inCommitTimestamp"), "inCommitTimestamp"),
        (features("clustering", "domainMetadata"), "clustering, domainMetadata"),
        (features("allowColumnDefaults"), "allowColumnDefaults"),
        (features("identityColumns"), "identityColumns"),
        (features("icebergCompatV2"), "icebergCompatV2"),
        (features("not thought of yet"), "not thought of yet"),
        ({"writer": 5}, "writer version 5"),
        ({"writer": 6}, "writer version 6"),
        ({"delta__constraints__c": "id RLIKE 'a'"}, "delta.constraints.c"),
        (
            {"delta__compatibility__symlinkFormatManifest__enabled": "true"},
            "delta.compatibility.symlinkFormatManifest.enabled",
        ),
        ({"delta__notThoughtOf": "yes"}, "delta.notThoughtOf"),
        ({"fields": [a_field("id", "string", nullable=False), *FIELDS[1:]]}, "id NOT NULL"),
        (
            {"fields": [*FIELDS, a_field("g", "int", **{"delta.generationExpression": "n + 1"})]},
            "delta.generationExpression of g",
        ),
        (
            {"fields": [*FIELDS, a_field("g", "int", **{"delta.invariants": "{}"})]},
            "delta.invariants of g",
        ),
        ({"fields": [*FIELDS[:2], a_field("n", "bigint")]}, "n as int64"),
        ({"fields": FIELDS[:2]}, "no column n"),
        ({"partitions": ()}, "partitions other than day"),
    ],
)
def test_what_would_be_wrong_or_refused_at_commit_is_an_obstacle_to_append_only(
    tmp_path, facts, obstacle
):
    table = a_table(tmp_path, **facts)
    assert (to_append(table), obstacle_to_read(table)) == (obstacle, None)


@pytest.mark.parametrize(
    ("facts", "obstacle"),
    [
        (
            {"fields": MAPPED, "reader": 2, "writer": 5, "delta__columnMapping__mode": "name"},
            "reader version 2",
        ),
        (
            features("columnMapping", reader=("columnMapping",))
            | {"fields": MAPPED, "delta__columnMapping__mode": "id"},
            "columnMapping",
        ),
        (features("typeWidening", reader=("typeWidening",)), "typeWidening"),
        (features("v2Checkpoint", reader=("v2Checkpoint",)), "v2Checkpoint"),
        (features("vacuumProtocolCheck", reader=("vacuumProtocolCheck",)), "vacuumProtocolCheck"),
    ],
)
def test_what_concerns_readers_is_an_obstacle_to_both(tmp_path, facts, obstacle):
    table = a_table(tmp_path, **facts)
    assert (to_append(table), obstacle_to_read(table)) == (obstacle, obstacle)


def test_column_mapping_that_the_protocol_says_nothing_of_is_an_obstacle_too(tmp_path):
    table = a_table(tmp_path, delta__columnMapping__mode="name")
    mapping = "delta.columnMapping.mode=name"
    assert (to_append(table), obstacle_to_read(table)) == (mapping, mapping)
