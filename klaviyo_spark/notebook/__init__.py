"""What ``jobs/notebooks/`` calls: the verbs, and what they left, shown in a notebook.

The same on Databricks and in Jupyter: HTML through whatever of the two is there. ``Backfill`` is
public: it is named in notebooks of users. The room may import all others but ``sandbox``, and none
imports it. Begin with ``backfill``.
"""

from klaviyo_spark.notebook.backfill import Backfill

__all__ = ["Backfill"]
