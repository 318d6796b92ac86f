"""Peak memory (MB) of a driver that lands canned pages: ``python -m tests.bench.peak BODY PAGES``.

A process of its own, set up as the command line sets itself up: before anything else is imported.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from klaviyo_spark.lake.spark.memory import share_arenas


def peak_mb() -> int:
    """Of this program alone: what ``getrusage`` says begins with the peak of who started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) // 1024


if __name__ == "__main__":
    share_arenas()
    from tests.bench.fetch import a_lake, canned, land

    with a_lake() as lake, canned(Path(sys.argv[1]), int(sys.argv[2]) // 10, 0) as url:
        land(lake, url, 10)
    print(peak_mb())
