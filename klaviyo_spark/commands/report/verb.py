"""``klaviyo-spark report``: reads the lake, writes the page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from klaviyo_spark import messages
from klaviyo_spark.clock import utc_now
from klaviyo_spark.commands.report.answers import ask
from klaviyo_spark.commands.report.figures import figures
from klaviyo_spark.commands.report.page import page
from klaviyo_spark.config.accounts import settings_per_account
from klaviyo_spark.config.models import Settings
from klaviyo_spark.errors import ConfigError, LakeError, UsageError
from klaviyo_spark.lake.readers.opening import reader

# Stands in the head of every report.
_SIGN, _HEAD = b'<meta name="generator" content="klaviyo-spark report">', 4096


def report(settings: Settings, out: Path, say: Callable[[str], object]) -> list[Path]:
    """Write the page to ``out``; of several accounts one each, named for it. Gives the files.

    Raises:
        ConfigError: the file is not an earlier report, or there is no lake to report on.
    """
    if not out.absolute().parent.is_dir():
        raise UsageError(messages.command_line.OUT_NO_FOLDER(out=out, folder=out.absolute().parent))
    every = settings_per_account(settings)
    pages = [out if len(every) == 1 else account_page(out, one.account) for one in every]
    for file in pages:
        check_file(file)
    for one, file in zip(every, pages, strict=True):
        write(one, file)
        whose = "" if len(every) == 1 else f" on {one.account}"
        say(f"the report{whose} is in {file}")
    return pages


def check_file(out: Path) -> None:
    """See to it that nothing but an earlier report is written over.

    Raises:
        UsageError: the file is something else.
    """
    if not out.is_file() or out.stat().st_size == 0:
        return
    with open(out, "rb") as file:
        if _SIGN not in file.read(_HEAD):
            raise UsageError(messages.command_line.OUT_NO_REPORT(out=out))


def account_page(out: Path, account: str) -> Path:
    """The file of one account of several: its name goes before the ending."""
    return out.with_name(f"{out.stem}-{quote(account, safe=' ')}{out.suffix}")


def write(settings: Settings, out: Path) -> None:
    """Write the page on one account of a lake to a file."""
    answers = ask(reader(settings), settings.account)
    if not answers.tables and not answers.runs and not answers.unreadable:
        where = settings.catalog or settings.warehouse
        raise ConfigError(messages.lake.NO_LAKE(where=where))
    text = page(figures(answers, settings.account, utc_now()))
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise LakeError(
            messages.command_line.CANNOT_WRITE(file=out, reason=error.strerror)
        ) from error
