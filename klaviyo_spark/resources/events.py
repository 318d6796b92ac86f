"""Events: who received, opened, clicked, bounced, ... and the groups a message went to.

https://developers.klaviyo.com/en/reference/get_events

It is long, since all specs of a resource stand in one file.
"""

from klaviyo_spark.schema.checks import Check
from klaviyo_spark.schema.columns import Column, Pii, col
from klaviyo_spark.schema.deletion_rules import DeletionRule
from klaviyo_spark.schema.endpoint import XL, Endpoint, Part, Window
from klaviyo_spark.schema.sources import BorrowedRows, Related, RowOf, Source
from klaviyo_spark.schema.table import Resource, TableSpec

EVENTS_ENDPOINT = Endpoint(
    name="events",
    resource="events",
    path="/api/events",
    rate=XL,
    scopes=("events:read",),
    params={
        "include": "profile,metric,attributions",
        "fields[profile]": "email",
        "fields[metric]": "name",
        "page[size]": "1000",
    },
    windows=(Window("datetime", closed=True, sort="datetime"),),
    asks=(
        Part("$.relationships.profile has data", included=True),
        Part("$.relationships.metric has data"),
        Part("$.relationships.attributions has data", included=True),
    ),
    echoes={"metric_ids": "$.relationships.metric.data.id"},
    ignores=(
        "attribution>$.relationships.campaign",  # its message says which
        "attribution>$.relationships.event",  # the one that names it
        "metric>$",  # metrics and profiles have listings of their own
        # Its address alone is asked for; profiles have a listing of their own.
        "profile>$.attributes['*']",
        "profile>$.relationships",
    ),
)

_P = "$.attributes.event_properties"
_BOUNCE = f"{_P}.$extra.$bounce_delivery_info"
_LEGACY = f"{_P}.$attribution"  # in payloads of revisions before 2024-02-15 only
_REL = "attribution>$.relationships"

_EVENT = Source(
    "events",
    related=(
        Related("profile", type="profile", ref="$.relationships.profile.data.id"),
        # An event can have several attributions; its columns hold one, so take the first named.
        Related("attribution", type="attribution", ref="$.relationships.attributions.data[0].id"),
    ),
    asks=EVENTS_ENDPOINT.asks,
)


def _prop(
    name: str,
    key: str,
    doc: str,
    *,
    type: str = "string",
    more: tuple[str, ...] = (),
    pii: Pii = "",
) -> Column:
    """A column read from one key of the event's properties."""
    reads = (f"{_P}[{key!r}]", *more)
    return col(name, type, reads, doc, pii=pii)  # type: ignore[arg-type]


