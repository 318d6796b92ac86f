"""A request's query, read against the rules of its endpoint: anything else is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass

from klaviyo_spark.sandbox.answers import invalid
from klaviyo_spark.sandbox.filters import Condition, bounds, is_date, parse
from klaviyo_spark.sandbox.revisions import CURRENT, OLDER, OLDER_FIELDS
from klaviyo_spark.sandbox.rules import Rule
from klaviyo_spark.sandbox.times import SECOND_US

NEAR_NOW_US = 10 * SECOND_US
_BRACKETS = re.compile(r"(fields|additional-fields|page)\[([\w-]+)\]")


@dataclass(frozen=True)
class Asked:
    """One request, understood.

    Args:
        params: as they came, in order.
        fields: sparse fieldset per type.
        revision: that it is asked at.
        era: how often cursors have expired; one of another era is none.
    """

    rule: Rule
    id: str
    params: tuple[tuple[str, str], ...]
    conditions: tuple[Condition, ...] = ()
    sort: str = ""
    descending: bool = False
    include: tuple[str, ...] = ()
    fields: tuple[tuple[str, frozenset[str]], ...] = ()
    additional: frozenset[str] = frozenset()
    size: int = 0
    cursor: str = ""
    revision: str = CURRENT
    era: int = 0

    def fields_of(self, type: str) -> frozenset[str] | None:
        """The attributes asked of a type; ``None``: all."""
        return dict(self.fields).get(type)

    def bound_to(self) -> list[object]:
        """What a cursor belongs to: everything of the request but the cursor."""
        rest = sorted((k, v) for k, v in self.params if k != "page[cursor]")
        return [self.rule.template, self.id, self.revision, self.era, rest]


def understand(
    rule: Rule, id: str, params: list[tuple[str, str]], revision: str, now_us: int
) -> Asked:
    """Read a query.

    Raises:
        Refusal: it holds what the endpoint does not take, or lacks what it needs.
    """
    names = [name for name, _ in params]
    for name in names:
        if names.count(name) > 1:
            raise invalid(f"'{name}' was given more than once", name)
    asked: dict[str, str] = dict(params)
    for name in names:
        _check_name(name, rule)
    conditions = parse(asked["filter"], rule) if "filter" in asked else []
    sort = asked.get("sort", "")
    if sort and sort.removeprefix("-") not in rule.sort:
        allowed = ", ".join(rule.sort)
        raise invalid(f"'{sort}' is not a sort of this endpoint. Allowed are {allowed}", "sort")
    _check_rules_of_endpoint(rule, conditions, sort, now_us)
    return Asked(
        rule=rule,
        id=id,
        params=tuple(params),
        conditions=tuple(conditions),
        sort=sort.removeprefix("-"),
        descending=sort.startswith("-"),
        include=_choices(asked.get("include"), rule.include, "include"),
        fields=tuple(_fields(asked, rule, revision)),
        additional=frozenset(_additional(asked, rule)),
        size=_size(asked.get("page[size]"), rule),
        cursor=asked.get("page[cursor]", ""),
        revision=revision,
    )


def _check_name(name: str, rule: Rule) -> None:
    match = _BRACKETS.fullmatch(name)
    kind, inner = (match[1], match[2]) if match else (name, "")
    known = {
        "fields": inner in rule.fields,
        "additional-fields": inner in rule.additional,
        "page": (inner == "size" and rule.page is not None) or (inner == "cursor" and rule.paged),
        "filter": bool(rule.filters) and not match,
        "sort": bool(rule.sort) and not match,
        "include": bool(rule.include) and not match,
    }
    if not known.get(kind, False):
        raise invalid(f"'{name}' is not a parameter of this endpoint", name)


def _choices(text: str | None, allowed: tuple[str, ...], name: str) -> tuple[str, ...]:
    if text is None:
        return ()
    chosen = tuple(text.split(","))
    for one in chosen:
        if one not in allowed:
            names = ", ".join(allowed)
            raise invalid(f"'{one}' is not allowed for {name}. Allowed are {names}", name)
    return chosen


def _fields(asked: dict[str, str], rule: Rule, revision: str) -> list[tuple[str, frozenset[str]]]:
    found = []
    for type, allowed in rule.fields.items():
        name = f"fields[{type}]"
        if name in asked:
            allowed = OLDER_FIELDS.get(type, allowed) if revision == OLDER else allowed
            _choices(asked[name], tuple(sorted(allowed)), name)
            found.append((type, frozenset(asked[name].split(","))))
    return found


def _additional(asked: dict[str, str], rule: Rule) -> list[str]:
    found: list[str] = []
    for type, allowed in rule.additional.items():
        name = f"additional-fields[{type}]"
        found += _choices(asked.get(name), allowed, name)
    return found


def _size(text: str | None, rule: Rule) -> int:
    if text is None:
        return rule.page.default if rule.page else 200
    page = rule.page
    if page is None or not text.isdigit() or not page.least <= int(text) <= page.most:
        most = f"{page.least} and {page.most}" if page else ""
        raise invalid(f"Page size must be an integer between {most}", "page[size]")
    return int(text)


def _check_rules_of_endpoint(
    rule: Rule, conditions: list[Condition], sort: str, now_us: int
) -> None:
    fields = {c.field for c in conditions}
    if rule.filter_required and fields.isdisjoint(rule.filter_required):
        raise invalid(f"A filter on {' or '.join(rule.filter_required)} is required", "filter")
    dates = {f for f in fields if is_date(f)}
    if rule.operation == "get_profiles":
        suppressions = {f.split(".")[3] for f in fields if f.startswith("subscriptions.")}
        if len(suppressions) > 1:
            raise invalid("List and global suppression filters cannot be combined", "filter")
        listed = "subscriptions.email.marketing.list_suppressions"
        if "list_suppressions" in suppressions and f"{listed}.list_id" not in fields:
            raise invalid("A filter on list suppressions needs a list_id", "filter")
        if len(dates) > 1:
            raise invalid("Only one date field can be filtered on at a time", "filter")
    if rule.operation == "get_flows":
        if sort and dates and dates != {sort.removeprefix("-")}:
            raise invalid("With a date filter, sort must be on the same field", "sort")
        if any(c.value > now_us for c in conditions if c.field in dates):
            raise invalid("A date filter cannot lie in the future", "filter")
    if rule.operation == "get_events":
        for field, unit in (("datetime", 1), ("timestamp", SECOND_US)):
            lower, _ = bounds(conditions, field)
            if lower and lower.value * unit > now_us - NEAR_NOW_US:
                raise invalid(f"The lower bound of {field} is too close to now", "filter")
