"""The tables of ``klaviyo_plus``, written down apart from the specs as in ``contract``."""

KEYS: dict[str, tuple[str, ...]] = {
    "accounts": ("account_id",),
    "mapped_metrics": ("mapped_metric_id",),
    "custom_metrics": ("custom_metric_id",),
    "custom_metric_metrics": ("custom_metric_id", "metric_id"),
    "coupons": ("coupon_id",),
    "coupon_codes": ("coupon_code_id",),
    "forms": ("form_id",),
    "form_versions": ("form_version_id",),
    "push_tokens": ("push_token_id",),
    "templates": ("template_id",),
    "campaign_values": (
        "campaign_id", "campaign_message_id", "send_channel", "conversion_metric_id",
    ),
    "campaign_variation_values": (
        "campaign_id", "campaign_message_id", "variation", "send_channel", "conversion_metric_id",
    ),
    "campaign_group_values": (
        "campaign_id", "campaign_message_id", "group", "send_channel", "conversion_metric_id",
    ),
    "flow_message_days": (
        "flow_id", "flow_message_id", "send_channel", "conversion_metric_id", "account_date",
    ),
    "flow_values": (
        "flow_id", "flow_message_id", "send_channel", "conversion_metric_id", "period_start",
        "period_end",
    ),
    "form_days": ("form_id", "account_date"),
    "form_values": ("form_id", "period_start", "period_end"),
    "profile_predictions": ("profile_id",),
    "segment_days": ("segment_id", "account_date"),
    "metric_days": ("metric_id", "utc_date"),
    "metric_value_days": ("metric_id", "utc_date", "value_currency"),
    "list_days": ("list", "metric_id", "utc_date"),
    "attributed_days": (
        "metric_id", "utc_date", "attributed_message", "attributed_flow", "attributed_channel",
    ),
}  # fmt: skip

_COUNTS = (
    "recipients delivered opens opens_unique clicks clicks_unique bounced failed bounced_or_failed "
    "spam_complaints unsubscribes unsubscribe_uniques conversions conversion_uniques "
    "message_segment_count_sum"
)
_RATES_AND_MONEY = (
    "open_rate click_rate click_to_open_rate delivery_rate bounce_rate failed_rate "
    "bounced_or_failed_rate spam_complaint_rate unsubscribe_rate conversion_rate conversion_value "
    "average_order_value revenue_per_recipient text_message_spend text_message_credit_usage_amount "
    "text_message_roi"
)
_OF_MESSAGES = (
    *((name, "bigint") for name in _COUNTS.split()),
    *((name, "double") for name in _RATES_AND_MONEY.split()),
)
_OF_FORMS = (
    ("viewed_form", "bigint"),
    ("viewed_form_uniques", "bigint"),
    ("viewed_form_step", "bigint"),
    ("viewed_form_step_uniques", "bigint"),
    ("submits", "bigint"),
    ("submit_rate", "double"),
    ("submitted_form_step", "bigint"),
    ("submitted_form_step_uniques", "bigint"),
    ("qualified_form", "bigint"),
    ("qualified_form_uniques", "bigint"),
    ("closed_form", "bigint"),
    ("closed_form_uniques", "bigint"),
)
_CHANNEL = (
    ("send_channel", "string"),
    ("conversion_metric_id", "string"),
    ("channel", "string"),
    ("is_primary_conversion", "boolean"),
)
_CAMPAIGN = (("campaign_id", "string"), ("campaign_message_id", "string"))
_FLOW = (("flow_id", "string"), ("flow_message_id", "string"))
_PERIOD = (("period_start", "date"), ("period_end", "date"))
_DAY = ("account_date", "date")

