"""What tests of the lease look at."""

from __future__ import annotations

from tests.helpers.leases import logged

__all__ = ["logged"]
