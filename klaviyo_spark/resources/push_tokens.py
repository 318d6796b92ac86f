"""Devices that can be reached by push. Of ``klaviyo_plus``.

https://developers.klaviyo.com/en/reference/get_push_tokens
"""

from klaviyo_spark.schema.columns import Column, col
from klaviyo_spark.schema.deletion_rules import DeletionRule
from klaviyo_spark.schema.endpoint import Endpoint, M
from klaviyo_spark.schema.sources import Source
from klaviyo_spark.schema.table import Resource, TableSpec

# No sort and no filter by time: read whole each time. Whose token it is stands in every record.
PUSH_TOKENS_ENDPOINT = Endpoint(
    name="push_tokens",
    resource="push_tokens",
    path="/api/push-tokens",
    rate=M,
    scopes=("profiles:read", "push-tokens:read"),
    params={"page[size]": "100"},
)

_A = "$.attributes"


def _metadata(name: str, doc: str) -> Column:
    return col(name, "string", f"{_A}.metadata.{name}", doc)


PUSH_TOKENS = TableSpec(
    name="push_tokens",
    schema="plus",
    resource="push_tokens",
    doc="One row per device and app that Klaviyo has a push token of.",
    key=("push_token_id",),
    sources=(Source("push_tokens"),),
    judges=(DeletionRule("push_tokens", whole=True),),
    note="An app that is installed anew has another token, and so another row.",
    columns=(
        col("push_token_id", "string", "$.id", "Klaviyo's id of the token."),
        col(
            "profile_id",
            "string",
            "$.relationships.profile.data.id",
            "Whose device it is: join profiles.profile_id.",
            pii="id",
        ),
        col(
            "token",
            "string",
            f"{_A}.token",
            "The token: whoever knows it may reach the device. NULL unless credentials are kept "
            "or hashed.",
            pii="credential",
        ),
        col(
            "enablement_status",
            "string",
            f"{_A}.enablement_status",
            "AUTHORIZED, PROVISIONAL, DENIED, UNAUTHORIZED or NOT_DETERMINED.",
        ),
        col("platform", "string", f"{_A}.platform", "ios or android."),
        col("vendor", "string", f"{_A}.vendor", "APNs or FCM."),
        col("background", "string", f"{_A}.background", "Whether apps may refresh in background."),
        col("created", "timestamp", f"{_A}.created", "When Klaviyo first had it (UTC)."),
        col("recorded_date", "timestamp", f"{_A}.recorded_date", "When it was last told (UTC)."),
        _metadata("device_id", "Id of the device, as the app says it."),
        _metadata("device_model", "Model of the device."),
        _metadata("manufacturer", "Who made the device."),
        _metadata("os_name", "Its operating system."),
        _metadata("os_version", "Version of that."),
        _metadata("app_name", "The app."),
        _metadata("app_version", "Its version."),
        _metadata("app_build", "Its build."),
        _metadata("app_id", "Its id in the store."),
        _metadata("klaviyo_sdk", "Klaviyo's library in it."),
        _metadata("sdk_version", "Version of that."),
        _metadata("environment", "debug or release."),
    ),
)

RESOURCE = Resource(name="push_tokens", endpoints=(PUSH_TOKENS_ENDPOINT,), tables=(PUSH_TOKENS,))
