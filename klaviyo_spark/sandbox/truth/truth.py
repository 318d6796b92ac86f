"""What silver must hold, said from the account's own objects and not through any code that reads.

Every row has all documented columns, those they are also named, ``_deleted``, and those columns of
ours that an object says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from klaviyo_spark.sandbox.ledger import Key, Ledger
from klaviyo_spark.sandbox.model import World
from klaviyo_spark.sandbox.times import moment
from klaviyo_spark.sandbox.truth.events import event_tables
from klaviyo_spark.sandbox.truth.metric_days import METRIC_DAY_KEYS, metric_tables
from klaviyo_spark.sandbox.truth.plus import PLUS_TABLES
from klaviyo_spark.sandbox.truth.profiles import prediction_row, profile_row, suppression_rows
from klaviyo_spark.sandbox.truth.reports import REPORT_TABLES
from klaviyo_spark.sandbox.truth.rows import SMALL_TABLES, Row, SmallTable


def statement(world: World, ledger: Ledger, until_s: int) -> dict[str, list[Row]]:
    """All 25 tables, with events up to the second ``until_s``."""
    tables = {
        name: _small_table(name, table, world, ledger) for name, table in SMALL_TABLES.items()
    }
    tables["profiles"] = [
        *_marked(map(profile_row, world.profiles.values()), False),
        *_marked(map(profile_row, ledger.profiles.values()), True),
    ]
    tables |= _suppressions(world, ledger)
    tables |= _members(world, ledger)
    channels = {
        row[key]: row["channel"]
        for name, key in (
            ("campaign_messages", "campaign_message_id"),
            ("flow_action_messages", "flow_action_message_id"),
        )
        for row in tables[name]
    }
    tables |= event_tables(world, ledger, until_s, channels)
    return tables


def plus_statement(world: World, ledger: Ledger) -> dict[str, list[Row]]:
    """All tables of ``klaviyo_plus``; credentials as Klaviyo has them."""
    tables = {name: _small_table(name, table, world, ledger) for name, table in PLUS_TABLES.items()}
    for name, table in REPORT_TABLES.items():
        seen = _small_table(name, table, world, ledger)
        tables[name] = [{**row, "_deleted": False} for row in seen]
    for name, rows in metric_tables(world).items():
        now = {tuple(row[k] for k in METRIC_DAY_KEYS[name]): row for row in rows}
        tables[name] = _with_departed(now, ledger.rows.get(name, {}))
    tables["profile_predictions"] = [
        *_marked(map(prediction_row, world.profiles.values()), False),
        *_marked(map(prediction_row, ledger.profiles.values()), True),
    ]
    return tables


def _small_table(name: str, table: SmallTable, world: World, ledger: Ledger) -> list[Row]:
    current = {tuple(row[k] for k in table.key): row for row in table.rows(world)}
    return _with_departed(current, ledger.rows.get(name, {}))


def _marked(rows: Iterable[Row], deleted: bool) -> Iterator[Row]:
    return ({**row, "_deleted": deleted} for row in rows)


def _with_departed(current: dict[Key, Row], seen: dict[Key, Row]) -> list[Row]:
    gone = (row for key, row in seen.items() if key not in current)
    return [*_marked(current.values(), False), *_marked(gone, True)]


def _suppressions(world: World, ledger: Ledger) -> dict[str, list[Row]]:
    names = ("profile_email_list_suppressions", "profile_email_suppressions")
    current: dict[str, dict[Key, Row]] = {name: {} for name in names}
    for profile in world.profiles.values():
        for name, rows in suppression_rows(profile).items():
            current[name] |= {tuple(row.values()): row for row in rows}
    return {n: _with_departed(rows, ledger.rows.get(n, {})) for n, rows in current.items()}


def _members(world: World, ledger: Ledger) -> dict[str, list[Row]]:
    """Members of lists and segments, and who left.

    Nobody leaves a segment that is being processed: its reads say nothing about those not in them.
    """
    there: list[tuple[str, str, str, int, str | None, bool]] = []
    for type in ("list", "segment"):
        for group in world.groups(type):
            for id, joined in {**group.unjudged, **group.members}.items():
                profile = world.profiles.get(id)
                email = profile.email if profile else None
                there.append((type, group.id, id, joined, email, False))
    for (type, group_id, id), (joined, email) in ledger.members.items():
        there.append((type, group_id, id, joined, email, True))
    tables: dict[str, list[Row]] = {
        "list_profiles": [],
        "segment_profiles": [],
        "stg_member_lists": [],
        "member_lists": [],
    }
    for type, group_id, id, joined, email, gone in there:
        row = {f"{type}_id": group_id, "profile_id": id, "_deleted": gone}
        tables[f"{type}_profiles"].append(row)
        if type == "list":
            member = {**row, "email": email, "joined_group_at": moment(joined)}
            history = {"first_seen_at": None, "last_seen_at": None, "is_member": not gone}
            tables["stg_member_lists"].append(member)
            tables["member_lists"].append({**member, **history, "_deleted": False})
    return tables
