"""What the report asks of ``klaviyo_plus``, as SQL like that of ``questions``. No I/O here.

Every answer is bounded: rows of the newest messages, of two months, of a month's days.
"""

from __future__ import annotations

from datetime import date

from klaviyo_spark.resources import TABLES
from klaviyo_spark.schema.sql_text import portable as _text

SHOWN = 25
"""Campaigns shown, the newest ones; flows and forms of a month, the most used ones."""


def campaign_values(account: str) -> str:
    """A row per message of the newest campaigns, with the campaign's ``name`` and ``sent_at``."""
    return (
        "SELECT v.campaign_id AS campaign_id, v.campaign_message_id AS campaign_message_id, "
        "v.channel AS channel, c.name AS name, c.send_time AS sent_at, v.recipients AS recipients, "
        "v.open_rate AS open_rate, v.click_rate AS click_rate, "
        "v.unsubscribe_rate AS unsubscribe_rate, v.conversions AS conversions, "
        "v.conversion_value AS conversion_value "
        "FROM plus.campaign_values v JOIN silver.campaigns c "
        "ON c._account_id = v._account_id AND c.campaign_id = v.campaign_id "
        f"WHERE v._account_id = {_text(account)} AND v.is_primary_conversion "
        f"ORDER BY c.send_time DESC, v.campaign_message_id, v.send_channel LIMIT {SHOWN}"
    )


def flow_values(account: str) -> str:
    """A row per message of flows, of two months each those that were worth most."""
    of = "flow_id, flow_message_id, channel, period_start, period_end, recipients, open_rate, "
    of += "click_rate, unsubscribe_rate, conversions, conversion_value"
    by = "coalesce(conversion_value, 0) DESC, recipients DESC, flow_message_id, channel"
    return _of_months("flow_values", of, by, f"_account_id = {_text(account)} "
                      "AND is_primary_conversion")  # fmt: skip


def form_values(account: str) -> str:
    """A row per form, of two months each those that were seen most."""
    of = "form_id, period_start, period_end, viewed_form, submits, submit_rate, closed_form"
    return _of_months(
        "form_values", of, "viewed_form DESC, form_id", f"_account_id = {_text(account)}"
    )


def _of_months(table: str, columns: str, by: str, where: str) -> str:
    return (
        f"SELECT {columns} FROM (SELECT *, "
        "dense_rank() OVER (ORDER BY period_start DESC) AS month_place, "
        f"row_number() OVER (PARTITION BY period_start ORDER BY {by}) AS place "
        f"FROM plus.{table} WHERE {where}) ranked "
        f"WHERE month_place <= 2 AND place <= {SHOWN} ORDER BY period_start DESC, place"
    )


def list_days(account: str, since: date) -> str:
    """``list_said``, ``list_id``, ``has_left``, ``day``, ``row_count``: who came and went since."""
    return (
        "SELECT l.list AS list_said, l.list_id AS list_id, "
        "lower(m.name) LIKE 'unsubscribed%' AS has_left, l.utc_date AS day, "
        "sum(l.count) AS row_count FROM plus.list_days l JOIN silver.metrics m "
        "ON m._account_id = l._account_id AND m.metric_id = l.metric_id "
        f"WHERE l._account_id = {_text(account)} AND l._deleted_at IS NULL "
        f"AND l.utc_date >= DATE '{since}' "
        "GROUP BY l.list, l.list_id, lower(m.name) LIKE 'unsubscribed%', l.utc_date"
    )


def segment_days(account: str, since: date) -> str:
    """``segment_id``, ``day`` (of the account) and its numbers, since then."""
    return (
        "SELECT segment_id, account_date AS day, total_members, members_added, members_removed "
        f"FROM plus.segment_days WHERE _account_id = {_text(account)} "
        f"AND account_date >= DATE '{since}'"
    )


def value_months(account: str) -> str:
    """``month`` (UTC), ``currency``, ``is_taken_off``, ``row_count``, ``money``.

    Of what the account calls revenue, refunds and cancellations. A metric counts once, whatever it
    is mapped to.
    """
    kinds = (
        "SELECT metric_id, min(CASE WHEN mapped_metric_id = 'revenue' THEN 0 ELSE 1 END) "
        f"AS is_taken_off FROM plus.mapped_metrics WHERE _account_id = {_text(account)} "
        "AND _deleted_at IS NULL AND metric_id IS NOT NULL "
        "AND mapped_metric_id IN ('revenue', 'refunded_sales', 'cancelled_sales') "
        "GROUP BY metric_id"
    )
    month = "CAST(date_trunc('month', d.utc_date) AS date)"
    return (
        f"SELECT {month} AS month, d.value_currency AS currency, k.is_taken_off AS is_taken_off, "
        "sum(d.count) AS row_count, "
        "CAST(sum(CAST(d.sum_value AS decimal(18, 2))) AS double) AS money "
        f"FROM plus.metric_value_days d JOIN ({kinds}) k ON k.metric_id = d.metric_id "
        f"WHERE d._account_id = {_text(account)} AND d._deleted_at IS NULL "
        f"GROUP BY {month}, d.value_currency, k.is_taken_off"
    )


def names(table: str, account: str) -> str:
    """``id``, ``name``: of each row of a table such as ``silver.flows``, those gone too."""
    [key] = TABLES[table.partition(".")[2]].key
    return f"SELECT {key} AS id, name FROM {table} WHERE _account_id = {_text(account)}"
