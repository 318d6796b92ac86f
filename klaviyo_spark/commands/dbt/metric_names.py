"""Under which name dbt_klaviyo is to count each metric, as SQL. No I/O here.

The package counts events by the name of their metric, whatever integration it is of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from klaviyo_spark.resources.metric_names import PACKAGE_NAMES, PACKAGE_NAMES_OF_OTHERS


def metric_names(table: Callable[[str], str], mine: str, *, mapped: bool) -> str:
    """Common table expressions, the last of them ``names``: one row per metric.

    A documented metric has its classic name, and goes before a metric of the same name that is
    none. Of others with one name that stays with the one that the account has mapped, else the one
    with events in the latest month, the most of them. The rest carry their integration.

    Args:
        table: how SQL names a table of the lake.
        mine: whether a metric ``k`` is of the account.
        mapped: whether the lake has ``mapped_metrics``.
    """
    others = {name.lower(): package for name, package in PACKAGE_NAMES_OF_OTHERS.items()}
    return (
        "classic AS (\n"
        "  SELECT k._account_id, k.metric_id, k.name, k.integration_name,\n"
        f"    coalesce({_one_of('k._documented_name', PACKAGE_NAMES)},\n"
        "    CASE WHEN lower(k.integration_name) = 'klaviyo' THEN "
        f"{_one_of('lower(trim(k.name))', others)} END) AS classic_name\n"
        f"  FROM {table('metrics')} k WHERE {mine}\n"
        "),\n"
        f"rivals AS (\n{_rivals(table, mapped=mapped)}\n),\n"
        "ranked AS (\n"
        "  SELECT k.*, coalesce(k.classic_name, k.name) AS plain_name,\n"
        "    row_number() OVER (\n"
        "      PARTITION BY k._account_id, lower(coalesce(k.classic_name, k.name))\n"
        "      ORDER BY CASE WHEN k.classic_name IS NULL THEN 1 ELSE 0 END,\n"
        "        coalesce(r.mapping, 9), r.latest_month DESC NULLS LAST,\n"
        "        r.event_count DESC NULLS LAST, k.metric_id) AS place\n"
        "  FROM classic k LEFT JOIN rivals r\n"
        "    ON r._account_id = k._account_id AND r.metric_id = k.metric_id\n"
        "),\n"
        "names AS (\n"
        "  SELECT _account_id, metric_id,\n"
        "    CASE WHEN classic_name IS NOT NULL OR place = 1 THEN plain_name\n"
        "      ELSE plain_name || ' (' || coalesce(integration_name, 'no integration') || ')'\n"
        "    END AS name\n"
        "  FROM ranked\n"
        ")"
    )


def _rivals(table: Callable[[str], str], *, mapped: bool) -> str:
    """Of metrics that share their name: how the account has mapped each, and its events."""
    mapping, mappings = "CAST(NULL AS int)", ""
    if mapped:
        mapping = "min(x.mapping)"
        mappings = (
            "\n  LEFT JOIN (\n"
            "    SELECT _account_id, metric_id,\n"
            "      min(CASE WHEN mapped_metric_id = 'revenue' THEN 0 ELSE 1 END) AS mapping\n"
            f"    FROM {table('mapped_metrics')} WHERE _deleted_at IS NULL\n"
            "    GROUP BY _account_id, metric_id\n"
            "  ) x ON x._account_id = s._account_id AND x.metric_id = s.metric_id"
        )
    return (
        f"  SELECT s._account_id, s.metric_id, {mapping} AS mapping,\n"
        "    date_trunc('month', max(e.event_date)) AS latest_month,\n"
        "    count(e.id) AS event_count\n"
        "  FROM (\n"
        "    SELECT *, count(*) OVER (PARTITION BY _account_id, lower(name)) AS sharing\n"
        "    FROM classic WHERE classic_name IS NULL\n"
        "  ) s\n"
        f"  LEFT JOIN {table('events')} e\n"
        "    ON e._account_id = s._account_id AND e.metric_data_id = s.metric_id"
        f"{mappings}\n"
        "  WHERE s.sharing > 1\n"
        "  GROUP BY s._account_id, s.metric_id"
    )


def _one_of(value: str, words: Mapping[str, str]) -> str:
    """What stands for ``value``, else NULL."""
    cases = "".join(f"\n      WHEN '{word}' THEN '{to}'" for word, to in words.items())
    return f"CASE {value}{cases} END"
