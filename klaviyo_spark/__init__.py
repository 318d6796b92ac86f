"""A Klaviyo account as Delta tables: e-mail, SMS, flows, profiles and events, kept by Spark.

``commands/sync/pipeline.py`` is the place to read first. Importing this package starts
nothing and needs neither Spark nor Java.
"""

from __future__ import annotations

from klaviyo_spark.version import __version__

__all__ = ["__version__"]
