"""Flows, their actions and the actions' messages.

https://developers.klaviyo.com/en/reference/get_flows
https://developers.klaviyo.com/en/reference/get_flow_action_messages
https://developers.klaviyo.com/en/v2025-07-15/reference/get_flows

It is long, since all specs of a resource stand in one file.
"""

from datetime import date

from klaviyo_spark.schema.columns import col
from klaviyo_spark.schema.deletion_rules import DeletionRule, Parent
from klaviyo_spark.schema.endpoint import Endpoint, Fanout, Part, Revision, S, Slice
from klaviyo_spark.schema.sources import Related, Source
from klaviyo_spark.schema.table import Resource, TableSpec

# Archived flows come only when asked for.
_SLICES = (
    Slice({"archived": "false"}),
    Slice({"archived": "true"}, "equals(archived,true)"),
)

# What no table has of the messages of all channels, in actions and in their own listing.
_LEFT_OUT = (
    *("add_info_link", "add_opt_out_language", "add_org_prefix", "add_tracking_params"),
    *("additional_filters", "bcc_email", "body", "custom_tracking_params", "dynamic_image"),
    *("headers", "id", "image_id", "include_contact_card", "message_hierarchy", "shorten_links"),
    *("smart_sending_enabled", "sms_quiet_hours_enabled", "template_id", "title", "to_emails"),
    *("transactional", "url", "vendor_id"),
    # Of push messages:
    *("action_buttons", "android_link", "badge", "badge_options", "conversion_metric_id"),
    *("ios_link", "kv_pairs", "on_open", "push_type", "sound", "video_asset_id", "web_url"),
)
_STEP = "flow-action>$.attributes.definition"
# An action, and those within an A/B test. What steps that send nothing are made of has as many
# shapes as there are steps: free form, so only messages are looked into.
_STEPS = (_STEP, f"{_STEP}.data.main_action", f"{_STEP}.data.current_experiment.variations")

# All actions of 50 flows come with their flows.
FLOWS_ENDPOINT = Endpoint(
    name="flows",
    resource="flows",
    path="/api/flows",
    rate=S,
    scopes=("flows:read",),
    params={"include": "flow-actions,tags", "page[size]": "50"},
    sort="id",
    slices=_SLICES,
    asks=(
        Part("$.relationships.flow-actions has data", included=True),
        Part("$.relationships.tags has data"),
    ),
    echoes={"archived": "$.attributes.archived"},
    ignores=(
        "$.relationships.tags",  # tags of flows are in no table
        "tag>$",
        *(
            f"{step}.{key}"
            for step in _STEPS
            for key in ("id", "links", "temporary_id", "data['*']")
        ),
        *(f"{step}.data.message.{key}" for step in _STEPS for key in _LEFT_OUT),
        f"{_STEP}.data.current_experiment['*']",
        # Up to 2025-07-15:
        "flow-action>$.attributes.render_options",
        "flow-action>$.attributes.settings",
        "flow-action>$.attributes.tracking_options.is_tracking_clicks",
        "flow-action>$.attributes.tracking_options.is_tracking_opens",
        "flow-action>$.relationships.flow-messages",
    ),
)

# Which actions track opens and clicks is told up to 2025-07-15 and no more. Of the actions nothing
# else is asked; of the flows everything, since fields[flow] would cut what ties their actions to
# them.
TRACKING_ENDPOINT = Endpoint(
    name="flow_actions_2025",
    resource="flows",
    path="/api/flows",
    rate=S,
    scopes=("flows:read",),
    params={
        "include": "flow-actions",
        "fields[flow-action]": (
            "tracking_options.is_tracking_clicks,tracking_options.is_tracking_opens"
        ),
        "page[size]": "50",
    },
    sort="id",
    slices=_SLICES,
    asks=(Part("$.relationships.flow-actions has data", included=True),),
    echoes={"archived": "$.attributes.archived"},
    revision=Revision("2025-07-15", ends=date(2027, 7, 15)),
    budget_of="flows",
    # Today's revision says the rest.
    ignores=("$", "flow-action>$.relationships"),
)

# What an action that sends says of its messages, at the revisions that are read.
_MESSAGES_AT = (
    "$.relationships.flow-messages.data[0]",
    "$.attributes.definition.data.message",
    "$.attributes.definition.data.main_action",
    "$.attributes.definition.data.current_experiment",
)

