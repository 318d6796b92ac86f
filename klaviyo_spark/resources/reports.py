"""Klaviyo's own numbers of campaigns, flows and forms, as its screens show them. ``klaviyo_plus``.

https://developers.klaviyo.com/en/reference/query_campaign_values
https://developers.klaviyo.com/en/reference/query_flow_values
https://developers.klaviyo.com/en/reference/query_flow_series
https://developers.klaviyo.com/en/reference/query_form_values
https://developers.klaviyo.com/en/reference/query_form_series

A number is of the messages that were sent in a window of days, with all that became of them since:
it moves for as long as people open and buy, so what was sent lately is asked for again every day.
It is long, since each statistic has a line of its own.
What stands of flows and campaigns in an answer's groups is no list of them, so no row is ever
marked as gone.
"""

from klaviyo_spark.schema.columns import Column, col
from klaviyo_spark.schema.endpoint import REPORTS, Endpoint
from klaviyo_spark.schema.report import Report
from klaviyo_spark.schema.sources import Source, TimeBounds, Zip
from klaviyo_spark.schema.table import Resource, TableSpec

_S = "$.statistics"
_G = "$.groupings"
_RESULTS = ("$.attributes.results[]",)
_GROSS = "as Klaviyo reports it: unconverted, refunds and cancellations not taken off"
_NO_SUM = "of people: not to be added up over rows"

