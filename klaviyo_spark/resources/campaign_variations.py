"""What a campaign's messages say per channel and arm of an A/B test, and their numbers. Plus.

https://developers.klaviyo.com/en/reference/get_campaign_messages
https://developers.klaviyo.com/en/reference/query_campaign_values

The numbers are the question of ``reports``, broken down further; all of them count in one budget.
It is long, since all specs of a group stand in one file.
"""

from dataclasses import replace

from klaviyo_spark.resources.reports import (
    CAMPAIGN_COLUMNS,
    CAMPAIGN_VALUES_ENDPOINT,
    CHANNEL_COLUMNS,
    MESSAGE_STATISTICS,
    WHOLE_SENDS,
)
from klaviyo_spark.schema.columns import col
from klaviyo_spark.schema.deletion_rules import DeletionRule
from klaviyo_spark.schema.endpoint import REPORTS, Endpoint, Fanout, M, Part
from klaviyo_spark.schema.sources import Source
from klaviyo_spark.schema.table import Resource, TableSpec

_REPORT = CAMPAIGN_VALUES_ENDPOINT.report
assert _REPORT

VARIATION_VALUES_ENDPOINT = Endpoint(
    name="campaign_variation_values",
    resource="campaign_variations",
    path=CAMPAIGN_VALUES_ENDPOINT.path,
    rate=REPORTS,
    scopes=CAMPAIGN_VALUES_ENDPOINT.scopes,
    budget_of="campaign_values",
    ignores=CAMPAIGN_VALUES_ENDPOINT.ignores,
    report=replace(_REPORT, group_by=(*_REPORT.group_by, "variation", "variation_name")),
)

GROUP_VALUES_ENDPOINT = Endpoint(
    name="campaign_group_values",
    resource="campaign_variations",
    path=CAMPAIGN_VALUES_ENDPOINT.path,
    rate=REPORTS,
    scopes=CAMPAIGN_VALUES_ENDPOINT.scopes,
    budget_of="campaign_values",
    ignores=CAMPAIGN_VALUES_ENDPOINT.ignores,
    report=replace(_REPORT, group_by=(*_REPORT.group_by, "group", "group_name")),
)

_RESULTS = ("$.attributes.results[]",)
_G = "$.groupings"

VARIATION_VALUES = TableSpec(
    name="campaign_variation_values",
    schema="plus",
    resource="campaign_variations",
    doc="One row per arm of a campaign message's A/B test, channel and conversion metric. A "
    "message without a test is its own one arm.",
    key=(
        "campaign_id",
        "campaign_message_id",
        "variation",
        "send_channel",
        "conversion_metric_id",
    ),
    sources=(
        Source("campaign_variation_values", rows="answer", explode=_RESULTS, bounds=WHOLE_SENDS),
    ),
    columns=(
        *CAMPAIGN_COLUMNS,
        col(
            "variation",
            "string",
            (f"{_G}.variation", f"{_G}.campaign_message_id"),
            "Id of the arm; of a message without a test its own.",
            shape="filled",
        ),
        col("variation_name", "string", f"{_G}.variation_name", "What it is called."),
        *CHANNEL_COLUMNS,
        *MESSAGE_STATISTICS,
    ),
)

GROUP_VALUES = TableSpec(
    name="campaign_group_values",
    schema="plus",
    resource="campaign_variations",
    doc="One row per campaign message and list or segment that it went to, channel and conversion "
    "metric. Somebody in two of them counts in both.",
    key=("campaign_id", "campaign_message_id", "group", "send_channel", "conversion_metric_id"),
    sources=(Source("campaign_group_values", rows="answer", explode=_RESULTS, bounds=WHOLE_SENDS),),
    columns=(
        *CAMPAIGN_COLUMNS,
        col("group", "string", f"{_G}.group", "Id of the list or segment."),
        col("group_name", "string", f"{_G}.group_name", "What it is called."),
        *CHANNEL_COLUMNS,
        *MESSAGE_STATISTICS,
    ),
)

# Since this revision a campaign is not of one channel, and its messages have a content per channel
# and arm of an A/B test. WhatsApp is shown by no revision before it. The documented tables stay on
# the client's, since what several of their columns hold there can only be inferred here.
_REVISION = "2026-10-15"
_D = "$.attributes.definition"
_OF_MESSAGE = (
    *(f"{_D}.{key}" for key in ("tracking_options", "ab_test", "send_options.send_times")),
    *(
        f"{_D}.send_options.{key}"
        for key in (
            *("recipient_percentage", "throttling_type", "throttle_unit"),
            "is_ignoring_unsubscribes",
        )
    ),
    "$.attributes.created",
    "$.attributes.updated",
)
_V = "campaign-variation>"
# What one channel alone has and no column.
_OF_VARIATION = (
    *(
        f"{_V}{_D}.details.{key}"
        for key in (
            *("cc_email", "bcc_email", "shorten_links", "add_org_prefix", "add_info_link"),
            *("add_opt_out_language", "include_contact_card", "message_hierarchy"),
            *("mms_static_image_asset_id", "mms_dynamic_image_template"),
            *("badge", "badge_config", "badge_value", "sound", "sound_file_name", "open_action"),
            *("ios_deep_link", "android_deep_link", "web_url", "static_asset_id"),
            *("video_asset_id", "dynamic_media_template", "kv_pairs", "push_type"),
            *("content_available", "mutable_content", "action_buttons"),
        )
    ),
    *(f"{_V}$.relationships.{name}" for name in ("campaign-message", "image", "translation")),
)
_NAMED = "$.relationships.campaign-variations"
_ASKS = (Part(f"{_NAMED} has data", included=True),)
_PARAMS = {"include": "campaign-variations"}

