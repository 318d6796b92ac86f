"""The sample lake, written once for all tests of this folder, and a tab to look at its report."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.helpers.browser import Browser, browser
from tests.helpers.reports.fixtures import account, answers, lake, own_lake, written

__all__ = ["account", "answers", "lake", "own_lake", "written"]


@pytest.fixture(scope="module")
def tab() -> Iterator[Browser]:
    with browser() as opened:
        yield opened
