"""Options made into what a verb on the lake works with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from klaviyo_spark.cli.options import CommonOptions

if TYPE_CHECKING:
    from klaviyo_spark.commands.context import LakeContext


def open_context(options: CommonOptions, asks: bool, refines: bool = False) -> LakeContext:
    """Conf and options checked, and the lake opened till the verb ends; see ``open_lake``."""
    settings = options.settings()
    # Spark takes half a second to import, which a wrong option need not wait for.
    from klaviyo_spark.commands.context import open_lake

    opened = open_lake(settings, asks=asks, refines=refines)
    return click.get_current_context().with_resource(opened)
