"""A Klaviyo account as Delta tables: e-mail, SMS, flows, profiles and events, kept by Spark.

``commands/sync/pipeline.py`` is the place to read first. Importing this package starts
nothing and needs neither Spark nor Java.
"""

from __future__ import annotations

__version__ = "0.1.0"
