"""The benchmarks themselves run by hand; what they land is checked here."""

from __future__ import annotations

import json
from datetime import datetime, timezone

from klaviyo_spark.schema.bronze_table import COLUMNS
from tests.bench.pages import Template, pages


def test_pages_to_measure_with_have_every_column_of_bronze(tmp_path):
    event = {"id": "an-event", "attributes": {"event_properties": {}}}
    file = tmp_path / "page.json"
    file.write_text(json.dumps({"data": [event]}), encoding="utf-8")

    (row,) = pages(Template(file), range(1), 1, "a-run", datetime(2026, 7, 1, tzinfo=timezone.utc))

    assert {*row, "batch_id"} == {name for name, _, _ in COLUMNS}