MESSAGE_STATISTICS: tuple[Column, ...] = (
    col("recipients", "bigint", f"{_S}.recipients", "Messages sent out."),
    col("delivered", "bigint", f"{_S}.delivered", "Those that arrived."),
    col("opens", "bigint", f"{_S}.opens", "Opens, each time counted."),
    col("opens_unique", "bigint", f"{_S}.opens_unique", f"Recipients who opened, {_NO_SUM}."),
    col("clicks", "bigint", f"{_S}.clicks", "Clicks, each time counted."),
    col("clicks_unique", "bigint", f"{_S}.clicks_unique", f"Recipients who clicked, {_NO_SUM}."),
    col("bounced", "bigint", f"{_S}.bounced", "Messages that bounced."),
    col("failed", "bigint", f"{_S}.failed", "Messages that failed otherwise."),
    col("bounced_or_failed", "bigint", f"{_S}.bounced_or_failed", "Both together."),
    col("spam_complaints", "bigint", f"{_S}.spam_complaints", "Complaints about spam."),
    col("unsubscribes", "bigint", f"{_S}.unsubscribes", "Unsubscribes, each time counted."),
    col(
        "unsubscribe_uniques",
        "bigint",
        f"{_S}.unsubscribe_uniques",
        f"Recipients who unsubscribed, {_NO_SUM}.",
    ),
    col(
        "conversions",
        "bigint",
        f"{_S}.conversions",
        "Events of the conversion metric put down to the message; NULL without such a metric.",
    ),
    col(
        "conversion_uniques",
        "bigint",
        f"{_S}.conversion_uniques",
        f"Recipients who converted, {_NO_SUM}.",
    ),
    col(
        "message_segment_count_sum",
        "bigint",
        f"{_S}.message_segment_count_sum",
        "Segments of all text messages sent.",
    ),
    col("open_rate", "double", f"{_S}.open_rate", "Opened per delivered, 0 to 1."),
    col("click_rate", "double", f"{_S}.click_rate", "Clicked per delivered, 0 to 1."),
    col("click_to_open_rate", "double", f"{_S}.click_to_open_rate", "Clicked per opened, 0 to 1."),
    col("delivery_rate", "double", f"{_S}.delivery_rate", "Delivered per sent, 0 to 1."),
    col("bounce_rate", "double", f"{_S}.bounce_rate", "Bounced per sent, 0 to 1."),
    col("failed_rate", "double", f"{_S}.failed_rate", "Failed per sent, 0 to 1."),
    col(
        "bounced_or_failed_rate",
        "double",
        f"{_S}.bounced_or_failed_rate",
        "Bounced or failed per sent, 0 to 1.",
    ),
    col(
        "spam_complaint_rate",
        "double",
        f"{_S}.spam_complaint_rate",
        "Complaints per delivered, 0 to 1.",
    ),
    col(
        "unsubscribe_rate",
        "double",
        f"{_S}.unsubscribe_rate",
        "Unsubscribed per delivered, 0 to 1.",
    ),
    col("conversion_rate", "double", f"{_S}.conversion_rate", "Converted per delivered, 0 to 1."),
    col(
        "conversion_value",
        "double",
        f"{_S}.conversion_value",
        f"Value of the conversions, {_GROSS}.",
    ),
    col(
        "average_order_value",
        "double",
        f"{_S}.average_order_value",
        f"Value per conversion, {_GROSS}.",
    ),
    col(
        "revenue_per_recipient",
        "double",
        f"{_S}.revenue_per_recipient",
        f"Value per message delivered, {_GROSS}.",
    ),
    col(
        "text_message_spend",
        "double",
        f"{_S}.text_message_spend",
        "What the text messages cost, unconverted.",
    ),
    col(
        "text_message_credit_usage_amount",
        "double",
        f"{_S}.text_message_credit_usage_amount",
        "Credits that the text messages used.",
    ),
    col(
        "text_message_roi",
        "double",
        f"{_S}.text_message_roi",
        "Value per cost of text messages.",
    ),
)
_MONEY = (
    "conversion_value",
    "average_order_value",
    "revenue_per_recipient",
    "text_message_spend",
    "text_message_credit_usage_amount",
    "text_message_roi",
)
_CONVERSION = (
    "conversions",
    "conversion_uniques",
    "conversion_rate",
    "conversion_value",
    "average_order_value",
    "revenue_per_recipient",
    "text_message_roi",
)
FORM_STATISTICS: tuple[Column, ...] = (
    col("viewed_form", "bigint", f"{_S}.viewed_form", "Times it was shown."),
    col("viewed_form_uniques", "bigint", f"{_S}.viewed_form_uniques", f"Who saw it, {_NO_SUM}."),
    col("viewed_form_step", "bigint", f"{_S}.viewed_form_step", "Times a step was shown."),
    col(
        "viewed_form_step_uniques",
        "bigint",
        f"{_S}.viewed_form_step_uniques",
        f"Who saw a step, {_NO_SUM}.",
    ),
    col("submits", "bigint", f"{_S}.submits", "Times it was filled in."),
    col("submit_rate", "double", f"{_S}.submit_rate", "Filled in per shown, 0 to 1."),
    col("submitted_form_step", "bigint", f"{_S}.submitted_form_step", "Steps filled in."),
    col(
        "submitted_form_step_uniques",
        "bigint",
        f"{_S}.submitted_form_step_uniques",
        f"Who filled in a step, {_NO_SUM}.",
    ),
    col("qualified_form", "bigint", f"{_S}.qualified_form", "Times somebody qualified for it."),
    col(
        "qualified_form_uniques",
        "bigint",
        f"{_S}.qualified_form_uniques",
        f"Who qualified for it, {_NO_SUM}.",
    ),
    col("closed_form", "bigint", f"{_S}.closed_form", "Times it was closed."),
    col("closed_form_uniques", "bigint", f"{_S}.closed_form_uniques", f"Who closed it, {_NO_SUM}."),
)

_OF_MESSAGES = tuple(column.name for column in MESSAGE_STATISTICS)
_OF_FORMS = tuple(column.name for column in FORM_STATISTICS)
# What answers name beside their numbers; each has a listing of its own.
_IGNORED = ("$.relationships['*']",)

