"""What Klaviyo has and what becomes of it: one module per resource, put together here.

Data alone, written in the words of ``schema``, which is all that it may import. Begin with
``campaigns``; to add a column or a table is to edit one of these modules.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from klaviyo_spark.resources import (
    account,
    campaign_variations,
    campaigns,
    catalogs,
    coupons,
    events,
    flows,
    forms,
    lists,
    metric_days,
    metrics,
    predictions,
    profiles,
    push_tokens,
    reports,
    segment_days,
    segments,
    tags,
    templates,
)
from klaviyo_spark.schema.columns import Column
from klaviyo_spark.schema.endpoint import Endpoint
from klaviyo_spark.schema.table import TableSpec, by_name

# In the order of the alphabet, which is the order users see them in.
ALL = (
    campaigns.RESOURCE,
    events.RESOURCE,
    flows.RESOURCE,
    lists.RESOURCE,
    metrics.RESOURCE,
    profiles.RESOURCE,
    segments.RESOURCE,
    tags.RESOURCE,
)
# Groups of `klaviyo_plus`: nothing of them is read unless conf or the command line names it.
PLUS = (
    account.RESOURCE,
    campaign_variations.RESOURCE,
    catalogs.RESOURCE,
    coupons.RESOURCE,
    forms.RESOURCE,
    metric_days.RESOURCE,
    predictions.RESOURCE,
    push_tokens.RESOURCE,
    reports.RESOURCE,
    segment_days.RESOURCE,
    templates.RESOURCE,
)
EVERY = (*ALL, *PLUS)
RESOURCES = {resource.name: resource for resource in EVERY}
TABLES: dict[str, TableSpec] = by_name([t for resource in EVERY for t in resource.tables])
# Those that every lake has; the others are of `klaviyo_plus`.
DOCUMENTED: dict[str, TableSpec] = by_name([t for resource in ALL for t in resource.tables])
ENDPOINTS: dict[str, Endpoint] = {e.name: e for resource in EVERY for e in resource.endpoints}
# Resources that are read by time; the others are small and read whole each time.
WINDOWED = ("events", "profiles")

__all__ = [
    "ALL",
    "DOCUMENTED",
    "ENDPOINTS",
    "PLUS",
    "RESOURCES",
    "TABLES",
    "WINDOWED",
    "set_extra_columns",
    "tables_with",
]


def tables_with(resources: Collection[str]) -> dict[str, TableSpec]:
    """The documented tables, and those of ``klaviyo_plus`` that ``resources`` make; by name."""
    return {n: t for n, t in TABLES.items() if n in DOCUMENTED or t.resource in resources}


def set_extra_columns(columns: Mapping[str, tuple[Column, ...]]) -> None:
    """Give tables the columns that conf asks for, in the place of any that they were given before.

    The one thing of this room that is not fixed: conf is read once, before all else, and what the
    tables have is then the same for whoever asks.
    """
    for name, table in TABLES.items():
        extra = columns.get(name, ())
        if table.extra != extra:
            TABLES[name] = replace(table, extra=extra)
            if name in DOCUMENTED:
                DOCUMENTED[name] = TABLES[name]