# One request per action that sends: the only place where a message says when it was made.
MESSAGES_ENDPOINT = Endpoint(
    name="flow_messages",
    resource="flows",
    path="/api/flow-actions/{id}/flow-messages",
    rate=S,
    scopes=("flows:read",),
    params={"page[size]": "50"},
    sort="id",
    fanout=Fanout(
        "flows",
        rows="included:flow-action",
        if_any=_MESSAGES_AT,
    ),
    ignores=(
        *(f"$.attributes.definition.{key}" for key in _LEFT_OUT),
        "$.relationships.image",
        "$.relationships.template",
    ),
)

_A = "$.attributes"

FLOWS = TableSpec(
    name="flows",
    resource="flows",
    doc="One row per flow, as last seen; archived ones too, deleted ones (marked) with their last "
    "metadata.",
    key=("flow_id",),
    version_by="updated",
    sources=(Source("flows", version=f"{_A}.updated"),),
    judges=(DeletionRule("flows", whole=True),),
    columns=(
        col("flow_id", "string", "$.id", "Klaviyo's id of the flow: join events.flow."),
        col("name", "string", f"{_A}.name", "Name given in Klaviyo."),
        col("status", "string", f"{_A}.status", "draft, manual or live."),
        col("archived", "boolean", f"{_A}.archived", "True once archived."),
        col("created", "timestamp", f"{_A}.created", "When it was created (UTC)."),
        col("updated", "timestamp", f"{_A}.updated", "Last change (UTC)."),
        col(
            "trigger_type",
            "string",
            f"{_A}.trigger_type",
            "What starts it: Added to List, Metric, Date Based, Price Drop, ...",
        ),
    ),
)

_D = f"{_A}.definition"
# Null is a definition that Klaviyo may send, of actions and of messages; what it says is then
# unknown.
_DEFINITION = Part(_D, is_object=True, optional=True)
# An A/B test holds its send as main_action, its variations beside it.
_SENT = (f"{_D}.data.message", f"{_D}.data.main_action.data.message")
_UNTIL = (
    "E-mail only. Klaviyo tells it until 2027-07-15; then what was last read stays, and newer "
    "actions have NULL."
)


def _current(*paths: str) -> dict[str, tuple[str, ...]]:
    return {"current": paths}


def _sent(old: str, new: str) -> dict[str, tuple[str, ...]]:
    """Where an action's setting stands: at its top until 2025-07-15, in its message since."""
    return _current(f"{_A}.{old}", *(f"{message}.{new}" for message in _SENT))


FLOW_ACTIONS = TableSpec(
    name="flow_actions",
    resource="flows",
    doc="One row per step of a flow; sends nested in an A/B test are no steps of their own.",
    key=("flow_action_id",),
    version_by="updated",
    sources=(
        Source(
            "flows",
            rows="included:flow-action",
            name="current",
            related=(Related("flow", link="$.relationships.flow-actions.data"),),
            asks=(_DEFINITION,),
            version=f"{_A}.updated",
        ),
        Source(
            "flow_actions_2025",
            rows="included:flow-action",
            name="older",
            asks=(Part("$.attributes has tracking_options", optional=True),),
            fills_only=True,
        ),
    ),
    judges=(
        DeletionRule(
            "flows",
            parent="$.id",
            proof="$.relationships.flow-actions has data",
            names="$.relationships.flow-actions.data",
        ),
    ),
    judged_per="flow_id",
    parent=Parent("flows", "flow_id"),
    columns=(
        col(
            "flow_action_id",
            "string",
            {"current": "$.id", "older": "$.id"},
            "Klaviyo's id of the action.",
        ),
        col(
            "flow_id",
            "string",
            _current("flow>$.id", "$.relationships.flow.data.id"),
            "The flow it is a step of.",
        ),
        col(
            "action_type",
            "string",
            _current(f"{_A}.action_type", f"{_D}.type"),
            "SEND_EMAIL, SEND_SMS, TIME_DELAY, BOOLEAN_BRANCH, ...: the older vocabulary, "
            "whatever revision is read.",
            shape="flow_action_type",
        ),
        col(
            "status",
            "string",
            _current(f"{_A}.status", f"{_D}.data.status"),
            "draft, manual, live or disabled; NULL for delays and splits.",
        ),
        col("created", "timestamp", _current(f"{_A}.created"), "When it was created (UTC)."),
        col("updated", "timestamp", _current(f"{_A}.updated"), "Last change (UTC)."),
        col(
            "tracking_options_add_utm",
            "boolean",
            _sent("tracking_options.add_utm", "add_tracking_params"),
            "UTM parameters are added to links.",
        ),
        col(
            "tracking_options_utm_params",
            "string",
            _sent("tracking_options.utm_params", "custom_tracking_params"),
            "The UTM parameters, as JSON text: [{param, value}], {name, value} before 2025-10-15.",
        ),
        col(
            "tracking_options_is_tracking_opens",
            "boolean",
            {"older": f"{_A}.tracking_options.is_tracking_opens"},
            f"Opens are tracked. {_UNTIL}",
        ),
        col(
            "tracking_options_is_tracking_clicks",
            "boolean",
            {"older": f"{_A}.tracking_options.is_tracking_clicks"},
            f"Clicks are tracked. {_UNTIL}",
        ),
        col(
            "send_options_use_smart_tracking",
            "boolean",
            _sent("send_options.use_smart_sending", "smart_sending_enabled"),
            "Smart sending is on: skips people who were written to a short while ago.",
            also_named="send_options_use_smart_sending",
        ),
        col(
            "send_options_is_transactional",
            "boolean",
            _sent("send_options.is_transactional", "transactional"),
            "Transactional: goes to people who have not subscribed too.",
        ),
    ),
)