CAMPAIGN_VALUES_ENDPOINT = Endpoint(
    name="campaign_values",
    resource="reports",
    path="/api/campaign-values-reports",
    rate=REPORTS,
    scopes=("campaigns:read",),
    ignores=_IGNORED,
    report=Report(
        type="campaign-values-report",
        statistics=_OF_MESSAGES,
        cut="sends",
        group_by=("campaign_id", "campaign_message_id", "send_channel"),
        money=_MONEY,
        conversion=_CONVERSION,
        takes_metric=True,
    ),
)

_FLOW_GROUPS = ("flow_id", "flow_message_id", "send_channel")

FLOW_VALUES_ENDPOINT = Endpoint(
    name="flow_values",
    resource="reports",
    path="/api/flow-values-reports",
    rate=REPORTS,
    scopes=("flows:read",),
    ignores=_IGNORED,
    report=Report(
        type="flow-values-report",
        statistics=_OF_MESSAGES,
        cut="months",
        group_by=_FLOW_GROUPS,
        money=_MONEY,
        conversion=_CONVERSION,
        takes_metric=True,
    ),
)

FLOW_DAYS_ENDPOINT = Endpoint(
    name="flow_message_days",
    resource="reports",
    path="/api/flow-series-reports",
    rate=REPORTS,
    scopes=("flows:read",),
    ignores=_IGNORED,
    report=Report(
        type="flow-series-report",
        statistics=_OF_MESSAGES,
        cut="days",
        group_by=_FLOW_GROUPS,
        money=_MONEY,
        conversion=_CONVERSION,
        takes_metric=True,
    ),
)

FORM_VALUES_ENDPOINT = Endpoint(
    name="form_values",
    resource="reports",
    path="/api/form-values-reports",
    rate=REPORTS,
    scopes=("forms:read",),
    ignores=_IGNORED,
    report=Report(
        type="form-values-report", statistics=_OF_FORMS, cut="months", group_by=("form_id",)
    ),
)

FORM_DAYS_ENDPOINT = Endpoint(
    name="form_days",
    resource="reports",
    path="/api/form-series-reports",
    rate=REPORTS,
    scopes=("forms:read",),
    ignores=_IGNORED,
    report=Report(
        type="form-series-report", statistics=_OF_FORMS, cut="days", group_by=("form_id",)
    ),
)

CHANNEL_COLUMNS: tuple[Column, ...] = (
    col(
        "send_channel",
        "string",
        f"{_G}.send_channel",
        "email, sms, push-notification or whatsapp, as reports call them.",
    ),
    col(
        "conversion_metric_id",
        "string",
        "page.slice.conversion_metric_id",
        "What counts as a conversion: join metrics or custom_metrics; none where nothing does.",
    ),
    col(
        "channel",
        "string",
        f"{_G}.send_channel",
        "The same in the words of campaigns.channel: email, sms, mobile_push or whatsapp.",
        shape="report_channel",
    ),
    col(
        "is_primary_conversion",
        "boolean",
        "page.slice.is_primary_conversion",
        "True in one row per message: that of the account's own revenue metric. With several "
        "metrics each row repeats recipients and opens, so filter on it.",
    ),
)
CAMPAIGN_COLUMNS: tuple[Column, ...] = (
    col(
        "campaign_id",
        "string",
        f"{_G}.campaign_id",
        "The campaign: join campaigns.campaign_id.",
    ),
    col(
        "campaign_message_id",
        "string",
        f"{_G}.campaign_message_id",
        "The message: join campaign_messages.campaign_message_id.",
    ),
)
# Of a window's edge a campaign that sends over days has a part. ``start`` and ``end`` lie four days
# inside of it, and windows overlap, so that one of them has it whole.
WHOLE_SENDS = TimeBounds("campaigns", "campaign_id", "send_time", "sent_from", "sent_to")

