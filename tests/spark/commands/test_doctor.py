"""The doctor on a lake that only Spark can be asked about."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from klaviyo_spark.sandbox import Sandbox
from tests.helpers.doctor import a_sandbox, run
from tests.helpers.status_lakes import a_lake

pytestmark = pytest.mark.usefixtures("_with_key", "spark")


@pytest.fixture
def klaviyo() -> Iterator[Sandbox]:
    with a_sandbox() as sandbox:
        yield sandbox


def test_a_table_that_cannot_be_read_is_a_line_and_the_rest_is_checked(capsys, klaviyo, tmp_path):
    lake = a_lake(tmp_path / "lake")
    for file in (lake / "klaviyo_ops.db" / "runs" / "_delta_log").glob("*.json"):
        file.write_text("no JSON")
    code, states, _ = run(capsys, "--base-url", klaviyo.url)
    assert (code, states["lake"], states["tags"]) == (3, "ok", "ok")
