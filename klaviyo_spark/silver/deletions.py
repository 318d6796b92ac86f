"""What a run's reads prove of rows they do not hold: which are gone since when. No I/O here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from klaviyo_spark.lake.arrow import frame
from klaviyo_spark.schema import sql_text
from klaviyo_spark.schema.deletion_rules import AnsweredDays, DeletionRule
from klaviyo_spark.schema.paths import ID, TYPE
from klaviyo_spark.schema.table import TableSpec
from klaviyo_spark.silver.parse.explode import explode_records
from klaviyo_spark.silver.parse.json_fields import JsonFieldReader
from klaviyo_spark.silver.parse.json_spelling import decoded
from klaviyo_spark.state.complete_reads import CompleteRead

_NOT_NAMED = "CAST(NULL AS array<string>) AS named"
_ALL_DAYS = ("CAST(NULL AS date) AS first_day", "CAST(NULL AS date) AS last_day")


def find_deletions(
    table: TableSpec,
    pages: DataFrame,
    reads: Iterable[CompleteRead],
    asked: Collection[str],
    written: Callable[[str], DataFrame],
) -> DataFrame | None:
    """What the run says about rows of ``table`` it did not read, as ``changes.Evidence`` has it.

    Args:
        pages: the run's that were answered well.
        reads: its complete reads.
        asked: endpoints that it asked.
        written: a table's rows that the run has written.
    """
    found: list[DataFrame] = []
    for judge in table.judges:
        if judge.endpoint not in asked:
            continue
        if judge.whole:
            proofs = [
                (read.account_id, read.parent_id, read.started_at, read.judged_at)
                for read in reads
                if read.endpoint == judge.endpoint
            ]
            if not proofs:
                continue
            facts = frame(
                pages.sparkSession,
                proofs,
                _account_id="string",
                parent_key="string",
                started_at="timestamp",
                judged_at="timestamp",
            ).selectExpr("*", _NOT_NAMED, *_ALL_DAYS)
        elif judge.days:
            facts = answered_days(pages, judge.endpoint, judge.days)
        else:
            parents = (
                written(judge.of.table).selectExpr(
                    "_account_id",
                    f"{sql_text.name(judge.of.key)} AS parent_key",
                    "_landed_at AS judged_at",
                    _NOT_NAMED,
                )
                if judge.of
                else present_parents(pages, judge)
            )
            facts = parents.selectExpr(
                "_account_id",
                "parent_key",
                "judged_at AS started_at",
                "judged_at",
                "named",
                *_ALL_DAYS,
            )
        found.append(facts)
    if not found:
        return None
    return (
        reduce(DataFrame.union, found)
        .groupBy("_account_id", "parent_key", "first_day")
        .agg(
            F.expr("max(started_at) AS started_at"),
            F.expr("max(judged_at) AS judged_at"),
            F.expr("max_by(named, judged_at) AS named"),
            F.expr("max_by(last_day, started_at) AS last_day"),
        )
    )


def answered_days(pages: DataFrame, endpoint: str, days: AnsweredDays) -> DataFrame:
    """What answers that landed whole are about, as ``changes.Evidence.judged`` has it.

    One that another run landed the beginning of proves nothing: it is not all here. Nor does one
    without any row.
    """

    def fact(name: str) -> str:
        return f"get_json_object(slice, {sql_text.text(f'$.{name}')})"

    first_row = sql_text.text(f"${days.rows_path.below('data')}[0]")
    mine = pages.where(f"endpoint = {sql_text.text(endpoint)} AND status = 200")
    walks = mine.groupBy("_account_id", "slice", "walk_id").agg(
        F.expr("max(read_started_at) AS started_at"),
        F.expr("max(fetched_at) AS judged_at"),
        F.expr(
            "bool_or(is_last) AND count(DISTINCT page_number) = max(page_number) "
            f"AND bool_or(get_json_object(body, {first_row}) IS NOT NULL) AS whole"
        ),
    )
    return walks.where("whole").selectExpr(
        "_account_id",
        f"{fact(days.of)} AS parent_key",
        "started_at",
        "judged_at",
        _NOT_NAMED,
        f"CAST({fact(days.first)} AS date) AS first_day",
        f"CAST({fact(days.last)} AS date) AS last_day",
    )


def gone_parents(parent: TableSpec, parents: DataFrame) -> DataFrame:
    """Rows of ``parent`` that carry a mark: ``parent_key``, ``parent_deleted_at``."""
    return parents.where("_deleted_at is not null").selectExpr(
        "_account_id",
        f"{sql_text.name(parent.key[0])} AS parent_key",
        "_deleted_at AS parent_deleted_at",
    )


def present_parents(pages: DataFrame, judge: DeletionRule) -> DataFrame:
    """Parents that were read fresh: ``_account_id``, ``parent_key``, ``judged_at`` (fetch time).

    ``named``: ids of the children that the newest reading names; NULL where the judge has none.

    A record that says nothing about its children (the judge's proof fails) is left out.
    """
    required, names = judge.required, judge.names_path
    paths = [required.path if required else None, names, *judge.childless_paths]
    wanted = [ID, TYPE, judge.parent_path, *filter(None, paths)]
    leaves = JsonFieldReader("json", "record_", wanted)
    mine = pages.where(f"endpoint = {sql_text.text(judge.endpoint)}")
    rows = explode_records(mine, judge.row_source, leaves)
    if required:
        rows = rows.where(leaves.proves(required))
    for path in judge.childless_paths:
        rows = rows.where(f"{leaves.text_at(path)} IS NULL")
    parent = decoded(leaves.text_at(judge.parent_path), "is_coded")
    named = "CAST(NULL AS array<string>)"
    if names:
        listed = leaves.text_at(names)
        named = f"from_json({listed}, 'array<struct<id:string>>').id"
    return (
        rows.selectExpr("_account_id", f"{parent} AS parent_key", "fetched_at", f"{named} AS named")
        .where("parent_key is not null")
        .groupBy("_account_id", "parent_key")
        .agg(F.expr("max(fetched_at) AS judged_at"), F.expr("max_by(named, fetched_at) AS named"))
    )
