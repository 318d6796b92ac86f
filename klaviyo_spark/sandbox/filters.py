"""Klaviyo's filter grammar: ``op(field,value)``, joined by commas or by ``and(...)``."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from klaviyo_spark.sandbox.answers import invalid
from klaviyo_spark.sandbox.rules import FilterRule, Rule
from klaviyo_spark.sandbox.times import instant

_CONDITION = re.compile(
    r"""(?P<op>[a-z-]+)\((?P<field>[\w.]+)
        (?:,\s*(?P<value>\[[^\]]*\]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^,()"'\[\]]+))?\)""",
    re.VERBOSE,
)
_DATES = ("created", "updated", "created_at", "updated_at", "scheduled_at", "datetime",
          "joined_group_at", "expires_at")  # fmt: skip
_FLAGS = ("ab_test", "archived", "is_active", "is_starred", "published")
_ISO = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?P<zone>Z|[+-]\d\d:?\d\d)?"
)


@dataclass(frozen=True)
class Condition:
    """One part of a filter. ``value``: a text, flag, number, instant (dates), or a list of them."""

    op: str
    field: str
    value: Any


def is_date(field: str) -> bool:
    """Whether a field's values are datetimes."""
    return field in _DATES or field.endswith("suppression.timestamp") or "ons.timestamp" in field


def parse(text: str, rule: Rule) -> list[Condition]:
    """The conditions of a filter expression.

    Raises:
        Refusal: it is no filter, or not one that this endpoint takes.
    """
    inner = text[4:-1] if text.startswith("and(") and text.endswith(")") else text
    conditions: list[Condition] = []
    place = 0
    while place < len(inner):
        match = _CONDITION.match(inner, place)
        if not match:
            raise invalid(f"Invalid filter provided: {text[:100]}", "filter")
        conditions.append(_condition(match["op"], match["field"], match["value"], rule))
        place = match.end()
        if place < len(inner):
            if inner[place] != "," or place + 1 == len(inner):
                raise invalid(f"Invalid filter provided: {text[:100]}", "filter")
            place += 1
    asked = [(c.op, c.field) for c in conditions]
    if len(set(asked)) != len(asked):
        raise invalid("The same operator was given twice for a field", "filter")
    _check_bounds(conditions)
    return conditions


def _condition(op: str, field: str, value: str | None, rule: Rule) -> Condition:
    allowed = rule.filters.get(field)
    if allowed is None:
        names = ", ".join(sorted(rule.filters))
        raise invalid(f"'{field}' is not a filterable field. Allowed fields are {names}", "filter")
    if op not in allowed.operators:
        names = ", ".join(allowed.operators)
        raise invalid(
            f"'{op}' is not an allowed filter operator for {field}. Allowed operators are {names}",
            "filter",
        )
    if op == "has":
        if value is not None:
            raise invalid(f"'has' takes no value for {field}", "filter")
        return Condition(op, field, None)
    if value is None:
        raise invalid(f"A value is missing for {field}", "filter")
    return Condition(op, field, _value(op, field, value.strip(), allowed))


def _value(op: str, field: str, text: str, allowed: FilterRule) -> object:
    if text.startswith("["):
        if op not in allowed.lists:
            raise invalid(f"'{op}' takes no list for {field}", "filter")
        items = re.findall(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^,\s\[\]]+", text)
        if not items:
            raise invalid(f"The list for {field} is empty", "filter")
        return [_scalar(field, item, allowed) for item in items]
    if op == "any":
        raise invalid(f"'any' takes a list for {field}", "filter")
    return _scalar(field, text, allowed)


def _scalar(field: str, text: str, allowed: FilterRule) -> object:
    if field in _FLAGS:
        if text not in ("true", "false"):
            raise invalid(f"{field} takes true or false, not {text}", "filter")
        return text == "true"
    if is_date(field):
        return _instant(field, text)
    if field == "timestamp":
        if not re.fullmatch(r"\d+(\.\d+)?", text):
            raise invalid(f"{field} takes a number, not {text}", "filter")
        return float(text)
    if text[0] not in "\"'":
        raise invalid(f"{field} takes a quoted string, not {text}", "filter")
    value = re.sub(r"\\(.)", r"\1", text[1:-1])
    if allowed.values and value not in allowed.values:
        names = ", ".join(allowed.values)
        raise invalid(f"'{value}' is not a value of {field}. Allowed are {names}", "filter")
    return value


def _instant(field: str, text: str) -> int:
    match = _ISO.fullmatch(text)
    if not match or not match["zone"]:
        raise invalid(f"{field} takes an ISO 8601 datetime with a zone, not {text}", "filter")
    whole, zone = text[: match.start("zone")], match["zone"]
    head, _, fraction = whole.partition(".")
    zone = "+00:00" if zone == "Z" else zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
    try:
        return instant(datetime.fromisoformat(f"{head}.{fraction:0<6}{zone}"))
    except ValueError:
        raise invalid(f"{field} takes a datetime that exists, not {text}", "filter") from None


def bounds(
    conditions: Sequence[Condition], field: str
) -> tuple[Condition | None, Condition | None]:
    """The lower and the upper bound that a filter sets on a field."""
    lower = upper = None
    for condition in conditions:
        if condition.field == field and condition.op.startswith("greater"):
            lower = condition
        if condition.field == field and condition.op.startswith("less"):
            upper = condition
    return lower, upper


def _check_bounds(conditions: list[Condition]) -> None:
    for field in {c.field for c in conditions}:
        lower, upper = bounds(conditions, field)
        if lower and upper and lower.value > upper.value:
            raise invalid(f"The lower bound of {field} lies after the upper bound", "filter")


_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "any": lambda have, want: have in want,
    "equals": lambda have, want: have in want if isinstance(want, list) else bool(have == want),
    "contains": lambda have, want: want.lower() in (have or "").lower(),
    "starts-with": lambda have, want: (have or "").lower().startswith(want.lower()),
    "ends-with": lambda have, want: (have or "").lower().endswith(want.lower()),
    "greater-than": lambda have, want: have is not None and have > want,
    "greater-or-equal": lambda have, want: have is not None and have >= want,
    "less-than": lambda have, want: have is not None and have < want,
    "less-or-equal": lambda have, want: have is not None and have <= want,
    "has": lambda have, _: have is not None,
}


def matches(condition: Condition, have: object) -> bool:
    """Whether a value (any of a list of values) meets a condition."""
    test = _TESTS[condition.op]
    if isinstance(have, list):
        return any(test(one, condition.value) for one in have)
    return test(have, condition.value)
