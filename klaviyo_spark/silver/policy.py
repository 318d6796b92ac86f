"""How a run refines. Values alone; no I/O here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from klaviyo_spark.config.models import LoadsBy
from klaviyo_spark.schema.checks import Severity
from klaviyo_spark.state.confirmation import MAX_DELETED_SHARE


@dataclass(frozen=True)
class RefinePolicy:
    """What conf says of loads, and which run makes them.

    Args:
        keep_event_properties: whether ``events._event_properties`` holds the payload.
        severities: what conf says of checks, by name.
        max_deleted_share: a complete read that lacks more of a table waits for the next.
        loads_by: ``auto``, or ``spark`` for the way of large loads alone.
        run_id: of the run that refines.
        reread: a run that read again what silver may have lost: its pages are laid over the
            tables even where the run before brought the very same.
    """

    keep_event_properties: bool = True
    severities: Mapping[str, Severity] = field(default_factory=dict)
    max_deleted_share: float = MAX_DELETED_SHARE
    loads_by: LoadsBy = "auto"
    run_id: str = ""
    reread: str = ""


AS_DEFAULT = RefinePolicy()
