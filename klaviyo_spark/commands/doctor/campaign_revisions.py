"""Whether campaigns say the same at the revision they are read at and at the one after it.

Nobody says that their ids and times are the same at both, so up to four campaigns are looked at, a
kind each: three requests, four where one has to be asked without its include. Nothing that is
answered is shown, kept or logged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from klaviyo_spark import messages
from klaviyo_spark.client.client import Client
from klaviyo_spark.client.json_bodies import as_id, as_object, records, related_ids
from klaviyo_spark.client.responses import Page
from klaviyo_spark.client.urls import first_url
from klaviyo_spark.commands.doctor.check import Diagnosis, ok, warn
from klaviyo_spark.errors import IncludeRefused
from klaviyo_spark.resources import ENDPOINTS
from klaviyo_spark.schema.endpoint import Endpoint
from klaviyo_spark.schema.instants import as_time

NAME = "campaign revisions"
# The resource that reads campaigns at the newer one.
NAMED_BY = "campaign_variations"
PLAIN, AB_TEST, LOCAL, SMART = KINDS = ("plain", "A/B test", "local send", "smart send")
_LISTED = ENDPOINTS["campaigns"]
_MESSAGES = ENDPOINTS["campaign_variations"]
NEWER = _MESSAGES.newer_revision
_CAMPAIGNS = replace(
    _LISTED,
    params={"include": "campaign-messages", "page[size]": "100"},
    newer_revision=NEWER,
)
Record = Mapping[str, Any]


@dataclass(frozen=True)
class Sample:
    """A campaign as the older of both revisions has it."""

    kind: str
    campaign_id: str
    message_ids: frozenset[str]
    send_time: datetime | None


@dataclass(frozen=True)
class Comparison:
    """What one campaign is at the newer revision.

    Args:
        difference: what is another one there; empty for nothing.
        arms: its messages are variations there.
    """

    kind: str
    difference: str = ""
    arms: bool = False


def compare_revisions(client: Client) -> Diagnosis:
    """Whether ids and send times of some campaigns are the same at both revisions.

    Raises:
        ApiError: one of them does not answer.
    """
    listed = client.get(_LISTED, first_url(client.base_url, _LISTED, slice=_LISTED.slices[0]))
    samples = choose_samples(records(listed.body))
    if not samples:
        return ok(NAME, "not compared: the account has no e-mail campaign with a message")
    ids = tuple(sample.campaign_id for sample in samples)
    campaigns = records(_get(client, _CAMPAIGNS, ids).body)
    message_ids = [id for one in campaigns for id in related_ids(one, "campaign-messages")]
    found: list[dict[str, Any]] = []
    if message_ids:
        found = records(_get(client, _MESSAGES, tuple(message_ids)).body)
    return report_comparisons([*compare_samples(samples, campaigns, found)], client.revision)


def _get(client: Client, endpoint: Endpoint, ids: tuple[str, ...]) -> Page:
    try:
        return client.get(endpoint, first_url(client.base_url, endpoint, id_filter=ids))
    except IncludeRefused:
        if not endpoint.include_is_optional:
            raise
        return _get(client, endpoint.without_include(), ids)


def choose_samples(campaigns: Iterable[Record]) -> list[Sample]:
    """One campaign of each kind, sent ones first."""
    found: dict[str, tuple[bool, Sample]] = {}
    for campaign in campaigns:
        id, messages = as_id(campaign.get("id")), related_ids(campaign, "campaign-messages")
        if id is None or not messages:
            continue
        said = as_object(campaign.get("attributes"))
        kind = _kind(said, messages)
        is_sent = said.get("status") == "Sent"
        if kind and (kind not in found or (is_sent and not found[kind][0])):
            sent_at = as_time(said.get("send_time"))
            found[kind] = (is_sent, Sample(kind, id, frozenset(messages), sent_at))
    return [found[kind][1] for kind in KINDS if kind in found]


def _kind(said: Record, messages: Sequence[str]) -> str:
    """What a campaign is an example of; empty for nothing that is looked at."""
    strategy = as_object(said.get("send_strategy"))
    method = strategy.get("method")
    if method == "ab_test_campaign" or len(messages) > 1:
        return AB_TEST
    if method == "smart_send_time":
        return SMART
    if method != "static":
        return ""
    options = as_object(strategy.get("options")) or as_object(strategy.get("options_static"))
    return LOCAL if options.get("is_local") is True else PLAIN


def compare_samples(
    samples: Iterable[Sample], campaigns: Iterable[Record], messages: Iterable[Record]
) -> Iterator[Comparison]:
    """Each campaign beside what the newer revision says of it.

    Args:
        campaigns: those that it has.
        messages: the messages of these.
    """
    there = {as_id(one.get("id")) for one in campaigns}
    for sample in samples:
        if sample.campaign_id not in there:
            yield Comparison(sample.kind, "is not there")
            continue
        own = [one for one in messages if sample.campaign_id in related_ids(one, "campaign")]
        ids = frozenset(id for one in own if (id := as_id(one.get("id"))) is not None)
        arms = frozenset(id for one in own for id in related_ids(one, "campaign-variations"))
        differences = []
        if sample.message_ids not in (ids, arms):
            differences.append("has messages with other ids")
        times = [time for one in own if (time := _send_time(one))]
        if sample.send_time and (not times or min(times) != sample.send_time):
            differences.append("is sent at another time")
        is_by_arm = sample.message_ids == arms and sample.message_ids != ids
        yield Comparison(sample.kind, " and ".join(differences), is_by_arm)


def report_comparisons(compared: Sequence[Comparison], revision: str) -> Diagnosis:
    """One line for all."""
    differences = [f"the {one.kind} {one.difference}" for one in compared if one.difference]
    kinds = ", ".join(one.kind for one in compared)
    if differences:
        return warn(
            NAME,
            messages.doctor.REVISIONS_DIFFER,
            newer=NEWER,
            revision=revision,
            kinds=kinds,
            differences="; ".join(differences),
        )
    arms = [one.kind for one in compared if one.arms]
    note = f"; messages of the {', '.join(arms)} are variations at {NEWER}" if arms else ""
    same = f"ids and send times are the same at {revision} and {NEWER}"
    return ok(NAME, f"{same}, by {len(compared)} campaigns ({kinds}){note}")


def _send_time(message: Record) -> datetime | None:
    definition = as_object(as_object(message.get("attributes")).get("definition"))
    return as_time(as_object(definition.get("send_options")).get("send_time"))
