"""Profiles and why e-mail to them is suppressed.

https://developers.klaviyo.com/en/reference/get_profiles
"""

from klaviyo_spark.schema.columns import col
from klaviyo_spark.schema.deletion_rules import DeletionRule, Parent
from klaviyo_spark.schema.endpoint import Endpoint, L, Part, Window
from klaviyo_spark.schema.sources import Source
from klaviyo_spark.schema.table import Resource, TableSpec

# Subscriptions come only when asked for. Complete reads go by `created`, which never changes while
# a walk is under way; what changed since is found by `updated`. Both have strict bounds only.
PROFILES_ENDPOINT = Endpoint(
    name="profiles",
    resource="profiles",
    path="/api/profiles",
    rate=L,
    scopes=("profiles:read",),
    params={"additional-fields[profile]": "subscriptions", "page[size]": "100"},
    windows=(
        Window("created", closed=False, sort="created"),
        Window("updated", closed=False, sort="updated", moves=True),
    ),
    asks=(Part("$.attributes.subscriptions has email"), Part("$.attributes.subscriptions has sms")),
    ignores=(
        "$.attributes.anonymous_id",  # up to 2023
        "$.attributes.predictive_analytics",  # sent only when asked for
        "$.attributes.subscriptions.email.marketing.last_updated",
        "$.attributes.subscriptions.email.open_tracking",
        "$.attributes.subscriptions.mobile_push.marketing.can_receive_push_marketing",
        "$.attributes.subscriptions.mobile_push.marketing.consent_timestamp",
        "$.attributes.subscriptions.sms.marketing.last_updated",
        "$.attributes.subscriptions.sms.transactional",
        "$.attributes.subscriptions.whatsapp.conversational",
        *(
            f"$.attributes.subscriptions.whatsapp.marketing.{name}"
            for name in (
                *("can_receive", "consent_timestamp", "created_timestamp", "last_updated"),
                *("metadata", "phone_number", "valid_until"),
            )
        ),
        "$.attributes.subscriptions.whatsapp.transactional",
        *(
            f"$.relationships.{name}"
            for name in ("conversations", "lists", "push-tokens", "segments")
        ),
    ),
)

_A = "$.attributes"
_LOC = f"{_A}.location"
_EMAIL = f"{_A}.subscriptions.email.marketing"
_SMS = f"{_A}.subscriptions.sms.marketing"

PROFILES = TableSpec(
    name="profiles",
    resource="profiles",
    doc="One row per profile (a person the brand knows), as last read.",
    key=("profile_id",),
    version_by="updated",
    sources=(Source("profiles", asks=PROFILES_ENDPOINT.asks, version=f"{_A}.updated"),),
    judges=(DeletionRule("profiles", whole=True),),
    columns=(
        col("profile_id", "string", "$.id", "Klaviyo's id of the profile.", pii="id"),
        col("email", "string", f"{_A}.email", "E-mail address.", pii="email"),
        col("phone_number", "string", f"{_A}.phone_number", "Phone, E.164.", pii="phone"),
        col(
            "external_id",
            "string",
            f"{_A}.external_id",
            "Id in another system.",
            pii="external_id",
        ),
        col("first_name", "string", f"{_A}.first_name", "First name.", pii="name"),
        col("last_name", "string", f"{_A}.last_name", "Last name.", pii="name"),
        col("organization", "string", f"{_A}.organization", "Company.", pii="name"),
        col("image", "string", f"{_A}.image", "Address of a picture.", pii="name"),
        col("created", "timestamp", f"{_A}.created", "When the profile was created (UTC)."),
        col("updated", "timestamp", f"{_A}.updated", "Last change of the profile (UTC)."),
        col(
            "last_event_date",
            "timestamp",
            f"{_A}.last_event_date",
            "Last event (UTC) as the profile said when read; it moves without `updated`.",
        ),
        col(
            "properties",
            "string",
            f"{_A}.properties",
            "All custom properties, as JSON text.",
            pii="free_form",
        ),
        col("location_address1", "string", f"{_LOC}.address1", "Street.", pii="location"),
        col("location_address2", "string", f"{_LOC}.address2", "Second line.", pii="location"),
        col("location_city", "string", f"{_LOC}.city", "City.", pii="location"),
        col("location_country", "string", f"{_LOC}.country", "Country.", pii="location"),
        col("location_latitude", "double", f"{_LOC}.latitude", "Degrees.", pii="location"),
        col("location_longitude", "double", f"{_LOC}.longitude", "Degrees.", pii="location"),
        col("location_region", "string", f"{_LOC}.region", "State or region.", pii="location"),
        col("location_timezone", "string", f"{_LOC}.timezone", "IANA name.", pii="location"),
        col("location_ip", "string", f"{_LOC}.ip", "Address last seen from.", pii="ip"),
        col(
            "email_marketing_consent",
            "string",
            f"{_EMAIL}.consent",
            "SUBSCRIBED, UNSUBSCRIBED or NEVER_SUBSCRIBED to e-mail.",
        ),
        col(
            "email_marketing_timestamp",
            "timestamp",
            (f"{_EMAIL}.consent_timestamp", f"{_EMAIL}.timestamp"),
            "When e-mail consent last changed (UTC).",
        ),
        col("email_marketing_method", "string", f"{_EMAIL}.method", "How e-mail consent came."),
        col(
            "email_marketing_method_detail",
            "string",
            f"{_EMAIL}.method_detail",
            "Which form, page or import e-mail consent came by.",
        ),
        col(
            "email_marketing_custom_method_detail",
            "string",
            f"{_EMAIL}.custom_method_detail",
            "What the brand says of how e-mail consent came.",
        ),
        col(
            "email_marketing_double_optin",
            "boolean",
            f"{_EMAIL}.double_optin",
            "E-mail consent was confirmed.",
        ),
        col(
            "sms_marketing_consent",
            "string",
            f"{_SMS}.consent",
            "SUBSCRIBED, UNSUBSCRIBED or NEVER_SUBSCRIBED to SMS.",
        ),
        col(
            "sms_marketing_timestamp",
            "timestamp",
            (f"{_SMS}.consent_timestamp", f"{_SMS}.timestamp"),
            "When SMS consent last changed (UTC).",
        ),
        col("sms_marketing_method", "string", f"{_SMS}.method", "How SMS consent came."),
        col(
            "sms_marketing_method_detail",
            "string",
            f"{_SMS}.method_detail",
            "Which form, page or import SMS consent came by.",
        ),
    ),
    internal=(
        col("_zip", "string", f"{_LOC}.zip", "Postal code.", pii="location"),
        col("_title", "string", f"{_A}.title", "Title, as in Dr. or Manager.", pii="name"),
        col("_locale", "string", f"{_A}.locale", "Language and country, as in en-US."),
        col(
            "_email_can_receive_marketing",
            "boolean",
            f"{_EMAIL}.can_receive_email_marketing",
            "E-mail marketing may be sent: consent and suppressions weighed by Klaviyo.",
        ),
        col(
            "_sms_can_receive_marketing",
            "boolean",
            f"{_SMS}.can_receive_sms_marketing",
            "SMS marketing may be sent, as Klaviyo weighs it.",
        ),
        col(
            "_mobile_push_consent",
            "string",
            f"{_A}.subscriptions.mobile_push.marketing.consent",
            "SUBSCRIBED, UNSUBSCRIBED or NEVER_SUBSCRIBED to push messages.",
        ),
        col(
            "_whatsapp_consent",
            "string",
            f"{_A}.subscriptions.whatsapp.marketing.consent",
            "SUBSCRIBED, UNSUBSCRIBED or NEVER_SUBSCRIBED to WhatsApp marketing.",
        ),
    ),
)

