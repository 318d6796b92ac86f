"""The verbs of the command line; ``jobs/`` call them too. The only place that sets exit codes.

A verb imports what it does when it is called: Spark takes half a second to import, which help and
a wrong option need not wait for. It is long, since all verbs on a lake stand here.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from klaviyo_spark import log, messages
from klaviyo_spark.cli import catalog, looking, streams, trying
from klaviyo_spark.cli.context import open_context
from klaviyo_spark.cli.group import Verbs
from klaviyo_spark.cli.layout import echo_line, echo_lines, terminal_width
from klaviyo_spark.cli.options import (
    COMMON,
    DRY_RUN,
    JSON,
    PERSON,
    PROFILES,
    RESOURCES,
    TIMES,
    WAIT,
    CommonOptions,
    pass_options,
)
from klaviyo_spark.cli.other_errors import describe_error
from klaviyo_spark.cli.progress import progress
from klaviyo_spark.config import accounts
from klaviyo_spark.errors import KlaviyoSparkError, UsageError
from klaviyo_spark.lake.spark.memory import share_arenas, start_no_blas_threads
from klaviyo_spark.version import __version__

if TYPE_CHECKING:
    from klaviyo_spark.commands.sync.account_context import AccountContext
    from klaviyo_spark.commands.sync.account_run import Verb
    from klaviyo_spark.commands.verify.profiles import ProfilesChecked

_INTERRUPTED = 130


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="klaviyo-spark")
def cli() -> None:
    """Keep a Klaviyo account as 25 Delta tables, klaviyo_v2."""


cli.add_command(looking.init)
cli.add_command(looking.doctor)
cli.add_command(looking.status)
cli.add_command(looking.tables)
cli.add_command(catalog.catalog_sql)
cli.add_command(trying.sandbox)
cli.add_command(trying.demo)


@cli.command()
@RESOURCES
@TIMES
@WAIT
@JSON
@COMMON
@pass_options
def sync(options: CommonOptions, as_json: bool) -> int:
    """Read what is due from Klaviyo and refine it into the tables."""
    return _run("sync", options, as_json)


@cli.command()
@RESOURCES
@TIMES
@WAIT
@JSON
@COMMON
@pass_options
def ingest(options: CommonOptions, as_json: bool) -> int:
    """Land pages from Klaviyo in bronze."""
    return _run("ingest", options, as_json)


@cli.command()
@RESOURCES
@click.option("--rebuild", is_flag=True, help="Rebuild the tables from all pages in bronze.")
@WAIT
@JSON
@COMMON
@pass_options
def refine(options: CommonOptions, rebuild: bool, as_json: bool) -> int:
    """Refine the pages that have landed into the tables."""
    return _run("refine", options, as_json, rebuild)


@cli.command()
@RESOURCES
@TIMES
@DRY_RUN
@WAIT
@COMMON
@pass_options
def backfill(options: CommonOptions, dry_run: bool) -> int:
    """Read a past window of events and profiles, in steps that can be stopped and gone on with."""
    # Spark: see the top.
    from klaviyo_spark.commands.backfill import run as steps

    if not options.start or not options.end:
        raise UsageError(messages.command_line.BACKFILL_WITHOUT_WINDOW())
    start, end = options.window()
    job = open_context(options, asks=not dry_run, refines=not dry_run)
    named = job.settings.resources if options.resources else ()
    request = steps.BackfillRequest(start, end, named, options.wait, dry_run)
    return steps.backfill(request, job.lake, job.parts, echo_line, progress)


@cli.command()
@click.option(
    "--all",
    "ever",
    is_flag=True,
    help="Verify all days, not only the last 400, and the messages of all actions.",
)
@PROFILES
@click.option("--heal", is_flag=True, help="Read missing records again, then verify them again.")
@JSON
@RESOURCES
@WAIT
@COMMON
@pass_options
def verify(
    options: CommonOptions, ever: bool, profiles: ProfilesChecked, heal: bool, as_json: bool
) -> int:
    """Prove the tables complete against Klaviyo's own counts and listings."""
    # Spark: see the top.
    from klaviyo_spark.commands.sync import account_context
    from klaviyo_spark.commands.verify import VerifyRequest, verify, words

    job = open_context(options, asks=True, refines=heal)
    found: dict[str, dict[str, Any]] = {
        part.account: {"account": part.account, "complete": False} for part in job.parts
    }

    width = terminal_width()

    def work(part: AccountContext) -> int:
        assert part.client
        done = verify(
            job.lake,
            part.client,
            part.settings,
            VerifyRequest(ever, profiles, heal, options.wait),
            show=progress("auto"),
        )
        found[part.account] = words.facts(done)
        if not as_json:
            echo_lines(words.lines(done, width), width)
        return done.exit_code

    code = account_context.for_each_account(job.parts, work, partial(click.echo, err=as_json))
    if as_json:
        every = list(found.values())
        click.echo(json.dumps(every if len(every) > 1 else every[0], indent=1))
    return code


