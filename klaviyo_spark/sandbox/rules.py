"""What each endpoint lets itself be asked (``rules.json``, taken from Klaviyo's OpenAPI file)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from klaviyo_spark.sandbox.revisions import NEWER


@dataclass(frozen=True)
class FilterRule:
    """Operators a field may be filtered with; ``lists``: those that take a list of values."""

    operators: tuple[str, ...]
    lists: tuple[str, ...]
    values: tuple[str, ...]


@dataclass(frozen=True)
class Page:
    """Page sizes allowed, and the one that holds if none is asked for."""

    least: int
    most: int
    default: int


@dataclass(frozen=True)
class Rule:
    """One GET endpoint. ``template`` is its path with ``{id}`` for the id.

    ``filter_required``: fields of which a filter has to name one.
    """

    template: str
    operation: str
    rate: tuple[int, int]
    scopes: tuple[str, ...]
    page: Page | None = None
    paged: bool = False
    sort: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    additional: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    filters: Mapping[str, FilterRule] = field(default_factory=dict)
    filter_required: tuple[str, ...] = ()

    @property
    def parts(self) -> list[str]:
        """The path's parts after ``/api/``."""
        return self.template.split("/")[2:]


def _load(source: Mapping[str, Any], of: str) -> list[Rule]:
    fieldsets = source[f"{of}fieldsets"].items()
    fieldsets = {name: frozenset(text.split()) for name, text in fieldsets}
    return [
        Rule(
            template=template,
            operation=said["operation"],
            rate=(said["rate"][0], said["rate"][1]),
            scopes=tuple(said["scopes"]),
            page=Page(*said["page"]) if "page" in said else None,
            paged=said.get("cursor", False),
            sort=tuple(said.get("sort", ())),
            include=tuple(said.get("include", ())),
            additional={k: tuple(v) for k, v in said.get("additional", {}).items()},
            fields={k: fieldsets[v] for k, v in said.get("fields", {}).items()},
            filters={
                name: FilterRule(
                    tuple(f["operators"]), tuple(f.get("list", ())), tuple(f.get("values", ()))
                )
                for name, f in said.get("filters", {}).items()
            },
            filter_required=tuple(said.get("filter_required", ())),
        )
        for template, said in source[f"{of}paths"].items()
    ]


_Patterns = list[tuple[re.Pattern[str], Rule]]


def _patterns(rules: Iterable[Rule]) -> _Patterns:
    return [(re.compile(r.template.replace("{id}", "([^/]+)") + "/?"), r) for r in rules]


_SOURCE = json.loads(files(__package__).joinpath("rules.json").read_text("utf-8"))
RULES = _load(_SOURCE, "")
# The newer revision has other campaigns, and of all else what there was.
NEWER_RULES = _load(_SOURCE, "newer_")
_PATTERNS = _patterns(RULES)
_NEWER_PATTERNS = [*_patterns(NEWER_RULES), *_PATTERNS]


def rule_for(path: str, revision: str) -> tuple[Rule, str] | None:
    """The endpoint of a path and the id in it (``""`` if none); ``None`` if there is no such."""
    for pattern, rule in _NEWER_PATTERNS if revision == NEWER else _PATTERNS:
        match = pattern.fullmatch(path)
        if match:
            return rule, match[1] if match.groups() else ""
    return None