# The beta revision and Klaviyo's pages include variations here, its own client of that revision
# does not know of it.
MESSAGES_ENDPOINT = Endpoint(
    name="campaign_variations",
    resource="campaign_variations",
    path="/api/campaign-messages",
    rate=M,
    scopes=("campaigns:read",),
    params={**_PARAMS, "page[size]": "100"},  # of 20 unless told otherwise
    sort="id",
    newer_revision=_REVISION,
    budget_of="campaigns",
    include_is_optional=True,
    asks=_ASKS,
    ignores=(*_OF_MESSAGE, *_OF_VARIATION),
)

# One request per message, only where the listing comes without its variations.
MESSAGE_ENDPOINT = Endpoint(
    name="campaign_message_variations",
    resource="campaign_variations",
    path="/api/campaign-messages/{id}",
    rate=M,
    scopes=("campaigns:read",),
    params=_PARAMS,
    newer_revision=_REVISION,
    budget_of="campaigns",
    fanout=Fanout(
        "campaign_variations",
        slices={"left_out": ("include",)},
        settled=(f"{_D}.status", ("sent", "cancelled")),
        sent_at=f"{_D}.send_options.send_time",
    ),
    asks=_ASKS,
    ignores=(*_OF_MESSAGE, *_OF_VARIATION),
)

_SOURCES = tuple(
    source
    for endpoint in ("campaign_variations", "campaign_message_variations")
    for source in (
        # What a message names is there, whether the page includes it or not.
        Source(
            endpoint,
            name="message",
            explode=(f"{_NAMED}.data[]",),
            version="$.attributes.updated",
        ),
        Source(
            endpoint,
            rows="included:campaign-variation",
            name="variation",
            version="$.attributes.updated",
        ),
    )
)


def _message(path: str) -> dict[str, str]:
    return {"message": f"^{path.removeprefix('$')}"}


def _variation(path: str) -> dict[str, str]:
    return {"variation": path}


_DETAILS = f"{_D}.details"

VARIATIONS = TableSpec(
    name="campaign_variations",
    schema="plus",
    resource="campaign_variations",
    doc="One row per content of a campaign's message: per channel, and per arm of an A/B test. "
    "Campaigns of WhatsApp, and of several channels at once, too.",
    key=("campaign_variation_id",),
    sources=_SOURCES,
    judges=(DeletionRule("campaign_variations", whole=True),),
    columns=(
        col(
            "campaign_variation_id",
            "string",
            {"message": "$.id", "variation": "$.id"},
            "Klaviyo's id of the variation.",
        ),
        col(
            "campaign_message_id",
            "string",
            _message("$.id"),
            "The message: join campaign_messages.campaign_message_id. For a message without an "
            "A/B test these are thought to be the same ids; `doctor` compares some.",
        ),
        col(
            "campaign_id",
            "string",
            _message("$.relationships.campaign.data.id"),
            "The campaign: join campaigns.campaign_id, which lacks those of WhatsApp alone.",
        ),
        col(
            "campaign_audience_id",
            "string",
            _message("$.relationships.campaign-audience.data.id"),
            "Klaviyo's id of the audience that the message goes to: lists and segments.",
        ),
        col("message_name", "string", _message(f"{_D}.name"), "What the message is called."),
        col(
            "status",
            "string",
            _message(f"{_D}.status"),
            "Of the message: draft, scheduled, sending, sent or cancelled.",
        ),
        col(
            "send_strategy",
            "string",
            _message(f"{_D}.send_options.send_strategy"),
            "static, local_timezone, throttled, content_variation, ...",
        ),
        col(
            "send_time",
            "timestamp",
            _message(f"{_D}.send_options.send_time"),
            "When the message is sent (UTC, as Klaviyo calls it).",
        ),
        col("name", "string", _variation(f"{_D}.name"), "What the variation is called."),
        col(
            "channel",
            "string",
            _variation(f"{_DETAILS}.channel"),
            "email, sms, mobile_push or whatsapp; NULL for a draft nobody has written.",
            shape="report_channel",
        ),
        *(
            col(name, "string", _variation(f"{_DETAILS}.{name}"), doc, shape="not_empty")
            for name, doc in (
                ("subject", "Subject line (e-mail)."),
                ("preview_text", "Text shown after the subject in an inbox (e-mail)."),
                ("from_email", "Sender's address (e-mail)."),
                ("from_label", "Sender's name (e-mail)."),
                ("reply_to_email", "Address for replies (e-mail)."),
                ("body", "Text (SMS and push)."),
                ("title", "Title (push)."),
                ("template_id", "Id of the template (e-mail, WhatsApp)."),
                ("text_message_type", "SMS, MMS or RCS."),
            )
        ),
        col(
            "cost",
            "double",
            _variation(f"{_DETAILS}.cost"),
            "What one message costs, as Klaviyo says it (SMS).",
        ),
        col("created", "timestamp", _variation("$.attributes.created"), "When created (UTC)."),
        col("updated", "timestamp", _variation("$.attributes.updated"), "Last change (UTC)."),
    ),
)

RESOURCE = Resource(
    name="campaign_variations",
    endpoints=(
        MESSAGES_ENDPOINT,
        MESSAGE_ENDPOINT,
        VARIATION_VALUES_ENDPOINT,
        GROUP_VALUES_ENDPOINT,
    ),
    tables=(VARIATIONS, VARIATION_VALUES, GROUP_VALUES),
)