COLUMNS: dict[str, tuple[tuple[str, str], ...]] = {
    "accounts": (
        ("account_id", "string"),
        ("test_account", "boolean"),
        ("organization_name", "string"),
        ("default_sender_name", "string"),
        ("default_sender_email", "string"),
        ("website_url", "string"),
        ("address1", "string"),
        ("address2", "string"),
        ("city", "string"),
        ("region", "string"),
        ("country", "string"),
        ("zip", "string"),
        ("industry", "string"),
        ("timezone", "string"),
        ("preferred_currency", "string"),
        ("public_api_key", "string"),
        ("locale", "string"),
    ),
    "mapped_metrics": (
        ("mapped_metric_id", "string"),
        ("metric_id", "string"),
        ("custom_metric_id", "string"),
        ("updated", "timestamp"),
    ),
    "custom_metrics": (
        ("custom_metric_id", "string"),
        ("name", "string"),
        ("aggregation_method", "string"),
        ("definition", "string"),
        ("created", "timestamp"),
        ("updated", "timestamp"),
    ),
    "custom_metric_metrics": (
        ("custom_metric_id", "string"),
        ("metric_id", "string"),
        ("value_property", "string"),
        ("metric_filters", "string"),
    ),
    "coupons": (
        ("coupon_id", "string"),
        ("external_id", "string"),
        ("description", "string"),
        ("monitor_configuration", "string"),
    ),
    "coupon_codes": (
        ("coupon_code_id", "string"),
        ("coupon_id", "string"),
        ("profile_id", "string"),
        ("unique_code", "string"),
        ("status", "string"),
        ("expires_at", "timestamp"),
    ),
    "forms": (
        ("form_id", "string"),
        ("name", "string"),
        ("status", "string"),
        ("ab_test", "boolean"),
        ("created_at", "timestamp"),
        ("updated_at", "timestamp"),
    ),
    "form_versions": (
        ("form_version_id", "string"),
        ("form_id", "string"),
        ("form_type", "string"),
        ("variation_name", "string"),
        ("ab_test_variation_name", "string"),
        ("status", "string"),
        ("created_at", "timestamp"),
        ("updated_at", "timestamp"),
    ),
    "push_tokens": (
        ("push_token_id", "string"),
        ("profile_id", "string"),
        ("token", "string"),
        ("enablement_status", "string"),
        ("platform", "string"),
        ("vendor", "string"),
        ("background", "string"),
        ("created", "timestamp"),
        ("recorded_date", "timestamp"),
        ("device_id", "string"),
        ("device_model", "string"),
        ("manufacturer", "string"),
        ("os_name", "string"),
        ("os_version", "string"),
        ("app_name", "string"),
        ("app_version", "string"),
        ("app_build", "string"),
        ("app_id", "string"),
        ("klaviyo_sdk", "string"),
        ("sdk_version", "string"),
        ("environment", "string"),
    ),
    "templates": (
        ("template_id", "string"),
        ("name", "string"),
        ("editor_type", "string"),
        ("html", "string"),
        ("text", "string"),
        ("amp", "string"),
        ("created", "timestamp"),
        ("updated", "timestamp"),
    ),
    "campaign_values": (*_CAMPAIGN, *_CHANNEL, *_OF_MESSAGES),
    "campaign_variation_values": (
        *_CAMPAIGN,
        ("variation", "string"),
        ("variation_name", "string"),
        *_CHANNEL,
        *_OF_MESSAGES,
    ),
    "campaign_group_values": (
        *_CAMPAIGN,
        ("group", "string"),
        ("group_name", "string"),
        *_CHANNEL,
        *_OF_MESSAGES,
    ),
    "flow_message_days": (*_FLOW, *_CHANNEL, _DAY, *_OF_MESSAGES),
    "flow_values": (*_FLOW, *_CHANNEL, *_PERIOD, *_OF_MESSAGES),
    "form_days": (("form_id", "string"), _DAY, *_OF_FORMS),
    "form_values": (("form_id", "string"), *_PERIOD, *_OF_FORMS),
    "profile_predictions": (
        ("profile_id", "string"),
        ("historic_clv", "double"),
        ("predicted_clv", "double"),
        ("total_clv", "double"),
        ("historic_number_of_orders", "double"),
        ("predicted_number_of_orders", "double"),
        ("average_days_between_orders", "double"),
        ("average_order_value", "double"),
        ("churn_probability", "double"),
        ("expected_date_of_next_order", "timestamp"),
        ("ranked_channel_affinity", "string"),
    ),
    "metric_days": (
        ("metric_id", "string"),
        ("utc_date", "date"),
        ("count", "bigint"),
        ("unique", "bigint"),
    ),
    "metric_value_days": (
        ("metric_id", "string"),
        ("utc_date", "date"),
        ("value_currency", "string"),
        ("count", "bigint"),
        ("sum_value", "double"),
    ),
    "list_days": (
        ("list", "string"),
        ("list_id", "string"),
        ("metric_id", "string"),
        ("utc_date", "date"),
        ("count", "bigint"),
    ),
    "attributed_days": (
        ("metric_id", "string"),
        ("utc_date", "date"),
        ("attributed_message", "string"),
        ("attributed_flow", "string"),
        ("attributed_channel", "string"),
        ("count", "bigint"),
        ("sum_value", "double"),
        ("unique", "bigint"),
    ),
    "segment_days": (
        ("segment_id", "string"),
        _DAY,
        ("total_members", "bigint"),
        ("members_added", "bigint"),
        ("members_removed", "bigint"),
        ("net_members_changed", "bigint"),
    ),
}
