"""Campaigns and what hangs from them: audiences, messages, send times, tags.

https://developers.klaviyo.com/en/reference/get_campaigns

It is long, since all specs of a resource stand in one file.
"""

from klaviyo_spark.schema.columns import col
from klaviyo_spark.schema.deletion_rules import DeletionRule, Parent
from klaviyo_spark.schema.endpoint import Endpoint, Fanout, M, Part, Slice
from klaviyo_spark.schema.sources import Precedence, Related, Source
from klaviyo_spark.schema.table import Resource, TableSpec

# Klaviyo refuses this listing without a channel, and hides archived campaigns unless asked for.
_CHANNELS = ("email", "sms", "mobile_push")
_SLICES = tuple(
    Slice(
        {"channel": channel, "archived": str(archived).lower()},
        f'equals(messages.channel,"{channel}")' + (",equals(archived,true)" if archived else ""),
    )
    for channel in _CHANNELS
    for archived in (False, True)
)
# A campaign with messages of several channels stands in the listing of each.
_FIRST_CHANNEL = Precedence("channel", _CHANNELS)

CAMPAIGNS_ENDPOINT = Endpoint(
    name="campaigns",
    resource="campaigns",
    path="/api/campaigns",
    rate=M,
    scopes=("campaigns:read",),
    params={"include": "campaign-messages,tags", "page[size]": "100"},
    sort="id",
    slices=_SLICES,
    asks=(
        Part("$.relationships.campaign-messages has data", included=True),
        Part("$.relationships.tags has data"),
    ),
    echoes={
        "archived": "$.attributes.archived",
        "channel": "campaign-message>$.attributes.definition.channel",
    },
    ignores=(
        *(
            f"campaign-message>$.attributes.definition.{key}"
            for key in (
                *("content.action_buttons", "content.body", "content.dynamic_image"),
                *("content.media_url", "content.title"),
                *("kv_pairs", "notification_type", "options"),
            )
        ),
        "campaign-message>$.relationships.image",
        "tag>$",  # tags have a listing of their own
    ),
)

# The listing's messages carry only links to their template; this is the one cheap way to its id.
TEMPLATES_ENDPOINT = Endpoint(
    name="campaign_templates",
    resource="campaigns",
    path="/api/campaigns/{id}/campaign-messages",
    rate=M,
    scopes=("campaigns:read", "templates:read"),
    params={"include": "template", "fields[template]": "name"},
    # An SMS has no template.
    fanout=Fanout(
        "campaigns",
        slices={"channel": ("email", "mobile_push")},
        settled=("$.attributes.status", ("Sent", "Cancelled")),
        sent_at="$.attributes.send_time",
    ),
    asks=(Part("$.relationships.template has data"),),
    # The campaigns' listing says the rest of them.
    ignores=("$.attributes", "$.relationships", "template>$"),
)

_A = "$.attributes"
_S = f"{_A}.send_strategy"
_STATIC = f"{_S}.method=static"
_THROTTLED = f"{_S}.method=throttled"
_STO = f"{_S}.method=smart_send_time"
_WALL = "A wall clock of each recipient, kept as if UTC, where the strategy is local."

