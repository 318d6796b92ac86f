"""One Klaviyo account over HTTP: ``get`` a page, with budgets kept and failures named.

https://developers.klaviyo.com/en/reference/api_overview

It is long, since one class holds what all requests of an account share.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from urllib.parse import urlsplit

import requests
import urllib3

from klaviyo_spark import messages
from klaviyo_spark.client import responses
from klaviyo_spark.client.error_rule import Contact
from klaviyo_spark.client.failures import Refusal, connection_error, status_error
from klaviyo_spark.client.rate_limiter import DaySpent, Limiter
from klaviyo_spark.client.responses import Page
from klaviyo_spark.client.retry import MAX_WAIT_S, RetryPolicy, wait_s
from klaviyo_spark.client.server_clock import ServerClock
from klaviyo_spark.client.sleep import raise_if_stopped
from klaviyo_spark.client.transport import KeyAuth, Secret, Session
from klaviyo_spark.client.urls import origin, same_origin
from klaviyo_spark.errors import BadAnswer, RateLimitTooLong, RetryableError
from klaviyo_spark.schema.endpoint import Endpoint
from klaviyo_spark.version import __version__

__all__ = ["BASE_URL", "REVISION", "Client", "Page", "Secret", "Stats"]

logger = logging.getLogger(__name__)

BASE_URL = "https://a.klaviyo.com"
REVISION = "2026-07-15"
TIMEOUT = (10.0, 75.0)  # seconds to connect, and between two pieces of an answer
TRY_S = 300.0  # an answer that trickles in for longer is dropped and asked for again
_PIECE = 1 << 18
_MEDIA = "application/vnd.api+json"


@dataclass(frozen=True)
class Stats:
    """What a client has done so far: requests sent per endpoint name (each try counts), ..."""

    requests: Mapping[str, int]
    retries: int
    throttled: int
    bytes: int


class Client:
    """A Klaviyo account. Threads share it; each request borrows a connection of its own.

    Args:
        base_url: scheme, host and port; the key is sent nowhere else.
        key: the private API key.
        limiter: the account's, shared by all its clients.
        revision: of the API, where an endpoint has none of its own. A retired one is answered 410
            instead of in another shape.
        timeout: seconds to connect, and to wait for the next piece of an answer.
        clock: of one account; None: that goes by this machine's.

    Raises:
        ConfigError: the key could not stand in a header.
    """

    def __init__(
        self,
        base_url: str,
        key: Secret,
        *,
        limiter: Limiter,
        revision: str = REVISION,
        policy: RetryPolicy | None = None,
        timeout: tuple[float, float] = TIMEOUT,
        clock: ServerClock | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.revision = revision
        self.limiter = limiter
        self._auth = KeyAuth(key)
        self._key = key
        self._policy = policy or RetryPolicy()
        self._timeout = timeout
        self._server = clock or ServerClock()
        self._clock = self._server.elapsed
        self._sessions: deque[Session] = deque()
        self._lock = threading.Lock()
        self._sent: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()
        self._contact = Contact.NONE
        self._key_was_accepted = False

    def __repr__(self) -> str:
        """Where it talks to; never the key."""
        return f"Client({origin(self.base_url)}, revision={self.revision})"

    def __enter__(self) -> Client:
        """The client itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections that nobody uses; a later ``get`` opens new ones."""
        while self._sessions:
            self._sessions.pop().close()

    def get(
        self,
        endpoint: Endpoint,
        url: str,
        *,
        question: bytes | None = None,
        gone_ok: bool = False,
        stop: threading.Event | None = None,
    ) -> Page:
        """One page, asked for as often as the retry policy allows.

        Args:
            url: sent to the letter.
            question: posted as JSON, where the endpoint is asked so. It changes nothing at
                Klaviyo, so it is sent again as any other request.
            gone_ok: a 404 is a page too (status 404, no records), as a fact about a parent id.
            stop: ends waits and downloads early.

        Raises:
            RateLimitTooLong: also where a day's budget is spent; then nothing is sent.
            ApiError: the kind says what to do next; see ``klaviyo_spark.errors``.
            Stopped: ``stop`` was set.
        """
        if not same_origin(url, self.base_url):
            raise BadAnswer(
                messages.requests.KEY_TO_OTHER_HOST(
                    endpoint=endpoint.name, host=origin(url), expected=origin(self.base_url)
                )
            )
        # The wait for our own turn is no part of the 15 minutes.
        self._wait_for_turn(endpoint, stop)

        def send(attempt: int, left_s: float) -> Page:
            if attempt > 1:
                self._wait_for_turn(endpoint, stop)
            deadline = self._clock() + left_s
            return self._send(endpoint, url, question, gone_ok, attempt, deadline, stop)

        return self._policy.call(
            send,
            now=self._server.now,
            contact=lambda: self._contact,
            on_retry=lambda: self._count("retries"),
            stop=stop,
        )

    def _wait_for_turn(self, endpoint: Endpoint, stop: threading.Event | None) -> None:
        try:
            self.limiter.acquire(endpoint.budget, endpoint.rate, stop)
        except DaySpent as spent:
            resume_at = self._server.now() + timedelta(seconds=spent.wait_s)
            said = messages.requests.DAY_SPENT(requests=endpoint.rate.daily, resume_at=resume_at)
            raise RateLimitTooLong(said, resume_at=resume_at) from None

    def add_sent(self, endpoint: Endpoint, times: Iterable[datetime]) -> None:
        """Count requests that earlier runs have sent in the budget of ``endpoint`` (UTC)."""
        now = self.now()
        ages_s = [(now - at).total_seconds() for at in times]
        self.limiter.add_sent(endpoint.budget, endpoint.rate, ages_s)

    def take_sent(self) -> dict[str, list[datetime]]:
        """Per daily budget, when requests were sent (UTC); each is told once."""
        now = self.now()
        return {
            budget: [now - timedelta(seconds=age) for age in ages]
            for budget, ages in self.limiter.take_sent().items()
        }

    @property
    def skew(self) -> timedelta:
        """How far Klaviyo's clock is ahead of ours, by the last ``Date`` header seen."""
        return self._server.skew

    def now(self) -> datetime:
        """Now (UTC) by Klaviyo's clock: upper bounds by ours would be refused or leave gaps."""
        return self._server.now()

    def stamp(self) -> datetime:
        """Now, later than any page so far: what a read that begins now is dated by."""
        return self._server.stamp()

    def start_after(self, newest: datetime | None) -> None:
        """Date all pages later than ``newest``, the last that has landed of the account."""
        self._server.start_after(newest)

    def clock_notes(self) -> list[str]:
        """What should be known of this machine's clock and Klaviyo's, a line each."""
        return self._server.notes()

    def learn_time(self) -> None:
        """Ask what time it is at Klaviyo, where no answer has said so yet.

        A HEAD costs no budget. Where nobody answers it, the first page will say.
        """
        if self._server.is_known:
            return
        session = self._borrow()
        try:
            url, timeout = f"{self.base_url}/api/", (self._timeout[0],) * 2
            with session.ask(url, timeout, {}, method="HEAD") as response:
                self._note_date(response)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            logger.debug("HEAD /api/: %s", type(error).__name__)
        finally:
            session.close()

    def stats(self) -> Stats:
        """A copy of the counters."""
        with self._lock:
            counts = self._counts
            return Stats(dict(self._sent), counts["retries"], counts["throttled"], counts["bytes"])

    def _send(
        self,
        endpoint: Endpoint,
        url: str,
        question: bytes | None,
        gone_ok: bool,
        attempt: int,
        deadline: float,
        stop: threading.Event | None,
    ) -> Page:
        """One try."""
        parts = urlsplit(url)
        where = f"{'GET' if question is None else 'POST'} {parts.path}"
        revision = self._revision(endpoint)
        headers = {"revision": revision} | ({"Content-Type": _MEDIA} if question else {})
        began = self._clock()
        with self._lock:
            self._sent[endpoint.name] += 1
        session = self._borrow()
        try:
            timeout = (self._timeout[0], max(1.0, min(self._timeout[1], deadline - began)))
            with session.ask(url, timeout, headers, question) as response:
                self._contact = max(self._contact, Contact.REACHED)
                came = self._clock()
                self.limiter.learn(endpoint.budget, response.headers.get("RateLimit-Limit"))
                body = self._read(response, where, min(deadline, began + TRY_S), stop)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise connection_error(error, where, origin(self.base_url)) from None
        finally:
            self._sessions.append(session)
        self._count("bytes", len(body))
        status, next_url, count = response.status_code, None, 0
        edges: tuple[bytes, ...] = ()
        if status == 200:
            next_url, count, edges = responses.read_page(body, where, self._key.reveal())
            self._key_was_accepted = True
        elif not (status == 404 and gone_ok and responses.is_error_body(body)):
            self._raise(endpoint, response, body, where, attempt)
        self._contact = Contact.ANSWERED
        date = self._note_date(response, came)
        logger.debug(
            "%s -> %d, %d records, %d bytes, %.2f s",
            where, status, count, len(body), self._clock() - began,
        )  # fmt: skip
        return Page(
            url, parts.path, parts.query, status, body, next_url, count, date,
            self._server.stamp(), revision, edges,
        )  # fmt: skip

    def _read(
        self,
        response: requests.Response,
        where: str,
        deadline: float,
        stop: threading.Event | None,
    ) -> bytes:
        """The whole body, decoded; a short one is an error, whichever urllib3 is installed."""
        pieces = []
        for piece in response.iter_content(_PIECE):
            pieces.append(piece)
            raise_if_stopped(stop)
            if self._clock() > deadline:
                raise RetryableError(messages.requests.TRICKLING_ANSWER(where=where))
        length = response.headers.get("Content-Length", "")
        if length.isdigit() and "Transfer-Encoding" not in response.headers:
            got = response.raw.tell()
            if got < int(length):
                raise RetryableError(
                    messages.requests.BODY_CUT_SHORT(where=where, got=got, length=length)
                )
        return b"".join(pieces)

    def _raise(
        self,
        endpoint: Endpoint,
        response: requests.Response,
        body: bytes,
        where: str,
        attempt: int,
    ) -> None:
        """The error that ``response`` stands for; a 429 slows all threads down."""
        status = response.status_code
        said = responses.error_text(body, self._key.reveal())
        if said.code is not None:
            self._contact = Contact.ANSWERED
            self._note_date(response)
        # Whoever answers, reckons by the clock that it shows.
        now = responses.http_date(response.headers.get("Date")) or self._server.now()
        asked = responses.retry_after_s(response.headers.get("Retry-After"), now)
        if status != 429 and said.code is None and asked and asked > MAX_WAIT_S:
            asked = None  # of a proxy's page of maintenance: whose wait it is, nobody knows
        if status == 429:
            self._count("throttled")
            self.limiter.throttled(endpoint.budget, wait_s(attempt, asked, now=now))
        raise status_error(
            Refusal(
                status, where, said, responses.answerer(response.headers, body),
                self._revision(endpoint), response.headers.get("Location", ""), asked,
                self._key_was_accepted,
            ),
            endpoint,
            self._key.name,
        )  # fmt: skip

    def _note_date(self, response: requests.Response, came: float | None = None) -> datetime | None:
        """The ``Date`` of an answer of Klaviyo's that began to come in at ``came``, noted."""
        date = responses.http_date(response.headers.get("Date"))
        self._server.note(date, self._clock() if came is None else came)
        return date

    def _revision(self, endpoint: Endpoint) -> str:
        if endpoint.revision:
            return endpoint.revision.name
        return endpoint.newer_revision or self.revision

    def _borrow(self) -> Session:
        """A session that no other thread uses now, with its open connection if it has one."""
        try:
            return self._sessions.pop()
        except IndexError:
            headers = {
                "Accept": _MEDIA,
                "X-Klaviyo-Revision-Fall-Forward-Opt-Out": "1",
                "User-Agent": f"klaviyo-spark/{__version__}",
            }
            return Session(self.base_url, headers, self._auth)

    def _count(self, what: str, n: int = 1) -> None:
        with self._lock:
            self._counts[what] += n
