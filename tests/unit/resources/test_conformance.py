"""Every endpoint has a sample page."""

from __future__ import annotations

import json

from klaviyo_spark.resources import ENDPOINTS
from tests.builders import all_samples


def test_every_endpoint_has_a_sample_page_as_klaviyo_sends_it():
    pages = all_samples()
    assert {page["endpoint"] for page in pages} == ENDPOINTS.keys()
    for page in pages:
        body = json.loads(page["body"])
        assert {"data", "links"} <= body.keys() <= {"data", "included", "links"}
        data = body["data"] if isinstance(body["data"], list) else [body["data"]]
        for record in [*data, *body.get("included", [])]:
            assert {"type", "id", "links"} <= record.keys()
