"""Answers that stand in ``tests/data/cases``, served over a socket as Klaviyo would give them.

A case's ``serve`` lists answers per path: the first that fits is given, one with ``times`` so often
and then no more. ``query`` is a part of the decoded query, ``cursor`` a page of its own (null: the
first). A resource's name holds the only page of its listing. All else is an empty page.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from klaviyo_spark.client.client import Client
from klaviyo_spark.client.rate_limiter import Limiter
from klaviyo_spark.client.retry import RetryPolicy
from klaviyo_spark.commands.sync.account_run import Summary
from klaviyo_spark.config.models import Settings
from klaviyo_spark.config.secrets import ApiKey
from klaviyo_spark.lake.lake import Lake
from tests.helpers.fakes import Answer, LoopbackServer
from tests.helpers.small_lakes import run_account
from tests.places import CASES

_KLAVIYO = {"name": "Klaviyo"}
METRICS = {"MReSm1": "Received SMS", "MReEm1": "Received Email"}


def a_case(name: str) -> dict[str, Any]:
    """``cases/<name>.json``."""
    case: dict[str, Any] = json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"))
    return case


class Served:
    """An account of fixed answers; ``answers`` may be changed between two runs.

    Args:
        metrics: names by id, as ``/api/metrics`` lists them unless ``answers`` say otherwise.
    """

    def __init__(self, case: Mapping[str, Any], metrics: Mapping[str, str] | None = None) -> None:
        self.answers = list(case.get("serve", ()))
        self.pages = {f"/api/{name}": case[name] for name in case if isinstance(case[name], dict)}
        self.pages.setdefault(
            "/api/metrics", {"data": [_metric(*m) for m in (metrics or METRICS).items()]}
        )
        self.asked: list[str] = []
        self._given: Counter[int] = Counter()
        self._lock = threading.Lock()
        self.server = LoopbackServer(self._respond)
        self.url = self.server.url

    def _respond(self, target: str) -> Answer:
        with self._lock:
            self.asked.append(unquote(target))
            parts = urlsplit(target)
            for one in self.answers:
                if not _fits(one, parts.path, parts.query):
                    continue
                if self._given[id(one)] >= one.get("times", float("inf")):
                    continue
                self._given[id(one)] += 1
                return self._answer(one)
        return self._answer({"body": self.pages.get(parts.path, {"data": []})})

    def _answer(self, one: Mapping[str, Any]) -> Answer:
        body = one.get("body")
        text = one.get("text", "")
        if body is not None:
            if isinstance(body, dict) and "errors" not in body:
                body = {"links": {"next": None}, **body}
            text = json.dumps(body)
        text = text.replace("{BASE}", self.url)
        return Answer(text.encode(), one.get("status", 200), dict(one.get("headers", {})))


@contextmanager
def serving(case: Mapping[str, Any], **more: Any) -> Iterator[Served]:
    """A case on loopback while the block runs."""
    served = Served(case, **more)
    try:
        yield served
    finally:
        served.server.close()


def sync(lake: Lake, served: Served, **settings: Any) -> Summary:
    """One sync of what is served."""
    policy = RetryPolicy(sleep=lambda _seconds, _stop=None: None)
    with Client(served.url, ApiKey("pk_x"), limiter=Limiter(), policy=policy) as client:
        return run_account("sync", lake, Settings(base_url=served.url, **settings), client)


def _fits(one: Mapping[str, Any], path: str, query: str) -> bool:
    if one["path"] != path or one.get("query", "") not in unquote(query):
        return False
    cursor = parse_qs(query).get("page[cursor]", [None])[0]
    return "cursor" not in one or one["cursor"] == cursor


def _metric(id: str, name: str) -> dict[str, Any]:
    return {"type": "metric", "id": id, "attributes": {"name": name, "integration": _KLAVIYO}}
