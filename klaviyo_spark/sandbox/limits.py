"""Klaviyo's rate limits: fixed windows of a second, a minute, and for some a day; per endpoint."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence

from klaviyo_spark.sandbox.answers import throttled
from klaviyo_spark.sandbox.asked import Asked

SLOW = (1, 15)
MIDDLE = (10, 150)
_LENGTHS = (1, 60, 86_400)


class Limits:
    """Counts requests per endpoint and says when its windows are spent.

    Args:
        scale: multiplies all allowances, so that tests need not wait.
    """

    def __init__(self, scale: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._scale = scale
        self._clock = clock
        self._lock = threading.Lock()
        self._spent: dict[tuple[str, int], tuple[int, int]] = {}

    def spend(self, name: str, rate: Sequence[int]) -> dict[str, str]:
        """Count one request and give the headers of its answer.

        Args:
            rate: requests per second, per minute, and per day if that is limited.

        Raises:
            Refusal: 429, with the seconds to wait.
        """
        allowances = [max(1, round(one * self._scale)) for one in rate]
        windows = dict(zip(_LENGTHS, allowances, strict=False))
        with self._lock:
            now = self._clock()
            used = {}
            for length, allowed in windows.items():
                window = int(now // length)
                at, count = self._spent.get((name, length), (window, 0))
                used[length] = (window, count if at == window else 0)
                if used[length][1] >= allowed:
                    raise throttled(max(1, math.ceil((window + 1) * length - now)))
            for length, (window, count) in used.items():
                self._spent[(name, length)] = (window, count + 1)
            left = allowances[0] - used[1][1] - 1
        stated = ", ".join(f"{allowed};w={length}" for length, allowed in windows.items())
        return {
            "RateLimit-Limit": f"{allowances[0]}, {stated}",
            "RateLimit-Remaining": str(left),
            "RateLimit-Reset": str(0 if left else 1),
        }


def rate_of(asked: Asked) -> tuple[str, tuple[int, int]]:
    """Under which name a request counts, and what is allowed it.

    Some additional fields and includes have a stricter allowance of their own.
    """
    operation = asked.rule.operation
    if "profile_count" in asked.additional:
        return f"{operation}+profile_count", SLOW
    if operation == "get_profile" and {"lists", "segments"} & set(asked.include):
        return f"{operation}+groups", SLOW
    if "predictive_analytics" in asked.additional and operation in (
        "get_profiles",
        "get_profiles_for_list",
    ):
        return f"{operation}+predictive_analytics", MIDDLE
    return operation, asked.rule.rate
