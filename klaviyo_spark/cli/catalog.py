"""The verb ``catalog-sql``: what a catalog and dbt are told of the tables, as text.

It reads conf and the specs, and never the lake.
"""

from __future__ import annotations

import click
import msgspec

from klaviyo_spark import messages
from klaviyo_spark.cli.options import COMMON, CommonOptions, pass_options
from klaviyo_spark.commands.dbt import script_of, warnings_of
from klaviyo_spark.commands.dbt.dialects import DIALECTS, Dialect, DialectName, duckdb, spark
from klaviyo_spark.commands.dbt.sources import as_yaml
from klaviyo_spark.config.accounts import settings_per_account
from klaviyo_spark.config.models import Settings
from klaviyo_spark.errors import UsageError

_SCHEMA = "klaviyo"


@click.command("catalog-sql")
@click.option(
    "--for",
    "purpose",
    type=click.Choice(["dbt-klaviyo", "dbt-sources"]),
    help="Views that the package dbt_klaviyo reads, or a sources.yml of the tables.",
)
@click.option(
    "--dialect",
    type=click.Choice(DIALECTS),
    help="Engine of what --for prints; by conf, databricks or spark.",
)
@COMMON
@pass_options
def catalog_sql(options: CommonOptions, purpose: str | None, dialect: DialectName | None) -> int:
    """Print SQL for a catalog: views without what is gone, tags on personal data; views for dbt."""
    if dialect and not purpose:
        raise UsageError(messages.dbt.OPTION_OF_VIEWS())
    settings = options.settings()
    match purpose:
        case "dbt-klaviyo":
            _print_views(settings, dialect)
        case "dbt-sources":
            _print_sources(settings, dialect)
        case _:
            # It imports Spark's library, which the others do without.
            from klaviyo_spark.commands import publish
            from klaviyo_spark.commands.context import place_of

            click.echo("\n".join(publish.script(place_of(settings), _resources(settings))))
    return 0


def _print_views(settings: Settings, dialect: DialectName | None) -> None:
    """Of the account that was chosen."""
    if settings.schemas.dbt is None:
        named = msgspec.structs.replace(settings.schemas, dbt=_SCHEMA)
        settings = msgspec.structs.replace(settings, schemas=named)
    every = settings_per_account(settings)
    if len(every) > 1:
        names = ", ".join(one.account for one in every)
        raise UsageError(messages.dbt.SEVERAL_ACCOUNTS(accounts=names))
    click.echo("\n".join(script_of(every[0], _words(settings, dialect))))
    for line in warnings_of(every[0]):
        click.echo(f"warning: {line}", err=True)


def _words(settings: Settings, dialect: DialectName | None) -> Dialect:
    """What the views are written in."""
    if dialect == "duckdb":
        return duckdb(settings.schemas)
    # As above.
    from klaviyo_spark.commands.context import place_of

    return spark(place_of(settings))


def _print_sources(settings: Settings, dialect: DialectName | None) -> None:
    is_duckdb = dialect == "duckdb"
    text = as_yaml(
        settings.schemas,
        _resources(settings),
        None if is_duckdb else settings.catalog,
        settings.warehouse if is_duckdb else "",
    )
    click.echo(text, nl=False)


def _resources(settings: Settings) -> set[str]:
    """Of all accounts: the tables are everybody's."""
    return {name for one in settings_per_account(settings) for name in one.resources}
