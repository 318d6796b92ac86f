"""Options that several commands have: one typed value, and a log as they say."""

from __future__ import annotations

import logging
from typing import Any

import click
import pytest

from klaviyo_spark.cli.options import COMMON, RESOURCES, WAIT, CommonOptions, pass_options
from klaviyo_spark.errors import UsageError
from klaviyo_spark.log import JsonFormatter, set_up_logging
from tests.helpers.command_line import run


def options_of(*args: str) -> tuple[CommonOptions, dict[str, Any]]:
    got: list[tuple[CommonOptions, dict[str, Any]]] = []

    @click.command()
    @RESOURCES
    @click.option("--rebuild", is_flag=True)
    @WAIT
    @COMMON
    @pass_options
    def verb(options: CommonOptions, **own: Any) -> int:
        got.append((options, own))
        return 0

    verb.main(args, standalone_mode=False)
    return got[0]


def test_shared_options_arrive_as_one_value_and_others_by_themselves():
    options, own = options_of("--warehouse", "w", "--resources", "tags", "--wait", "--rebuild")

    assert options == CommonOptions(warehouse="w", resources="tags", wait=True)
    assert own == {"rebuild": True}


def test_an_option_that_a_command_does_not_have_keeps_its_default():
    assert (options_of()[0].start, options_of()[0].end) == (None, None)


def test_options_stand_over_conf():
    settings = CommonOptions(account="us", resources="tags,lists").settings()

    assert (settings.account, settings.resources) == ("us", ("lists", "tags"))


@pytest.mark.parametrize("names", ["tag", ",", "tags,event"])
def test_resources_that_there_are_not_are_a_slip_of_the_option(names: str):
    with pytest.raises(UsageError, match="--resources: "):
        CommonOptions(resources=names).settings()


@pytest.mark.parametrize("verb", ["report", "catalog-sql", "status"])
def test_each_command_with_logging_options_heeds_them(
    verb: str, capsys: pytest.CaptureFixture[str]
):
    set_up_logging()

    run(capsys, verb, "--warehouse", "file://elsewhere/lake", "--log-format", "json", "-v")

    logger = logging.getLogger("klaviyo_spark")
    assert isinstance(logger.handlers[0].formatter, JsonFormatter)
    assert logger.level == logging.DEBUG