CAMPAIGNS = TableSpec(
    name="campaigns",
    resource="campaigns",
    doc="One row per campaign, as last seen: e-mail, SMS and mobile push, archived ones too.",
    key=("campaign_id",),
    version_by="updated_at",
    sources=(
        Source(
            "campaigns",
            related=(
                Related(
                    "message",
                    type="campaign-message",
                    ref="$.relationships.campaign-messages.data[0].id",
                ),
            ),
            version=f"{_A}.updated_at",
            precedence=_FIRST_CHANNEL,
        ),
    ),
    judges=(DeletionRule("campaigns", whole=True),),
    columns=(
        col("campaign_id", "string", "$.id", "Klaviyo's id of the campaign."),
        col("name", "string", f"{_A}.name", "Name given in Klaviyo."),
        col("status", "string", f"{_A}.status", "Draft, Scheduled, Sending, Sent, Cancelled, ..."),
        col("archived", "boolean", f"{_A}.archived", "True once archived."),
        # The response does not say it: the listing it was asked from does.
        col(
            "channel",
            "string",
            ("page.slice.channel", "message>$.attributes.definition.channel"),
            "email, sms or mobile_push.",
        ),
        col(
            "send_options_use_smart_sending",
            "boolean",
            f"{_A}.send_options.use_smart_sending",
            "Skips people who were written to a short while ago.",
        ),
        # In no published schema, but seen in live answers.
        col(
            "send_options_ignore_unsubscribes",
            "boolean",
            f"{_A}.send_options.ignore_unsubscribes",
            "Sent to unsubscribed people too; NULL where the API does not say.",
        ),
        col(
            "tracking_options_is_tracking_opens",
            "boolean",
            f"{_A}.tracking_options.is_tracking_opens",
            "Opens are tracked (e-mail only).",
        ),
        col(
            "tracking_options_is_tracking_clicks",
            "boolean",
            f"{_A}.tracking_options.is_tracking_clicks",
            "Clicks are tracked (e-mail only).",
        ),
        col(
            "tracking_options_is_add_utm",
            "boolean",
            (f"{_A}.tracking_options.add_tracking_params", f"{_A}.tracking_options.is_add_utm"),
            "UTM parameters are added to links.",
        ),
        col(
            "send_strategy_method",
            "string",
            f"{_S}.method",
            "static, throttled, smart_send_time, immediate, ab_test_campaign or unsupported.",
        ),
        # Since 2025-01-15 one key serves two strategies, so the method decides.
        col(
            "send_strategy_options_static_datetime",
            "timestamp",
            (f"{_S}.datetime if {_STATIC}", f"{_S}.options_static.datetime"),
            f"When a static send begins (UTC). {_WALL}",
            wall_clock=f"{_S}.options.is_local|{_S}.options_static.is_local",
        ),
        col(
            "send_strategy_options_static_is_local",
            "boolean",
            (f"{_S}.options.is_local if {_STATIC}", f"{_S}.options_static.is_local"),
            "A static send goes out at each recipient's local time.",
        ),
        col(
            "send_strategy_options_static_send_past_recipients_immediately",
            "boolean",
            (
                f"{_S}.options.send_past_recipients_immediately if {_STATIC}",
                f"{_S}.options_static.send_past_recipients_immediately",
            ),
            "Of a local static send: those whose local time has passed get it at once.",
        ),
        col(
            "send_strategy_options_throttled_datetime",
            "timestamp",
            (f"{_S}.datetime if {_THROTTLED}", f"{_S}.options_throttled.datetime"),
            "When a throttled send begins (UTC).",
        ),
        col(
            "send_strategy_options_throttled_throttle_percentage",
            "int",
            (f"{_S}.throttle_percentage", f"{_S}.options_throttled.throttle_percentage"),
            "Percent of recipients a throttled send reaches per hour.",
        ),
        col(
            "send_strategy_options_sto_date",
            "date",
            (f"{_S}.date if {_STO}", f"{_S}.options_sto.date"),
            "Day of a smart-send-time send.",
        ),
        col("created_at", "timestamp", f"{_A}.created_at", "When it was created (UTC)."),
        col("scheduled_at", "timestamp", f"{_A}.scheduled_at", "When it was scheduled (UTC)."),
        col("updated_at", "timestamp", f"{_A}.updated_at", "Last change (UTC)."),
        col(
            "send_time", "timestamp", f"{_A}.send_time", "When sending began or is to begin (UTC)."
        ),
    ),
    internal=(
        col(
            "_tracking_params",
            "string",
            f"{_A}.tracking_options.custom_tracking_params",
            "The UTM parameters that are added to links, as a JSON array.",
        ),
    ),
)