@cli.command()
@click.option("--out", metavar="FILE", default="report.html", show_default=True)
@COMMON
@pass_options
def report(options: CommonOptions, out: str) -> int:
    """Write a page to look at: is the lake complete, is it fresh, what changed."""
    # Spark: see the top.
    from klaviyo_spark.commands.report import verb

    verb.report(options.settings(), Path(out), click.echo)
    return 0


@cli.command()
@WAIT
@COMMON
@pass_options
def maintain(options: CommonOptions) -> int:
    """Upkeep of the lake: old pages, small files, files nobody needs, as conf says."""
    # Spark: see the top.
    from klaviyo_spark.commands import maintain as upkeep

    job = open_context(options, asks=False)
    done = upkeep.maintain(job.lake, job.settings, wait=options.wait)
    width = terminal_width()
    echo_lines(upkeep.lines(done, width), width)
    return done.exit_code


@cli.command()
@PERSON
@WAIT
@COMMON
@pass_options
def forget(options: CommonOptions, profile: str | None, email: str | None) -> int:
    """Take a person out of the whole lake, with all that it held of them before."""
    # Spark: see the top.
    from klaviyo_spark.commands.forget import run
    from klaviyo_spark.commands.sync import account_context

    if email == "-":  # so that it stays out of the shell's history and the list of processes
        email = sys.stdin.readline()
    asked = run.asked_for(profile, email)
    job = open_context(options, asks=False, refines=True)

    def work(part: AccountContext) -> int:
        done = run.forget(job.lake, part.settings, asked, wait=options.wait)
        echo_lines(run.lines(done), terminal_width())
        return done.exit_code

    return account_context.for_each_account(job.parts, work, click.echo)


def _run(verb: Verb, options: CommonOptions, as_json: bool, rebuild: bool = False) -> int:
    """One run of a verb that works on the lake, for each account."""
    # Spark: see the top.
    from klaviyo_spark.commands import summary
    from klaviyo_spark.commands.results import summaries
    from klaviyo_spark.commands.sync import account_run, pipeline

    start, end = options.window()
    job = open_context(options, asks=verb != "refine", refines=verb != "ingest")
    request = account_run.RunRequest(verb, start, end, wait=options.wait, anew=rebuild)
    every = pipeline.run(request, job.lake_of_run, job.parts, progress("auto"))
    if as_json:
        click.echo(summaries.runs_as_json(every))
    else:
        width = terminal_width()
        echo_lines(summary.of_run(every, width), width)
    return accounts.combined_exit_code(done.exit_code for done in every)


def _interrupt(_signum: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main(args: Sequence[str] | None = None) -> None:
    """Run a verb and leave with its exit code; an error is one line, its trace only with ``-v``.

    Output that could not be written is exit code 1; one that nobody reads is no failure.
    """
    streams.open_missing()
    streams.escape_unspellable()
    arguments = list(sys.argv[1:] if args is None else args)
    signal.signal(signal.SIGTERM, _interrupt)
    share_arenas()
    start_no_blas_threads()
    log.silence_libraries()
    with streams.outputs() as out:
        code = _exit_code(arguments)
        out.flush()
        if out.error:
            why = out.error.strerror
            click.echo(f"klaviyo-spark: {messages.command_line.OUTPUT_LOST(reason=why)}", err=True)
            code = code or 1
    if os.environ.get("DATABRICKS_RUNTIME_VERSION") and code == 0:
        return  # a job's task that calls sys.exit(0) counts as failed there
    sys.exit(code)


def _exit_code(arguments: list[str]) -> int:
    """Run a verb; what went wrong is said, and becomes an exit code."""
    verbose = "-v" in arguments or "--verbose" in arguments
    try:
        return cli.main(args=arguments, prog_name="klaviyo-spark", standalone_mode=False) or 0
    except click.exceptions.NoArgsIsHelpError as no_args:
        click.echo(no_args.format_message())
        return 0
    except click.ClickException as wrong:
        click.echo(f"klaviyo-spark: {wrong.format_message()}", err=True)
        return wrong.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo(f"klaviyo-spark: {messages.command_line.INTERRUPTED()}", err=True)
        return _INTERRUPTED
    except KlaviyoSparkError as error:
        click.echo(f"klaviyo-spark: {error}", err=True)
        if verbose:
            traceback.print_exc()
        return error.exit_code
    except Exception as error:  # the last resort: still one line, and the way to more
        text, code = describe_error(error)
        click.echo(f"klaviyo-spark: {text}", err=True)
        if verbose:
            traceback.print_exc()
        return code
