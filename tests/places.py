"""Where the repository and the data of tests lie."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parent.parent
DATA = Path(__file__).parent / "data"
SAMPLES = DATA / "samples"
CASES = DATA / "cases"
