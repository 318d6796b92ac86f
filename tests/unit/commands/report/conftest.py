"""The sample lake, written once for all tests of this folder."""

from __future__ import annotations

from tests.helpers.reports.fixtures import account, answers, lake, own_lake, written

__all__ = ["account", "answers", "lake", "own_lake", "written"]
