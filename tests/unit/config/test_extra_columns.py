"""``event_columns`` and ``profile_columns``: what conf may say, and what tables have then."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from klaviyo_spark.config.loader import load
from klaviyo_spark.errors import ConfigError
from klaviyo_spark.resources import DOCUMENTED, TABLES, set_extra_columns
from klaviyo_spark.schema.bookkeeping import columns_of


@pytest.fixture(autouse=True)
def no_columns_after() -> Iterator[None]:
    yield
    set_extra_columns({})


def a_conf(tmp_path: Path, text: str) -> str:
    (tmp_path / "my.yml").write_text(text)
    return f"{tmp_path / 'my.yml'}"


def test_tables_have_the_columns_that_conf_asks_for_after_their_own(tmp_path: Path):
    load(
        a_conf(
            tmp_path,
            "event_columns: {order_id: {property: $event_id, pii: external_id}}\n"
            "profile_columns: {points: {property: Loyalty Points, type: int}}",
        ),
        environ={},
    )

    *_, order = columns_of(TABLES["events"])
    assert (order.name, order.type, order.pii) == ("order_id", "string", "external_id")
    assert order.reads == {"": ("$.attributes.event_properties['$event_id']",)}
    *_, points = columns_of(DOCUMENTED["profiles"])
    assert (points.name, points.type, points.pii) == ("points", "int", "free_form")
    assert points.reads == {"": ("$.attributes.properties['Loyalty Points']",)}

    load(a_conf(tmp_path, "{}"), environ={})
    assert (TABLES["events"].extra, TABLES["profiles"].extra) == ((), ())


def test_none_is_no_class_of_personal_data(tmp_path: Path):
    text = "event_columns: {items: {property: Items, type: bigint, pii: none}}"
    load(a_conf(tmp_path, text), environ={})

    assert TABLES["events"].extra[0].pii == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("event_columns: {subject: {property: x}}", "events has a column subject already"),
        ("event_columns: {event_date: {property: x}}", "events has a column event_date already"),
        ("event_columns: {_value: {property: x}}", "event_columns"),
        ("profile_columns: {_run_id: {property: x}}", "profile_columns"),
        ("profile_columns: {email: {property: x}}", "profiles has a column email already"),
        ("event_columns: {Order: {property: x}}", "event_columns"),
        ("event_columns: {a: {property: x, type: text}}", "event_columns"),
        ("event_columns: {a: {property: x, pii: id}}", "event_columns"),
        ("event_columns: {a: {type: int}}", "event_columns"),
        ("event_columns: {a: {property: x, path: y}}", "event_columns"),
        ('event_columns: {a: {property: "it\'s"}}', "event_columns"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(tmp_path: Path, text: str, said: str):
    with pytest.raises(ConfigError, match=said):
        load(a_conf(tmp_path, text), environ={})
