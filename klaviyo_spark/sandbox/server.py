"""The sample account served on loopback, by waitress, in a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from types import TracebackType
from typing import Any

from waitress.server import create_server

from klaviyo_spark.sandbox.account import Account
from klaviyo_spark.sandbox.app import App, Request
from klaviyo_spark.sandbox.faults import Faults

THREADS = 16
HELD = 1 << 28
"""Bytes of an answer kept in memory; a page of events is more than waitress would by default."""


class Sandbox:
    """A server for one account.

    Args:
        port: 0 for any that is free.
        key: the only key accepted.
        rate_scale: multiplies Klaviyo's rate limits; the headers state what results.
        latency_ms: added to every answer.
        page_most: the largest page served, whatever is asked; small ones make long walks.

    Raises:
        ValueError: ``host`` is not loopback.
    """

    def __init__(
        self,
        account: Account,
        *,
        port: int = 0,
        key: str = "pk_sandbox",
        rate_scale: float = 1.0,
        latency_ms: float = 0,
        page_most: int | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        if host not in ("127.0.0.1", "localhost"):
            raise ValueError(f"the sandbox serves loopback only, not {host}")
        self.account = account
        self.key = key
        self._app = App(account, key, rate_scale, latency_ms)
        self._app.page_most = page_most
        self._host = host
        self._port = port
        self._server: Any = None
        self._thread: threading.Thread | None = None
        self._map: dict[int, Any] = {}
        self._stopping = threading.Event()

    @property
    def url(self) -> str:
        """Scheme, host and port, without a slash at the end."""
        if self._server is None:
            raise RuntimeError("the sandbox has not been started")
        return f"http://{self._host}:{self._server.effective_port}"

    @property
    def faults(self) -> Faults:
        """What goes wrong on purpose."""
        return self._app.faults

    @property
    def missing_scopes(self) -> set[str]:
        """Scopes that the key lacks; what needs them is answered 403."""
        return self._app.missing_scopes

    @missing_scopes.setter
    def missing_scopes(self, scopes: set[str]) -> None:
        self._app.missing_scopes = set(scopes)

    @property
    def clock_ahead(self) -> timedelta:
        """How far the server's clock is ahead of this machine's."""
        return self._app.clock_ahead

    @clock_ahead.setter
    def clock_ahead(self, ahead: timedelta) -> None:
        self._app.clock_ahead = ahead

    @property
    def latency_ms(self) -> float:
        """Added to every answer."""
        return self._app.latency_ms

    @latency_ms.setter
    def latency_ms(self, latency_ms: float) -> None:
        self._app.latency_ms = latency_ms

    def expire_cursors(self) -> None:
        """Let every cursor given so far be one that Klaviyo no longer knows."""
        self._app.era += 1

    @property
    def requests(self) -> list[Request]:
        """Every request so far, in the order they were answered."""
        return self._app.requests

    def counts(self) -> Counter[str]:
        """How many requests came in per endpoint, whatever became of them."""
        return Counter(request.endpoint for request in list(self.requests))

    def start(self) -> Sandbox:
        """Listen, and answer in the background."""
        # A body cut short on purpose is worth no warning, a failure of ours is.
        logging.getLogger("waitress").setLevel(logging.ERROR)
        self._map = {}
        self._stopping.clear()
        self._server = create_server(
            self._app,
            map=self._map,
            host=self._host,
            port=self._port,
            threads=THREADS,
            outbuf_overflow=HELD,
            inbuf_overflow=HELD,
            log_socket_errors=False,  # an OSError of ours closes the connection, as faults ask
        )
        self._thread = threading.Thread(target=self._serve, name="sandbox", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop listening and let go of all connections."""
        if self._server is None or self._thread is None:
            return
        self._stopping.set()
        with suppress(OSError):  # it may have noticed, and gone, by itself
            self._server.pull_trigger()
        self._thread.join()
        self._server = None

    def wait(self) -> None:
        """Stay until the server stops."""
        while self._thread is not None and self._thread.is_alive():
            self._thread.join(0.5)

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _serve(self) -> None:
        server = self._server
        while not self._stopping.is_set():
            server.asyncore.loop(timeout=0.5, map=self._map, use_poll=True, count=1)
        server.task_dispatcher.shutdown(timeout=1)
        server.asyncore.close_all(self._map)
