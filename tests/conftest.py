"""What every test may ask for, and what its folder allows it to ask for."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.spark.session import spark_session
from klaviyo_spark.lake.spark.session_conf import SparkPreset
from klaviyo_spark.lake.spark.sql_settings import pin_settings
from tests.builders import KEY
from tests.helpers.remote import remote_session
from tests.helpers.small_lakes import a_lake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# How long an example takes says how busy the machine is, not whether it is right.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
# For `make fast`: `make test` tries all.
settings.register_profile("fast", deadline=None, max_examples=8)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse tests in ``unit`` that ask for Spark, directly or through another fixture."""
    refused = [item.nodeid for item in items if folder_of(item) == "unit" and needs_spark(item)]
    if refused:
        lines = ("these ask for the fixture spark: move them to tests/spark", *refused)
        raise pytest.UsageError("\n".join(lines))


def folder_of(item: pytest.Item) -> str:
    """The folder in ``tests`` that a test is in: what it needs, and which verb runs it."""
    return item.path.relative_to(item.config.rootpath / "tests").parts[0]


def needs_spark(item: pytest.Item) -> bool:
    """Whether a test gets the fixture ``spark``, and not a parameter of that name."""
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    return "spark" in getattr(item, "fixturenames", ()) and "spark" not in parameters


@pytest.fixture(scope="module", autouse=True)
def _log_of_module() -> Iterator[None]:
    """What a module's own fixtures set up for a log does not stay for the next module."""
    yield from log_as_it_was()


@pytest.fixture(autouse=True)
def _log_as_it_was() -> Iterator[None]:
    """What a verb sets up for its own log does not stay for the next test."""
    yield from log_as_it_was()


def log_as_it_was() -> Iterator[None]:
    """Put the package's logger back as it was."""
    logger = logging.getLogger("klaviyo_spark")
    before = (logger.handlers[:], logger.level, logger.propagate)
    yield
    logger.handlers[:], level, logger.propagate = before
    logger.setLevel(level)


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch) -> None:
    """Lines are not folded: a test that looks for words finds them in one."""
    monkeypatch.setenv("COLUMNS", "1000")


@pytest.fixture
def _elsewhere(tmp_path, monkeypatch) -> None:
    """The working directory is the test's own, so that no conf of the checkout is read."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def _with_key(_elsewhere, monkeypatch) -> None:
    """As ``_elsewhere``, with the sandbox's key in the environment."""
    monkeypatch.setenv("KLAVIYO_API_KEY", KEY)
    monkeypatch.delenv("KLAVIYO_BASE_URL", raising=False)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--connect", action="store_true", help="run on Spark Connect")


# Fewer tests with Spark are over before Java's whole compiler has paid for itself. Not those of
# whole accounts: one of them takes minutes.
FEW_TESTS = 120
WHOLE_ACCOUNTS = {"system", "faults"}


@pytest.fixture(scope="session")
def spark(
    tmp_path_factory: pytest.TempPathFactory,
    pytestconfig: pytest.Config,
    request: pytest.FixtureRequest,
) -> Iterator[SparkSession]:
    """One session for all tests: two cores, UTC, for small tables, its warehouse thrown away."""
    warehouse = str(tmp_path_factory.mktemp("warehouse"))
    if pytestconfig.getoption("--connect"):
        remote_session(warehouse)  # which is what there is from now on
    folders = [folder_of(item) for item in request.session.items]
    with_spark = [folder for folder in folders if folder != "unit"]
    is_short = len(with_spark) < FEW_TESTS and WHOLE_ACCOUNTS.isdisjoint(with_spark)
    work = SparkPreset.SHORT if is_short else SparkPreset.SMALL
    session = spark_session(warehouse, "local[2]", work)
    with pin_settings(session):  # which one of our own has, and a given one has not
        yield session
    session.stop()


@pytest.fixture
def lake(spark, tmp_path) -> Lake:
    """An empty lake in a folder of the test's own."""
    return a_lake(spark, tmp_path / "lake")
