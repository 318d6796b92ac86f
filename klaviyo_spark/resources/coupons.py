"""Coupons and their codes. Of ``klaviyo_plus``.

https://developers.klaviyo.com/en/reference/get_coupons
https://developers.klaviyo.com/en/reference/get_coupon_codes
"""

from klaviyo_spark.schema.columns import col
from klaviyo_spark.schema.deletion_rules import DeletionRule, Parent
from klaviyo_spark.schema.endpoint import XL, Endpoint, Fanout, L, Slice
from klaviyo_spark.schema.sources import Source
from klaviyo_spark.schema.table import Resource, TableSpec

# No filter, no sort, no times.
COUPONS_ENDPOINT = Endpoint(
    name="coupons",
    resource="coupons",
    path="/api/coupons",
    rate=L,
    scopes=("coupons:read",),
    params={"page[size]": "100"},
    ignores=("$.relationships.coupon-codes",),  # codes are asked for by themselves
)

# Klaviyo refuses this listing unless its filter names coupons or profiles. A code has no time of
# its last change, so what changes is found by its status: codes that somebody has, or has used.
# Those in stock are many and stay what they are until then.
CODES_ENDPOINT = Endpoint(
    name="coupon_codes",
    resource="coupons",
    path="/api/coupon-codes",
    rate=XL,
    scopes=("coupon-codes:read",),
    params={"page[size]": "100"},
    slices=tuple(
        Slice({"status": status}, f'equals(status,"{status}")')
        for status in ("ASSIGNED_TO_PROFILE", "USED")
    ),
    full_every="full_coupon_codes_every",
    fanout=Fanout("coupons", filter="coupon.id"),
    echoes={"status": "$.attributes.status"},
)

_A = "$.attributes"

COUPONS = TableSpec(
    name="coupons",
    schema="plus",
    resource="coupons",
    doc="One row per coupon.",
    key=("coupon_id",),
    sources=(Source("coupons"),),
    judges=(DeletionRule("coupons", whole=True),),
    columns=(
        col("coupon_id", "string", "$.id", "Klaviyo's id of the coupon."),
        col("external_id", "string", f"{_A}.external_id", "The shop's id of it."),
        col("description", "string", f"{_A}.description", "What it gives."),
        col(
            "monitor_configuration",
            "string",
            f"{_A}.monitor_configuration",
            "When Klaviyo warns that codes run out, as JSON; NULL for never.",
        ),
    ),
)

COUPON_CODES = TableSpec(
    name="coupon_codes",
    schema="plus",
    resource="coupons",
    doc="One row per code of a coupon; of codes in stock as of the last complete read.",
    key=("coupon_code_id",),
    sources=(Source("coupon_codes"),),
    judges=(DeletionRule("coupon_codes", whole=True),),
    parent=Parent("coupons", "coupon_id"),
    note="Klaviyo makes the id of a code of the code itself. Unless credentials are kept it is "
    "therefore shown as its SHA-256, or as a keyed digest where they are hashed.",
    columns=(
        col(
            "coupon_code_id",
            "string",
            "$.id",
            "Id of the code, or a digest of it.",
            pii="credential_id",
        ),
        col(
            "coupon_id",
            "string",
            "$.relationships.coupon.data.id",
            "The coupon: join coupons.coupon_id.",
        ),
        col(
            "profile_id",
            "string",
            "$.relationships.profile.data.id",
            "Who has it: join profiles.profile_id; NULL until somebody has.",
            pii="id",
        ),
        col(
            "unique_code",
            "string",
            f"{_A}.unique_code",
            "The code: whoever knows it can spend it. NULL unless credentials are kept or hashed.",
            pii="credential",
        ),
        col(
            "status",
            "string",
            f"{_A}.status",
            "UNASSIGNED, PROCESSING, ASSIGNED_TO_PROFILE, USED, VERSION_NOT_ACTIVE or DELETING.",
        ),
        col("expires_at", "timestamp", f"{_A}.expires_at", "When it expires (UTC)."),
    ),
)

RESOURCE = Resource(
    name="coupons",
    endpoints=(COUPONS_ENDPOINT, CODES_ENDPOINT),
    tables=(COUPONS, COUPON_CODES),
)
