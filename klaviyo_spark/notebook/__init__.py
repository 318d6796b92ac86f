"""What ``jobs/notebooks/`` calls: the verbs, and what they left, shown in a notebook.

The same on Databricks and in Jupyter: HTML through whatever of the two is there.
"""

from klaviyo_spark.notebook.backfill import Backfill

__all__ = ["Backfill"]
