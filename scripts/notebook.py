"""A notebook in Databricks' source format as one for Jupyter: cells, without outputs.

    python scripts/notebook.py jobs/notebooks/backfill.py backfill.ipynb

The format: https://docs.databricks.com/aws/en/notebooks/notebook-export-import
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
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
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
        },
        "cells": list(_cells(source.removeprefix(FIRST_LINE))),
    }


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


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    made = notebook(source.read_text(encoding="utf-8"))
    target.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
