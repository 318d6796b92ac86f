"""Counts the calls that a process makes through py4j: on its PYTHONPATH, Python imports this."""

from __future__ import annotations

import atexit
import os
from pathlib import Path

# The one of them that a process of Spark's library has; other processes leave it alone.
_FILE = os.environ.get("KLAVIYO_SPARK_BENCH_CALLS")


def _count(file: Path) -> None:
    try:
        from py4j.clientserver import ClientServerConnection
        from py4j.java_gateway import GatewayConnection
    except ModuleNotFoundError:
        return
    calls = [0]
    for connection in (GatewayConnection, ClientServerConnection):
        send = connection.send_command

        def counted(self, *args, send=send, **kwargs):
            calls[0] += 1
            return send(self, *args, **kwargs)

        connection.send_command = counted
    atexit.register(lambda: file.write_text(f"{calls[0]}", encoding="ascii"))


if _FILE:
    _count(Path(_FILE))
