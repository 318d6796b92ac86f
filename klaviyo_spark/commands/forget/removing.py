"""Somebody taken out of the tables: rows deleted, texts scrubbed, old files removed.

What Delta's log keeps of it names columns alone, and the log has statistics of times and run ids
only. What the tables held before is gone once ``clear`` has removed their old files.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from functools import partial

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from klaviyo_spark.commands.forget.finding import (
    named_in,
    owned_by_sql,
    search_terms,
    texts_of,
    with_needles,
)
from klaviyo_spark.commands.forget.person import MARK, Person
from klaviyo_spark.commands.forget.readable import ReadableTables
from klaviyo_spark.errors import words_of
from klaviyo_spark.lake import maintenance
from klaviyo_spark.lake.commit_retry import retry_on_conflict
from klaviyo_spark.lake.commit_tag import tagged
from klaviyo_spark.lake.lake import AccountLake
from klaviyo_spark.lake.merge import merge_into
from klaviyo_spark.lake.spark.threads import workers
from klaviyo_spark.lake.staging import drop_staging
from klaviyo_spark.resources import TABLES
from klaviyo_spark.schema.bookkeeping import BOOKKEEPING, columns_of
from klaviyo_spark.schema.sql_text import text
from klaviyo_spark.schema.table import TableSpec
from klaviyo_spark.silver.changes import row_hash
from klaviyo_spark.silver.refine import SIDE_BY_SIDE

# Of a record in quarantine: it is the person, or about nobody else.
_WHOSE = """coalesce(
    get_json_object(t.record, '$.type') = 'profile' AND (
        array_contains(w_ids, get_json_object(t.record, '$.id')) OR
        array_contains(w_emails, lower(trim(get_json_object(t.record, '$.attributes.email'))))
    ) OR array_contains(w_ids, get_json_object(t.record, '$.relationships.profile.data.id')),
    false)"""


def count_rows(
    lake: AccountLake, person: Person, readable: ReadableTables
) -> dict[str, tuple[int, int]]:
    """Per silver table that has any: rows that are the person's, and others that may name them."""

    def counts_of(name: str) -> DataFrame:
        table = TABLES[name]
        own = owned_by_sql(table) or "false"
        named = f"NOT {own} AND {named_in(texts_of(table))}" if texts_of(table) else "false"
        return with_needles(lake.silver(table), person).agg(
            F.lit(name).alias("name"),
            F.count_if(F.expr(own)).alias("own"),
            F.count_if(F.expr(named)).alias("named"),
        )

    every = readable.collect({name: partial(counts_of, name) for name in readable.silver})
    found = {row["name"]: (row["own"], row["named"]) for row in every}
    return {name: counts for name, counts in found.items() if any(counts)}


def remove_rows(
    lake: AccountLake, person: Person, counts: dict[str, tuple[int, int]], readable: ReadableTables
) -> dict[str, int]:
    """Delete the person's rows and scrub those of others; how many rows of each table changed.

    Tables that say whose an address is come last: should this stop half-way, who was asked for by
    address is found again.

    Args:
        counts: as ``count_rows`` gives them.
    """
    done: dict[str, int] = {}

    def remove_from(name: str) -> None:
        own, named = counts.get(name, (0, 0))
        changed = 0
        with readable.reading(lake.place.schema_of(name), name):
            changed += _scrub(lake, TABLES[name], person) if named else 0
            changed += _delete(lake, TABLES[name], person) if own else 0
        if changed:
            done[name] = changed

    def made_of(table: TableSpec) -> None:
        with readable.reading(lake.place.schema_of(table.name), table.name):
            found = _delete_made_of(lake, table, person)
            if found:
                done[table.name] = found

    owners = {name for name, (own, _) in counts.items() if own}
    bridges = [t for t in readable.silver.values() if t.made_of and t.made_of.table in owners]
    telling = [name for name in counts if any(c.pii == "email" for c in columns_of(TABLES[name]))]
    with workers(lake.session, SIDE_BY_SIDE, "forget") as pool:
        list(pool.map(made_of, bridges))
        list(pool.map(remove_from, [name for name in counts if name not in telling]))
        list(pool.map(remove_from, telling))
    return done


def quarantined(lake: AccountLake, person: Person, readable: ReadableTables) -> bool:
    """Whether a record in quarantine may name the person."""
    if readable.has_ops("quarantine"):
        with readable.reading(lake.place.ops, "quarantine"):
            rows = lake.ops("quarantine").where(f"_account_id = {text(lake.account_id)}")
            return not with_needles(rows, person).where(named_in(["record"])).isEmpty()
    return False