_SUPPRESSIONS_READ = DeletionRule("profiles", parent="$.id", proof=f"{_A}.subscriptions.email")
_PROFILE = Parent("profiles", "profile_id")
_REASON = "HARD_BOUNCE, INVALID_EMAIL, SPAM_COMPLAINT, UNSUBSCRIBE or USER_SUPPRESSED."

PROFILE_EMAIL_LIST_SUPPRESSIONS = TableSpec(
    name="profile_email_list_suppressions",
    resource="profiles",
    doc="One row per profile, list, reason and time that e-mail of one list is suppressed.",
    key=("profile_id", "list_id", "reason", "timestamp"),
    nullable_key=("reason", "timestamp"),
    sources=(
        Source("profiles", explode=(f"{_EMAIL}.list_suppressions[]",), version=f"{_A}.updated"),
    ),
    judges=(_SUPPRESSIONS_READ,),
    judged_per="profile_id",
    parent=_PROFILE,
    columns=(
        col("profile_id", "string", "^.id", "The profile.", pii="id"),
        col("reason", "string", "$.reason", _REASON),
        col("list_id", "string", "$.list_id", "The list: join lists.list_id."),
        col("timestamp", "timestamp", "$.timestamp", "Since when (UTC)."),
    ),
)

PROFILE_EMAIL_SUPPRESSIONS = TableSpec(
    name="profile_email_suppressions",
    resource="profiles",
    doc="One row per profile, reason and time that all e-mail is suppressed.",
    key=("profile_id", "reason", "timestamp"),
    nullable_key=("reason", "timestamp"),
    sources=(
        Source(
            "profiles",
            # Singular since 2023-10-15.
            explode=(f"{_EMAIL}.suppression[]", f"{_EMAIL}.suppressions[]"),
            version=f"{_A}.updated",
        ),
    ),
    judges=(_SUPPRESSIONS_READ,),
    judged_per="profile_id",
    parent=_PROFILE,
    columns=(
        col("profile_id", "string", "^.id", "The profile.", pii="id"),
        col("reason", "string", "$.reason", _REASON),
        col("timestamp", "timestamp", "$.timestamp", "Since when (UTC)."),
    ),
)

RESOURCE = Resource(
    name="profiles",
    endpoints=(PROFILES_ENDPOINT,),
    tables=(PROFILES, PROFILE_EMAIL_LIST_SUPPRESSIONS, PROFILE_EMAIL_SUPPRESSIONS),
)
