"""The verbs to try things with: ``sandbox``, ``demo``. They need no key and no account."""

from __future__ import annotations

import click

from klaviyo_spark.cli.progress import progress
from klaviyo_spark.errors import UsageError


@click.command()
@click.option("--port", default=0, show_default=True, help="0 takes a free one.")
@click.option("--events", default=20_000, show_default=True)
@click.option("--profiles", default=2_000, show_default=True)
@click.option("--rate-scale", default=1.0, show_default=True, help="Times Klaviyo's rate limits.")
@click.option("--latency-ms", default=0, show_default=True, help="Added to each answer.")
@click.option("--seed", default=7, show_default=True, help="The same seed, the same account.")
def sandbox(
    port: int, events: int, profiles: int, rate_scale: float, latency_ms: int, seed: int
) -> int:
    """Serve a sample account on loopback to try things on."""
    try:
        # The sample account is an extra.
        from klaviyo_spark.sandbox import serve
    except ModuleNotFoundError as missing:
        raise UsageError(f"{missing}: pip install 'klaviyo-spark[sandbox]'") from missing
    serve(port, events, profiles, rate_scale, seed, latency_ms)
    return 0


@click.command()
@click.option("--events", default=20_000, show_default=True)
@click.option("--profiles", default=2_000, show_default=True)
@click.option("--warehouse", default="./demo-lake", show_default=True)
def demo(events: int, profiles: int, warehouse: str) -> int:
    """Sync a sample account at first, a day later, with nothing new; then write a report."""
    try:
        # Spark is an extra too.
        from klaviyo_spark.commands.demo import show
    except ModuleNotFoundError as missing:
        raise UsageError(f"{missing}: pip install 'klaviyo-spark[sandbox]'") from missing
    return show(events, profiles, warehouse, click.echo, progress)
