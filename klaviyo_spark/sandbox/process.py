"""The sandbox as a process of its own, for the command line."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

from klaviyo_spark.sandbox.account import Account
from klaviyo_spark.sandbox.server import Sandbox

_say = partial(print, flush=True)


def serve(
    port: int = 8765,
    events: int = 20_000,
    profiles: int = 2_000,
    rate_scale: float = 1.0,
    seed: int = 7,
    latency_ms: float = 0,
    missing_scopes: Collection[str] = (),
    out: Callable[[str], object] = _say,
) -> None:
    """Serve a sample account until Ctrl-C, having said where and with what key."""
    account = Account(seed=seed, events=events, profiles=profiles)
    sandbox = Sandbox(account, port=port, rate_scale=rate_scale, latency_ms=latency_ms)
    sandbox.missing_scopes = {*missing_scopes}
    with sandbox:
        out(f"{sandbox.url} serves a sample account; export KLAVIYO_API_KEY={sandbox.key}")
        try:
            sandbox.wait()
        except KeyboardInterrupt:
            out("stopped")
