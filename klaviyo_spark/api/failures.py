"""From what went wrong to the error that says what to do next. Pure; no HTTP here."""

from __future__ import annotations

import requests
import urllib3

from klaviyo_spark.api.query import origin
from klaviyo_spark.api.retry import Unreachable
from klaviyo_spark.errors import (
    ApiError,
    BadAnswer,
    FatalError,
    MissingScope,
    RetryableError,
    RevisionRetired,
    Unauthorized,
)


def status_error(
    status: int, where: str, detail: str, scopes: tuple[str, ...], revision: str, location: str
) -> FatalError:
    """The error for an answer that asking again cannot mend.

    Args:
        where: method and path.
        detail: Klaviyo's words, scrubbed.
        scopes: that the endpoint needs.
        location: of a redirect; only its host is named.
    """
    said = f": {detail}" if detail else ""
    if status == 401:
        return Unauthorized(
            f"{where} -> 401: KLAVIYO_API_KEY was refused; make a private key in Klaviyo under "
            "Settings, API keys, and set it anew",
            status=401,
        )
    if status == 403:
        need = ", ".join(scopes)
        return MissingScope(
            f"{where} -> 403: the key lacks a scope, {need} needed. A key's scopes cannot be "
            "changed: make a new one with all of them",
            scopes=scopes,
        )
    if status == 410:
        return RevisionRetired(
            f"{where} -> 410: Klaviyo has retired API revision {revision} or this endpoint; "
            f"upgrade klaviyo-spark{said}",
            status=410,
        )
    if 200 <= status < 400:
        points = f", pointing to {_target(location)}" if location else ""
        return BadAnswer(
            f"{where} -> {status}{points}: not an answer of Klaviyo's API, and redirects are not "
            "followed; check the base URL and proxies",
            status=status,
        )
    return FatalError(f"{where} -> {status}{said or ', without a word why'}", status=status)


def connection_error(error: Exception, where: str, host: str) -> ApiError:
    """The error for a request that got no whole answer.

    Its message has no query and no text of the libraries, which may quote URLs and headers.

    Args:
        host: scheme, host and port that were asked.
    """
    kind = type(error).__name__
    if isinstance(error, requests.exceptions.SSLError):
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return FatalError(
                f"{where}: the certificate of {host} is not trusted here; behind a proxy that "
                "opens TLS, set REQUESTS_CA_BUNDLE to its CA"
            )
        return RetryableError(f"{where}: TLS with {host} broke off")
    if isinstance(error, requests.exceptions.ProxyError):
        return Unreachable(
            f"{where}: the proxy on the way to {host} does not let it through; check HTTPS_PROXY "
            "and NO_PROXY"
        )
    if isinstance(error, requests.exceptions.ConnectTimeout) or _never_connected(error):
        return Unreachable(
            f"{where}: no connection to {host}. Ad-block and DNS lists block Klaviyo's host on "
            "some networks: look it up from this machine, check firewall and HTTPS_PROXY"
        )
    if isinstance(error, requests.exceptions.Timeout) or "timed out" in str(error):
        return RetryableError(f"{where}: {host} did not answer in time")
    if isinstance(error, ValueError) and not isinstance(error, requests.exceptions.JSONDecodeError):
        # InvalidURL, InvalidProxyURL, InvalidHeader, MissingSchema: all are ValueErrors
        return FatalError(f"{where}: {host} cannot be asked ({kind}); check base URL and proxies")
    return RetryableError(f"{where}: the connection to {host} broke off ({kind})")


def _never_connected(error: Exception) -> bool:
    """Whether the name was not found or the connection refused."""
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", cause)
    return isinstance(reason, urllib3.exceptions.NewConnectionError)


def _target(location: str) -> str:
    """Where a redirect points: scheme and host, or that it stays on the same one."""
    return origin(location) if "//" in location else "the same host"
