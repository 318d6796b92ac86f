"""requests, made to send what we say: URLs to the letter, our key, no redirects.

requests and urllib3 both normalise URLs on the way out, and a cursor that was encoded twice is
refused by Klaviyo ("Invalid cursor provided"). So the request line is put in at the connection.
Proxy and CA settings of the environment hold.
"""

from __future__ import annotations

import string
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from klaviyo_spark import messages
from klaviyo_spark.errors import ConfigError

# Travels from adapter to connection only; it is taken out before anything is sent.
_TARGET = "X-Request-Target"
_SENDABLE = string.ascii_letters + string.digits + string.punctuation


class Secret(Protocol):
    """A secret that has to be asked for by name, so that no print or log shows it by chance."""

    @property
    def name(self) -> str:
        """What a person calls it: the variable or the secret it is from."""
        ...

    def reveal(self) -> str:
        """The key itself."""
        ...


class KeyAuth(AuthBase):
    """Klaviyo's Authorization header. As an auth it goes before a netrc file's entry."""

    def __init__(self, key: Secret) -> None:
        """Take the key.

        Raises:
            ConfigError: it could not stand in a header; later errors would show it.
        """
        text = key.reveal()
        if not text or not text.isascii() or any(c.isspace() or not c.isprintable() for c in text):
            raise ConfigError(messages.keys.MALFORMED(name=key.name))
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the key on ``request``."""
        request.headers["Authorization"] = f"Klaviyo-API-Key {self._key.reveal()}"
        return request


class Session(requests.Session):
    """A session that sends verbatim URLs, follows no redirect and retries nothing by itself."""

    def __init__(self, base_url: str, headers: dict[str, str], auth: AuthBase) -> None:
        super().__init__()
        self._base_url = base_url
        self.headers.update(headers)
        self.auth = auth
        for prefix in ("https://", "http://"):
            self.mount(prefix, _Adapter(pool_connections=1, pool_maxsize=1, max_retries=0))

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Never: a redirect is an answer like any other, and the key goes nowhere else."""

    def ask(
        self,
        url: str,
        timeout: tuple[float, float],
        headers: dict[str, str],
        question: bytes | None = None,
        method: str = "GET",
    ) -> requests.Response:
        """GET ``url`` as it is written, or POST ``question`` to it; no body is read yet.

        Args:
            headers: of this request, beside those of the session.
            method: where nothing is posted.
        """
        method = method if question is None else "POST"
        request = self.prepare_request(
            requests.Request(method, self._base_url, headers=headers, data=question)
        )
        request.url = url
        settings = self.merge_environment_settings(url, {}, True, None, None)
        return self.send(request, timeout=timeout, allow_redirects=False, **settings)


class _VerbatimHTTP(HTTPConnection):
    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        super().request(method, _take_target(url, kwargs), *args, **kwargs)


class _VerbatimHTTPS(HTTPSConnection):
    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        super().request(method, _take_target(url, kwargs), *args, **kwargs)


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _VerbatimHTTP


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _VerbatimHTTPS


_POOLS = {"http": _HTTPPool, "https": _HTTPSPool}


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def add_headers(self, request: requests.PreparedRequest, **kwargs: Any) -> None:
        super().add_headers(request, **kwargs)
        url = request.url or ""
        direct = self.request_url(request, kwargs.get("proxies")).startswith("/")
        request.headers[_TARGET] = _target(url) if direct else _sendable(url)


def _take_target(url: str, kwargs: dict[str, Any]) -> str:
    """The target that the adapter left among the headers, which lose it; else ``url``."""
    headers = dict(kwargs.get("headers") or {})
    target = headers.pop(_TARGET, url)
    kwargs["headers"] = headers
    return str(target)


def _target(url: str) -> str:
    """Path and query of ``url``, every character as it is."""
    parts = urlsplit(url)
    rest = url.split("#", 1)[0][len(parts.scheme) + 3 + len(parts.netloc) :]
    return _sendable(rest if rest.startswith("/") else f"/{rest}")


def _sendable(target: str) -> str:
    """``target``; what cannot stand in a request line (a space, ü) is percent-encoded."""
    return quote(target, safe=_SENDABLE)