EVENTS = TableSpec(
    name="events",
    resource="events",
    doc="One row per event of the documented metrics (conf `metrics`), never removed.",
    key=("id",),
    sources=(_EVENT,),
    partition=col(
        "event_date",
        "date",
        ("$.attributes.datetime", "$.attributes.timestamp"),
        "UTC day of event_datetime; the table is partitioned by it.",
        shape="utc_day",
    ),
    late_by="metric_data_id",
    own_checks=(
        Check("missing_timestamp", "event_datetime IS NULL", "events without a time", "warn"),
        Check(
            "future_timestamp",
            "event_datetime > _landed_at + INTERVAL 1 DAY",
            "events dated more than a day ahead",
            "warn",
        ),
    ),
    note="Of several attributions the columns hold the first that the event names.",
    columns=(
        col(
            "attribution_attributed_channel",
            "string",
            f"{_LEGACY}.$attributed_channel",
            "Channel of the message the event is attributed to.",
            shape="filled",
            lookup="message_channel",
        ),
        col(
            "attribution_attributed_event_id",
            "string",
            (f"{_REL}.attributed-event.data.id", f"{_LEGACY}.$attributed_event_id"),
            "The event (join events.id) this one is attributed to.",
            shape="filled",
        ),
        col(
            "attribution_flow",
            "string",
            (f"{_REL}.flow.data.id", f"{_LEGACY}.$flow"),
            "The flow it is attributed to: join flows.flow_id.",
            shape="filled",
        ),
        col(
            "attribution_message",
            "string",
            (
                f"{_REL}.flow-message.data.id",
                f"{_REL}.campaign-message.data.id",
                f"{_LEGACY}.$message",
            ),
            "The message of a flow or campaign it is attributed to.",
            shape="filled",
        ),
        col(
            "attribution_send_ts",
            "double",
            f"{_LEGACY}.$send_ts",
            "When the attributed message was sent, epoch seconds (UTC); from the attributed "
            "event's send cohort once that event is known.",
            shape="filled",
            lookup="attributed_send_ts",
        ),
        col(
            "attribution_variation",
            "string",
            (f"{_REL}.flow-message-variation.data.id", f"{_LEGACY}.$variation"),
            "The variation of an A/B test it is attributed to.",
            shape="filled",
        ),
        _prop("bounce_type", "Bounce Type", "Hard or Soft (bounces)."),
        _prop("campaign_name", "Campaign Name", "Name of the campaign, or of the flow's message."),
        _prop("carrier_delivery_status", "Carrier Delivery Status", "What the carrier said (SMS)."),
        _prop("client_canonical", "Client Canonical", "Mail program, by its usual name (opens)."),
        _prop("client_name", "Client Name", "Mail program or browser (opens, clicks)."),
        _prop("client_os", "Client OS", "Operating system with version (opens, clicks)."),
        _prop("client_os_family", "Client OS Family", "Operating system (opens, clicks)."),
        _prop("client_type", "Client Type", "Desktop, Mobile, ... (opens, clicks)."),
        # One literal key each: the second $ is part of the name.
        _prop(
            "cohort_message_send_cohort",
            "$_cohort$message_send_cohort",
            "<epoch seconds of the send batch>:<message id>.",
        ),
        _prop(
            "cohort_variation_send_cohort",
            "$_cohort$variation_send_cohort",
            "<epoch seconds of the send batch>:<variation id> (A/B tests).",
        ),
        _prop("content_type", "Content Type", "Kind of content, where Klaviyo says it."),
        _prop("email_domain", "Email Domain", "Domain of the recipient's address."),
        _prop("esp", "$ESP", "Klaviyo's number of the sending service."),
        col("event_datetime", "timestamp", "$.attributes.datetime", "When it happened (UTC)."),
        _prop(
            "event_id",
            "$event_id",
            "Klaviyo's id inside the payload; not unique across metrics, not events.id.",
        ),
        col(
            "extra_bounce_delivery_info_action_id",
            "string",
            f"{_BOUNCE}.action_id",
            "Id of the bounce's handling.",
        ),
        col(
            "extra_bounce_delivery_info_add_exclusion",
            "boolean",
            f"{_BOUNCE}.add_exclusion",
            "The address was suppressed because of it.",
        ),
        col(
            "extra_bounce_delivery_info_code",
            "string",
            f"{_BOUNCE}.code",
            "SMTP code as text, such as 550 or 5.1.1.",
        ),
        col(
            "extra_bounce_delivery_info_ip",
            "string",
            f"{_BOUNCE}.ip",
            "Address of the mail server.",
        ),
        col(
            "extra_bounce_delivery_info_is_autoresponder",
            "boolean",
            f"{_BOUNCE}.is_autoresponder",
            "An automatic reply rather than a bounce.",
        ),
        col(
            "extra_bounce_delivery_info_reason",
            "string",
            f"{_BOUNCE}.reason",
            "What the mail server said.",
            pii="free_form",
        ),
        col("extra_bounce_delivery_info_type", "string", f"{_BOUNCE}.type", "Kind of bounce."),
        col(
            "extra_customer_merge",
            "string",
            f"{_P}.$extra.customer_merge",
            "About merged profiles, as JSON text.",
            pii="free_form",
        ),
        col(
            "extra_from_city",
            "string",
            f"{_P}.$extra['From City']",
            "City of the sender (inbound SMS).",
            pii="location",
        ),
        col(
            "extra_from_country",
            "string",
            f"{_P}.$extra['From Country']",
            "Country of the sender (inbound SMS).",
            pii="location",
        ),
        col(
            "extra_from_state",
            "string",
            f"{_P}.$extra['From State']",
            "State of the sender (inbound SMS).",
            pii="location",
        ),
        col(
            "extra_ip_address",
            "string",
            f"{_P}.$extra['IP Address']",
            "Where the click came from (SMS).",
            pii="ip",
        ),
        col(
            "extra_message_body",
            "string",
            f"{_P}.$extra['Message Body']",
            "Text sent (SMS).",
            pii="free_form",
        ),
        col(
            "extra_message_id",
            "string",
            (f"{_P}.$extra['Message ID']", f"{_P}.$extra['Message Id']"),
            "The carrier's id of the message (SMS).",
        ),
        col(
            "extra_metadata_recipient_variation_id",
            "string",
            f"{_P}.$extra.$metadata.recipient_variation_id",
            "Variation the recipient got.",
        ),
        _prop("failure_source", "Failure Source", "Who failed to deliver (SMS)."),
        _prop("failure_type", "Failure Type", "Why it was not delivered (SMS)."),
        _prop("flow", "$flow", "The flow that sent it: join flows.flow_id; NULL for campaigns."),
        _prop("from_number", "From Number", "Number it came from (SMS).", pii="phone"),
        _prop("from_phone_region", "From Phone Region", "Country of that number (SMS)."),
        col("id", "string", "$.id", "Klaviyo's id of the event."),
        _prop("inbox_provider", "Inbox Provider", "Who keeps the recipient's mailbox."),
        col(
            "internal_send_timestamp",
            "string",
            f"{_P}.$internal.send_timestamp",
            "When it was sent, epoch seconds as text (SMS).",
        ),
        col("internal_vendor", "string", f"{_P}.$internal.vendor", "Who carried it (SMS)."),
        # The document repeats the bounce's path; the event's own address is what fits the name.
        _prop(
            "ip",
            "_ip",
            "Where the event came from; else the mail server's address of a bounce.",
            more=(f"{_P}.$_ip", f"{_P}.$ip", f"{_P}.ip", f"{_P}.IP", f"{_BOUNCE}.ip"),
            pii="ip",
        ),
        _prop(
            "klaviyo_bounce_category",
            "$klaviyo_bounce_category",
            "Klaviyo's class of the bounce: Invalid Address, Content, ...",
        ),
        _prop("list", "List", "Name or id of the list (Subscribed to List)."),
        _prop(
            "machine_open",
            "machine_open",
            "Opened by a machine (mail privacy), not by a person.",
            type="boolean",
        ),
        _prop(
            "message",
            "$message",
            "The campaign message, or where flow is set the flow message, that it is about.",
        ),
        _prop("message_body", "Message Body", "Text received (inbound SMS).", pii="free_form"),
        _prop("message_format", "Message Format", "SMS, MMS, ..."),
        _prop("message_interaction", "$message_interaction", "The message interacted with."),
        _prop("message_name", "Message Name", "Name of the message (SMS)."),
        _prop("message_type", "Message Type", "campaign or flow (SMS)."),
        _prop("method", "Method", "How consent was given or taken back."),
        col(
            "metric_data_id",
            "string",
            "$.relationships.metric.data.id",
            "The metric: join metrics.metric_id.",
        ),
        col("metric_data_type", "string", "$.relationships.metric.data.type", "Always metric."),
        col(
            "profile_data_id",
            "string",
            "$.relationships.profile.data.id",
            "The profile: join profiles.profile_id.",
            pii="id",
        ),
        col("profile_data_type", "string", "$.relationships.profile.data.type", "Always profile."),
        col(
            "profile_email",
            "string",
            "profile>$.attributes.email",
            "The profile's address when the event was read.",
            pii="email",
        ),
        _prop("segment_count", "Segment Count", "Parts the SMS was sent in.", type="int"),
        _prop("subject", "Subject", "Subject line of the message."),
        col("timestamp", "bigint", "$.attributes.timestamp", "When it happened, epoch seconds."),
        _prop("to_number", "To Number", "Number it went to (SMS).", pii="phone"),
        _prop("to_phone_region", "To Phone Region", "Country of that number (SMS)."),
        col("type", "string", "$.type", "Always event."),
        _prop("url", "URL", "Link that was clicked.", pii="url"),
        col("uuid", "string", "$.attributes.uuid", "Time-based UUID of the event."),
        _prop("variation", "$variation", "Variation of an A/B test."),
        _prop("vendor_error_code", "Vendor Error Code", "The carrier's error code (SMS)."),
    ),
    internal=(
        col(
            "_event_properties",
            "string",
            _P,
            "All properties of the event, as JSON text; conf `event_properties` can leave it out.",
            pii="free_form",
        ),
        _prop(
            "_value",
            "$value",
            "What the event is worth, in _value_currency: of an order its sum, before refunds.",
            type="double",
        ),
        _prop(
            "_value_currency",
            "$value_currency",
            "ISO 4217 code of the currency of _value; NULL where the event does not say.",
        ),
        # What the tables below are made of.
        col(
            "_group_ids",
            "string",
            f"{_P}.$group_ids",
            "Lists and segments the event's message went to, as a JSON array.",
        ),
        col(
            "_attribution_group_ids",
            "string",
            f"{_LEGACY}.$group_ids",
            "The same of the message it is attributed to, where the event itself says it.",
        ),
    ),
)


