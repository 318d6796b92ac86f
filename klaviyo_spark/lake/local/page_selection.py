"""Which bronze pages a load reads: one choice, said to Spark and to Arrow. No I/O here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from klaviyo_spark.schema import sql_text


@dataclass(frozen=True)
class PageSelection:
    """Pages of some endpoints that came with some batches, or belong to some walks or runs.

    Args:
        resources: those of ``endpoints``, by which the table is partitioned.
    """

    resources: frozenset[str]
    endpoints: frozenset[str]
    batch_ids: frozenset[str]
    read_ids: frozenset[str] = frozenset()
    run_ids: frozenset[str] = frozenset()

    @property
    def sql(self) -> str:
        """The condition for Spark and for delta-rs."""
        every = [sql_text.one_of(name, values) for name, values in self._all]
        some = " OR ".join(sql_text.one_of(name, values) for name, values in self._any)
        return " AND ".join([*every, f"({some})"])

    def arrow(self, account_id: str | None) -> pc.Expression:
        """The condition for Arrow, of one account or of all."""
        found = _one_of("account_id", [account_id]) if account_id else pc.scalar(True)
        for name, values in self._all:
            found &= _one_of(name, values)
        some = pc.scalar(False)
        for name, values in self._any:
            some |= _one_of(name, values)
        return found & some

    @property
    def _all(self) -> tuple[tuple[str, frozenset[str]], ...]:
        return ("resource", self.resources), ("endpoint", self.endpoints)

    @property
    def _any(self) -> tuple[tuple[str, frozenset[str]], ...]:
        return ("batch_id", self.batch_ids), ("read_id", self.read_ids), ("run_id", self.run_ids)


def _one_of(name: str, values: Iterable[str]) -> pc.Expression:
    return pc.field(name).isin(pa.array(sorted(values), pa.string()))
