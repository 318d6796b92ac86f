"""The parts of ``examples/dbt`` that are made from code: the views as models, the sources."""

from __future__ import annotations

from collections.abc import Callable

from klaviyo_spark.commands.dbt.dialects import Dialect
from klaviyo_spark.commands.dbt.sources import as_yaml
from klaviyo_spark.commands.dbt.views import AccountScope, DbtView, views
from klaviyo_spark.config.models import Schemas
from klaviyo_spark.resources import TABLES

_SOURCES_OF = {"silver": "klaviyo_v2", "plus": "klaviyo_plus"}
# Stands in the place of what a project says by a variable.
_ACCOUNT = "THE_ACCOUNT"
_HEAD = """\
{# `make docs` writes this file from klaviyo_spark/commands/dbt/views.py: the view that
   `klaviyo-spark catalog-sql --for dbt-klaviyo --dialect duckdb` prints, over this project's
   sources. On Databricks the job makes it (conf `schemas.dbt`). #}
{{ config(alias='%s', materialized='view', enabled=target.type == 'duckdb') }}

"""
_SOURCES = """\
# `make docs` writes this file: what `klaviyo-spark catalog-sql --for dbt-sources --dialect duckdb`
# prints of a lake in a folder. Other engines than DuckDB take no notice of `meta`.
"""


def views_as_models() -> dict[str, Callable[[], str]]:
    """Per name of a view, what makes its model."""
    words = Dialect(
        lambda table: f"{{{{ source('{_SOURCES_OF[TABLES[table].schema]}', '{table}') }}}}",
        lambda schema: schema,
        quote='"',
        has_comments=False,
        has_instants=True,
    )

    def model(view: DbtView) -> str:
        query = view.query.replace(_ACCOUNT, "{{ var('klaviyo_account', 'default') }}")
        return f"{_HEAD % view.name}{query}\n"

    made = {view.name: view for view in views(words, "klaviyo", AccountScope(_ACCOUNT))}
    return {name: lambda view=view: model(view) for name, view in made.items()}  # type: ignore[misc] # mypy does not see through a lambda's default


def sources_as_yaml() -> str:
    """The documented tables, in the folder that the environment names."""
    return _SOURCES + as_yaml(Schemas(), (), folder="{{ env_var('KLAVIYO_LAKE', 'lake') }}")
