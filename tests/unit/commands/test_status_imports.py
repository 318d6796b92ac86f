"""What `status` of a lake in a folder imports: it answers before pandas would have come in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest

from tests.helpers import lakes
from tests.helpers.reports.sample import a_run

WHEN = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
SCRIPT = """
import contextlib, json, sys
from klaviyo_spark.cli import main
with contextlib.suppress(SystemExit):
    main(["status", "--json", "--warehouse", sys.argv[1]])
needless = {"pandas", "pyarrow.compute", "pyspark", "rich", "klaviyo_spark.lake.spark.session"}
print(json.dumps(sorted(needless & {*sys.modules})))
"""

NUMPY = """
import contextlib, os
from klaviyo_spark.cli import main
with contextlib.suppress(SystemExit):
    main(["--version"])
import numpy
print(len(os.listdir("/proc/self/task")))
"""


def test_status_imports_neither_pandas_nor_spark(tmp_path: Path):
    lakes.write(tmp_path, "klaviyo_ops.runs", a_run(2))
    event = {"id": "E", "event_datetime": WHEN, "event_date": WHEN.date()}
    lakes.write(tmp_path, "klaviyo_v2.events", event)

    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)], capture_output=True, text=True, check=True
    )

    *said, imported = done.stdout.strip().splitlines()
    assert json.loads("\n".join(said))["newest_event_at"] == "2026-06-01T12:00:00Z"
    assert json.loads(imported) == []


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux")
def test_numpy_starts_no_threads_in_a_command():
    """It started one a core, which took a tenth of the time of `status`."""
    environ = {k: v for k, v in os.environ.items() if k != "OPENBLAS_NUM_THREADS"}

    done = subprocess.run(
        [sys.executable, "-c", NUMPY], capture_output=True, text=True, check=True, env=environ
    )

    assert done.stdout.splitlines()[-1] == "1"
