"""Rows of profiles and of their suppressions, read off the profiles."""

from __future__ import annotations

from klaviyo_spark.sandbox.content.profiles import attributes, predictions
from klaviyo_spark.sandbox.model import Json, Profile
from klaviyo_spark.sandbox.truth.rows import Row, at


def profile_row(profile: Profile) -> Row:
    """The row of one profile; ``properties`` as an object."""
    a = attributes(profile, subscriptions=True)
    location: Json = a["location"] or {}
    subscriptions: Json = a["subscriptions"] or {}
    email: Json = (subscriptions.get("email") or {}).get("marketing") or {}
    sms: Json = (subscriptions.get("sms") or {}).get("marketing") or {}
    consent = ("consent", "method", "method_detail")
    return {
        "profile_id": profile.id,
        **{k: a[k] for k in _PROFILE},
        **{k: at(a[k]) for k in ("created", "updated", "last_event_date")},
        "properties": a["properties"],
        **{f"location_{k}": location.get(k) for k in _LOCATION},
        "location_latitude": _number(location.get("latitude")),
        "location_longitude": _number(location.get("longitude")),
        **{f"email_marketing_{k}": email.get(k) for k in consent},
        "email_marketing_timestamp": at(email.get("consent_timestamp")),
        "email_marketing_custom_method_detail": email.get("custom_method_detail"),
        "email_marketing_double_optin": email.get("double_optin"),
        **{f"sms_marketing_{k}": sms.get(k) for k in consent},
        "sms_marketing_timestamp": at(sms.get("consent_timestamp")),
        "_zip": location.get("zip"),
        "_title": a["title"],
        "_locale": a["locale"],
        "_email_can_receive_marketing": email.get("can_receive_email_marketing"),
        "_sms_can_receive_marketing": sms.get("can_receive_sms_marketing"),
        "_mobile_push_consent": _consent(subscriptions.get("mobile_push")),
        "_whatsapp_consent": _consent(subscriptions.get("whatsapp")),
    }


_PROFILE = ("email", "phone_number", "external_id", "first_name", "last_name", "organization",
            "image")  # fmt: skip
_LOCATION = ("address1", "address2", "city", "country", "region", "timezone", "ip")


def _consent(channel: Json | None) -> object:
    return ((channel or {}).get("marketing") or {}).get("consent")


def _number(value: object) -> float | None:
    return None if value is None or value == "" else float(str(value))


def prediction_row(profile: Profile) -> Row:
    """What is predicted of one profile; ``ranked_channel_affinity`` as an array."""
    predicted = predictions(profile)
    at_time = at(predicted["expected_date_of_next_order"])
    return {"profile_id": profile.id, **predicted, "expected_date_of_next_order": at_time}


def suppression_rows(profile: Profile) -> dict[str, list[Row]]:
    """A profile's rows in the two tables of suppressions, each key once."""
    subscriptions: Json = attributes(profile, subscriptions=True)["subscriptions"] or {}
    email: Json = (subscriptions.get("email") or {}).get("marketing") or {}
    in_lists = [
        {
            "profile_id": profile.id,
            "reason": s["reason"],
            "list_id": s["list_id"],
            "timestamp": at(s["timestamp"]),
        }
        for s in email.get("list_suppressions") or ()
    ]
    everywhere = [
        {"profile_id": profile.id, "reason": s["reason"], "timestamp": at(s["timestamp"])}
        for s in email.get("suppression") or ()
    ]
    return {
        "profile_email_list_suppressions": _once(in_lists),
        "profile_email_suppressions": _once(everywhere),
    }


def _once(rows: list[Row]) -> list[Row]:
    return list({tuple(row.values()): row for row in rows}.values())
