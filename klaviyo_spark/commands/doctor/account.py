"""Klaviyo as this machine and this key see it: reach, clock, revisions, scopes.

One request per endpoint, of one record where Klaviyo lets us say so. Nothing that is answered is
shown, kept or logged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta

from klaviyo_spark import messages
from klaviyo_spark.bronze import request_plan, revisions
from klaviyo_spark.client.client import Client
from klaviyo_spark.client.rate_limiter import Limiter
from klaviyo_spark.client.responses import Page
from klaviyo_spark.client.retry import RetryPolicy
from klaviyo_spark.client.server_clock import WORTH_SAYING_S
from klaviyo_spark.client.urls import first_url
from klaviyo_spark.commands.doctor import campaign_revisions
from klaviyo_spark.commands.doctor.check import Diagnosis, of_error, ok, quote, refuse, warn
from klaviyo_spark.config.models import Settings
from klaviyo_spark.config.secrets import ApiKey
from klaviyo_spark.errors import (
    ApiError,
    IncludeRefused,
    MissingScope,
    OlderRevisionRetired,
    RateLimitTooLong,
    Unauthorized,
    Unreachable,
)
from klaviyo_spark.resources import ENDPOINTS
from klaviyo_spark.schema.endpoint import Endpoint, Fanout

PATIENCE_S = 20.0
TIMEOUT = (5.0, PATIENCE_S)
# Small, without a size to set, and open to every key that reads events.
FIRST = "metrics"
# Exit code where one endpoint fails and the rest would be read.
PARTLY = 3
# Every further request would end alike.
_FOR_ALL = (Unauthorized, Unreachable, RateLimitTooLong)


def client(settings: Settings, key: ApiKey) -> Client:
    """A client that does not wait long.

    Raises:
        ConfigError: the key could not stand in a header.
    """
    return Client(
        settings.base_url,
        key,
        limiter=Limiter(share=settings.rate_limit_share),
        policy=RetryPolicy(total_s=PATIENCE_S),
        timeout=TIMEOUT,
    )


def account(client: Client, resources: tuple[str, ...]) -> Iterator[Diagnosis]:
    """Everything that a request shows, for the endpoints of ``resources``, each as it is asked."""
    wanted = [e for e in ENDPOINTS.values() if e.resource in resources or e.name == FIRST]
    wanted.sort(key=lambda e: (e.name != FIRST, not e.is_listing))
    pages: dict[str, Page] = {}
    for asked, endpoint in enumerate(wanted, 1):
        try:
            check = _probe(client, endpoint, pages)
        except MissingScope as error:
            check = of_error(endpoint.name, error, PARTLY)
        except ApiError as error:
            if asked > 1 and not isinstance(error, _FOR_ALL):
                yield of_error(endpoint.name, error, PARTLY)
                continue
            yield of_error("key" if isinstance(error, Unauthorized) else "klaviyo", error)
            if asked < len(wanted):
                left = len(wanted) - asked
                yield warn("scopes", messages.doctor.ENDPOINTS_NOT_ASKED, left=left)
            return
        if asked == 1:
            yield ok("klaviyo", f"{client.base_url} answers and takes the key")
            yield clock(client.skew)
            yield revision(client.revision, client.now().date())
        yield check
    if campaign_revisions.NAMED_BY in resources:
        yield _compared(client)


def _compared(client: Client) -> Diagnosis:
    try:
        return campaign_revisions.compare_revisions(client)
    except ApiError as error:
        return of_error(campaign_revisions.NAME, error, PARTLY)


def clock(skew: timedelta) -> Diagnosis:
    """This machine's clock against Klaviyo's, which is ahead by ``skew``."""
    seconds = skew.total_seconds()
    if abs(seconds) <= WORTH_SAYING_S:
        return ok("clock", f"within {WORTH_SAYING_S:.0f} s of Klaviyo's")
    side = "behind" if seconds > 0 else "ahead of"
    return warn("clock", messages.doctor.CLOCK_OFF, seconds=abs(seconds), side=side)


def revision(name: str, today: date) -> Diagnosis:
    """How long Klaviyo serves the revision that everything but single columns is read at."""
    end = revisions.ends(name)
    days = (end - today).days
    if days <= 0:
        return refuse("revision", messages.doctor.REVISION_ENDED, revision=name, end=end)
    if end - today <= revisions.WARNED_BEFORE:
        return warn("revision", messages.doctor.REVISION_ENDS, revision=name, end=end, days=days)
    return ok("revision", f"API revision {name} is served until {end}, {days:,} days from now")


def _probe(client: Client, endpoint: Endpoint, pages: dict[str, Page]) -> Diagnosis:
    """One request; a listing's page is kept for those that need an id out of it.

    Raises:
        ApiError: the endpoint does not answer.
    """
    name, scopes = endpoint.name, ", ".join(endpoint.scopes)
    today = client.now().date()
    if revisions.has_ended(endpoint, today):
        return quote(name, revisions.ending(endpoint, today) or "")
    parent = None
    if endpoint.is_question:
        return ok(name, f"not asked: a question costs more than the scope is worth ({scopes})")
    if not endpoint.is_listing:
        fanout = _fanout(endpoint)
        if fanout.of not in pages:
            return warn(name, messages.doctor.PARENT_NOT_ASKED, parent=fanout.of)
        if ENDPOINTS[fanout.of].include_is_optional:
            return ok(name, f"not asked: {fanout.of} includes what it would tell ({scopes})")
        parent = parent_on(pages[fanout.of], fanout)
        if parent is None:
            return ok(name, f"not asked: the account has nothing to ask about ({scopes})")
    try:
        pages[name] = client.get(smallest(endpoint), _url(client, endpoint, parent), gone_ok=True)
    except IncludeRefused:
        if not endpoint.include_is_optional:
            raise
        included = endpoint.params["include"]
        return quote(name, messages.bronze.INCLUDE_REFUSED(name=name, included=included))
    except OlderRevisionRetired as error:
        return quote(name, f"{error} Until then, {revisions.loss(endpoint)}")
    ending = revisions.ending(endpoint, today)
    if ending:
        return quote(name, ending)
    own = endpoint.revision.name if endpoint.revision else endpoint.newer_revision
    return ok(name, f"{scopes}, at revision {own}" if own else scopes)


def smallest(endpoint: Endpoint) -> Endpoint:
    """The same endpoint asked for one record, where its page has a size."""
    sized = {"page[size]": "1"} if "page[size]" in endpoint.params else {}
    return replace(endpoint, params={**endpoint.params, **sized})


def parent_on(page: Page, fanout: Fanout) -> str | None:
    """An id that a page of the first listing of ``fanout.of`` gives to ask about."""
    facts: Mapping[str, str] = ENDPOINTS[fanout.of].slices[0].facts
    found = request_plan.parents_on(page.body, facts, fanout)
    return found[0].id if found else None


def _url(client: Client, endpoint: Endpoint, parent: str | None) -> str:
    if endpoint.fanout and endpoint.fanout.filter:
        named = f'any({endpoint.fanout.filter},["{parent}"])'
        return first_url(client.base_url, smallest(endpoint), extra_filter=named)
    return first_url(
        client.base_url, smallest(endpoint), slice=endpoint.slices[0], parent_id=parent
    )


def _fanout(endpoint: Endpoint) -> Fanout:
    """What fills ``{id}``; an endpoint that counts members is asked about the same parents."""
    if endpoint.fanout:
        return endpoint.fanout
    return next(
        e.fanout
        for e in ENDPOINTS.values()
        if e.fanout and e.members and e.members.count == endpoint.name
    )
