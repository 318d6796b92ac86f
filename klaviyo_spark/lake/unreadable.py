"""What is said of a table that cannot be opened, with the way out. Pure; no I/O here.

Its log was cut short or damaged, or somebody has made something else in its place.
"""

from __future__ import annotations

import re

from klaviyo_spark import messages
from klaviyo_spark.errors import KlaviyoSparkError, TableUnreadable, meets_all
from klaviyo_spark.resources import TABLES

# What an error says of a table that is whole, but not for us, or not now: nobody is to drop it.
_NOT_DAMAGE = re.compile(
    r"PERMISSION|PRIVILEGE|UNAUTHORIZED|DELTA_CONCURRENT|Concurrent\w+Exception"
    r"|(?i:access.?denied|forbidden|time[sd]?.?out|connection|unavailable|socket|unknown.?host"
    r"|throttl|slow.?down|transport|interrupted|cancel|out.?of.?memory|stopped sparkcontext)"
)
REBUILT = "`klaviyo-spark refine` rebuilds it from bronze"
# Java's stack; what it says itself, and of its causes, stands in the other lines.
_STACK = re.compile(r"^\s+(?:at |\.\.\. ).*$", re.MULTILINE)
# Without these a run would have to guess what was read and loaded. Per table what the next run does
# once it is made again, empty; of all other tables but silver's the rows are gone.
_AFTER = {
    "pages": "the next sync reads everything from Klaviyo again",
    "watermarks": "the next sync reads everything from Klaviyo again",
    "table_loads": "`klaviyo-spark refine` loads all pages again",
}


def is_damage(error: Exception) -> bool:
    """Whether an error at opening a table is about that table, and no other."""
    if isinstance(error, KlaviyoSparkError) or meets_all(error):
        return False
    return not _NOT_DAMAGE.search(f"{type(error).__name__} {_STACK.sub('', str(error))}")


def is_needed(table: str) -> bool:
    """Whether no run can go on without a table."""
    return table in _AFTER


def unreadable(schema: str, table: str, where: str, why: str) -> TableUnreadable:
    """The error of a table that cannot be opened.

    Args:
        where: its folder or URI, or how SQL names it in a catalog.
        why: what was met at opening it, or about its columns.
    """
    where = where.removeprefix("file://")
    away = f"drop or rename {where}" if where.startswith("`") else f"move {where} away"
    if table in TABLES:
        after = REBUILT
    else:
        after = _AFTER.get(table, "the next run makes it again, without the rows it had")
    why = why.rstrip(". ")
    return TableUnreadable(
        messages.lake.TABLE_UNREADABLE(
            schema=schema, table=table, reason=why, away=away, after=after
        ),
        f"{schema}.{table}",
    )