def remove_quarantined(lake: AccountLake, person: Person) -> int:
    """``remove_rows`` in quarantine, whose records are JSON."""
    name = lake.place.table(lake.place.ops, "quarantine")
    merge = merge_into(
        name,
        f"ON {_account_condition(lake)} AND {named_in(['record'], 't')} "
        f"WHEN MATCHED AND {_WHOSE} THEN DELETE "
        f"WHEN MATCHED THEN UPDATE SET record = {_scrubbed('t.record')}",
    )
    return _affected(lake, merge, search_terms(lake.spark, person), name)


def clear(lake: AccountLake, touched: Iterable[str], readable: ReadableTables) -> list[str]:
    """Remove all files that the newest versions do not need; what failed, a line each.

    None of tables that are damaged: what is removed might be what restores them.

    Args:
        touched: silver tables that have been changed; those with people in them are cleared anyway.
    """
    place, errors = lake.place, list[str]()
    there = [TABLES[name] for name in readable.there]
    personal = [table.name for table in there if any(c.pii for c in columns_of(table))]
    tables = [(place.bronze, "pages"), (place.ops, "quarantine")]
    tables += [(place.schema_of(name), name) for name in dict.fromkeys([*personal, *touched])]
    left_out = readable.left_out
    names = [place.table(*of) for of in tables if ".".join(of) not in left_out]
    try:
        names += drop_staging(lake)
    except Exception as error:
        errors.append(f"what a rebuild left aside is still there: {words_of(error)}")
    with maintenance.listing_quickly(lake):
        # One after the other: each sets a setting of the session, and sets it back.
        for name in names:
            try:
                maintenance.vacuum(lake, name, timedelta(0), at_once=True)
            except Exception as error:
                errors.append(f"{name}: its old files are still there: {words_of(error)}")
    return errors


def _account_condition(lake: AccountLake) -> str:
    """SQL of a MERGE: a row is of the account that sees the lake."""
    return f"t._account_id = {text(lake.account_id)}"


def _delete(lake: AccountLake, table: TableSpec, person: Person) -> int:
    own = owned_by_sql(table, "t")
    merge = merge_into(
        _name(lake, table), f"ON {_account_condition(lake)} AND {own} WHEN MATCHED THEN DELETE"
    )
    return _affected(lake, merge, search_terms(lake.spark, person), table.name)


def _delete_made_of(lake: AccountLake, table: TableSpec, person: Person) -> int:
    """Delete rows that are made of the person's rows of another table."""
    of = table.made_of
    assert of
    own = owned_by_sql(TABLES[of.table])
    assert own
    gone = with_needles(lake.silver(TABLES[of.table]), person).where(own)
    merge = merge_into(
        _name(lake, table),
        f"ON t._account_id = s._account_id AND t.`{table.key[0]}` = s.`{of.key}` "
        "WHEN MATCHED THEN DELETE",
    )
    return _affected(lake, merge, gone.select("_account_id", of.key), table.name)


def _scrub(lake: AccountLake, table: TableSpec, person: Person) -> int:
    """Scrub texts of rows that are not the person's; how many rows that changed."""
    own = owned_by_sql(table) or "false"
    rows = with_needles(lake.silver(table), person)
    rows = rows.where(f"NOT {own} AND {named_in(texts_of(table))}")
    columns = [column.name for column in columns_of(table)]
    cells = [_scrubbed(f"`{c}`") if c in texts_of(table) else f"`{c}`" for c in columns]
    kept = [name for name, _, _ in BOOKKEEPING]
    # As rows of their own: see `merge`, where the same keeps Spark from planning for ever.
    struct = ", ".join(
        [*(f"{cell} AS `{c}`" for cell, c in zip(cells, columns, strict=True)), *kept]
    )
    rows = rows.select(F.expr(f"inline(array(struct({struct})))"))
    rows = rows.withColumn("hash", F.expr(row_hash(["_account_id", *columns]))).where(
        "hash != _row_hash"
    )
    count = rows.count()
    if count:
        rows = rows.withColumn("_row_hash", F.col("hash")).drop("hash")
        lake.merge(table, rows, [])
    return count


def _scrubbed(column: str) -> str:
    return f"regexp_replace({column}, w_pattern, {text(MARK)})"


def _affected(lake: AccountLake, merge: str, rows: DataFrame, table: str) -> int:
    """Run a MERGE; how many rows it changed."""
    with tagged(lake.spark):
        done = retry_on_conflict(lambda: lake.spark.sql(merge, rows=rows).first(), table)
    assert done
    return int(done["num_affected_rows"])


def _name(lake: AccountLake, table: TableSpec) -> str:
    return lake.place.silver_table(table.name)
