"""The format of a lake's tables, a number that each of them carries, and its check. No Spark here.

It rises with the first release that cannot use the tables of the one before. Then each step from
one number to the next gets a migration: see docs/decisions/0016-other-hands-on-the-lake.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from klaviyo_spark import messages
from klaviyo_spark.config.models import Schemas
from klaviyo_spark.errors import OtherFormat, TableUnreadable
from klaviyo_spark.lake.delta_log import in_folder
from klaviyo_spark.lake.local.storage import ask_each
from klaviyo_spark.lake.local.store import Folder
from klaviyo_spark.resources import TABLES
from klaviyo_spark.schema import ops_tables
from klaviyo_spark.version import __version__

FORMAT = 1
# Table properties.
FORMAT_KEY, VERSION_KEY = "klaviyo_spark.format", "klaviyo_spark.version"
PROPERTIES = {FORMAT_KEY: f"{FORMAT}", VERSION_KEY: __version__}


class NoFormat(Exception):
    """A table stands where one of ours belongs, and no version of ours made it."""


def check_format(table: str, properties: Mapping[str, str]) -> None:
    """Refuse a table of another format.

    Args:
        table: what a person calls it.
        properties: Delta's properties of the table.

    Raises:
        OtherFormat: another version made it.
        NoFormat: no version did.
    """
    found = properties.get(FORMAT_KEY)
    if found == f"{FORMAT}":
        return
    if found is None:
        raise NoFormat(messages.lake.NO_FORMAT())
    version = properties.get(VERSION_KEY)
    raise OtherFormat(
        messages.lake.OTHER_FORMAT(
            table=table, found=found, version=version, ours=__version__, format=FORMAT
        )
    )


def check_folder(lake: Folder, schemas: Schemas) -> None:
    """Refuse a lake in a folder if one of its tables has another format.

    A table that cannot be read, or that no version made, is left to whoever reads it.

    Raises:
        OtherFormat: see ``check_format``.
    """
    tables = {"pages": schemas.bronze, **dict.fromkeys(ops_tables.TABLES, schemas.ops)}
    tables |= {name: getattr(schemas, table.schema) for name, table in TABLES.items()}

    def check(table: str) -> None:
        with suppress(NoFormat, TableUnreadable, LookupError, OSError, ValueError):
            state = in_folder(lake / f"{tables[table]}.db" / table, None)
            if state:
                check_format(f"{tables[table]}.{table}", state.properties)

    ask_each(lake, tables, check)
