"""From what went wrong to the error that says what to do next. Pure; no HTTP here."""

from __future__ import annotations

from dataclasses import dataclass

import requests
import urllib3

from klaviyo_spark import messages
from klaviyo_spark.client import error_table
from klaviyo_spark.client.error_rule import ErrorDetail
from klaviyo_spark.client.urls import origin
from klaviyo_spark.errors import (
    ApiError,
    FatalError,
    MissingScope,
    RetryableError,
    Unauthorized,
    Unreachable,
)
from klaviyo_spark.schema.endpoint import Endpoint


@dataclass(frozen=True)
class Refusal:
    """An answer that is no page.

    Args:
        where: method and path.
        said: by Klaviyo, scrubbed; its ``code`` is None where the body is not Klaviyo's.
        answerer: what its headers and its title tell of who answered.
        revision: that was asked for.
        location: of a redirect; only its host is named.
        retry_after_s: the wait that the answer asks for, where it does.
        key_was_accepted: Klaviyo has answered this key with a page before.
    """

    status: int
    where: str
    said: ErrorDetail
    answerer: str
    revision: str
    location: str
    retry_after_s: float | None = None
    key_was_accepted: bool = False


def status_error(refusal: Refusal, endpoint: Endpoint, key: str) -> ApiError:
    """The error for an answer that is no page; of a ``RetryableError`` the request is sent again.

    Args:
        key: what a person calls the key; never the key.
    """
    status, said = refusal.status, refusal.said
    row = error_table.of_answer(status, said)
    if row is error_table.RETIRED and endpoint.revision:
        row = error_table.OLDER_RETIRED
    if row is error_table.RETIRED and endpoint.newer_revision:
        row = error_table.NEWER_RETIRED
    if row.error is Unauthorized and refusal.key_was_accepted:
        row = error_table.REVOKED
    if issubclass(row.error, RetryableError):
        who = f", answered by {refusal.answerer}" if said.code is None and refusal.answerer else ""
        text = f": {said}" if said else ""
        return row.error(
            f"{refusal.where} -> {status}{who}{text}",
            status=status,
            retry_after_s=refusal.retry_after_s,
        )
    words = row.words.format(
        said=said.text.rstrip(".") or "no reason given",
        name=endpoint.name,
        scopes=", ".join(endpoint.scopes),
        revision=refusal.revision,
        to=f", pointing to {_target(refusal.location)}" if refusal.location else "",
        answerer=refusal.answerer or "something on the way",
        key=key,
    )
    message = f"{refusal.where} -> {status}{words}"
    if row.error is MissingScope:
        return MissingScope(message, scopes=endpoint.scopes, where=refusal.where, said=f"{said}")
    return row.error(message, status=status)


def connection_error(error: Exception, where: str, host: str) -> ApiError:
    """The error for a request that got no whole answer.

    Its message has no query and no text of the libraries, which may quote URLs and headers.

    Args:
        host: scheme, host and port that were asked.
    """
    kind = type(error).__name__
    if isinstance(error, requests.exceptions.SSLError):
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return FatalError(f"{where}: {error_table.UNTRUSTED.words.format(host=host)}")
        return RetryableError(messages.requests.TLS_BROKE_OFF(where=where, host=host))
    if isinstance(error, requests.exceptions.ProxyError):
        return Unreachable(messages.requests.PROXY_REFUSES(where=where, host=host))
    if isinstance(error, requests.exceptions.ConnectTimeout) or _never_connected(error):
        if host.startswith("http://"):  # to this machine alone: see ``config.address``
            return Unreachable(messages.requests.NO_SANDBOX(where=where, host=host))
        return Unreachable(messages.requests.NO_CONNECTION(where=where, host=host))
    if isinstance(error, requests.exceptions.Timeout) or "timed out" in str(error):
        return RetryableError(messages.requests.NO_ANSWER(where=where, host=host))
    if isinstance(error, ValueError) and not isinstance(error, requests.exceptions.JSONDecodeError):
        # InvalidURL, InvalidProxyURL, InvalidHeader, MissingSchema: all are ValueErrors
        return FatalError(f"{where}: {error_table.UNASKABLE.words.format(host=host, kind=kind)}")
    return RetryableError(messages.requests.CONNECTION_BROKE_OFF(where=where, host=host, kind=kind))


def _never_connected(error: Exception) -> bool:
    """Whether the name was not found or the connection refused."""
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", cause)
    return isinstance(reason, urllib3.exceptions.NewConnectionError)


def _target(location: str) -> str:
    """Where a redirect points: scheme and host, or that it stays on the same one."""
    return origin(location) if "//" in location else "the same host"
