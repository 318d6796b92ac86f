"""Numbers in words, for lines that people read. No I/O here."""

from __future__ import annotations

import math


def about(seconds: float) -> str:
    """A duration no finer than an estimate is: ``40 s``, ``3 min``, ``1 h 20 min``, ``2 d 4 h``."""
    steps = ((60, 5), (3_600, 60), (86_400, 600), (math.inf, 3_600))
    step = next(step for below, step in steps if seconds < below)
    rest = max(step, round(seconds / step) * step)
    words = []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        count, rest = divmod(rest, size)
        if count:
            words.append(f"{count:,} {unit}")
    return " ".join(words)
