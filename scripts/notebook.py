"""A notebook in Databricks' source format as one for Jupyter: cells, without outputs.

A notebook that somebody has changed or run since it was made stays as it is.

    python scripts/notebook.py jobs/notebooks/backfill.py backfill.ipynb

The format: https://docs.databricks.com/aws/en/notebooks/notebook-export-import
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

FIRST_LINE = "# Databricks notebook source\n"
BETWEEN = re.compile(r"^# COMMAND -{10}\n", re.MULTILINE)
MAGIC = re.compile(r"^# MAGIC ?", re.MULTILINE)


def notebook(source: str) -> dict[str, Any]:
    """The notebook, as nbformat 4.5 has it.

    Raises:
        ValueError: not in that format, or a cell has a magic of which Jupyter knows nothing.
    """
    if not source.startswith(FIRST_LINE):
        raise ValueError(f"expected {FIRST_LINE.strip()!r} as the first line")
    cells = list(_cells(source.removeprefix(FIRST_LINE)))
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "klaviyo_spark": {"made": _digest(cells)},
        },
        "cells": cells,
    }


def is_as_made(text: str) -> bool:
    """Whether a notebook is as it was made here: cells and outputs, however Jupyter writes them."""
    try:
        found = json.loads(text)
        return bool(found["metadata"]["klaviyo_spark"]["made"] == _digest(found["cells"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


def _digest(cells: Iterable[Mapping[str, Any]]) -> str:
    told = [(c["cell_type"], "".join(c["source"]), c.get("outputs") or []) for c in cells]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _cells(source: str) -> Iterator[dict[str, Any]]:
    for number, text in enumerate(BETWEEN.split(source), 1):
        cell: dict[str, Any] = {"id": f"cell-{number}", "metadata": {}}
        lines = text.strip("\n")
        if not lines.startswith("# MAGIC"):
            yield {**cell, "cell_type": "code", "source": lines, "execution_count": None} | {
                "outputs": []
            }
            continue
        kind, _, words = MAGIC.sub("", lines).partition("\n")
        if kind.strip() != "%md":
            raise ValueError(f"cell {number}: {kind} is a magic that Jupyter does not know")
        yield {**cell, "cell_type": "markdown", "source": words.strip("\n")}


def main(source: Path, target: Path) -> None:
    """Make ``target`` of ``source``, unless somebody's work is in it."""
    made = notebook(source.read_text(encoding="utf-8"))
    if target.exists() and not is_as_made(target.read_text(encoding="utf-8", errors="replace")):
        sys.stderr.write(
            f"{target}: stays as you have changed or run it, though {source} is newer; rename it, "
            "and it is made anew\n"
        )
        return
    target.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
