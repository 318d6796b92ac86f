"""A Klaviyo account as Delta tables: e-mail, SMS, flows, profiles and events, kept by Spark.

``Pipeline`` runs the commands from Python; ``docs/reference/python.md`` says how. Importing this
package starts nothing and needs neither Spark nor Java: what it offers is imported when it is
first named. ``commands/sync/pipeline.py`` is the place to read first.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from klaviyo_spark.version import __version__

if TYPE_CHECKING:
    from klaviyo_spark.commands.results.results import (
        BackfillResult,
        ForgetResult,
        MaintainResult,
        Result,
        RunResult,
        VerifyResult,
    )
    from klaviyo_spark.errors import ConfigError, KlaviyoSparkError, LakeBusy, RunIncomplete
    from klaviyo_spark.python.pipeline import Pipeline

__all__ = [
    "BackfillResult",
    "ConfigError",
    "ForgetResult",
    "KlaviyoSparkError",
    "LakeBusy",
    "MaintainResult",
    "Pipeline",
    "Result",
    "RunIncomplete",
    "RunResult",
    "VerifyResult",
    "__version__",
]

_MODULES = {"Pipeline": "python.pipeline"} | dict.fromkeys(
    ("ConfigError", "KlaviyoSparkError", "LakeBusy", "RunIncomplete"), "errors"
)


def __getattr__(name: str) -> Any:
    """What is public, imported when it is first named.

    Raises:
        AttributeError: there is no such name.
    """
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(
        import_module(f"{__name__}.{_MODULES.get(name, 'commands.results.results')}"), name
    )
