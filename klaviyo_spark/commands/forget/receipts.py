"""What is kept of having forgotten somebody: when, how much, and a digest to know them again by.

The digest is scrypt (RFC 7914) over the id or address with a salt of the account's own: whoever has
the table and a list of addresses has to spend a tenth of a second on each to find out who it was.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pyspark.sql import functions as F

from klaviyo_spark.clock import utc
from klaviyo_spark.commands.forget.finding import PersonQuery
from klaviyo_spark.lake.lake import Lake

TABLE = "forgotten"
_KEY = ("account_id", "run_id")
_SCRYPT: Mapping[str, int] = {"n": 2**14, "r": 8, "p": 1}
_ENDED = ("profiles", "pages", "records", "table_rows", "finished_at")


@dataclass(frozen=True)
class Receipt:
    """A run that forgot somebody; ``finished_at`` is None where it was cut short."""

    run_id: str
    started_at: datetime
    finished_at: datetime | None
    digest: str
    salt: str


def digest(asked: PersonQuery, salt: str) -> str:
    """The digest of who was asked for."""
    value = f"{asked.identifier_type}:{asked.value}".encode()
    return hashlib.scrypt(value, salt=bytes.fromhex(salt), dklen=32, **_SCRYPT).hex()


def receipts(lake: Lake, account_id: str) -> list[Receipt]:
    """All receipts of the account, oldest first."""
    times = [F.unix_micros(name).alias(name) for name in ("started_at", "finished_at")]
    found = (
        lake.ops(TABLE)
        .where(F.col("account_id") == account_id)
        .select("run_id", *times, "digest", "salt")
        .collect()
    )
    return sorted(
        (
            Receipt(
                row["run_id"],
                utc(row["started_at"]),
                utc(row["finished_at"]) if row["finished_at"] else None,
                row["digest"],
                row["salt"],
            )
            for row in found
        ),
        key=lambda receipt: receipt.started_at,
    )


def find_receipts(asked: PersonQuery, all_of_them: Iterable[Receipt]) -> list[Receipt]:
    """Those of one who was asked for in the same way before."""
    digests: dict[str, str] = {}
    return [
        receipt
        for receipt in all_of_them
        if digests.setdefault(receipt.salt, digest(asked, receipt.salt)) == receipt.digest
    ]


def begun(
    lake: Lake, account_id: str, run_id: str, at: datetime, asked: PersonQuery, known: list[Receipt]
) -> None:
    """Write down that somebody is being forgotten, before anything of them goes.

    Args:
        known: the account's receipts, whose salt goes on being used.
    """
    salt = known[0].salt if known else secrets.token_hex(16)
    row: dict[str, Any] = dict.fromkeys(_ENDED)
    row |= {
        "account_id": account_id,
        "run_id": run_id,
        "started_at": at,
        "identifier_type": asked.identifier_type,
    }
    lake.append_ops(TABLE, [{**row, "digest": digest(asked, salt), "salt": salt}])


def ended(
    lake: Lake,
    account_id: str,
    run_id: str,
    at: datetime,
    counts: Mapping[str, int],
    made_up_for: Iterable[str] = (),
) -> None:
    """Write down that it is done.

    Args:
        made_up_for: earlier runs that were cut short; how much they did is not known.
    """
    nothing: dict[str, Any] = dict.fromkeys(
        ("started_at", "identifier_type", "digest", "salt", *_ENDED), None
    )
    rows = [{**nothing, **counts, "run_id": run_id}]
    rows += [{**nothing, "run_id": earlier} for earlier in made_up_for]
    rows = [{**row, "account_id": account_id, "finished_at": at} for row in rows]
    lake.merge_ops(TABLE, rows, _KEY, _ENDED)
