"""The sample account of the examples, written for each module that asks it."""

from __future__ import annotations

from tests.helpers.examples import sample

__all__ = ["sample"]
