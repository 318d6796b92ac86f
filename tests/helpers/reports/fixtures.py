"""Fixtures for a conftest: the sample lake of the report, written once for a folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from klaviyo_spark.commands.report.answers import Answers, ask
from klaviyo_spark.config.models import Schemas
from klaviyo_spark.lake.readers.folder import Files
from klaviyo_spark.sandbox import Account
from tests.helpers import lakes
from tests.helpers.reports import sample


@pytest.fixture(scope="session")
def written(tmp_path_factory) -> tuple[Path, Account]:
    """The lake, verified, and the account whose rows it holds."""
    lake = tmp_path_factory.mktemp("report") / "lake"
    account = sample.write(lake)
    sample.verify(lake, account)
    return lake, account


@pytest.fixture(scope="session")
def lake(written) -> Path:
    return written[0]


@pytest.fixture(scope="session")
def account(written) -> Account:
    return written[1]


@pytest.fixture(scope="session")
def own_lake(lake, account, tmp_path_factory) -> Path:
    """The same lake with Klaviyo's own numbers beside it."""
    copy = tmp_path_factory.mktemp("own") / "lake"
    shutil.copytree(lake, copy)
    lakes.write_plus(copy, account, *sample.OWN)
    return copy


@pytest.fixture(scope="session")
def answers(lake) -> Answers:
    return ask(Files(lake, Schemas()), "default")
