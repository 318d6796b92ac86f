"""Which pages there are, and what makes each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from scripts.reference import (
    commands,
    dbt,
    exit_codes,
    lineage,
    messages,
    ops_tables,
    python,
    settings,
    tables,
)

FOLDER = Path(__file__).parents[2] / "docs" / "reference"
DBT = Path(__file__).parents[2] / "examples" / "dbt"
PAGES: dict[Path, Callable[[], str]] = {
    FOLDER / "commands.md": commands.as_markdown,
    FOLDER / "exit-codes.md": exit_codes.as_markdown,
    FOLDER / "lineage.md": lineage.as_markdown,
    FOLDER / "messages.md": messages.as_markdown,
    FOLDER / "ops-tables.md": ops_tables.as_markdown,
    FOLDER / "python.md": python.as_markdown,
    FOLDER / "settings.md": settings.as_markdown,
    FOLDER / "tables.md": tables.as_markdown,
    DBT / "models" / "sources.yml": dbt.sources_as_yaml,
    **{
        DBT / "models" / "dbt_klaviyo" / f"klaviyo_{name}.sql": as_model
        for name, as_model in dbt.views_as_models().items()
    },
}
