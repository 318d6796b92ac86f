"""Members per list over time, with pandas and delta-rs: python examples/pandas_example.py ./lake"""

from __future__ import annotations

import sys

import pandas as pd
from deltalake import DeltaTable


def members_over_time(lake: str) -> pd.DataFrame:
    """Today's members by when they joined: a row per month, a column per list, added up."""
    members = DeltaTable(f"{lake}/klaviyo_v2.db/member_lists").to_pandas(
        columns=["list_id", "joined_group_at", "is_member"]
    )
    lists = DeltaTable(f"{lake}/klaviyo_v2.db/lists").to_pandas(columns=["list_id", "name"])
    now = members[members["is_member"]].merge(lists, on="list_id")
    month = now["joined_group_at"].dt.strftime("%Y-%m").rename("month")
    return now.groupby([month, "name"]).size().unstack(fill_value=0).cumsum()


if __name__ == "__main__":
    print(members_over_time(sys.argv[1]))