def _audiences(which: str) -> TableSpec:
    return TableSpec(
        name=f"campaign_audiences_{which}",
        resource="campaigns",
        doc=f"One row per campaign and list or segment that it is {which} by.",
        key=("campaign_id", "audience_id"),
        sources=(
            Source(
                "campaigns",
                explode=(f"{_A}.audiences.{which}[]",),
                version=f"{_A}.updated_at",
                precedence=_FIRST_CHANNEL,
            ),
        ),
        judges=(DeletionRule("campaigns", parent="$.id", proof=f"{_A}.audiences has {which}"),),
        judged_per="campaign_id",
        parent=Parent("campaigns", "campaign_id"),
        columns=(
            col("campaign_id", "string", "^.id", "The campaign."),
            col(
                "audience_id",
                "string",
                "$",
                "Id of a list or a segment: join lists.list_id and segments.segment_id.",
            ),
        ),
    )


CAMPAIGN_AUDIENCES_EXCLUDED = _audiences("excluded")
CAMPAIGN_AUDIENCES_INCLUDED = _audiences("included")

_D = f"{_A}.definition"
_CAMPAIGN = Related("campaign", link="$.relationships.campaign-messages.data")
_IN_LISTING = Source(
    "campaigns",
    rows="included:campaign-message",
    name="listing",
    related=(_CAMPAIGN,),
    asks=(Part(_D, is_object=True),),  # of messages of all channels
    version=f"{_A}.updated_at",
    precedence=_FIRST_CHANNEL,
)
_WITH_TEMPLATE = Source(
    "campaign_templates",
    name="template",
    asks=TEMPLATES_ENDPOINT.asks,
    version=f"{_A}.updated_at",
)
_MESSAGES_OF_CAMPAIGN = DeletionRule(
    "campaigns",
    parent="$.id",
    proof="$.relationships.campaign-messages has data",
    names="$.relationships.campaign-messages.data",
)


def _message(path: str) -> dict[str, tuple[str, ...]]:
    """Where a listed message holds a field: in its definition, at its top before 2024-10-15."""
    return {"listing": (f"{_D}.{path}", f"{_A}.{path}")}


def _template(key: str) -> dict[str, str]:
    """The listing may say it; so far it has been seen to carry only links."""
    path = f"$.relationships.template.data.{key}"
    return {"template": path, "listing": path}


CAMPAIGN_MESSAGES = TableSpec(
    name="campaign_messages",
    resource="campaigns",
    doc="One row per message of a campaign; an A/B test has several.",
    key=("campaign_message_id",),
    version_by="updated_at",
    sources=(_IN_LISTING, _WITH_TEMPLATE),
    judges=(_MESSAGES_OF_CAMPAIGN,),
    judged_per="campaign_data_id",
    parent=Parent("campaigns", "campaign_data_id"),
    columns=(
        col(
            "campaign_message_type",
            "string",
            {"listing": "$.type"},
            "Always campaign-message.",
        ),
        col(
            "campaign_message_id",
            "string",
            {"listing": "$.id", "template": "$.id"},
            "Klaviyo's id of the message; events name it in events.message.",
        ),
        col("label", "string", _message("label"), "Label of the message (e-mail only)."),
        col("channel", "string", _message("channel"), "email, sms or mobile_push."),
        col("content_subject", "string", _message("content.subject"), "Subject line (e-mail)."),
        col(
            "content_preview_text",
            "string",
            _message("content.preview_text"),
            "Text shown after the subject in an inbox (e-mail).",
        ),
        col(
            "content_from_email",
            "string",
            _message("content.from_email"),
            "Sender's address (e-mail).",
        ),
        col(
            "content_from_label",
            "string",
            _message("content.from_label"),
            "Sender's name (e-mail).",
        ),
        col(
            "content_reply_to_email",
            "string",
            _message("content.reply_to_email"),
            "Address for replies (e-mail).",
        ),
        col("content_cc_email", "string", _message("content.cc_email"), "Copy goes here (e-mail)."),
        col(
            "content_bcc_email",
            "string",
            _message("content.bcc_email"),
            "Blind copy goes here (e-mail).",
        ),
        col(
            "render_options_shorten_links",
            "boolean",
            _message("render_options.shorten_links"),
            "Links are shortened (SMS).",
        ),
        col(
            "render_options_add_org_prefix",
            "boolean",
            _message("render_options.add_org_prefix"),
            "The brand's name stands before the text (SMS).",
        ),
        col(
            "render_options_add_info_link",
            "boolean",
            _message("render_options.add_info_link"),
            "A link to information is added (SMS).",
        ),
        col(
            "render_options_add_opt_out_language",
            "boolean",
            _message("render_options.add_opt_out_language"),
            "How to opt out is added (SMS).",
        ),
        col("created_at", "timestamp", {"listing": f"{_A}.created_at"}, "When created (UTC)."),
        col("updated_at", "timestamp", {"listing": f"{_A}.updated_at"}, "Last change (UTC)."),
        col(
            "campaign_data_type",
            "string",
            {"listing": ("$.relationships.campaign.data.type", "campaign>$.type")},
            "Always campaign.",
        ),
        col(
            "campaign_data_id",
            "string",
            {"listing": ("$.relationships.campaign.data.id", "campaign>$.id")},
            "The campaign it belongs to.",
        ),
        col(
            "template_data_type",
            "string",
            _template("type"),
            "Always template; NULL where the message has none (SMS).",
        ),
        col(
            "template_data_id",
            "string",
            _template("id"),
            "Id of the template; NULL where the message has none (SMS).",
        ),
    ),
)

