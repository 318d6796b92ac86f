"""The documented metrics, and the names that the API has called them by."""

from __future__ import annotations

# Names by which the API has called each documented metric. The SMS ones were renamed to "Text
# Message" on 2026-07-01, "Unsubscribed" before 2024-05.
DOCUMENTED: dict[str, tuple[str, ...]] = {
    "received email": ("Received Email",),
    "received sms": ("Received SMS", "Received Text Message"),
    "bounced email": ("Bounced Email",),
    "failed to deliver sms": ("Failed to Deliver SMS", "Failed to Deliver Text Message"),
    "clicked email": ("Clicked Email",),
    "clicked sms": ("Clicked SMS", "Clicked Text Message"),
    "opened email": ("Opened Email",),
    "marked email as spam": ("Marked Email as Spam",),
    "unsubscribed": ("Unsubscribed", "Unsubscribed from Email Marketing"),
    "unsubscribed from sms marketing": (
        "Unsubscribed from SMS Marketing",
        "Unsubscribed from SMS",
        "Unsubscribed from Text Messaging Marketing",
    ),
    "subscribed to list": ("Subscribed to List",),
}

# What the public package dbt_klaviyo counts them as: the names of 2023, and only those.
PACKAGE_NAMES = {
    "received email": "Received Email",
    "received sms": "Received SMS",
    "bounced email": "Bounced Email",
    "failed to deliver sms": "Failed to Deliver SMS",
    "clicked email": "Clicked Email",
    "clicked sms": "Clicked SMS",
    "opened email": "Opened Email",
    "marked email as spam": "Marked Email as Spam",
    "unsubscribed": "Unsubscribed",
    "unsubscribed from sms marketing": "Unsubscribed from SMS",
    "subscribed to list": "Subscribed to List",
}
# The same of metrics of Klaviyo's that are none of the documented.
PACKAGE_NAMES_OF_OTHERS = {"Sent SMS": "Sent SMS", "Sent Text Message": "Sent SMS"}
