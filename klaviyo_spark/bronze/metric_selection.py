"""Which metrics' events to read: documented names, the names they have had, ids per account. Pure.

Klaviyo renames its metrics and merchants create look-alikes, so a name alone is never enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from klaviyo_spark import messages
from klaviyo_spark.bronze.commerce_metrics import COMMERCE
from klaviyo_spark.client.json_bodies import as_id, as_object, records
from klaviyo_spark.resources.metric_names import DOCUMENTED

_KLAVIYO = "klaviyo"


@dataclass(frozen=True)
class MetricFact:
    """A metric of the account as far as it matters here."""

    id: str
    name: str
    integration_name: str | None


@dataclass(frozen=True)
class Resolution:
    """The metrics to read.

    Args:
        ids: id to documented name, or to the metric's own where it is none of those.
        warnings: sentences for the log and the summary.
        vanished: names that were read before and match nothing now; the resource is not well.
        none: nothing matched at all; there is nothing to read.
    """

    ids: dict[str, str]
    warnings: list[str]
    vanished: list[str]
    none: bool


def metrics_on(page: bytes) -> list[MetricFact]:
    """The metrics of a page of their listing; a record that is none is left to quarantine."""
    facts = []
    for record in records(page):
        id = as_id(record.get("id"))
        if id is None:
            continue
        attributes = as_object(record.get("attributes"))
        name = attributes.get("name")
        owner = as_object(attributes.get("integration")).get("name")
        facts.append(
            MetricFact(
                id,
                name if isinstance(name, str) else "",
                owner if isinstance(owner, str) else None,
            )
        )
    return facts


def documented_names() -> dict[str, str]:
    """Every accepted name, in lower case, with the documented name it stands for."""
    return {_key(alias): name for name, aliases in DOCUMENTED.items() for alias in aliases}


def resolve(
    metrics: Sequence[MetricFact],
    wanted: Literal["documented", "all"] | Sequence[str],
    remembered: Mapping[str, str],
    commerce: Sequence[str] = (),
) -> Resolution:
    """Ids of the metrics to read.

    Args:
        metrics: all of the account.
        wanted: ``documented``, ``all``, or names (documented ones, or the metrics' own) and ids;
            among those ``documented`` stands for all of that, and ``commerce`` for the account's
            mapped metrics.
        remembered: ids read before, with the names given then. They are read on, whatever they
            are called now.
        commerce: ids of the account's mapped metrics.
    """
    if wanted == "all":
        return _all(metrics, remembered)
    asked = [wanted] if isinstance(wanted, str) else wanted
    documented = list(DOCUMENTED) if "documented" in asked else []
    names = _names([*documented, *(n for n in asked if n not in ("documented", COMMERCE))])
    ids: dict[str, str] = {}
    warnings: list[str] = []
    vanished: list[str] = []
    now_named = {m.id: m.name for m in metrics}
    for name in names:
        taken, doubts = _matches(metrics, name)
        warnings += doubts
        known = [i for i, n in remembered.items() if _key(n) == _key(name)]
        for metric_id in known:
            if metric_id in now_named and metric_id not in taken:
                taken.append(metric_id)
                own = now_named[metric_id]
                if _key(own) not in _aliases(name):
                    warnings.append(
                        messages.bronze.METRIC_RENAMED(id=metric_id, name=name, own=own)
                    )
        if not taken and known:
            vanished.append(name)
        elif not taken:
            warnings.append(messages.bronze.NO_SUCH_METRIC(names=_either(name)))
        for metric_id in taken:
            ids.setdefault(metric_id, name)
    if COMMERCE in asked:
        mapped = [id for id in commerce if id in now_named]
        ids |= {id: remembered.get(id) or now_named[id] for id in mapped if id not in ids}
        warnings += [] if mapped else [messages.bronze.NO_MAPPED_METRIC()]
    return Resolution(ids, warnings, vanished, none=not ids)


def _all(metrics: Sequence[MetricFact], remembered: Mapping[str, str]) -> Resolution:
    """Every metric; documented names for those that ``documented`` would take."""
    found = resolve(metrics, "documented", remembered)
    ids = {m.id: found.ids.get(m.id) or remembered.get(m.id) or m.name for m in metrics}
    names = {_key(n) for n in ids.values()} | {_key(m.name) for m in metrics}
    lost = {n for n in remembered.values() if _key(n) not in names}
    vanished = [*found.vanished, *sorted(lost - set(found.vanished))]
    return Resolution(ids, [], vanished, none=not ids)


def _matches(metrics: Iterable[MetricFact], name: str) -> tuple[list[str], list[str]]:
    """Ids that ``name`` stands for, and doubts about them.

    Klaviyo's own go before all others. A metric whose integration is not said counts only where
    no metric of that very name is Klaviyo's; one of another integration only where none of the
    aliases is.
    """
    aliases = _aliases(name)
    found = [m for m in metrics if _key(m.name) in aliases or m.id == name]
    if name not in DOCUMENTED:
        return [m.id for m in found], []
    own = [m for m in found if _key(m.integration_name or "") == _KLAVIYO]
    own_names = {_key(m.name) for m in own}
    unsaid = [m for m in found if not m.integration_name and _key(m.name) not in own_names]
    others = [] if own else [m for m in found if m.integration_name]
    doubts = [
        messages.bronze.METRIC_OF_OTHERS(
            id=m.id,
            name=m.name,
            integration=f"integration {m.integration_name!r}"
            if m.integration_name
            else "no integration",
            documented=name,
        )
        for m in (*unsaid, *others)
    ]
    return [m.id for m in (*own, *unsaid, *others)], doubts


def _names(wanted: Sequence[str]) -> list[str]:
    """``wanted`` with documented names for their aliases, each once."""
    documented = documented_names()
    found: dict[str, str] = {}
    for name in wanted:
        known = _key(name) if _key(name) in DOCUMENTED else documented.get(_key(name), name)
        found.setdefault(_key(known), known)
    return list(found.values())


def _aliases(name: str) -> set[str]:
    return {_key(alias) for alias in DOCUMENTED.get(name, (name,))}


def _either(name: str) -> str:
    return " or ".join(repr(alias) for alias in DOCUMENTED.get(name, (name,)))


def _key(name: str) -> str:
    return name.strip().casefold()
