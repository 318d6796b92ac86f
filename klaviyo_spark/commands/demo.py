"""The main job on a sample account: synced at first, a day later, with nothing new; a report."""

from __future__ import annotations

import re
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from klaviyo_spark.client.client import Client
from klaviyo_spark.client.rate_limiter import Limiter
from klaviyo_spark.commands import summary
from klaviyo_spark.commands.demo_folder import MARK, REPORT, check_folder, clear_folder
from klaviyo_spark.commands.report.verb import write as write_report
from klaviyo_spark.commands.sync import pipeline
from klaviyo_spark.commands.sync.account_context import AccountContext
from klaviyo_spark.commands.sync.account_run import RunRequest
from klaviyo_spark.config.models import Settings
from klaviyo_spark.config.secrets import ApiKey
from klaviyo_spark.errors import ConfigError, KlaviyoSparkError
from klaviyo_spark.lake.lake import Lake, Place
from klaviyo_spark.lake.spark.lake_session import lake_session
from klaviyo_spark.lake.warehouse import check_warehouse
from klaviyo_spark.progress import Reporter, Silent

KEY = "pk_sandbox"
SYNCS = ("first sync", "a day later", "nothing new")


def show(
    events: int,
    profiles: int,
    warehouse: str,
    out: Callable[[str], None],
    reporter: Callable[[], Reporter] = Silent,
) -> int:
    """Serve the account in a process of its own, sync three times, say what became of it.

    Args:
        warehouse: folder of the lake; a lake left there by an earlier demo is replaced.
        reporter: gives what shows how far a sync is.

    Returns:
        0, or the first exit code of a sync that was not all done.

    Raises:
        ConfigError: there is something in the folder that no demo made.
        LakeBusy: another run holds it.
    """
    folder = folder_of(warehouse)
    with served(events, profiles, out) as url:
        settings = Settings(base_url=url, warehouse=str(folder))
        names = settings.schemas
        place = Place(str(folder), None, names.bronze, names.silver, names.ops)
        lake = Lake(lake_session(place), place)
        limiter = Limiter()
        run_ids = {title: uuid.uuid4().hex for title in SYNCS}
        with pipeline.exclusive("demo", lake, uuid.uuid4().hex, wait=False):
            if (folder / MARK).exists():
                out(f"replacing the lake in {warehouse}")
            clear_folder(folder, run_ids.values())
            for title, run_id in run_ids.items():
                if title == "a day later":
                    requests.post(f"{url}/_sandbox/advance", json={"days": 1}, timeout=60)
                out(f"\n== {title}")
                with Client(url, ApiKey(KEY), limiter=limiter) as client:
                    [done] = pipeline.run_on_held_lake(
                        RunRequest("sync", run_id=run_id),
                        lake,
                        [AccountContext(settings, client)],
                        reporter(),
                    )
                for line in summary.lines(done):
                    out(line)
                if done.exit_code:
                    return done.exit_code
            where = f"{warehouse}/{names.silver}.db"
            out(f"\nThe tables are in {where}, each a Delta folder any reader opens.")
            leave_report(settings, warehouse, out)
    return 0


def folder_of(warehouse: str) -> Path:
    """The folder of a demo's lake, fit for it.

    Raises:
        ConfigError: it is none of this machine, or has something in it that no demo made.
    """
    folder = check_warehouse(warehouse, reached=False).folder
    if folder is None:
        raise ConfigError(f"warehouse {warehouse}: a demo needs a folder of this machine")
    check_folder(folder)
    return folder


def leave_report(settings: Settings, warehouse: str, out: Callable[[str], None]) -> None:
    """Write the report into the lake's folder, where the next demo replaces it with the lake."""
    write_report(settings, Path(settings.warehouse) / REPORT)
    out(f"The report is in {warehouse}/{REPORT}: open it in a browser.")


@contextmanager
def served(
    events: int,
    profiles: int,
    out: Callable[[str], None],
    rate_scale: float = 1.0,
    latency_ms: int = 0,
) -> Iterator[str]:
    """The URL of a sample account served by another process until the block ends."""
    out(f"starting a sample account: {events:,} events, {profiles:,} profiles")
    command = [sys.executable, "-m", "klaviyo_spark.cli", "sandbox", "--port", "0"]
    command += ["--events", str(events), "--profiles", str(profiles)]
    command += ["--rate-scale", str(rate_scale), "--latency-ms", str(latency_ms)]
    with subprocess.Popen(  # noqa: S603 - our own command, nothing of it from outside
        command, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout
            url = next(
                (m[0] for line in server.stdout if (m := re.search(r"http://[\w.:]+", line))), None
            )
            if url is None:
                raise KlaviyoSparkError(
                    "the sample account did not start; `klaviyo-spark sandbox` says why"
                )
            yield url
        finally:
            server.terminate()
