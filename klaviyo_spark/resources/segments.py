"""Segments, their tags and their members.

https://developers.klaviyo.com/en/reference/get_segments
https://developers.klaviyo.com/en/reference/get_profiles_for_segment
"""

from klaviyo_spark.schema.columns import col
from klaviyo_spark.schema.deletion_rules import DeletionRule, Parent
from klaviyo_spark.schema.endpoint import XS, Endpoint, Fanout, L, Members, Part, Window
from klaviyo_spark.schema.sources import Source
from klaviyo_spark.schema.table import Resource, TableSpec

SEGMENTS_ENDPOINT = Endpoint(
    name="segments",
    resource="segments",
    path="/api/segments",
    rate=L,
    scopes=("segments:read",),
    params={"include": "tags", "page[size]": "10"},
    sort="id",
    asks=(Part("$.relationships.tags has data"),),
    ignores=(
        "$.attributes.definition",  # conditions of any shape
        "$.attributes.is_active",
        "$.attributes.is_starred",
        "$.relationships.flow-triggers",
        "$.relationships.profiles",  # members are asked for by themselves
        "tag>$",  # tags have a listing of their own
    ),
)

_COUNT = "$.attributes.profile_count"
_JOINED = Window("joined_group_at", closed=True, sort="joined_group_at")

# While a segment is processing its members are incomplete: its walk is then no complete read.
MEMBERS_ENDPOINT = Endpoint(
    name="segment_profiles",
    resource="segments",
    path="/api/segments/{id}/profiles",
    rate=L,
    scopes=("segments:read", "profiles:read"),
    params={"fields[profile]": "joined_group_at", "page[size]": "100"},
    sort="joined_group_at",
    windows=(_JOINED,),
    asks=(Part("$.attributes has joined_group_at", scalar=True),),
    fanout=Fanout(
        "segments",
        partial_if="$.attributes.is_processing",
        members=Members("segment_count", _COUNT, "segment_profiles"),
    ),
    # What is asked for alone is read; profiles have a listing of their own.
    ignores=("$.attributes['*']", "$.relationships['*']"),
)

# Who left is not said; that the number differs from ours is the cheap way to notice.
COUNT_ENDPOINT = Endpoint(
    name="segment_count",
    resource="segments",
    path="/api/segments/{id}",
    rate=XS,
    scopes=("segments:read",),
    params={"additional-fields[segment]": "profile_count", "fields[segment]": "profile_count"},
    asks=(Part(_COUNT, scalar=True),),
    ignores=("$.attributes['*']", "$.relationships['*']"),
)

_A = "$.attributes"
_SEGMENT = Parent("segments", "segment_id")

SEGMENTS = TableSpec(
    name="segments",
    resource="segments",
    doc="One row per segment, inactive ones too.",
    key=("segment_id",),
    version_by="updated",
    sources=(Source("segments", version=f"{_A}.updated"),),
    judges=(DeletionRule("segments", whole=True),),
    columns=(
        col("segment_id", "string", "$.id", "Klaviyo's id of the segment."),
        col("name", "string", f"{_A}.name", "Name given in Klaviyo."),
        col("created", "timestamp", f"{_A}.created", "When it was created (UTC)."),
        col("updated", "timestamp", f"{_A}.updated", "Last change of the definition (UTC)."),
    ),
)

SEGMENT_PROFILES = TableSpec(
    name="segment_profiles",
    resource="segments",
    doc="One row per segment and profile that is, or (marked) was, in it.",
    key=("segment_id", "profile_id"),
    sources=(Source("segment_profiles", asks=MEMBERS_ENDPOINT.asks),),
    judges=(DeletionRule("segment_profiles", whole=True),),
    judged_per="segment_id",
    parent=_SEGMENT,
    columns=(
        col("segment_id", "string", "page.parent_id", "The segment."),
        col("profile_id", "string", "$.id", "The member: join profiles.profile_id.", pii="id"),
    ),
)

SEGMENT_TAGS = TableSpec(
    name="segment_tags",
    resource="segments",
    doc="One row per segment and tag on it.",
    key=("segment_id", "tag_id"),
    sources=(
        Source("segments", explode=("$.relationships.tags.data[]",), version=f"{_A}.updated"),
    ),
    judges=(DeletionRule("segments", parent="$.id", proof="$.relationships.tags has data"),),
    judged_per="segment_id",
    parent=_SEGMENT,
    columns=(
        col("segment_id", "string", "^.id", "The segment."),
        col("tag_id", "string", "$.id", "The tag: join tags.tag_id."),
    ),
)

RESOURCE = Resource(
    name="segments",
    endpoints=(SEGMENTS_ENDPOINT, MEMBERS_ENDPOINT, COUNT_ENDPOINT),
    tables=(SEGMENTS, SEGMENT_PROFILES, SEGMENT_TAGS),
)
