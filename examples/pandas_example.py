"""Members per list over time, with pandas and delta-rs: python examples/pandas_example.py ./lake"""

from __future__ import annotations

import sys

import pandas as pd
from deltalake import DeltaTable
from pyarrow.fs import LocalFileSystem, SubTreeFileSystem


def read_table(table: str, columns: list[str]) -> pd.DataFrame:
    """Some columns of a table, read by Arrow itself: docs/how-to/query.md says why."""
    files = SubTreeFileSystem(table, LocalFileSystem())
    return DeltaTable(table).to_pandas(columns=columns, filesystem=files)


def members_over_time(lake: str) -> pd.DataFrame:
    """Today's members by when they joined: a row per month, a column per list, added up."""
    joined = ["list_id", "joined_group_at", "is_member"]
    members = read_table(f"{lake}/klaviyo_v2.db/member_lists", joined)
    lists = read_table(f"{lake}/klaviyo_v2.db/lists", ["list_id", "name"])
    now = members[members["is_member"]].merge(lists, on="list_id")
    month = now["joined_group_at"].dt.strftime("%Y-%m").rename("month")
    return now.groupby([month, "name"]).size().unstack(fill_value=0).cumsum()


if __name__ == "__main__":
    print(members_over_time(sys.argv[1]))