_IN_ACTION = Source(
    "flows",
    rows="included:flow-action",
    name="action",
    explode=(
        _D,
        f"{_D}.data.main_action",
        f"{_D}.data.current_experiment.variations[]",
    ),
    needs="$.data.message",
    version=f"{_A}.updated",
)
_LISTED = Source("flow_messages", name="listing", asks=(_DEFINITION,), version=f"{_A}.updated")


def _message(inner: str, *listed: str) -> dict[str, tuple[str, ...]]:
    """Where a message's field stands: in its action's definition, and in its own listing."""
    return {"listing": listed, "action": (f"$.data.message.{inner}",)}


def _content(old: str, new: str) -> dict[str, tuple[str, ...]]:
    return _message(new, f"{_A}.content.{old}", f"{_D}.{new}")


FLOW_ACTION_MESSAGES = TableSpec(
    name="flow_action_messages",
    resource="flows",
    doc="One row per message a flow sends, each variation of an A/B test too.",
    key=("flow_action_message_id",),
    sources=(_LISTED, _IN_ACTION),
    # An action's definition does not hold all of its messages: to lack one proves nothing, unless
    # it has none at all. Then its listing is not asked for.
    judges=(
        DeletionRule(
            "flows",
            rows="included:flow-action",
            parent="$.id",
            proof=f"{_D}.data",
            childless=_MESSAGES_AT,
        ),
        DeletionRule("flow_messages", whole=True),
    ),
    judged_per="flow_action_id",
    parent=Parent("flow_actions", "flow_action_id"),
    columns=(
        col(
            "flow_action_id",
            "string",
            {
                "listing": ("$.relationships.flow-action.data.id", "page.parent_id"),
                "action": "^.id",
            },
            "The action that sends it; of an A/B test, the test.",
        ),
        col(
            "flow_action_message_id",
            "string",
            _message("id", "$.id"),
            "Klaviyo's id of the message; events name it in events.message.",
        ),
        col("name", "string", _message("name", f"{_A}.name", f"{_D}.name"), "Name in Klaviyo."),
        col(
            "channel",
            "string",
            {"listing": f"{_A}.channel", "action": "$.type"},
            "email, sms, mobile_push, ...",
            shape="message_channel",
        ),
        col(
            "created",
            "timestamp",
            {"listing": f"{_A}.created"},
            "When it was created (UTC); NULL until its action's listing has been read.",
        ),
        col(
            "updated",
            "timestamp",
            {"listing": f"{_A}.updated"},
            "Last change (UTC); NULL until its action's listing has been read.",
        ),
        col("content_subject", "string", _content("subject", "subject_line"), "Subject (e-mail)."),
        col(
            "content_preview_text",
            "string",
            _content("preview_text", "preview_text"),
            "Text shown after the subject in an inbox (e-mail).",
        ),
        col(
            "content_from_email",
            "string",
            _content("from_email", "from_email"),
            "Sender's address (e-mail).",
        ),
        col(
            "content_rom_label",
            "string",
            _content("from_label", "from_label"),
            "Sender's name (e-mail); the documented name lacks an f.",
            also_named="content_from_label",
        ),
        col(
            "content_reply_to_email",
            "string",
            _content("reply_to_email", "reply_to_email"),
            "Address for replies (e-mail).",
        ),
        col(
            "content_cc_email",
            "string",
            _content("cc_email", "cc_email"),
            "Copy goes here (e-mail).",
        ),
    ),
)

RESOURCE = Resource(
    name="flows",
    endpoints=(FLOWS_ENDPOINT, TRACKING_ENDPOINT, MESSAGES_ENDPOINT),
    tables=(FLOWS, FLOW_ACTIONS, FLOW_ACTION_MESSAGES),
)
