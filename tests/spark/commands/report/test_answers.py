"""What the report asks a lake, and that both ways of reading it answer alike."""

from __future__ import annotations

from dataclasses import fields

from klaviyo_spark.commands.report.answers import Answers, ask
from klaviyo_spark.commands.report.own_numbers import OwnRows
from klaviyo_spark.config.models import Schemas
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.readers.catalog import Tables
from klaviyo_spark.lake.readers.folder import Files
from tests.helpers.small_lakes import a_place


def test_spark_answers_as_delta_rs_does(spark, lake, answers):
    place = a_place(lake)

    found = ask(Tables(Lake(spark, place)), "default")

    for field in fields(Answers):
        one, other = getattr(found, field.name), getattr(answers, field.name)
        if isinstance(one, list):
            one, other = sorted(one, key=repr_of), sorted(other, key=repr_of)
        assert one == other, field.name


def test_spark_tells_klaviyos_own_numbers_as_delta_rs_does(spark, own_lake):
    one = ask(Tables(Lake(spark, a_place(own_lake))), "default").own
    other = ask(Files(own_lake, Schemas()), "default").own

    for field in fields(OwnRows):
        found, expected = getattr(one, field.name), getattr(other, field.name)
        assert expected, field.name
        assert sorted(found, key=repr_of) == sorted(expected, key=repr_of), field.name


def test_spark_finds_no_answers_where_there_is_no_lake(spark, tmp_path):
    place = a_place(tmp_path)

    assert ask(Tables(Lake(spark, place)), "it's \\another") == Answers()


def repr_of(row):
    return repr([(key, str(value)) for key, value in sorted(row.items())])
