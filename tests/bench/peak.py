"""Peak memory (MB) of a driver that lands canned pages: ``python -m tests.bench.peak BODY PAGES``.

A process of its own, set up as the command line sets itself up: before anything else is imported.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from klaviyo_spark.memory import share_arenas

if __name__ == "__main__":
    share_arenas()
    from tests.bench.fetch import a_lake, canned, land

    with a_lake() as lake, canned(Path(sys.argv[1]), int(sys.argv[2]) // 10, 0) as url:
        land(lake, url, 10)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
