"""Answers requests as Klaviyo would: key, revision, faults, scopes, query, limits, content."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote

from klaviyo_spark.sandbox.account import Account
from klaviyo_spark.sandbox.answers import Answer, Refusal, forbidden, ok
from klaviyo_spark.sandbox.asked import understand
from klaviyo_spark.sandbox.content.newer_shape import as_newer
from klaviyo_spark.sandbox.control import PREFIX, control
from klaviyo_spark.sandbox.faults import Faults
from klaviyo_spark.sandbox.limits import Limits, rate_of
from klaviyo_spark.sandbox.render import aggregates
from klaviyo_spark.sandbox.render.views import Views
from klaviyo_spark.sandbox.reports.answer import report
from klaviyo_spark.sandbox.reports.rules import RATE as REPORT_RATE
from klaviyo_spark.sandbox.reports.rules import RULES as REPORT_RULES
from klaviyo_spark.sandbox.reports.rules import ReportRule
from klaviyo_spark.sandbox.revisions import NEWER, check_revision
from klaviyo_spark.sandbox.rules import Rule, rule_for
from klaviyo_spark.sandbox.times import instant

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], object]


@dataclass(frozen=True)
class Request:
    """One request that came in. ``endpoint``: its path with ``{id}``; ``at_s``: monotonic."""

    endpoint: str
    path: str
    params: dict[str, str]
    status: int
    at: datetime
    at_s: float


class App:
    """A WSGI application for one account.

    ``clock_ahead``: how far its clock is ahead of this machine's; ``page_most``: the largest page
    it serves, whatever is asked; ``era``: how often all cursors have expired.
    """

    def __init__(self, account: Account, key: str, rate_scale: float, latency_ms: float) -> None:
        self.account = account
        self.key = key
        self.latency_ms = latency_ms
        self.faults = Faults(account.world.seed)
        self.missing_scopes: set[str] = set()
        self.requests: list[Request] = []
        self.clock_ahead = timedelta(0)
        self.page_most: int | None = None
        self.era = 0
        self._limits = Limits(rate_scale)
        self._views = Views(account.world)

    def now(self) -> datetime:
        """The time by the clock of this app (UTC)."""
        return datetime.now(timezone.utc) + self.clock_ahead

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request and record it.

        Raises:
            ConnectionResetError: a fault says to drop the connection; the server then does.
        """
        if self.latency_ms:
            time.sleep(self.latency_ms / 1000)
        path = environ["PATH_INFO"]
        if path.startswith(PREFIX):
            answer = control(self, environ)
        elif environ["REQUEST_METHOD"] == "HEAD":
            # Whoever only wants to know what time it is here spends no budget.
            answer = Refusal(405, "method_not_allowed", "Method not allowed.", "").answer()
        else:
            found = rule_for(path, environ.get("HTTP_REVISION", ""))
            answer = self._answer(environ, path, found)
            self._record(found[0].template if found else path.rstrip("/"), environ, answer.status)
        if answer.drop:
            raise ConnectionResetError("the sandbox drops the connection, as it was told to")
        headers = {"Content-Type": answer.content_type, **answer.headers}
        headers["Content-Length"] = str(len(answer.body))
        headers["Date"] = format_datetime(self.now(), usegmt=True)
        phrase = HTTPStatus(answer.status).phrase
        start_response(f"{answer.status} {phrase}", list(headers.items()))
        return _cut(answer) if answer.cut else [answer.body]

    def _answer(self, environ: Environ, path: str, found: tuple[Rule, str] | None) -> Answer:
        query = environ["QUERY_STRING"]
        base = f"http://{environ['HTTP_HOST']}"
        absolute = f"{base}{path}?{query}" if query else base + path
        readable = unquote(absolute.removeprefix(base))
        try:
            self._check_key(environ)
            revision = check_revision(environ)
            instead = self.faults.before(readable)
            if instead:
                return instead
            if found:
                answer = self._get(environ, *found, base, revision)
            elif path.rstrip("/") == aggregates.TEMPLATE:
                answer = self._count(environ, absolute)
            elif path.rstrip("/") in REPORT_RULES:
                answer = self._report(environ, REPORT_RULES[path.rstrip("/")], absolute)
            else:
                raise Refusal(404, "not_found", "Not found.", f"{path} does not exist.")
        except Refusal as refusal:
            return refusal.answer()
        return self.faults.spoil(readable, absolute, answer)

    def _get(self, environ: Environ, rule: Rule, id: str, base: str, revision: str) -> Answer:
        _check_method(environ, "GET")
        self._check_scopes(rule.scopes)
        params = parse_qsl(environ["QUERY_STRING"], keep_blank_values=True)
        asked = understand(rule, id, params, revision, instant(self.now()))
        asked = replace(asked, size=min(asked.size, self.page_most or asked.size), era=self.era)
        headers = self._limits.spend(*rate_of(asked))
        with self.account.lock:
            views = self._views
            if revision == NEWER and rule.parts[0].startswith("campaign"):
                views = Views(as_newer(self.account.world))
            answer = ok(views.document(asked, base))
        answer.headers |= headers
        return answer

    def _count(self, environ: Environ, url: str) -> Answer:
        body = self._posted(environ, aggregates.SCOPES)
        headers = self._limits.spend("query_metric_aggregates", aggregates.RATE)
        with self.account.lock:
            most = self.page_most or aggregates.MOST
            answer = ok(aggregates.count_per_interval(self.account.world, body, url, most))
        answer.headers |= headers
        return answer

    def _report(self, environ: Environ, rule: ReportRule, url: str) -> Answer:
        body = self._posted(environ, (rule.scope,))
        headers = self._limits.spend(rule.operation, REPORT_RATE)
        with self.account.lock:
            answer = ok(report(rule, self.account.world, body, environ["QUERY_STRING"], url))
        answer.headers |= headers
        return answer

    def _posted(self, environ: Environ, scopes: Iterable[str]) -> bytes:
        _check_method(environ, "POST")
        self._check_scopes(scopes)
        if environ.get("CONTENT_TYPE") not in ("application/vnd.api+json", "application/json"):
            text = "Unsupported media type in request."
            raise Refusal(415, "unsupported_media_type", text, text)
        body: bytes = environ["wsgi.input"].read()
        return body

    def _check_key(self, environ: Environ) -> None:
        if environ.get("HTTP_AUTHORIZATION") != f"Klaviyo-API-Key {self.key}":
            detail = "Incorrect authentication credentials."
            raise Refusal(401, "authentication_failed", detail, detail)

    def _check_scopes(self, needed: Iterable[str]) -> None:
        if self.missing_scopes & set(needed):
            raise forbidden()

    def _record(self, endpoint: str, environ: Environ, status: int) -> None:
        params = dict(parse_qsl(environ["QUERY_STRING"], keep_blank_values=True))
        now = datetime.now(timezone.utc)
        path = environ["PATH_INFO"]
        self.requests.append(Request(endpoint, path, params, status, now, time.monotonic()))


def _check_method(environ: Environ, allowed: str) -> None:
    method = environ["REQUEST_METHOD"]
    if method != allowed:
        detail = f'Method "{method}" not allowed.'
        raise Refusal(405, "method_not_allowed", "Method not allowed.", detail)


def _cut(answer: Answer) -> Iterator[bytes]:
    """A body that ends too soon, in two chunks: of one, the server would correct the length."""
    yield answer.body[:1]
    yield answer.body[1 : len(answer.body) - answer.cut]
