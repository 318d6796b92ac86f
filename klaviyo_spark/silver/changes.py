"""What a batch of rows changes in a table. DataFrame -> DataFrame, no I/O here.

``changes`` lays fresh rows over the table as it is and keeps only rows that come out different, so
that the same read twice writes nothing. It is long, since it is one query, stated step by step.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from klaviyo_spark.schema import sql_text
from klaviyo_spark.schema.bookkeeping import columns_of
from klaviyo_spark.schema.checks import LEFT_OUT
from klaviyo_spark.schema.columns import Column as ColumnSpec
from klaviyo_spark.schema.table import TableSpec
from klaviyo_spark.silver.lookups import REFERENCES
from klaviyo_spark.silver.parse import missing_parts
from klaviyo_spark.silver.parse.missing_parts import labels_by_column
from klaviyo_spark.silver.parse.project import place_in, possible_version


@dataclass(frozen=True)
class Evidence:
    """What a run's reads prove beyond the rows they hold. All frames carry ``_account_id``.

    Args:
        judged: ``parent_key`` (NULL: the whole table), ``started_at``, ``judged_at``: rows of that
            parent that were not read, and landed before ``started_at``, are gone since then, but
            for those whose ids the parent still names (``named``). Of a table that answers judge,
            rows of ``first_day`` to ``last_day``.
        gone_parents: ``parent_key``, ``parent_deleted_at`` of parents that carry a mark. It passes
            to rows that were not read later.
        held: the table's key and ``held_at``, the last read before this one that held a member.
    """

    judged: DataFrame | None = None
    gone_parents: DataFrame | None = None
    held: DataFrame | None = None


def changes(
    rows: DataFrame, current: DataFrame, table: TableSpec, evidence: Evidence, run_id: str
) -> DataFrame:
    """Rows of ``table`` that are new or different, whole, in table order.

    Args:
        rows: one per key, as ``newest_rows.keep_newest`` gives them.
        current: the table as it is (a part of it that holds all keys of ``rows`` will do where
            nothing is judged).

    Returns:
        The table's columns; ``change``: ``new``, ``changed``, ``marked`` (now gone), ``broken`` or
        ``none`` (not to be written, and only told of); ``nulled``, how many cells did not fit their
        type; ``broken``, what quarantine gets; ``lacked``: a read of this run is what marks it;
        ``keyless``: a record that stands for a row, though nobody knows which; the counts of
        ``checks.LEFT_OUT``; ``stored_day``, the partition that the table has the row in (NULL too
        where it has none, or no such row).
    """
    complete = evidence.judged is not None or evidence.gone_parents is not None
    s, t = (
        side.selectExpr(
            *[f"`{name}` AS `{prefix}_{name}`" for name in side.columns], f"true AS {prefix}_there"
        )
        for prefix, side in (("s", rows), ("t", current))
    )
    # Where neither can be NULL the plain comparison lets Spark join rows where they lie.
    same = [
        f"s_{k} {'<=>' if k in table.nullable_key else '='} t_{k}"
        for k in ("_account_id", *table.key)
    ]
    both = s.join(t, on=F.expr(" AND ".join(same)), how="full" if complete else "left")
    known_by = dict.fromkeys(
        ("_account_id", *table.key, table.judged_per, table.judged_day, table.parent_column)
    )
    both = both.selectExpr("*", *[f"coalesce(s_{n}, t_{n}) AS k_{n}" for n in known_by if n])
    both = _with_evidence(both, table, evidence)
    return _final_rows(both, table, run_id)


def is_new_as_read(table: TableSpec) -> bool:
    """Whether rows of an empty table are as they were read: for ``all_new``.

    Rows of several sources are laid over one another, a history has times of its own, and marks of
    parents pass to their children.
    """
    return len(table.sources) == 1 and not table.history and table.parent is None


def all_new(rows: DataFrame, table: TableSpec, run_id: str) -> DataFrame:
    """What ``changes`` gives where there are no rows yet and nothing is proved of any.

    Rows stay as they lie, in order. For tables of one source that keep no history.
    """
    assert len(table.sources) == 1
    assert not table.history
    names = [c.name for c in columns_of(table)]
    return rows.selectExpr(
        *map(sql_text.name, names),
        "_account_id",
        f"{sql_text.text(run_id)} AS _run_id",
        "seen_at AS _landed_at",
        f"{row_hash(['_account_id', *names])} AS _row_hash",
        "CAST(NULL AS timestamp) AS _deleted_at",
        "CASE WHEN broken IS NOT NULL THEN 'broken' WHEN empties > 0 THEN 'none' "
        "ELSE 'new' END AS change",
        "nulled",
        "broken",
        "false AS lacked",
        "false AS keyless",
        *LEFT_OUT,
        "CAST(NULL AS date) AS stored_day",
    )


def _with_evidence(both: DataFrame, table: TableSpec, evidence: Evidence) -> DataFrame:
    """Beside each row what speaks about it: ``judged_at``, ``started_at``, ``named``, ..."""
    brings = {"judged_at": "timestamp", "started_at": "timestamp", "named": "array<string>"}
    if table.judged_day:
        brings |= {"first_day": "date", "last_day": "date"}
    both = _left_join_evidence(
        both,
        evidence.judged,
        {"parent_key": table.judged_per} if table.judged_per else {},
        brings,
        f"k_{table.judged_day} BETWEEN first_day AND last_day" if table.judged_day else "",
    )
    both = _left_join_evidence(
        both,
        evidence.gone_parents,
        {"parent_key": table.parent_column},
        {"parent_deleted_at": "timestamp"},
    )
    return _left_join_evidence(
        both, evidence.held, {k: k for k in table.key}, {"held_at": "timestamp"}
    )


def _left_join_evidence(
    both: DataFrame,
    facts: DataFrame | None,
    on: dict[str, str],
    brings: dict[str, str],
    where: str = "",
) -> DataFrame:
    """``both`` with the columns of ``facts`` for its key, or NULLs where there are no facts.

    Args:
        where: which of them count, beside those of that key.
    """
    if facts is None:
        return both.selectExpr("*", *[f"CAST(NULL AS {t}) AS {n}" for n, t in brings.items()])
    side = facts.selectExpr(
        "_account_id AS f__account_id", *[f"`{name}` AS `f_{name}`" for name in on], *brings
    )
    same = ["k__account_id = f__account_id"]
    same += [f"`k_{key}` <=> `f_{name}`" for name, key in on.items()]
    same += [where] if where else []
    return both.join(side, on=F.expr(" AND ".join(same)), how="left").drop(
        "f__account_id", *[f"f_{name}" for name in on]
    )


def _final_rows(both: DataFrame, table: TableSpec, run_id: str) -> DataFrame:
    """Each row as it is to be, those that stay as they are left out."""
    fresh = f"s_there IS NOT NULL AND {_gives_rows(table)}"
    lacking = "started_at > t__landed_at"
    if any(judge.names for judge in table.judges):
        lacking += f" AND NOT coalesce(array_contains(named, k_{table.key[0]}), false)"
    there = "t_is_member" if table.history else "t__deleted_at IS NULL"
    lacked = f"coalesce(NOT ({fresh}) AND {there} AND {lacking}, false)"
    own = f"CASE WHEN NOT ({fresh}) THEN coalesce(t__deleted_at, {_when(lacking, 'judged_at')}) END"
    passed = _when(f"NOT (({fresh}) AND s_seen_at > parent_deleted_at)", "parent_deleted_at")
    labels = labels_of(table)
    both = both.selectExpr("*", f"{_outranked(table)} AS outranked").selectExpr(
        "*",
        f"coalesce({own}, {passed}) AS deleted_at",
        "s_there IS NOT NULL AS there",
        f"{fresh} AS fresh",
        f"{lacked} AS lacked",
        "t_there IS NOT NULL AS known",
        f"NOT {_stale(table)} AS current",
        *missing_parts.lacks_by_label(one for several in labels.values() for one in several),
    )
    settled = _rows_of(
        both,
        *[f"{_cell(c, table, labels.get(c.name, ()))} AS `{c.name}`" for c in columns_of(table)],
        "k__account_id AS _account_id",
        *("fresh", "known", "lacked", "deleted_at", "s_seen_at", "s_nulled", "s_broken"),
        *("s_empties", "s_rivals", "greatest(s_listings, CAST(outranked AS int)) AS s_listings"),
        *("t__landed_at", "t__row_hash", "t__deleted_at"),
        *(["t_is_member"] if table.history else []),
        f"{f't_{table.partition.name}' if table.partition else 'CAST(NULL AS date)'} AS stored_day",
    )
    if table.fillers:  # what only fills a row does not make one
        settled = settled.where("known OR fresh OR s_broken IS NOT NULL")
    names = [c.name for c in columns_of(table)]
    settled = settled.selectExpr("*", f"{row_hash(['_account_id', *names])} AS hash")
    differs = "NOT hash <=> t__row_hash"
    mark = "CAST(NULL AS timestamp)" if table.history else "deleted_at"
    if table.history:
        marked = "t_is_member AND NOT is_member"
    else:
        marked = f"{mark} IS NOT NULL AND t__deleted_at IS NULL"
    landed = f"CASE WHEN fresh AND {differs} THEN s_seen_at ELSE t__landed_at END"
    changed = f"NOT known OR {differs} OR NOT {mark} <=> t__deleted_at"
    left_out = [f"coalesce(s_{count}, 0)" for count in LEFT_OUT]
    return settled.where(f"{changed} OR {' + '.join(left_out)} > 0").selectExpr(
        *map(sql_text.name, names),
        "_account_id",
        f"{sql_text.text(run_id)} AS _run_id",
        f"coalesce({landed}, s_seen_at) AS _landed_at",
        "hash AS _row_hash",
        f"{mark} AS _deleted_at",
        f"CASE WHEN s_broken IS NOT NULL THEN 'broken' WHEN s_empties > 0 OR NOT ({changed}) "
        f"THEN 'none' WHEN NOT known THEN 'new' WHEN {marked} THEN 'marked' ELSE 'changed' END "
        "AS change",
        f"CASE WHEN {changed} THEN coalesce(s_nulled, 0) ELSE 0 END AS nulled",
        "s_broken AS broken",
        "lacked",
        "fresh AND s_broken IS NOT NULL AND s_broken.element_index IS NULL AS keyless",
        *[f"{text} AS {count}" for count, text in zip(LEFT_OUT, left_out, strict=True)],
        "stored_day",
    )


def _when(condition: str, then: str) -> str:
    return f"CASE WHEN {condition} THEN {then} END"


def _rows_of(rows: DataFrame, *columns: str) -> DataFrame:
    """``rows.selectExpr(*columns)`` that the optimiser cannot see through.

    A filter on a hash of forty computed columns, each also selected under its name, makes Spark
    derive constraints for every combination of the two: planning then takes longer than the
    universe has. Rows that come out of ``inline`` are plain columns again.
    """
    return rows.select(F.expr(f"inline(array(struct({', '.join(columns)})))"))


def _cell(column: ColumnSpec, table: TableSpec, labels: tuple[str, ...]) -> str:
    """One column of a settled row in SQL, by the column's role.

    Args:
        labels: of the parts that feed it; see ``missing_parts``.
    """
    new, old = f"`s_{column.name}`", f"`t_{column.name}`"
    if column.lookup in REFERENCES:  # what was found stays for as long as it points to the same
        ref = REFERENCES[column.lookup]
        new = f"CASE WHEN s_{ref} <=> t_{ref} THEN coalesce({old}, {new}) ELSE {new} END"
    if labels:
        new = missing_parts.keep_old(new, old, labels)
    match column.role:
        case "first_seen":
            return f"coalesce({old}, {new})"
        case "sticky":
            return f"coalesce({new}, {old})"
        case "present":
            return f"CASE WHEN fresh THEN deleted_at IS NULL ELSE {old} AND deleted_at IS NULL END"
        case "last_seen":
            came = f"CASE WHEN coalesce(t_is_member, false) THEN {old} ELSE {new} END"
            gone = "deleted_at IS NOT NULL AND t_is_member"
            left = f"CASE WHEN {gone} THEN coalesce(held_at, {old}) END"
            stays = f"coalesce({left}, {old}, {new})"
            return f"CASE WHEN fresh AND deleted_at IS NULL THEN {came} ELSE {stays} END"
        case _ if column.name == table.listed_under:
            return f"CASE WHEN fresh AND current AND NOT outranked THEN {new} ELSE {old} END"
        case _ if len(table.sources) == 1:
            return f"CASE WHEN fresh AND current THEN {new} ELSE {old} END"
        case _:
            # The row's update time says nothing about what is only filled in.
            read = "there" if column.reads.keys() <= table.fillers else "there AND current"
            # A source that was not read keeps what it said, so a NULL counts only where all have
            # been: else what a row holds would depend on which page came in which run.
            asked = ", ".join(map(sql_text.text, column.reads))
            said = f"size(array_except(array({asked}), s_sources)) = 0"
            return (
                f"CASE WHEN {read} AND {said} THEN {new} "
                f"WHEN {read} THEN coalesce({new}, {old}) ELSE {old} END"
            )


def labels_of(table: TableSpec) -> dict[str, tuple[str, ...]]:
    """Per column the parts of a record that feed it, or what it is looked up by."""
    columns = columns_of(table)
    references = {c.name: REFERENCES[c.lookup] for c in columns if c.lookup in REFERENCES}
    return missing_parts.with_references(labels_by_column(table, columns), references)


def _gives_rows(table: TableSpec) -> str:
    """Whether the row read is one by a source that gives rows, not only filled."""
    if not table.fillers:
        return "true"
    givers = ", ".join(sql_text.text(s.name) for s in table.sources if not s.fills_only)
    return f"coalesce(arrays_overlap(s_sources, array({givers})), false)"


def _stale(table: TableSpec) -> str:
    """The row read is an older version than the one we have: its own update time says so.

    Of one version, that of a later listing is as if it were older. What is no ``possible_version``
    is none.
    """
    if not table.version_by:
        return "outranked"
    ours = possible_version(f"`t_{table.version_by}`", "t__landed_at")
    newer, older = f"s_version > ({ours})", f"s_version < ({ours})"
    return f"(coalesce({older}, false) OR (outranked AND NOT coalesce({newer}, false)))"


def _outranked(table: TableSpec) -> str:
    """The row that we have is of an earlier listing, and not all have been read to the end.

    Where they have, the record is in that listing no more.
    """
    if not table.listed_under or table.precedence is None:
        return "false"
    ours, theirs = (place_in(table.precedence, f"`{s}_{table.listed_under}`") for s in "ts")
    return (
        "t_there IS NOT NULL AND s_there IS NOT NULL AND t__deleted_at IS NULL "
        f"AND judged_at IS NULL AND {ours} > {theirs}"
    )


def row_hash(names: list[str]) -> str:
    """Hash of the columns; NULLs are told apart (a plain hash skips them)."""
    return f"xxhash64({', '.join(f'`{n}`, `{n}` IS NULL' for n in names)})"