CAMPAIGN_VALUES = TableSpec(
    name="campaign_values",
    schema="plus",
    resource="reports",
    doc="One row per campaign message, channel and conversion metric: what has become of it since "
    "it was sent.",
    key=("campaign_id", "campaign_message_id", "send_channel", "conversion_metric_id"),
    sources=(Source("campaign_values", rows="answer", explode=_RESULTS, bounds=WHOLE_SENDS),),
    columns=(*CAMPAIGN_COLUMNS, *CHANNEL_COLUMNS, *MESSAGE_STATISTICS),
)


_FLOW_COLUMNS: tuple[Column, ...] = (
    col("flow_id", "string", f"{_G}.flow_id", "The flow: join flows.flow_id."),
    col(
        "flow_message_id",
        "string",
        f"{_G}.flow_message_id",
        "The message: join flow_action_messages.flow_action_message_id.",
    ),
)
_FORM_ID = col("form_id", "string", f"{_G}.form_id", "The form: join forms.form_id.")
PERIOD: tuple[Column, ...] = (
    col(
        "period_start",
        "date",
        "page.slice.period_start",
        "First day of a calendar month of the account.",
    ),
    col(
        "period_end",
        "date",
        "page.slice.period_end",
        "Its last day; of the month in progress too, which has numbers up to yesterday.",
    ),
)
# The answer's times are the account's days, whatever offset they have: their date is what counts.
DAY = col(
    "account_date",
    "date",
    "^.attributes.date_times",
    "Day in the account's time zone (accounts.timezone).",
)
# Of a message or form that has any in a window, an answer has all of its days.
ZIPPED = Zip("$.attributes.date_times", "$.statistics", skips_zeros=True)

FLOW_MESSAGE_DAYS = TableSpec(
    name="flow_message_days",
    schema="plus",
    resource="reports",
    doc="One row per flow message, channel, conversion metric and day: what has become of what was "
    "sent on that day.",
    key=("flow_id", "flow_message_id", "send_channel", "conversion_metric_id", "account_date"),
    sources=(Source("flow_message_days", rows="answer", explode=_RESULTS, zip=ZIPPED),),
    columns=(*_FLOW_COLUMNS, *CHANNEL_COLUMNS, DAY, *MESSAGE_STATISTICS),
)

FLOW_VALUES = TableSpec(
    name="flow_values",
    schema="plus",
    resource="reports",
    doc="One row per flow message, channel, conversion metric and month: of messages sent in the "
    "period; not lifetime; do not add up uniques and rates.",
    key=(
        "flow_id",
        "flow_message_id",
        "send_channel",
        "conversion_metric_id",
        "period_start",
        "period_end",
    ),
    sources=(Source("flow_values", rows="answer", explode=_RESULTS),),
    columns=(*_FLOW_COLUMNS, *CHANNEL_COLUMNS, *PERIOD, *MESSAGE_STATISTICS),
)

FORM_DAYS = TableSpec(
    name="form_days",
    schema="plus",
    resource="reports",
    doc="One row per form and day on which anybody saw it.",
    key=("form_id", "account_date"),
    sources=(Source("form_days", rows="answer", explode=_RESULTS, zip=ZIPPED),),
    columns=(_FORM_ID, DAY, *FORM_STATISTICS),
)

FORM_VALUES = TableSpec(
    name="form_values",
    schema="plus",
    resource="reports",
    doc="One row per form and month: of the period; not lifetime; do not add up uniques and rates.",
    key=("form_id", "period_start", "period_end"),
    sources=(Source("form_values", rows="answer", explode=_RESULTS),),
    columns=(_FORM_ID, *PERIOD, *FORM_STATISTICS),
)

RESOURCE = Resource(
    name="reports",
    endpoints=(
        CAMPAIGN_VALUES_ENDPOINT,
        FLOW_DAYS_ENDPOINT,
        FLOW_VALUES_ENDPOINT,
        FORM_DAYS_ENDPOINT,
        FORM_VALUES_ENDPOINT,
    ),
    tables=(CAMPAIGN_VALUES, FLOW_MESSAGE_DAYS, FLOW_VALUES, FORM_DAYS, FORM_VALUES),
)