CAMPAIGN_MESSAGE_SEND_TIMES = TableSpec(
    name="campaign_message_send_times",
    resource="campaigns",
    doc="One row per message of a campaign and time it is sent at.",
    key=("campaign_message_id", "send_time_datetime"),
    nullable_key=("send_time_datetime",),
    sources=(
        Source(
            "campaigns",
            rows="included:campaign-message",
            explode=(f"{_A}.send_times[]",),
            related=(_CAMPAIGN,),
            version=f"{_A}.updated_at",
            precedence=_FIRST_CHANNEL,
        ),
    ),
    judges=(
        DeletionRule(
            "campaigns",
            rows="included:campaign-message",
            parent="$.id",
            proof=f"{_A} has send_times",
        ),
    ),
    judged_per="campaign_message_id",
    parent=Parent("campaign_messages", "campaign_message_id"),
    columns=(
        col("campaign_message_id", "string", "^.id", "The message."),
        col(
            "campaign_id",
            "string",
            ("^.relationships.campaign.data.id", "campaign>$.id"),
            "The campaign the message belongs to.",
        ),
        col(
            "send_time_datetime",
            "timestamp",
            "$.datetime",
            "When it is sent: UTC, or, where send_time_is_local, the recipients' wall clock "
            "kept as if UTC.",
            wall_clock="$.is_local",
        ),
        col(
            "send_time_is_local",
            "boolean",
            "$.is_local",
            "True: sent at this time of each recipient's own day.",
        ),
    ),
)

CAMPAIGN_TAGS = TableSpec(
    name="campaign_tags",
    resource="campaigns",
    doc="One row per campaign and tag on it.",
    key=("campaign_id", "tag_id"),
    sources=(
        Source(
            "campaigns",
            explode=("$.relationships.tags.data[]",),
            version=f"{_A}.updated_at",
            precedence=_FIRST_CHANNEL,
        ),
    ),
    judges=(DeletionRule("campaigns", parent="$.id", proof="$.relationships.tags has data"),),
    judged_per="campaign_id",
    parent=Parent("campaigns", "campaign_id"),
    columns=(
        col("campaign_id", "string", "^.id", "The campaign."),
        col("tag_id", "string", "$.id", "The tag: join tags.tag_id."),
        col("tag_type", "string", "$.type", "Always tag."),
    ),
)

RESOURCE = Resource(
    name="campaigns",
    endpoints=(CAMPAIGNS_ENDPOINT, TEMPLATES_ENDPOINT),
    tables=(
        CAMPAIGNS,
        CAMPAIGN_AUDIENCES_EXCLUDED,
        CAMPAIGN_AUDIENCES_INCLUDED,
        CAMPAIGN_MESSAGES,
        CAMPAIGN_MESSAGE_SEND_TIMES,
        CAMPAIGN_TAGS,
    ),
)
