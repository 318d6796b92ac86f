"""Stand-ins for clock, key and Klaviyo; valid by default, so a test shows only what matters."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from klaviyo_spark.client.client import Client
from klaviyo_spark.client.rate_limiter import Limiter
from klaviyo_spark.client.retry import RetryPolicy
from klaviyo_spark.client.server_clock import ServerClock
from klaviyo_spark.schema.endpoint import XL, Endpoint, Rate, Revision, Window

BASE = "https://a.klaviyo.com"
SECRET = "pk_0123456789abcdef"
NOON = datetime(2026, 11, 1, 12, tzinfo=timezone.utc)

EVENTS = Endpoint(
    name="events",
    resource="events",
    path="/api/events",
    rate=XL,
    scopes=("events:read",),
    params={"page[size]": "1000"},
    windows=(Window("datetime", closed=True, sort="datetime"),),
)
OLDER_EVENTS = replace(
    EVENTS,
    name="older_events",
    revision=Revision("2025-07-15", ends=date(2027, 7, 15)),
    budget_of="events",
)
NEWER_EVENTS = replace(EVENTS, name="newer_events", newer_revision="2026-10-15")


class FakeKey:
    name = "KLAVIYO_API_KEY"

    def reveal(self) -> str:
        return SECRET


@dataclass
class FakeClock:
    """Time that passes only by sleeping."""

    seconds: float = 0.0
    naps: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.seconds

    def sleep(self, seconds: float, stop: threading.Event | None = None) -> None:
        self.naps.append(seconds)
        self.seconds += seconds

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds)


def an_endpoint(
    name: str = "lists", path: str = "/api/lists", rate: Rate = XL, **more: object
) -> Endpoint:
    return Endpoint(
        name=name, resource=name, path=path, rate=rate, scopes=(f"{name}:read",), **more
    )  # type: ignore[arg-type]


def a_body(*ids: str, next_url: str | None = None) -> bytes:
    data = [{"type": "event", "id": i, "attributes": {}} for i in ids]
    return json.dumps({"data": data, "links": {"self": "x", "next": next_url}}).encode()


def an_error_body(detail: str = "A list with id NOPE01 does not exist.") -> bytes:
    error = {"id": "1", "code": "not_found", "title": "Not found.", "detail": detail}
    return json.dumps({"errors": [error]}).encode()


def a_client(
    base_url: str = BASE, clock: FakeClock | None = None, jitter: float = 0.0, **more: object
) -> Client:
    clock = clock or FakeClock()
    policy = RetryPolicy(sleep=clock.sleep, clock=clock, random=lambda: jitter)
    return Client(
        base_url,
        FakeKey(),
        limiter=Limiter(clock=clock, sleep=clock.sleep),
        clock=ServerClock(clock.now, clock),
        **{"policy": policy, **more},
    )  # type: ignore[arg-type]


@dataclass
class Answer:
    body: bytes = field(default_factory=a_body)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False  # promises ten bytes more than it sends


class LoopbackServer:
    """A real server on loopback: what it was sent, to the byte, and answers by ``respond``."""

    def __init__(self, respond: Callable[[str], Answer]) -> None:
        self.targets: list[str] = []
        self.headers: list[dict[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                target = self.raw_requestline.split(b" ")[1].decode("latin-1")
                outer.targets.append(target)
                outer.headers.append({k.lower(): v for k, v in self.headers.items()})
                answer = respond(target)
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body) + 10 * answer.cut))
                self.end_headers()
                self.wfile.write(answer.body)
                self.close_connection = answer.cut

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """A client that hangs up is what some tests are about."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
