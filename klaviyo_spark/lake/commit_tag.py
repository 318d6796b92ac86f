"""The mark on our own commits: Delta's log says by it who changed a table.

Delta keeps it as ``userMetadata`` of a commit. A DataFrame's writer takes it as an option, SQL
takes it from the session, where it stands for the length of a statement only: what the user's own
code commits in the same session is not ours. The ids of the runs that a commit is of follow it: by
them a log shows whether a write that a ledger speaks of is still in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from klaviyo_spark.lake.spark.sql_settings import hold

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

TAG = "klaviyo-spark"
_SETTING = "spark.databricks.delta.commitInfo.userMetadata"


def tag_of(*run_ids: str) -> str:
    """The tag of a commit of these runs; an empty id names none."""
    return " ".join([TAG, *filter(None, dict.fromkeys(run_ids))])


def option(tag: str) -> dict[str, str]:
    """``tag`` for a DataFrame's writer, and for the commits that delta-rs makes."""
    return {"userMetadata": tag}


def option_of(pages: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The ``option`` of a commit of bronze pages: it names the runs that fetched them."""
    return option(tag_of(*(page["run_id"] for page in pages)))


def is_ours(tag: str | None) -> bool:
    """Whether a commit with that ``userMetadata`` is one of ours, of whichever run."""
    return (tag or "").split(" ")[0] == TAG


def is_of_run(tag: str | None, run_id: str) -> bool:
    """Whether a commit with that ``userMetadata`` is of the run."""
    return is_ours(tag) and f" {run_id} " in f"{tag} "


@contextmanager
def tagged(spark: SparkSession, tag: str = TAG) -> Iterator[None]:
    """What SQL commits within the block carries ``tag``, as far as the session lets it.

    Blocks that stand side by side have one tag: a session has one value of a setting.
    """
    with hold(spark, {_SETTING: tag}):
        yield


def can_tag(spark: SparkSession) -> bool:
    """Whether the session lets SQL's commits carry the tag."""
    with hold(spark, {_SETTING: TAG}) as refused:
        return not refused
