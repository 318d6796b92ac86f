"""The changelog names all that a release has, and nothing that it has not."""

from __future__ import annotations

import re

from klaviyo_spark.cli.app import cli
from klaviyo_spark.config.models import Settings
from klaviyo_spark.lake import heartbeat
from klaviyo_spark.resources import DOCUMENTED, PLUS, TABLES
from klaviyo_spark.schema import bronze_table, ops_tables
from tests.places import ROOT

CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
CODE = re.findall(r"`([^`]+)`", CHANGELOG)
WORDS = {word for code in CODE for word in re.findall(r"\w+(?:-\w+)*", code)}


def test_every_command_setting_group_and_table_is_named():
    plus = {group.name for group in PLUS} | (TABLES.keys() - DOCUMENTED.keys())

    every = {*cli.commands, *Settings.__struct_fields__, *plus, *ops_tables.TABLES}

    assert len(every) > 80
    assert sorted(every - WORDS) == []


def test_columns_that_are_named_with_their_table_are_there():
    tables = {
        f"klaviyo_ops.{name}": {column for column, *_ in columns}
        for name, (_, columns) in ops_tables.TABLES.items()
    }
    tables["klaviyo_bronze.pages"] = {column for column, *_ in bronze_table.COLUMNS}
    tables["klaviyo_ops.lock"] = {column for column, *_ in heartbeat.COLUMNS}

    named = [re.fullmatch(r"(klaviyo_(?:ops|bronze)\.\w+)(?:\.(\w+))?", code) for code in CODE]

    found = [(name[1], name[2]) for name in named if name]
    assert len(found) > 20
    assert [one for one in found if one[0] not in tables] == []
    assert [one for one in found if one[1] and one[1] not in tables[one[0]]] == []