def _groups(name: str, doc: str, json: str, borrow: BorrowedRows | None = None) -> TableSpec:
    """A table of the groups that ``json`` lists, a column of ``events``."""
    event = RowOf("events", key="id", json=json)
    return TableSpec(
        name=name,
        resource="events",
        doc=doc,
        key=("event_id", "group_id"),
        sources=(Source("events", explode=("$[]",), of=event, borrow=borrow),),
        judges=(DeletionRule("events", of=event),),
        judged_per="event_id",
        columns=(
            col("event_id", "string", "row.id", "The event: join events.id (not events.event_id)."),
            col("group_id", "string", "$", "Join lists.list_id and segments.segment_id."),
        ),
    )


EVENT_GROUP_IDS = _groups(
    "event_group_ids",
    "One row per event and list or segment its message went to.",
    "_group_ids",
)

EVENT_ATTRIBUTION_GROUP_IDS = _groups(
    "event_attribution_group_ids",
    "One row per event and list or segment that the message it is attributed to went to.",
    "_attribution_group_ids",
    BorrowedRows(
        table="event_group_ids",
        on="event_id",
        column="group_id",
        ref="attribution_attributed_event_id",
    ),
)

RESOURCE = Resource(
    name="events",
    endpoints=(EVENTS_ENDPOINT,),
    tables=(EVENTS, EVENT_GROUP_IDS, EVENT_ATTRIBUTION_GROUP_IDS),
)
