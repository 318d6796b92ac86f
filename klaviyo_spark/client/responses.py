"""What Klaviyo answers: pages, error texts, headers. Pure; no HTTP here.

A body is checked for being whole and found its ``links.next`` in; it is never rewritten.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from klaviyo_spark import messages
from klaviyo_spark.client.error_rule import ErrorDetail
from klaviyo_spark.client.json_bodies import SURROGATE, as_far_as_deep, decode, without_mark
from klaviyo_spark.errors import BadAnswer, ErrorPage, RetryableError
from klaviyo_spark.schema.instants import as_time

DETAIL_CHARS = 300
_EMAIL = re.compile(r"[^\s\"'<>(),;:=\[\]]+(@|%40)[^\s\"'<>(),;=\[\]]+")
_PHONE = re.compile(r"(\+|%2B)\d{7,15}")
_TITLE = re.compile(rb"<title[^>]*>([^<]{1,200})</title>", re.IGNORECASE)
# Headers by which proxies, firewalls and content networks say who they are.
_SIGNED_BY = ("Server", "Via", "cf-mitigated", "X-Squid-Error", "X-Sucuri-ID", "X-Iinfo")


@dataclass(frozen=True)
class Page:
    """One answer, as received.

    Args:
        url: as asked.
        path: of the URL, without query.
        body: after content decoding, otherwise untouched; of a 404, the error body.
        next_url: ``links.next`` to the letter; None on the last page.
        record_count: objects in ``data``: 1 for a single object, 0 for null.
        http_date: Klaviyo's clock (UTC), None where the answer has no ``Date``.
        fetched_at: Klaviyo's clock (UTC) when the body was complete; later than any page before.
        revision: of the API, as asked for.
        edges: the first and the last record, as JSON; empty where there is none.
    """

    url: str
    path: str
    query: str
    status: int
    body: bytes
    next_url: str | None
    record_count: int
    http_date: datetime | None
    fetched_at: datetime
    revision: str
    edges: tuple[bytes, ...] = ()

    def times(self, field: str) -> tuple[datetime | None, datetime | None]:
        """``attributes.<field>`` of the first and the last record, in UTC; None where not said."""
        if not self.edges:
            return (None, None)
        first, last = (_attribute(edge, field) for edge in self.edges)
        return (as_time(first), as_time(last))


class _Links(msgspec.Struct):
    next: str | None = None


class _Body(msgspec.Struct):
    data: msgspec.Raw = msgspec.Raw(b"")
    links: _Links | None = None


class _Record(msgspec.Struct):
    attributes: dict[str, msgspec.Raw] | None = None


class _NextLink(msgspec.Struct):
    next: Any = msgspec.UNSET


class _LinksOnly(msgspec.Struct):
    links: _NextLink | None = None


class _Error(msgspec.Struct):
    code: Any = None
    title: str | None = None
    detail: str | None = None
    source: Any = None

    @property
    def is_klaviyos(self) -> bool:
        """Whether it says what it is as Klaviyo does; another API's has a ``message``."""
        return any(isinstance(one, str) and one for one in (self.code, self.title, self.detail))


class _Errors(msgspec.Struct):
    errors: list[_Error]


_BODY = msgspec.json.Decoder(_Body)
_LINKS = msgspec.json.Decoder(_LinksOnly)
_RECORD = msgspec.json.Decoder(_Record)
_RECORDS = msgspec.json.Decoder(list[msgspec.Raw])
_ERRORS = msgspec.json.Decoder(_Errors)


def read_page(
    body: bytes, where: str, secret: str = ""
) -> tuple[str | None, int, tuple[bytes, ...]]:
    """``links.next``, number of records, first and last record of a body with status 200.

    Args:
        where: what was asked, for messages.
        secret: the key, which no message may show.

    Raises:
        RetryableError: not whole, not JSON or not UTF-8: an HTML page, a body cut short.
        ErrorPage: an error of Klaviyo's in the place of a page, or beside no records.
        BadAnswer: JSON, but without the ``data`` or the ``links`` that each page has.
    """
    try:
        body.decode("utf-8")  # msgspec looks only into the texts that it keeps
        page, body = as_far_as_deep(_decoded, without_mark(body))
    except msgspec.ValidationError as error:
        raise BadAnswer(messages.responses.NO_PAGE(where=where, error=error)) from None
    except UnicodeDecodeError:
        raise RetryableError(messages.responses.NOT_UTF8(where=where), status=200) from None
    except msgspec.DecodeError as error:
        what = _looks_like(body)
        raise RetryableError(
            messages.responses.NO_JSON(where=where, what=what, error=error), status=200
        ) from None
    data = bytes(page.data)
    if _is_empty(data) and is_error_body(body):
        raise ErrorPage(
            messages.responses.ERROR_IN_PAGE(where=where, error=error_text(body, secret)),
            status=200,
        )
    if not data:
        raise BadAnswer(messages.responses.NO_DATA(where=where))
    if data.startswith(b"["):
        if page.links is None:
            raise BadAnswer(messages.responses.NO_LINKS(where=where))
        records = _RECORDS.decode(data)
        if not all(bytes(r).startswith(b"{") for r in records):
            raise BadAnswer(messages.responses.NO_OBJECT(where=where))
        edges = (bytes(records[0]), bytes(records[-1])) if records else ()
        return page.links.next or None, len(records), edges
    if data != b"null" and not data.startswith(b"{"):
        raise BadAnswer(messages.responses.NO_LIST(where=where))
    return page.links.next or None if page.links else None, int(data != b"null"), ()


