"""The row that says who holds a lake, read and written by Spark."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from klaviyo_spark.clock import utc
from klaviyo_spark.lake.heartbeat import (
    CHECKPOINT_INTERVAL,
    COLUMNS,
    PROPERTY,
    Heartbeat,
    Signed,
    heartbeat_of,
    parse_sign,
    sign_text,
)
from klaviyo_spark.lake.merge import insert_columns, merge_into, set_columns

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class SparkLease:
    """A ``LeaseTable`` that SQL names ``table``."""

    def __init__(self, spark: SparkSession, table: str) -> None:
        self._spark, self._table = spark, table

    def last_sign(self) -> Heartbeat | None:
        """The last sign of who holds the lake; None where it is free."""
        times = [F.unix_micros(name).alias(name) for name in ("since", "taken_at")]
        held = self._spark.table(self._table).where(F.col("token").isNotNull())
        rows = held.select("token", "run_id", "command", "host", "pid", *times).collect()
        if not rows:
            return None
        row = rows[0].asDict()
        row |= {name: utc(row[name]) for name in ("since", "taken_at")}
        return heartbeat_of(row, self.signed())

    def signed(self) -> Signed | None:
        """Token, number and time of the last sign that was given."""
        rows = self._spark.sql(f"SHOW TBLPROPERTIES {self._table}").collect()
        return parse_sign({row["key"]: row["value"] for row in rows}.get(PROPERTY))

    def claim(self, row: Mapping[str, Any], expected: str | None) -> None:
        """Write ``row`` over the one whose token is ``expected``, or where there is no row."""
        ours = [F.lit(row[name]).cast(type).alias(name) for name, type, _ in COLUMNS]
        names = [name for name, _, _ in COLUMNS]
        rows = self._spark.range(1).select(*ours, F.lit(expected).cast("string").alias("expected"))
        self._spark.sql(
            merge_into(
                self._table,
                "ON t.name = s.name WHEN MATCHED AND t.token <=> s.expected THEN UPDATE SET "
                f"{set_columns(names)} WHEN NOT MATCHED THEN {insert_columns(names)}",
            ),
            rows=rows,
        )

    def give_sign(self, token: str, number: int, at: datetime) -> None:
        """Say that the holder of ``token`` lives."""
        self._spark.sql(
            f"ALTER TABLE {self._table} SET TBLPROPERTIES "
            f"('{PROPERTY}' = '{sign_text(token, number, at)}', "
            f"'delta.checkpointInterval' = '{CHECKPOINT_INTERVAL}')"
        )

    def release(self, token: str) -> None:
        """Free the lake, if it is the holder of ``token`` that has it."""
        self._spark.sql(f"UPDATE {self._table} SET token = NULL WHERE token = '{token}'")
