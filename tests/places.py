"""Where the repository and the data of tests lie."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
HOW_TO = ROOT / "docs" / "how-to"
NOTEBOOK = ROOT / "jobs" / "notebooks" / "backfill.py"
DATA = Path(__file__).parent / "data"
SAMPLES = DATA / "samples"
CASES = DATA / "cases"
