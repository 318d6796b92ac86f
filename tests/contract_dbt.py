"""The columns that the public package dbt_klaviyo reads, with their types. Apart from the views.

Written down from its macros `get_*_columns` (release 1.4.1, 2026-08-18), which casts each column to
the type that stands here; dbt's `type_float` is a double on DuckDB and a float on Spark.
"""

# Per view, in no order: name and type of each column.
COLUMNS: dict[str, dict[str, str]] = {
    "campaign": {
        "_fivetran_deleted": "boolean",
        "_fivetran_synced": "timestamp",
        "archived": "boolean",
        "campaign_type": "string",
        "created": "timestamp",
        "email_template_id": "string",
        "from_email": "string",
        "from_name": "string",
        "id": "string",
        "name": "string",
        "scheduled": "timestamp",
        "send_time": "timestamp",
        "sent_at": "timestamp",
        "status": "string",
        "status_id": "string",
        "status_label": "string",
        "subject": "string",
        "updated": "timestamp",
    },
    "event": {
        "_fivetran_deleted": "boolean",
        "_fivetran_synced": "timestamp",
        "_variation": "string",
        "campaign_id": "string",
        "datetime": "timestamp",
        "flow_id": "string",
        "flow_message_id": "string",
        "id": "string",
        "metric_id": "string",
        "person_id": "string",
        "property_attribution": "string",
        "property_value": "string",
        "timestamp": "timestamp",
        "type": "string",
        "uuid": "string",
    },
    "flow": {
        "_fivetran_deleted": "boolean",
        "_fivetran_synced": "timestamp",
        "archived": "boolean",
        "created": "timestamp",
        "id": "string",
        "name": "string",
        "status": "string",
        "trigger_type": "string",
        "updated": "timestamp",
    },
    "metric": {
        "_fivetran_deleted": "boolean",
        "_fivetran_synced": "timestamp",
        "created": "timestamp",
        "id": "string",
        "integration_category": "string",
        "integration_id": "string",
        "integration_name": "string",
        "name": "string",
        "updated": "timestamp",
    },
    "person": {
        "_fivetran_deleted": "boolean",
        "_fivetran_synced": "timestamp",
        "address_1": "string",
        "address_2": "string",
        "city": "string",
        "country": "string",
        "created": "timestamp",
        "email": "string",
        "first_name": "string",
        "id": "string",
        "last_event_date": "timestamp",
        "last_name": "string",
        "latitude": "double",
        "longitude": "double",
        "organization": "string",
        "phone_number": "string",
        "region": "string",
        "timezone": "string",
        "title": "string",
        "updated": "timestamp",
        "zip": "string",
    },
}

# Columns of the views that the package does not know: ours.
OWN: dict[str, dict[str, str]] = {"event": {"_value_refusal": "string"}}

# The metrics that it counts and adds up by name unless told otherwise, in lower case: where one of
# these is one of Klaviyo's own, a view has to say it so.
COUNTED = {
    *("active on site", "viewed product", "ordered product", "placed order", "refunded order"),
    *("received email", "clicked email", "opened email", "marked email as spam", "unsubscribed"),
    *("received sms", "clicked sms", "sent sms", "unsubscribed from sms"),
}
