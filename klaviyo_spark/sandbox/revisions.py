"""The ``revision`` header: what is served, what has been retired."""

from __future__ import annotations

from typing import Any

from klaviyo_spark.sandbox.answers import Refusal

CURRENT = "2026-07-15"
OLDER = "2025-07-15"
"""The last revision with the old shape of flow actions."""
NEWER = "2026-10-15"
"""The first revision whose campaigns have messages of several channels."""
OLDER_FIELDS = {
    "flow-action": frozenset({
        "action_type", "status", "created", "updated", "settings", "tracking_options",
        "tracking_options.add_utm", "tracking_options.utm_params",
        "tracking_options.is_tracking_opens", "tracking_options.is_tracking_clicks",
        "send_options", "send_options.use_smart_sending", "send_options.is_transactional",
        "badge_options", "badge_options.badge_config", "badge_options.value",
        "badge_options.set_from_property", "render_options", "render_options.shorten_links",
        "render_options.add_org_prefix", "render_options.add_info_link",
        "render_options.add_opt_out_language",
    }),
}  # fmt: skip
"""The sparse fieldsets that it has in place of today's, as Klaviyo's OpenAPI file of it says."""
_RETIRED = {
    "2022-10-17", "2023-01-24", "2023-02-22", "2023-06-15", "2023-07-15", "2023-08-15",
    "2023-09-15", "2023-10-15", "2023-12-15", "2024-02-15", "2024-05-15", "2024-06-15",
    "2024-07-15", "2024-10-15",
}  # fmt: skip


def check_revision(environ: dict[str, Any]) -> str:
    """The revision that the request is at.

    Raises:
        Refusal: 410 for a retired one if the caller opted out of falling forward; else 400, since
            what Klaviyo would silently do instead is not what anybody who tests wants.
    """
    revision = environ.get("HTTP_REVISION", "")
    if revision in (CURRENT, OLDER, NEWER):
        return str(revision)
    opted_out = environ.get("HTTP_X_KLAVIYO_REVISION_FALL_FORWARD_OPT_OUT") == "1"
    if revision in _RETIRED and opted_out:
        detail = (
            f"Revision {revision} has been retired. See "
            "https://developers.klaviyo.com/en/docs/api_versioning_and_deprecation_policy"
        )
        raise Refusal(410, "gone", "This API revision has been retired.", detail)
    said = f"revision {revision}" if revision else "no revision header"
    detail = f"{said}: the sandbox serves {CURRENT}, flow actions at {OLDER}, campaigns at {NEWER}."
    raise Refusal(400, "invalid", "Invalid revision.", detail, {"parameter": "revision"})
