"""Which metrics an account itself calls revenue, refunds, checkouts: its mapped metrics.

Klaviyo keeps seven of them per account. One may be mapped to a custom metric, which is made of
others: those are read then. https://developers.klaviyo.com/en/reference/get_all_mapped_metrics
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from klaviyo_spark.client.json_bodies import as_id, as_object, records, related_id
from klaviyo_spark.lake.readers.opening import ask
from klaviyo_spark.schema.sql_text import portable

if TYPE_CHECKING:
    from klaviyo_spark.lake.lake import Lake

COMMERCE = "commerce"


class CommerceMetrics:
    """Gathered from pages of the two listings, in any order."""

    def __init__(self) -> None:
        self._mapped: dict[str, None] = {}
        self._custom: set[str] = set()
        self._parts: dict[str, list[str]] = {}

    def note(self, endpoint: str, body: bytes) -> None:
        """Take note of a page; of other listings' pages none is needed."""
        if endpoint == "mapped_metrics":
            for record in records(body):
                self._add(related_id(record, "metric"), related_id(record, "custom-metric"))
        elif endpoint == "custom_metrics":
            for record in records(body):
                if (id := as_id(record.get("id"))) is not None:
                    self._parts[id] = [*_parts(record)]

    def note_rows(self, mapped: Iterable[Any], parts: Iterable[Any]) -> None:
        """The same from rows of ``mapped_metrics`` and ``custom_metric_metrics``."""
        for row in mapped:
            self._add(row["metric_id"], row["custom_metric_id"])
        for row in parts:
            self._parts.setdefault(row["custom_metric_id"], []).append(row["metric_id"])

    @property
    def ids(self) -> list[str]:
        """Ids of the metrics, each once."""
        made_of = (part for id in sorted(self._custom) for part in self._parts.get(id, ()))
        return [*dict.fromkeys((*self._mapped, *made_of))]

    def _add(self, metric: str | None, custom: str | None) -> None:
        if metric is not None:
            self._mapped[metric] = None
        if custom is not None:
            self._custom.add(custom)


def commerce_ids(lake: Lake, account_id: str) -> list[str]:
    """The ids as the tables of the lake have them: those of the last run that read them."""
    mine = f"WHERE _account_id = {portable(account_id)} AND _deleted_at IS NULL"
    found = CommerceMetrics()
    found.note_rows(
        ask(lake, "mapped_metrics", f"SELECT metric_id, custom_metric_id FROM {{t}} {mine}"),
        ask(lake, "custom_metric_metrics", f"SELECT custom_metric_id, metric_id FROM {{t}} {mine}"),
    )
    return found.ids


def _parts(record: dict[str, Any]) -> Iterator[str]:
    definition = as_object(as_object(record.get("attributes")).get("definition"))
    groups = definition.get("metric_groups")
    for group in groups if isinstance(groups, list) else []:
        if (id := as_id(as_object(group).get("metric_id"))) is not None:
            yield id
