"""Whether Klaviyo answers for the account whose rows the lake holds.

Klaviyo never gives an id of a metric twice. So an answer without any of those that the lake knows
is of another account, or of something that is not Klaviyo, and all of ours would count as gone.
Where the metrics cannot be had, other listings that the key may read tell the same.

Nor are they of two accounts: where a name is new to the lake, and the answer's metrics are another
name's, the account goes by two names, and each of its rows would be there twice.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cached_property

from klaviyo_spark import messages
from klaviyo_spark.client.client import Client
from klaviyo_spark.client.json_bodies import as_id, records
from klaviyo_spark.client.urls import check_next, first_url, origin
from klaviyo_spark.errors import ApiError, OtherAccount, Unauthorized, Unreachable
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.readers.opening import reader_of
from klaviyo_spark.resources import ENDPOINTS, TABLES
from klaviyo_spark.schema.endpoint import Endpoint
from klaviyo_spark.schema.sql_text import portable
from klaviyo_spark.state.store import metrics_read

logger = logging.getLogger(__name__)

METRICS = ENDPOINTS["metrics"]
# Listings of few pages whose ids are never given twice either. Of these a brand may delete some, so
# it takes so many that are not there any more to say that the account is another.
_OTHER_LISTINGS = ("tags", "lists", "segments", "flows")
_MANY = 20


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

    @property
    def can_be_told(self) -> bool:
        """Whether metrics tell anything: it is known by some, or others are."""
        return self.is_known or bool(self._metrics_of_others)

    def knows(self, metric_ids: Collection[str]) -> bool:
        """Whether one of the metrics is of this account."""
        return not self._read.isdisjoint(metric_ids) or not self._listed.isdisjoint(metric_ids)

    def refusal(self, metric_ids: Collection[str]) -> OtherAccount | None:
        """The error where the metrics that Klaviyo lists are not this account's, or another's."""
        if self.is_known:
            if self.knows(metric_ids):
                return None
            return self._refused(f"{len(metric_ids):,} metrics", len(self._read | self._listed))
        for name, ids in sorted(self._metrics_of_others.items()):
            shared = len(ids.intersection(metric_ids))
            if 2 * shared > len(metric_ids):
                return self._duplicate_refusal(name, shared, len(metric_ids))
        return None

    def check_listings(self, client: Client, stop: threading.Event | None = None) -> str | None:
        """Compare other listings, as far as need be, since the metrics cannot be had.

        Returns:
            What to know where no listing tells whose account it is.

        Raises:
            OtherAccount: none of many ids is known.
            Unauthorized, Unreachable: every request would fail alike.
            Stopped: ``stop`` was set.
        """
        if not self.is_known:
            return None
        listed, known = 0, 0
        for name in _OTHER_LISTINGS:
            ours = self._ids(name, "AND _deleted_at IS NULL")
            if not ours:
                continue
            found = _list_ids(ENDPOINTS[name], client, ours.intersection, stop)
            if found is None:
                continue
            if found & ours:
                return None
            listed, known = listed + len(found), known + len(ours)
        if known >= _MANY:
            raise self._refused(f"{listed:,} tags, lists, segments and flows", known)
        return self._unseen_note()

    def _unseen_note(self) -> str:
        return messages.bronze.ACCOUNT_NOT_CHECKED(account=self._account_id)

    def _refused(self, listed: str, known: int) -> OtherAccount:
        return OtherAccount(
            messages.bronze.OTHER_ACCOUNT(
                url=origin(self._base_url), listed=listed, known=known, account=self._account_id
            )
        )

    def _duplicate_refusal(self, name: str, shared: int, listed: int) -> OtherAccount:
        return OtherAccount(
            messages.bronze.ACCOUNT_RENAMED(
                url=origin(self._base_url),
                listed=listed,
                shared=shared,
                name=name,
                account=self._account_id,
            )
        )

    @cached_property
    def _metrics_of_others(self) -> dict[str, frozenset[str]]:
        """Per other account, metrics that the lake has of it, or whose events it has read."""
        found = {name: {*ids} for name, ids in self._metrics_read().items()}
        for name, ids in self._metrics_listed.items():
            found.setdefault(name, set()).update(ids)
        return {name: frozenset(found[name]) for name in found if name != self._account_id}

    @property
    def _listed(self) -> frozenset[str]:
        return self._metrics_listed.get(self._account_id, frozenset())

    @cached_property
    def _metrics_listed(self) -> dict[str, frozenset[str]]:
        """Per account, what the table of metrics has of it."""
        found: dict[str, set[str]] = {}
        sql = "SELECT _account_id AS account_id, metric_id AS id FROM {t}"
        for row in reader_of(self._lake).ask("silver", "metrics", sql) or ():
            found.setdefault(row["account_id"], set()).add(row["id"])
        return {name: frozenset(ids) for name, ids in found.items()}

    def _metrics_read(self) -> Mapping[str, Collection[str]]:
        return metrics_read(self._lake)

    def _ids(self, table: str, also: str = "") -> frozenset[str]:
        (key,) = TABLES[table].key
        rows = reader_of(self._lake).ask(
            "silver",
            table,
            f"SELECT {key} FROM {{t}} WHERE _account_id = {portable(self._account_id)} {also}",
        )
        return frozenset(row[key] for row in rows or ())


def check_account(
    identity: Identity, client: Client, stop: threading.Event | None = None
) -> str | None:
    """Ask for the metrics, as far as need be, and compare; where they cannot be had, for others.

    Returns:
        What to know where it could not be seen.

    Raises:
        OtherAccount: none of them is known, or another account is by them.
        Unauthorized, Unreachable: every request would fail alike.
        Stopped: ``stop`` was set.
    """
    if not identity.can_be_told:
        return None
    found = _list_ids(METRICS, client, identity.knows, stop)
    if found is None:
        return identity.check_listings(client, stop)
    if refusal := identity.refusal(found):
        raise refusal
    return None


def _list_ids(
    endpoint: Endpoint,
    client: Client,
    is_enough: Callable[[frozenset[str]], object],
    stop: threading.Event | None,
) -> frozenset[str] | None:
    """Ids of a listing, page by page until they are enough; None where it cannot be had.

    Raises:
        Unauthorized, Unreachable: every request would fail alike.
    """
    url: str | None = first_url(client.base_url, endpoint)
    asked: set[str] = set()
    found: frozenset[str] = frozenset()
    try:
        while url:
            page = client.get(endpoint, url, stop=stop)
            found |= ids_on([page.body])
            if is_enough(found):
                break
            asked.add(url)
            url = page.next_url
            if url:
                check_next(url, client.base_url, asked)
    except (Unauthorized, Unreachable):
        raise
    except ApiError as error:
        logger.debug("whose account it is was not seen by %s: %s", endpoint.name, error)
        return None
    return found


def ids_on(pages: Iterable[bytes]) -> frozenset[str]:
    """Ids of the records on pages of a listing."""
    ids = (as_id(record.get("id")) for page in pages for record in records(page))
    return frozenset(filter(None, ids))
