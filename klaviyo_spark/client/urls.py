"""The first URL of a walk, and what a ``links.next`` must be like. No I/O here.

https://developers.klaviyo.com/en/docs/filtering_
"""

from __future__ import annotations

import json
from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qsl, quote, urlsplit

from klaviyo_spark import messages
from klaviyo_spark.errors import BadAnswer
from klaviyo_spark.schema.endpoint import Endpoint, Slice

_SECOND = timedelta(seconds=1)
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Bounds:
    """The span of time a walk reads; both ends belong to it, None is open.

    ``closed``: the API has operators that hold the bound itself. Where it has only strict ones,
    the bound is asked for one second wider: a row too many is no loss.
    """

    field: str
    start: datetime | None
    end: datetime | None
    closed: bool

    def filters(self) -> tuple[str, ...]:
        """The span in Klaviyo's grammar, to the second, never narrower than asked."""
        found = []
        if self.start is not None:
            start = _utc(self.start).replace(microsecond=0)
            found.append(
                f"greater-or-equal({self.field},{_text(start)})"
                if self.closed
                else f"greater-than({self.field},{_text(start - _SECOND)})"
            )
        if self.end is not None:
            end = _utc(self.end)
            if end.microsecond:
                end = end.replace(microsecond=0) + _SECOND
            found.append(
                f"less-or-equal({self.field},{_text(end)})"
                if self.closed
                else f"less-than({self.field},{_text(end + _SECOND)})"
            )
        return tuple(found)


def first_url(
    base_url: str,
    endpoint: Endpoint,
    *,
    slice: Slice | None = None,
    parent_id: str | None = None,
    window: Bounds | None = None,
    id_filter: tuple[str, ...] = (),
    extra_filter: str = "",
) -> str:
    """The URL that a walk begins with; all later ones are Klaviyo's own ``links.next``.

    Args:
        slice: which listing of the endpoint; its filter comes first.
        parent_id: fills ``{id}`` of the path.
        window: sorted by the window's field, so that rows don't move under the cursor.
        id_filter: metric ids for events, ids of the records themselves elsewhere. URLs should
            stay below 4 kB, which some 100 ids fill.
        extra_filter: more of Klaviyo's filter grammar, as it stands.

    Raises:
        ValueError: the path needs a parent's id and there is none, or the other way round.
    """
    if ("{id}" in endpoint.path) != (parent_id is not None):
        raise ValueError(f"{endpoint.name}: {endpoint.path} and parent id {parent_id!r} disagree")
    path = endpoint.path.replace("{id}", quote(parent_id or "", safe=""))
    filters = [
        slice.filter if slice else "",
        _ids(endpoint, id_filter),
        *(window.filters() if window else ()),
        extra_filter,
    ]
    params = dict(endpoint.params)
    text = ",".join(f for f in filters if f)
    if text:
        params["filter"] = text
    sort = _sort(endpoint, window)
    if sort:
        params["sort"] = sort
    query = "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in params.items())
    return f"{base_url.rstrip('/')}{path}" + (f"?{query}" if query else "")


def check_next(next_url: str, base_url: str, seen: Container[str]) -> None:
    """Nothing, if ``next_url`` may be asked: on Klaviyo's host, and not asked in this walk before.

    Raises:
        BadAnswer: it may not; following it would send the key elsewhere, or loop.
    """
    if not same_origin(next_url, base_url):
        raise BadAnswer(
            messages.responses.NEXT_ON_OTHER_HOST(host=origin(next_url), expected=origin(base_url))
        )
    if next_url in seen:
        raise BadAnswer(messages.responses.LOOPING_CURSOR(path=urlsplit(next_url).path))


def cursor_in_body(url: str, question: bytes) -> tuple[str, bytes]:
    """Where to post a question, and the question with the cursor that ``url`` names, if it does.

    Raises:
        BadAnswer: ``url`` is a next one without a cursor: it would be the first page again.
    """
    parts = urlsplit(url)
    if not parts.query:
        return url, question
    named = dict(parse_qsl(parts.query))
    cursor = named.get("page_cursor") or named.get("page[cursor]")
    if not cursor:
        raise BadAnswer(messages.responses.LOOPING_CURSOR(path=parts.path))
    asked = json.loads(question)
    asked["data"]["attributes"]["page_cursor"] = cursor
    return url.partition("?")[0], json.dumps(asked).encode()


def same_origin(url: str, base_url: str) -> bool:
    """Whether scheme, host and port are the same; never for a relative or broken ``url``."""
    try:
        return _origin(url) == _origin(base_url)
    except ValueError:
        return False


def origin(url: str) -> str:
    """Scheme, host and port of ``url`` for a message: no path, no query, no user."""
    try:
        scheme, host, port = _origin(url)
    except ValueError:
        return "no full address"
    return f"{scheme}://{host}" + (f":{port}" if port != _PORTS.get(scheme) else "")


def _origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port; ValueError where a part is missing or a user name is smuggled in."""
    if any(c < " " for c in url):  # urlsplit drops tabs and newlines, others may not
        raise ValueError("not a plain URL")
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        raise ValueError("not a plain URL")
    return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme]


def is_quotable(id: str) -> bool:
    """Whether a filter can hold an id between quotes."""
    return '"' not in id and "\\" not in id


def _ids(endpoint: Endpoint, ids: tuple[str, ...]) -> str:
    """``equals(metric_id,…)`` for events, ``any(id,[…])`` elsewhere; nothing for no ids."""
    if not ids:
        return ""
    if not all(map(is_quotable, ids)):
        raise ValueError(f"{endpoint.name}: an id holds a quote or backslash: {ids}")
    texts = ",".join(f'"{i}"' for i in ids)
    if endpoint.resource != "events":
        return f"any(id,[{texts}])"
    return f"equals(metric_id,{texts if len(ids) == 1 else f'[{texts}]'})"


def _sort(endpoint: Endpoint, window: Bounds | None) -> str:
    """The window's own sort, else the endpoint's, else that of its window for complete reads."""
    for w in endpoint.windows:
        if window is not None and w.field == window.field:
            return w.sort
    return endpoint.sort or (endpoint.windows[0].sort if endpoint.windows else "")


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    return moment.astimezone(timezone.utc)


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