def lacks_next(body: bytes) -> bool:
    """Whether a page says nothing of a next one: ``links`` has no ``next``, be it null.

    An endpoint without pages never does; of a paged listing Klaviyo's last page says null.
    """
    try:
        links = as_far_as_deep(_LINKS.decode, SURROGATE.sub(b"", without_mark(body))).links
    except msgspec.DecodeError:
        return False
    return links is None or links.next is msgspec.UNSET


def error_text(body: bytes, secret: str) -> ErrorDetail:
    """What an error body says, short, without key, e-mail addresses and phones.

    Nothing where the body is no error of Klaviyo's (an HTML page of something in between).
    """
    errors = _errors(body)
    if not errors:
        return ErrorDetail()
    text = "; ".join(e.detail or e.title or "" for e in errors if e.detail or e.title)
    code, source = errors[0].code, errors[0].source
    if isinstance(source, dict):
        source = source.get("parameter") or source.get("pointer")
    return ErrorDetail(
        scrub(text, secret)[:DETAIL_CHARS],
        code if isinstance(code, str) else "",
        source if isinstance(source, str) else "",
    )


def is_error_body(body: bytes) -> bool:
    """Whether ``body`` is an error as Klaviyo writes them, and not of something in between."""
    return bool(_errors(body))


def answerer(headers: Mapping[str, str], body: bytes) -> str:
    """Who an answer that is not Klaviyo's is from, by its headers and the title of its page.

    Empty where nothing tells.
    """
    parts = [f"{name}: {headers[name]}" for name in _SIGNED_BY if headers.get(name)]
    title = _TITLE.search(body)
    if title:
        words = " ".join(title.group(1).decode("utf-8", "replace").split())
        parts.append(f'page "{words}"')
    return scrub(", ".join(parts), "")[:DETAIL_CHARS]


def scrub(text: str, secret: str) -> str:
    """``text`` without the secret, e-mail addresses and phone numbers."""
    if secret:
        text = text.replace(secret, "<key>")
    return _PHONE.sub("<phone>", _EMAIL.sub("<e-mail>", text))


def http_date(value: str | None) -> datetime | None:
    """A ``Date`` header in UTC; None where it is missing or no date."""
    try:
        found = parsedate_to_datetime(value or "")
        return found.replace(tzinfo=found.tzinfo or timezone.utc).astimezone(timezone.utc)
    except (TypeError, ValueError, OverflowError):  # also a year that no time zone may shift
        return None


def retry_after_s(value: str | None, now: datetime) -> float | None:
    """Seconds a ``Retry-After`` header asks for, as a number or a date; None where it says none."""
    text = (value or "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", text, re.ASCII):
        return float(text)
    moment = http_date(text)
    return None if moment is None else max(0.0, (moment - now).total_seconds())


def _errors(body: bytes) -> list[_Error]:
    """The errors of an error body; none where none of them is of Klaviyo's form."""
    try:
        errors = as_far_as_deep(_ERRORS.decode, without_mark(body)).errors
    except msgspec.DecodeError:
        return []
    return errors if any(error.is_klaviyos for error in errors) else []


def _is_empty(data: bytes) -> bool:
    """Whether ``data`` of a page holds no record: it is missing, null, or an empty array."""
    return data in (b"", b"null") or (data.startswith(b"[") and not data[1:-1].strip())


def _decoded(body: bytes) -> tuple[_Body, bytes]:
    """``body`` taken apart, and as it was taken apart.

    A text that was cut within an emoji ends in half a surrogate pair. That is JSON, but msgspec
    refuses it; so it looks at the body with all such halves replaced.
    """
    try:
        return _BODY.decode(body), body
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        whole = SURROGATE.sub(rb"\\ufffd", body)
        if whole == body:
            raise
        return _BODY.decode(whole), whole


def _attribute(record: bytes, name: str) -> Any:
    """An attribute of a record; None where the record is not what it should be."""
    try:
        attributes = as_far_as_deep(_RECORD.decode, record).attributes or {}
        return decode(bytes(attributes.get(name, b"null")))
    except msgspec.DecodeError:
        return None


def _looks_like(body: bytes) -> str:
    """What a body is that is not JSON, in words."""
    start = body[:200].lstrip().lower()
    if not start:
        return messages.responses.EMPTY()
    if start.startswith(b"<"):
        return messages.responses.HTML()
    return messages.responses.MALFORMED()
