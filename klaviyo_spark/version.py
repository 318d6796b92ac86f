"""The version of the package; ``setup.py`` and the scripts read it here, without importing."""

from __future__ import annotations

__version__ = "0.1.0"
