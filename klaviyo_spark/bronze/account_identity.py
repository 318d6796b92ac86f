"""Whether Klaviyo answers for the account whose rows the lake holds.

Klaviyo never gives an id of a metric twice. So an answer without any of those that the lake knows
is of another account, or of something that is not Klaviyo, and all of ours would count as gone.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Iterable
from functools import cached_property

from klaviyo_spark.bronze.metric_selection import metrics_on
from klaviyo_spark.client.client import Client
from klaviyo_spark.client.urls import check_next, first_url, origin
from klaviyo_spark.errors import ApiError, OtherAccount, RevisionRetired, Unauthorized, Unreachable
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.readers.catalog import Tables
from klaviyo_spark.resources import ENDPOINTS, TABLES
from klaviyo_spark.schema import sql_text

logger = logging.getLogger(__name__)

METRICS = ENDPOINTS["metrics"]


class Identity:
    """What the lake knows an account by.

    Args:
        read: ids of metrics whose events earlier runs have read. The table of metrics is looked
            into only where these do not do.
        base_url: who is asked.
    """

    def __init__(self, lake: Lake, account_id: str, read: Collection[str], base_url: str) -> None:
        self._lake, self._account_id = lake, account_id
        self._read, self._base_url = frozenset(read), base_url

    @property
    def is_known(self) -> bool:
        """Whether there is anything to know it by; before the first sync there is not."""
        return bool(self._read or self._listed)

    def knows(self, metric_ids: Collection[str]) -> bool:
        """Whether one of the metrics is of this account."""
        return not self._read.isdisjoint(metric_ids) or not self._listed.isdisjoint(metric_ids)

    def refusal(self, metric_ids: Collection[str]) -> OtherAccount:
        """The error where Klaviyo lists these metrics, all of them unknown."""
        return OtherAccount(
            f"{origin(self._base_url)} lists {len(metric_ids):,} metrics and none of the "
            f"{len(self._read | self._listed):,} that the lake has of account "
            f"{self._account_id!r}: the key, or the base URL, is of another account. Nothing has "
            "landed. If it is meant, give that account a name of its own (--account) or another "
            "lake (--warehouse)"
        )

    @cached_property
    def _listed(self) -> frozenset[str]:
        (key,) = TABLES["metrics"].key
        rows = Tables(self._lake).ask(
            "silver",
            "metrics",
            f"SELECT {key} FROM {{t}} WHERE _account_id = {sql_text.text(self._account_id)}",
        )
        return frozenset(row[key] for row in rows or ())


def check_account(identity: Identity, client: Client, stop: threading.Event | None = None) -> None:
    """Ask for the metrics, as far as need be, and compare. Where they cannot be had, nothing.

    Raises:
        OtherAccount: none of them is known.
        Unauthorized, RevisionRetired, Unreachable: every request would fail alike.
        Stopped: ``stop`` was set.
    """
    if not identity.is_known:
        return
    url: str | None = first_url(client.base_url, METRICS)
    asked: set[str] = set()
    found: set[str] = set()
    try:
        while url:
            page = client.get(METRICS, url, stop=stop)
            found |= ids_on([page.body])
            if identity.knows(found):
                return
            asked.add(url)
            url = page.next_url
            if url:
                check_next(url, client.base_url, asked)
    except (Unauthorized, RevisionRetired, Unreachable):
        raise
    except ApiError as error:
        logger.debug("whose account it is was not checked: %s", error)
        return
    raise identity.refusal(found)


def ids_on(pages: Iterable[bytes]) -> set[str]:
    """Ids of the metrics on pages of their listing."""
    return {metric.id for page in pages for metric in metrics_on(page)}
