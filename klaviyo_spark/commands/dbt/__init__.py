"""What dbt needs: views that its package for Klaviyo reads, and the tables as its sources.

Text made from the specs and conf, for any catalog; no I/O here.
"""

from __future__ import annotations

from collections.abc import Iterator

from klaviyo_spark import messages
from klaviyo_spark.commands.dbt.dialects import Dialect
from klaviyo_spark.commands.dbt.views import ABOUT, AccountScope, DbtView, script, views
from klaviyo_spark.config.models import Settings
from klaviyo_spark.resources.metric_names import DOCUMENTED

__all__ = ["ABOUT", "READS", "DbtView", "scope_of", "script_of", "views_of", "warnings_of"]

# The resources whose tables the views read; of klaviyo_plus they read ``account`` where it is.
READS = {"campaigns", "events", "flows", "metrics", "profiles"}


def scope_of(settings: Settings) -> AccountScope:
    """What conf says of an account that its views go by."""
    return AccountScope(settings.account, settings.currency, settings.resources)


def script_of(settings: Settings, dialect: Dialect) -> Iterator[str]:
    """SQL that makes the views of an account, whose conf says in which schema."""
    assert settings.schemas.dbt
    return script(dialect, settings.schemas.dbt, scope_of(settings))


def views_of(settings: Settings, dialect: Dialect) -> tuple[DbtView, ...]:
    """The views of an account; none where conf names no schema for them."""
    schema = settings.schemas.dbt
    return views(dialect, schema, scope_of(settings)) if schema else ()


def warnings_of(settings: Settings) -> Iterator[str]:
    """What an analyst would else take from the views for true."""
    named = DOCUMENTED if settings.metrics == "documented" else settings.metrics
    if named != "all" and {*named} <= {"documented", *DOCUMENTED}:
        yield messages.dbt.NO_REVENUE(account=settings.account)
    elif "account" not in settings.resources:
        yield messages.dbt.UNMAPPED_REVENUE(account=settings.account)
