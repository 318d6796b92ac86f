"""What is set for the whole process before it has threads: their memory, and how many."""

from __future__ import annotations

import ctypes
import os
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


def start_no_blas_threads() -> None:
    """Let numpy start no threads; to be called before it is imported.

    pyarrow imports numpy where that is installed, and numpy starts a thread a core to multiply
    matrices, which nothing here does: 50 of the 500 ms of CPU that ``status`` took on two cores.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
