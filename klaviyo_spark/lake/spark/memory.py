"""How the C library hands out memory to the threads that fetch."""

from __future__ import annotations

import ctypes
import sys

_M_ARENA_MAX = -8
_ARENAS = 2


def share_arenas() -> None:
    """Let all threads take memory from two pools; to be called before there are any.

    glibc gives each thread a pool of its own and keeps what a thread frees there. Megabytes of page
    that one thread reads and another writes leave as many holes as there are threads: 410 MB with
    sixteen, 310 MB with two pools, at the same speed. Other C libraries have no such pools.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _ARENAS)
