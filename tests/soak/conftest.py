"""What tests of clocks that are wrong ask for."""

from __future__ import annotations

from tests.helpers.clocks import account, ours, sandbox, sync

__all__ = ["account", "ours", "sandbox", "sync"]
