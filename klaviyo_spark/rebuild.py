"""Silver made again from bronze alone: aside, then each table put in its place in one commit.

Readers see a table as it was until the new one is whole. Nothing is asked of Klaviyo.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import functions as F

from klaviyo_spark.checks import Severity
from klaviyo_spark.errors import LakeError
from klaviyo_spark.lake import Lake
from klaviyo_spark.load import Load
from klaviyo_spark.refine import refine
from klaviyo_spark.resources import TABLES
from klaviyo_spark.state import pages_gone_before


def rebuild(
    lake: Lake,
    account_id: str,
    resources: Sequence[str],
    *,
    keep_event_properties: bool = True,
    severities: Mapping[str, Severity] | None = None,
) -> list[Load]:
    """Make the tables of ``resources`` anew from all pages that have landed.

    Pages are taken in as they were the first time, run by run, so the same rows come out, marks
    and histories included. What late arrivals were counted stays.

    Returns:
        One load per table and run.

    Raises:
        LakeError: upkeep has taken pages away.
        CheckFailed: too many rows of a table broke a check; all tables are as they were.
        TableDiffers: a table's columns change, and it holds rows of other accounts too.
    """
    gone = pages_gone_before(lake, account_id).keys() & set(resources)
    if gone:
        raise LakeError(
            f"{', '.join(sorted(gone))}: pages have gone from bronze by age, so tables made anew "
            "would lack what stood on them; name other --resources"
        )
    names = frozenset(t.name for t in TABLES.values() if t.resource in resources)
    aside = Lake(lake.spark, lake.place, aside=names)
    aside.forget_aside()
    loads = refine(
        aside,
        account_id,
        resources,
        keep_event_properties=keep_event_properties,
        severities=severities,
    )
    for name in sorted(names):
        lake.publish(TABLES[name], aside.silver(TABLES[name]), account_id)
    ours = (F.col("_account_id") == account_id) & F.col("table_name").isin(*names)
    lake.replace_ops("quarantine", aside.ops("quarantine"), ours)
    lake.put_ops("table_loads", aside.ops("table_loads"), ("run_id", "table_name"))
    aside.forget_aside()
    return loads
