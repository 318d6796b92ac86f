"""Options that a job scheduler hands on empty, or with the name of a variable still in them."""

from __future__ import annotations

import click
import pytest

from klaviyo_spark.cli.app import cli
from klaviyo_spark.cli.group import Verbs, drop_empty_options
from tests.helpers.command_line import parsed


@pytest.mark.parametrize(
    ("args", "left"),
    [
        ([], []),
        (["--start", ""], []),
        (["--start="], []),
        (["--start", "", "--end", "2026-01-01"], ["--end", "2026-01-01"]),
        (["--end", "2026-01-01", "--start", ""], ["--end", "2026-01-01"]),
        (["--start", "", "--end", "", "-v"], ["-v"]),
        (["--start", " "], ["--start", " "]),
        (["--wait", ""], ["--wait", ""]),
        ([""], [""]),
    ],
)
def test_an_option_with_an_empty_value_was_not_given(args: list[str], left: list[str]):
    assert drop_empty_options(args, {"--start", "--end"}) == left


@pytest.mark.parametrize("arg", ["${workspace.file_path}/conf/dev.yml", "{{job.parameters.start}}"])
def test_a_variable_that_was_not_filled_in_is_named(arg: str):
    with pytest.raises(click.UsageError, match="was not filled in. Deploy with") as refused:
        drop_empty_options(["--config", arg], {"--config"})

    assert refused.value.exit_code == 2
    assert len(refused.value.format_message().splitlines()) == 1


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_every_verb_takes_each_of_its_options_empty_as_not_given(name: str):
    options = cli.commands[name].params
    valued = [p for p in options if isinstance(p, click.Option) and not p.is_flag]
    empty = [word for option in valued for word in (option.opts[-1], "")]

    assert parsed(name, *empty) == parsed(name)


def test_a_verb_that_was_added_by_itself_is_read_alike():
    @click.command()
    @click.option("--since", default="ever")
    def later(since: str) -> str:
        return since

    verbs = Verbs()
    verbs.add_command(later)

    assert verbs.main(["later", "--since", ""], standalone_mode=False) == "ever"


@pytest.mark.parametrize(
    ("args", "dry_run"),
    [
        ([], False),
        (["--dry-run"], True),
        (["--dry-run", "--wait"], True),
        (["--dry-run", "true"], True),
        (["--dry-run", "false"], False),
        (["--dry-run", ""], False),
        (["--dry-run="], False),
    ],
)
def test_a_dry_run_is_asked_for_by_a_flag_or_by_a_job_parameter(args: list[str], dry_run: bool):
    assert parsed("backfill", *args)["dry_run"] is dry_run
