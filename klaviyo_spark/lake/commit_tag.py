"""The mark on our own commits: Delta's log says by it who changed a table.

Delta keeps it as ``userMetadata`` of a commit. A DataFrame's writer takes it as an option, SQL
takes it from the session, where it stands for the length of a statement only: what the user's own
code commits in the same session is not ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from klaviyo_spark.lake.spark.sql_settings import hold

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

TAG = "klaviyo-spark"
# Of a DataFrame's writer, and of the commits that delta-rs makes.
OPTION = {"userMetadata": TAG}
_SETTING = "spark.databricks.delta.commitInfo.userMetadata"


@contextmanager
def tagged(spark: SparkSession) -> Iterator[None]:
    """What SQL commits within the block carries the tag, as far as the session lets it."""
    with hold(spark, {_SETTING: TAG}):
        yield


def can_tag(spark: SparkSession) -> bool:
    """Whether the session lets SQL's commits carry the tag."""
    with hold(spark, {_SETTING: TAG}) as refused:
        return not refused
