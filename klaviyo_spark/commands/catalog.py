"""Views and tags put into a Unity Catalog, where it lacks them. What they are says ``publish``."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from msgspec.structs import replace
from pyspark.errors import AnalysisException

from klaviyo_spark import messages
from klaviyo_spark.commands import dbt
from klaviyo_spark.commands.dbt import dialects
from klaviyo_spark.commands.publish import SUFFIX, TAG, pending_statements, views
from klaviyo_spark.errors import in_a_line
from klaviyo_spark.schema.sql_text import text

if TYPE_CHECKING:
    from klaviyo_spark.config.models import Settings
    from klaviyo_spark.lake.lake import Lake

logger = logging.getLogger(__name__)


def publish(lake: Lake, resources: Collection[str] = ()) -> list[str]:
    """Make the views and set the tags that the lake's catalog lacks.

    The catalog itself is asked, in two queries: what somebody has dropped comes back, and a run
    without news changes nothing. A folder, and a catalog that is not Unity Catalog, is left alone.

    Args:
        resources: whose tables of ``klaviyo_plus`` are there too.

    Returns:
        What should be known: views of others that have the names of ours, and at most a line for
        the views and one for the tags, where the catalog refused. None fails a run: the tables are
        there.
    """
    place = lake.place
    if not place.catalog:
        return []
    about = f"`{place.catalog}`.information_schema"
    schemas = ", ".join(
        text(one.lower()) for one in (place.bronze, place.silver, place.ops, place.plus)
    )
    try:
        tagged = lake.spark.sql(
            f"SELECT schema_name, table_name, column_name FROM {about}.column_tags "
            f"WHERE tag_name = {text(TAG)} AND schema_name IN ({schemas})"
        ).collect()
        columns = lake.spark.sql(
            "SELECT c.table_name, c.column_name, t.comment "
            f"FROM {about}.columns c JOIN {about}.tables t "
            "ON c.table_schema = t.table_schema AND c.table_name = t.table_name "
            f"WHERE c.table_schema IN ({text(place.silver.lower())}, {text(place.plus.lower())}) "
            f"AND endswith(c.table_name, {text(SUFFIX)}) ORDER BY c.table_name, c.ordinal_position"
        ).collect()
    except AnalysisException as error:
        logger.debug("%s is no Unity Catalog: %s", place.catalog, in_a_line(error))
        return []
    except Exception as error:  # not reachable, not allowed: no reason for a run to fail
        return [messages.lake.CATALOG_UNREADABLE(reason=in_a_line(error))]
    has_views: dict[str, tuple[str, ...]] = {}
    for row in columns:
        has_views[row["table_name"]] = (*has_views.get(row["table_name"], ()), row["column_name"])
    ours = {view.name: view.about for view in views(place, resources)}
    foreign = sorted(
        {
            row["table_name"]
            for row in columns
            if row["table_name"] in ours
            and not (row["comment"] or "").startswith(ours[row["table_name"]])
        }
    )
    has_tags = {(row["schema_name"], row["table_name"], row["column_name"]) for row in tagged}
    missing_views, missing_tags = pending_statements(place, has_views, has_tags, foreign, resources)
    refused = (
        _run_statements(lake, "views", missing_views, "CREATE TABLE on the schema"),
        _run_statements(lake, "tags on personal data", missing_tags, "APPLY TAG on the tables"),
    )
    stay = [messages.lake.FOREIGN_VIEW(view=name) for name in foreign]
    return [line for line in (*stay, *refused) if line]


def publish_dbt(lake: Lake, accounts: Iterable[Settings]) -> list[str]:
    """Make the views for dbt that the catalog lacks, of accounts whose conf says where.

    A view is known for ours, and for up to date, by its comment. Elsewhere than in Unity Catalog
    ``catalog-sql`` prints them.

    Returns:
        What should be known, as ``publish`` says it, and what an analyst would take for true.
    """
    # A run of some resources alone leaves them as they are: it may not know all tables.
    wanted = [one for one in accounts if one.schemas.dbt and {*one.resources} >= dbt.READS]
    if not (wanted and lake.place.catalog):
        return []
    return [line for one in wanted for line in _publish_dbt(lake, one)]


def _publish_dbt(lake: Lake, settings: Settings) -> Iterator[str]:
    schema = f"{settings.schemas.dbt}"
    words = dialects.spark(lake.place)
    try:
        found = lake.spark.sql(
            "SELECT table_schema, table_name, comment "
            f"FROM `{lake.place.catalog}`.information_schema.tables "
            f"WHERE table_schema IN ({text(schema.lower())}, {text(lake.place.plus.lower())})"
        ).collect()
    except AnalysisException as error:
        logger.debug("%s is no Unity Catalog: %s", lake.place.catalog, in_a_line(error))
        return
    except Exception as error:  # as above
        yield messages.lake.CATALOG_UNREADABLE(reason=in_a_line(error))
        return
    has = {
        row["table_name"]: row["comment"] or ""
        for row in found
        if row["table_schema"] == schema.lower()
    }
    more = {"account"} if any(row["table_name"] == "mapped_metrics" for row in found) else set()
    settings = replace(settings, resources=(*{*settings.resources, *more},))
    views = dbt.views_of(settings, words)
    foreign = {v.name for v in views if v.name in has and not has[v.name].startswith(dbt.ABOUT)}
    missing = [v.sql for v in views if v.name not in foreign and has.get(v.name) != v.comment]
    if missing and not has:
        missing.insert(0, f"CREATE SCHEMA IF NOT EXISTS {words.schema(schema)}")
    yield from (messages.lake.FOREIGN_VIEW(view=f"{schema}.{name}") for name in sorted(foreign))
    refused = _run_statements(lake, f"views for dbt in {schema}", missing, "CREATE TABLE on it")
    yield from filter(None, (refused, *dbt.warnings_of(settings)))


def _run_statements(lake: Lake, what: str, statements: list[str], right: str) -> str:
    """Run the statements up to the first that is refused, and say so."""
    for done, statement in enumerate(statements):
        try:
            lake.spark.sql(statement)
        except Exception as error:  # whatever a catalog says, the tables are right without it
            return messages.lake.CATALOG_REFUSES(
                what=what, done=done, of=len(statements), reason=in_a_line(error), right=right
            )
    if statements:
        logger.info("%s: %d made", what, len(statements))
    return ""
