"""The questions in examples/ answer what the sample account's own objects say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.helpers.examples import MODELS, QUESTIONS, a_model, a_question, plain


@pytest.fixture(scope="module")
def catalog(spark, sample) -> Iterator[Any]:
    """The sample's tables under their names in Spark."""
    for folder in sorted(sample.lake.glob("*.db/*")):
        schema = folder.parent.stem
        spark.sql(f"CREATE DATABASE IF NOT EXISTS {schema}")
        spark.sql(f"CREATE TABLE {schema}.{folder.name} USING delta LOCATION '{folder}'")
    yield spark
    for schema in ("klaviyo_v2", "klaviyo_ops", "klaviyo_plus"):
        spark.sql(f"DROP DATABASE {schema} CASCADE")


@pytest.mark.parametrize("question", QUESTIONS)
def test_spark_answers_the_same(catalog, sample, question):
    rows = catalog.sql(a_question(question)).toArrow().to_pylist()

    assert [tuple(map(plain, row.values())) for row in rows] == sample.ask(question)


@pytest.mark.parametrize("model", MODELS)
def test_spark_makes_the_same_models(catalog, sample, model):
    def rows(found: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        return sorted((tuple(map(plain, row)) for row in found), key=str)

    found = catalog.sql(a_model(model)).toArrow().to_pylist()
    expected = sample.duckdb.sql(a_model(model)).fetchall()
    assert rows([tuple(row.values()) for row in found]) == rows(expected)
