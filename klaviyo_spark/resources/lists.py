"""Lists, their tags and their members, with the members' history.

https://developers.klaviyo.com/en/reference/get_lists
https://developers.klaviyo.com/en/reference/get_profiles_for_list
"""

from klaviyo_spark.schema.columns import col
from klaviyo_spark.schema.deletion_rules import DeletionRule, Parent
from klaviyo_spark.schema.endpoint import XS, Endpoint, Fanout, L, Members, Part, Window
from klaviyo_spark.schema.sources import Source
from klaviyo_spark.schema.table import Resource, TableSpec

LISTS_ENDPOINT = Endpoint(
    name="lists",
    resource="lists",
    path="/api/lists",
    rate=L,
    scopes=("lists:read",),
    params={"include": "tags", "page[size]": "10"},
    sort="id",
    asks=(Part("$.relationships.tags has data"),),
    ignores=(
        "$.attributes.opt_in_process",
        "$.relationships.flow-triggers",
        "$.relationships.profiles",  # members are asked for by themselves
        "tag>$",  # tags have a listing of their own
    ),
)

_COUNT = "$.attributes.profile_count"
_JOINED = Window("joined_group_at", closed=True, sort="joined_group_at")

# Ids alone (/relationships/profiles) cost as many requests as rows with the time of joining.
MEMBERS_ENDPOINT = Endpoint(
    name="list_profiles",
    resource="lists",
    path="/api/lists/{id}/profiles",
    rate=L,
    scopes=("lists:read", "profiles:read"),
    params={"fields[profile]": "email,joined_group_at", "page[size]": "100"},
    sort="joined_group_at",
    windows=(_JOINED,),
    asks=(
        Part("$.attributes has email", scalar=True),
        Part("$.attributes has joined_group_at", scalar=True),
    ),
    fanout=Fanout("lists", members=Members("list_count", _COUNT, "list_profiles")),
    # What is asked for alone is read; profiles have a listing of their own.
    ignores=("$.attributes['*']", "$.relationships['*']"),
)

# Who left is not said; that the number differs from ours is the cheap way to notice.
COUNT_ENDPOINT = Endpoint(
    name="list_count",
    resource="lists",
    path="/api/lists/{id}",
    rate=XS,
    scopes=("lists:read",),
    params={"additional-fields[list]": "profile_count", "fields[list]": "profile_count"},
    asks=(Part(_COUNT, scalar=True),),
    ignores=("$.attributes['*']", "$.relationships['*']"),
)

_A = "$.attributes"
_MEMBERS = Source("list_profiles", asks=MEMBERS_ENDPOINT.asks)
_ALL_MEMBERS = DeletionRule("list_profiles", whole=True)
_LIST = Parent("lists", "list_id")

LISTS = TableSpec(
    name="lists",
    resource="lists",
    doc="One row per list.",
    key=("list_id",),
    version_by="updated",
    sources=(Source("lists", version=f"{_A}.updated"),),
    judges=(DeletionRule("lists", whole=True),),
    columns=(
        col("list_id", "string", "$.id", "Klaviyo's id of the list."),
        col("name", "string", f"{_A}.name", "Name given in Klaviyo."),
        col("created", "timestamp", f"{_A}.created", "When it was created (UTC)."),
        col("updated", "timestamp", f"{_A}.updated", "Last change of the list itself (UTC)."),
    ),
)

LIST_PROFILES = TableSpec(
    name="list_profiles",
    resource="lists",
    doc="One row per list and profile that is, or (marked) was, on it.",
    key=("list_id", "profile_id"),
    sources=(_MEMBERS,),
    judges=(_ALL_MEMBERS,),
    judged_per="list_id",
    parent=_LIST,
    columns=(
        col("list_id", "string", "page.parent_id", "The list."),
        col("profile_id", "string", "$.id", "The member: join profiles.profile_id.", pii="id"),
    ),
)

LIST_TAGS = TableSpec(
    name="list_tags",
    resource="lists",
    doc="One row per list and tag on it.",
    key=("list_id", "tag_id"),
    sources=(Source("lists", explode=("$.relationships.tags.data[]",), version=f"{_A}.updated"),),
    judges=(DeletionRule("lists", parent="$.id", proof="$.relationships.tags has data"),),
    judged_per="list_id",
    parent=_LIST,
    columns=(
        col("list_id", "string", "^.id", "The list."),
        col("tag_id", "string", "$.id", "The tag: join tags.tag_id."),
    ),
)

_MEMBER_COLUMNS = (
    col("list_id", "string", "page.parent_id", "The list."),
    col("profile_id", "string", "$.id", "The member: join profiles.profile_id.", pii="id"),
    col(
        "email",
        "string",
        f"{_A}.email",
        "The member's address as last read; NULL for people known by phone only.",
        pii="email",
    ),
    col("joined_group_at", "timestamp", f"{_A}.joined_group_at", "When they joined (UTC)."),
)

STG_MEMBER_LISTS = TableSpec(
    name="stg_member_lists",
    resource="lists",
    doc="One row per list and member with the member's fields as last read; those who left are "
    "marked.",
    key=("list_id", "profile_id"),
    sources=(_MEMBERS,),
    judges=(_ALL_MEMBERS,),
    judged_per="list_id",
    parent=_LIST,
    columns=_MEMBER_COLUMNS,
)

MEMBER_LISTS = TableSpec(
    name="member_lists",
    resource="lists",
    doc="One row per list and profile that was ever seen on it, with when; never removed.",
    key=("list_id", "profile_id"),
    sources=(_MEMBERS,),
    judges=(_ALL_MEMBERS,),
    judged_per="list_id",
    parent=_LIST,
    history=True,
    note="first_seen_at and last_seen_at are times of our reads, written only when a member is "
    "first seen, leaves or returns.",
    columns=(
        *_MEMBER_COLUMNS,
        col(
            "first_seen_at",
            "timestamp",
            "page.fetched_at",
            "When a run first saw the member (UTC).",
            role="first_seen",
        ),
        col(
            "last_seen_at",
            "timestamp",
            "page.fetched_at",
            "Last read that held the member (UTC), as known when membership last changed.",
            role="last_seen",
        ),
        col(
            "is_member",
            "boolean",
            "page.present",
            "False once a complete read of the list no longer has the profile.",
            role="present",
        ),
    ),
)

RESOURCE = Resource(
    name="lists",
    endpoints=(LISTS_ENDPOINT, MEMBERS_ENDPOINT, COUNT_ENDPOINT),
    tables=(LISTS, LIST_PROFILES, LIST_TAGS, MEMBER_LISTS, STG_MEMBER_LISTS),
)
