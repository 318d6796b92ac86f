"""The verbs to try things with: ``sandbox``, ``demo``. They need no key and no account."""

from __future__ import annotations

from collections.abc import Iterable

import click

from klaviyo_spark import messages
from klaviyo_spark.cli.layout import echo_line
from klaviyo_spark.cli.progress import progress
from klaviyo_spark.config.loader import nearest
from klaviyo_spark.errors import ConfigError, UsageError
from klaviyo_spark.resources import ENDPOINTS

_COUNT = click.IntRange(min=0)
_events = click.option("--events", type=_COUNT, default=20_000, show_default=True)
_profiles = click.option("--profiles", type=click.IntRange(1), default=2_000, show_default=True)


@click.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, show_default=True,
    help="0 takes a free one.",
)  # fmt: skip
@_events
@_profiles
@click.option(
    "--rate-scale", type=click.FloatRange(0, min_open=True), default=1.0, show_default=True,
    help="Times Klaviyo's rate limits.",
)  # fmt: skip
@click.option(
    "--latency-ms", type=_COUNT, default=0, show_default=True, help="Added to each answer."
)
@click.option(
    "--missing-scopes", metavar="A,B", default="", help="Scopes that its key lacks, to try that."
)
@click.option("--seed", default=7, show_default=True, help="The same seed, the same account.")
def sandbox(
    port: int,
    events: int,
    profiles: int,
    rate_scale: float,
    latency_ms: int,
    missing_scopes: str,
    seed: int,
) -> int:
    """Serve a sample account on loopback to try things on."""
    try:
        # The sample account is an extra.
        from klaviyo_spark.sandbox import serve
    except ModuleNotFoundError as missing:
        raise UsageError(messages.command_line.SANDBOX_NOT_INSTALLED(missing=missing)) from missing
    lacking = [scope.strip() for scope in missing_scopes.split(",") if scope.strip()]
    _check_scopes(lacking)
    try:
        serve(port, events, profiles, rate_scale, seed, latency_ms, lacking)
    except OSError as error:
        raise ConfigError(
            messages.command_line.PORT_TAKEN(port=port, reason=error.strerror)
        ) from error
    return 0


def _check_scopes(scopes: Iterable[str]) -> None:
    known = sorted({scope for endpoint in ENDPOINTS.values() for scope in endpoint.scopes})
    for name in scopes:
        if name not in known:
            raise UsageError(
                messages.command_line.UNKNOWN_SCOPE(
                    name=name, nearest=nearest(name, known), known=", ".join(known)
                )
            )


@click.command()
@_events
@_profiles
@click.option("--warehouse", default="./demo-lake", show_default=True)
def demo(events: int, profiles: int, warehouse: str) -> int:
    """Sync a sample account at first, a day later, with nothing new; then write a report."""
    try:
        # Spark is an extra too.
        from klaviyo_spark.commands.demo import show
    except ModuleNotFoundError as missing:
        raise UsageError(messages.command_line.SANDBOX_NOT_INSTALLED(missing=missing)) from missing
    return show(events, profiles, warehouse, echo_line, progress)
