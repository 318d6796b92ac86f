"""Misbehaviour on request: what goes wrong, where, and how often."""

from __future__ import annotations

import json
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from klaviyo_spark.sandbox.answers import Answer, Refusal, forbidden, invalid, not_found, throttled

HTML = b"<html><head><title>Klaviyo</title></head><body><h1>We'll be right back</h1></body></html>"


@dataclass
class Fault:
    """One rule: ``kinds`` befall, in turn, requests whose path (or path and query) has ``path``.

    ``times`` is how often at most (``None``: no end), ``after`` how many such requests are spared
    first.
    """

    kinds: tuple[str, ...]
    path: str = ""
    probability: float = 1.0
    times: int | None = None
    after: int = 0
    turn: int = 0

    @property
    def kind(self) -> str:
        """What befalls the next request."""
        return self.kinds[self.turn % len(self.kinds)]


class Faults:
    """The rules in force. Chances come from a seed.

    ``struck`` counts what has happened, by kind; an answer that stalls comes ``stall_s`` late.
    """

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(f"faults:{seed}")
        self._rules: list[Fault] = []
        self._lock = threading.Lock()
        self.struck: Counter[str] = Counter()
        self.stall_s = 5.0

    def add(
        self,
        kind: str | Sequence[str],
        path: str = "",
        probability: float = 1.0,
        times: int | None = None,
        after: int = 0,
    ) -> None:
        """Let ``kind`` happen, or several kinds in turn; see ``KINDS``.

        Raises:
            ValueError: there is no such kind.
        """
        kinds = (kind,) if isinstance(kind, str) else tuple(kind)
        for one in kinds or ("",):
            if one not in KINDS:
                raise ValueError(f"no fault {one!r}; there are {', '.join(sorted(KINDS))}")
        re.compile(path)
        with self._lock:
            self._rules.append(Fault(kinds, path, probability, times, after))

    def clear(self) -> None:
        """Behave again."""
        with self._lock:
            self._rules.clear()

    def before(self, url: str) -> Answer | None:
        """What takes the place of the answer to a request, if anything does."""
        kind = self._strikes(url, INSTEAD)
        if kind == "stall":
            time.sleep(self.stall_s)
        return INSTEAD[kind](url) if kind else None

    def spoil(self, url: str, absolute: str, answer: Answer) -> Answer:
        """The answer, or what is left of it. Only successes are spoilt."""
        if answer.status != 200:
            return answer
        kind = self._strikes(url, SPOILING)
        return SPOILING[kind](answer, absolute) if kind else answer

    def _strikes(self, url: str, kinds: dict[str, Callable[..., Answer]]) -> str | None:
        path = url.partition("?")[0]
        with self._lock:
            for rule in self._rules:
                kind = rule.kind
                if kind not in kinds or rule.times == 0:
                    continue
                if not (re.search(rule.path, path) or re.search(rule.path, url)):
                    continue
                if kind == "expired_cursor" and "page[cursor]=" not in url:
                    continue
                if rule.after:
                    rule.after -= 1
                    continue
                if rule.probability < 1 and self._random.random() >= rule.probability:
                    continue
                if rule.times is not None:
                    rule.times -= 1
                rule.turn += 1
                self.struck[kind] += 1
                return kind
        return None


def _refuse(make: Callable[[str], Refusal]) -> Callable[[str], Answer]:
    return lambda url: make(url).answer()


def _html(status: int) -> Callable[[str], Answer]:
    return lambda _: Answer(status, HTML, content_type="text/html; charset=utf-8")


def _with_links(change: Callable[[str], str | None]) -> Callable[[Answer, str], Answer]:
    """Replace ``links.next`` by what ``change`` makes of the request's own URL."""

    def spoil(answer: Answer, absolute: str) -> Answer:
        document = json.loads(answer.body)
        document.setdefault("links", {})["next"] = change(absolute)
        answer.body = json.dumps(document).encode()
        return answer

    return spoil


def _without(key: str) -> Callable[[Answer, str], Answer]:
    def spoil(answer: Answer, _: str) -> Answer:
        document = json.loads(answer.body)
        document.pop(key, None)
        answer.body = json.dumps(document).encode()
        return answer

    return spoil


def _short(answer: Answer, _: str) -> Answer:
    answer.cut = max(1, len(answer.body) // 3)
    return answer


def _malformed(answer: Answer, _: str) -> Answer:
    answer.body = answer.body[: len(answer.body) * 2 // 3]
    return answer


def _html_with_200(answer: Answer, _: str) -> Answer:
    return Answer(200, HTML, answer.headers, "text/html; charset=utf-8")


def _error(status: int, code: str, detail: str) -> Callable[[str], Answer]:
    return _refuse(lambda _: Refusal(status, code, detail, detail))


INSTEAD: dict[str, Callable[[str], Answer]] = {
    "429": _refuse(lambda _: throttled(1)),
    "429_long": _refuse(lambda _: throttled(400)),
    "500": _error(500, "error", "A server error occurred."),
    "502": _html(502),
    "503": _html(503),
    "504": lambda _: Answer(504, b"", content_type="text/plain"),
    "drop": lambda _: Answer(0, b"", drop=True),
    "stall": lambda _: Answer(0, b"", drop=True),
    "401": _error(401, "authentication_failed", "Incorrect authentication credentials."),
    "403": _refuse(lambda _: forbidden()),
    "404": _refuse(lambda url: not_found("resource", url.partition("?")[0].split("/")[-1])),
    "410": _error(410, "gone", "This API revision has been retired. See the migration guide."),
    "redirect": lambda url: Answer(302, b"", {"Location": f"https://elsewhere.example{url}"}),
    "expired_cursor": _refuse(lambda _: invalid("Invalid cursor provided", "page[cursor]")),
}
SPOILING: dict[str, Callable[[Answer, str], Answer]] = {
    "short": _short,
    "html200": _html_with_200,
    "malformed": _malformed,
    "no_data": _without("data"),
    "no_links": _without("links"),
    "loop": _with_links(lambda url: url),
    "foreign_next": _with_links(lambda _: "https://elsewhere.example/api/events?page=2"),
}
KINDS = {*INSTEAD, *SPOILING}
