"""Which columns personal data is in, and how it is treated. No Spark."""

from __future__ import annotations

import pytest

from klaviyo_spark.resources import DOCUMENTED
from klaviyo_spark.silver.masking import keys_of

KEYS = keys_of(DOCUMENTED.values())


def test_keys_that_are_masked_in_texts_come_from_the_specs():
    assert KEYS["name"] == {"first_name", "last_name", "organization", "image"}
    assert {"phone_number", "from number", "to number", "phone"} == KEYS["phone"]
    assert KEYS["ip"] == {"ip", "ip address"}


@pytest.mark.parametrize("pii", ["email", "phone", "name", "location", "ip", "external_id"])
def test_each_class_that_names_a_person_is_known_by_a_key(pii):
    assert KEYS[pii]
