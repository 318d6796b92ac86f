"""What each report lets itself be asked, as in Klaviyo's OpenAPI file."""

from __future__ import annotations

from dataclasses import dataclass

from klaviyo_spark.sandbox.reports.statistics import FORM, MESSAGE, SEGMENT

RATE = (1, 2, 225)
_MESSAGES = ("send_channel", "variation", "variation_name", "tag_id", "tag_name",
             "text_message_format")  # fmt: skip


@dataclass(frozen=True)
class ReportRule:
    """One operation.

    Args:
        type: of its question.
        needed: groups that each question has to name, if it names any.
        groups: all that it may name.
        default: those of a question that names none.
        is_series: it gives each day's numbers.
        takes_metric: a conversion metric has to be named; else none may be.
    """

    operation: str
    type: str
    scope: str
    statistics: tuple[str, ...]
    needed: tuple[str, ...]
    groups: tuple[str, ...]
    default: tuple[str, ...]
    is_series: bool = False
    takes_metric: bool = False


def _rule(
    of: str, kind: str, scope: str, statistics: tuple[str, ...], groups: tuple[str, ...] = ()
) -> ReportRule:
    needed = {"campaign": ("campaign_id", "campaign_message_id"), "flow": ("flow_id",
              "flow_message_id")}.get(of, ())  # fmt: skip
    default = (*needed, "send_channel") if needed else (f"{of}_id",)
    return ReportRule(
        f"query_{of}_{kind}",
        f"{of}-{kind}-report",
        scope,
        statistics,
        needed,
        groups,
        default,
        is_series=kind == "series",
        takes_metric=bool(needed),
    )


_CAMPAIGN = ("campaign_id", "campaign_message_id", "campaign_message_name", "group", "group_name",
             *_MESSAGES)  # fmt: skip
_FLOW = ("flow_id", "flow_message_id", "flow_name", "flow_message_name", *_MESSAGES)
_FORMS = ("form_id", "form_version_id")

RULES = {
    f"/api/{rule.type}s": rule
    for rule in (
        _rule("campaign", "values", "campaigns:read", MESSAGE, _CAMPAIGN),
        _rule("flow", "values", "flows:read", MESSAGE, _FLOW),
        _rule("flow", "series", "flows:read", MESSAGE, _FLOW),
        _rule("form", "values", "forms:read", FORM, _FORMS),
        _rule("form", "series", "forms:read", FORM, _FORMS),
        _rule("segment", "values", "segments:read", SEGMENT),
        _rule("segment", "series", "segments:read", SEGMENT),
    )
}
