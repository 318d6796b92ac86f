"""How a run refines, and what came of a load. Values alone; no I/O here."""

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


@dataclass(frozen=True)
class Load:
    """What one table took in of one run: counts of rows, cells and records, and its wall time.

    ``check_warnings`` are what checks have to say of it. ``errors`` are what did not go well, a
    line each.
    ``loaded_by``: ``driver``, which held all of it, or ``spark``.
    Where ``is_loaded`` is False the table is as it was, and its batches are still to be taken in.
    ``broken``: the table whose data files are missing, where that is why it is not loaded.
    ``unconfirmed_run_id``: the run whose complete read lacks too much of the table to be believed
    before the next one; see ``confirmation``.
    """

    table: str
    run_id: str
    batch_ids: tuple[str, ...]
    inserted: int = 0
    updated: int = 0
    soft_deleted: int = 0
    cast_failures: int = 0
    quarantined: int = 0
    seconds: float = 0.0
    loaded_by: str = "spark"
    check_warnings: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    is_loaded: bool = True
    broken: str = ""
    unconfirmed_run_id: str | None = None

    @property
    def changed(self) -> bool:
        """Whether a row of the table was written."""
        return bool(self.inserted or self.updated or self.soft_deleted)
