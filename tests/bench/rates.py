"""How near the fetching comes to Klaviyo's rate limits, with every tier asked at once.

A sample account with Klaviyo's own limits and 150 ms an answer is read in pages of one record for
some minutes. Each endpoint should get 95 % of its steady budget in every minute, and no more than
one 429.
"""

from __future__ import annotations

import sys
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace

from klaviyo_spark.client.client import Client
from klaviyo_spark.client.paginator import Failed, pages
from klaviyo_spark.client.rate_limiter import Limiter
from klaviyo_spark.client.urls import first_url
from klaviyo_spark.client.walk import Walk
from klaviyo_spark.commands.demo import KEY, served
from klaviyo_spark.config.secrets import ApiKey
from klaviyo_spark.resources import ENDPOINTS
from klaviyo_spark.schema.endpoint import Endpoint

THREADS = 16
LATENCY_MS = 150
LEAST = 0.95
TIERS = tuple(
    replace(ENDPOINTS[name], params={"page[size]": "1"})
    for name in ("events", "profiles", "campaigns", "flows")
)


class Watched(Limiter):
    """A limiter that notes the 429s per endpoint and minute."""

    def __init__(self) -> None:
        super().__init__()
        self.began = time.monotonic()
        self.refusals: dict[str, Counter[int]] = defaultdict(Counter)

    def throttled(self, endpoint_name: str, wait_s: float) -> None:
        self.refusals[endpoint_name][self.minute()] += 1
        super().throttled(endpoint_name, wait_s)

    def minute(self) -> int:
        return int((time.monotonic() - self.began) // 60)


def main(minutes: int = 3, threads: int = THREADS) -> bool:
    """Measure, print a line per endpoint, and say whether all held."""
    with served(20_000, 2_000, print, latency_ms=LATENCY_MS) as url:
        limiter = Watched()
        had = _read(url, limiter, minutes, threads)
    held = []
    for endpoint in TIERS:
        counts = [had[endpoint.name][minute] for minute in range(minutes)]
        refusals = [limiter.refusals[endpoint.name][minute] for minute in range(minutes)]
        least = min(counts) / endpoint.rate.steady
        held.append(least >= LEAST and max(refusals) <= 1)
        print(
            f"{endpoint.name:<10} {endpoint.rate.burst:>4}/s {endpoint.rate.steady:>5}/min: "
            f"requests {counts}, at least {least:.1%} of steady, 429s {refusals}"
        )
    print(f"{sum(held)} of {len(held)} hold {LEAST:.0%} of their budget in every minute")
    return all(held)


def _read(url: str, limiter: Watched, minutes: int, threads: int) -> dict[str, Counter[int]]:
    """Answered requests per endpoint and minute."""
    had: dict[str, Counter[int]] = defaultdict(Counter)
    with Client(url, ApiKey(KEY), limiter=limiter) as client:
        for result in pages(_walks(url), client, threads=threads):
            minute = limiter.minute()
            if minute >= minutes:
                break
            if isinstance(result, Failed):
                raise result.error
            had[result.walk.endpoint.name][minute] += 1
    return had


def _walks(url: str) -> Iterator[Walk]:
    """More walks than are read, in turn."""
    for _ in range(1_000):
        for endpoint in TIERS:
            yield _walk(url, endpoint)


def _walk(url: str, endpoint: Endpoint) -> Walk:
    first = first_url(url, endpoint, slice=endpoint.slices[0])
    return Walk(uuid.uuid4().hex, endpoint, first, uuid.uuid4().hex)


if __name__ == "__main__":
    sys.exit(not main(*map(int, sys.argv[1:])))
