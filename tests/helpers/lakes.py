"""Small lakes on disk without Spark: rows written by delta-rs in the shape the specs say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from klaviyo_spark.lake.arrow import TYPES as ARROW
from klaviyo_spark.resources import TABLES
from klaviyo_spark.sandbox import Account
from klaviyo_spark.schema import bronze_table, ops_tables
from klaviyo_spark.schema.bookkeeping import BOOKKEEPING, columns_of
from tests.helpers.status_lakes import create_empty

Row = Mapping[str, Any]

# The documented metrics by the names the sample account gives them; its look-alikes are API's.
DOCUMENTED = {
    "Received Email": "received email",
    "Received SMS": "received sms",
    "Received Text Message": "received sms",
    "Bounced Email": "bounced email",
    "Failed to Deliver SMS": "failed to deliver sms",
    "Failed to Deliver Text Message": "failed to deliver sms",
    "Clicked Email": "clicked email",
    "Clicked SMS": "clicked sms",
    "Clicked Text Message": "clicked sms",
    "Opened Email": "opened email",
    "Marked Email as Spam": "marked email as spam",
    "Unsubscribed": "unsubscribed",
    "Unsubscribed from Email Marketing": "unsubscribed",
    "Unsubscribed from SMS Marketing": "unsubscribed from sms marketing",
    "Unsubscribed from SMS": "unsubscribed from sms marketing",
    "Unsubscribed from Text Messaging Marketing": "unsubscribed from sms marketing",
    "Subscribed to List": "subscribed to list",
}


def write(lake: Path, table: str, *rows: Row) -> None:
    """Append rows to a table named as in SQL (``klaviyo_v2.events``); what is not said is NULL.

    Every row is of the account ``default`` unless it says another one. Events are not partitioned:
    a file a day would take longer than all else.
    """
    schema, _, name = table.partition(".")
    columns = _columns(schema, name)
    account = "_account_id" if "_account_id" in columns else "account_id"
    fields = pa.schema([(column, ARROW[type]) for column, type in columns.items()])
    filled = [{account: "default", **row} if account in columns else row for row in rows]
    place = lake / f"{schema}.db" / name
    create_empty(place, fields, bronze_table.PARTITIONS if schema == "klaviyo_bronze" else ())
    write_deltalake(place, pa.Table.from_pylist(filled, schema=fields), mode="append")


def write_account(lake: Path, account: Account) -> None:
    """All 25 tables as a sync of the account must leave them, columns of ours where they matter."""
    now = account.today
    for name, rows in account.truth().items():
        write(lake, f"klaviyo_v2.{name}", *(_silver(name, row, now) for row in rows))


def write_plus(lake: Path, account: Account, *names: str) -> None:
    """Tables of klaviyo_plus as a sync of the account must leave them."""
    truth, now = account.plus_truth(), account.today
    for name in names:
        write(lake, f"klaviyo_plus.{name}", *(_silver(name, row, now) for row in truth[name]))


def _silver(name: str, row: Row, now: Any) -> dict[str, Any]:
    filled = {k: json.dumps(v) if isinstance(v, (dict, list)) else v for k, v in row.items()}
    filled |= {"_landed_at": now, "_deleted_at": now if filled.pop("_deleted") else None}
    if name == "events":
        filled["event_date"] = row["event_datetime"].date()
    if name == "metrics" and (
        row["integration_name"] == "Klaviyo" or row["name"] == "Unsubscribed from SMS"
    ):
        # That one is the account's only one of its name, though its integration is not said.
        filled["_documented_name"] = DOCUMENTED.get(row["name"])
    return filled


def _columns(schema: str, name: str) -> dict[str, str]:
    if schema == "klaviyo_bronze":
        return {column: type for column, type, _ in bronze_table.COLUMNS}
    if schema == "klaviyo_ops":
        return {column: type for column, type, _ in ops_tables.TABLES[name][1]}
    return {
        **{column.name: column.type for column in columns_of(TABLES[name])},
        **{column: type for column, type, _ in BOOKKEEPING},
    }
