"""Klaviyo's own numbers on the page: campaigns, flows, lists, segments, forms, revenue. Pure.

Of ``klaviyo_plus``: a table that is not there, or has no rows, is simply not spoken of. Rates and
numbers of people are shown as Klaviyo gives them, each of its own group, and never added up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from klaviyo_spark.lake.readers.reader import Row

MONTHS = 12
"""Months of revenue shown, the newest ones."""
LINES = 8
"""Segments whose members the chart follows, the largest ones."""
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class MessageLine:
    """A message of a campaign or flow, as Klaviyo counts it."""

    name: str
    message_id: str
    numbers: Row


@dataclass(frozen=True)
class GroupLine:
    """A list or segment over the days shown; ``members`` at their end, None where unknown."""

    name: str
    came: int
    went: int
    members: int | None = None


@dataclass(frozen=True)
class RevenueLine:
    """Money of a month in one currency; what was given back is taken off once."""

    month: date
    currency: str
    orders: int
    gross: float
    given_back: float

    @property
    def net(self) -> float:
        """What is left."""
        return self.gross - self.given_back


@dataclass(frozen=True)
class OwnNumbers:
    """What there is of them.

    Args:
        flow_month, form_month: the month (its first day) that those lines are of.
        charts: ``lists`` (who came and went per day) and ``segments`` (members per day).
    """

    campaigns: tuple[MessageLine, ...]
    flows: tuple[MessageLine, ...]
    flow_month: date | None
    lists: tuple[GroupLine, ...]
    segments: tuple[GroupLine, ...]
    forms: tuple[MessageLine, ...]
    form_month: date | None
    revenue: tuple[RevenueLine, ...]
    charts: Mapping[str, Any]

    @property
    def any(self) -> bool:
        """Whether there is anything to show."""
        of = (self.campaigns, self.flows, self.lists, self.segments, self.forms, self.revenue)
        return any(of)


@dataclass(frozen=True)
class OwnRows:
    """Rows as the functions of ``own_questions`` of the same names describe them."""

    campaign_values: Sequence[Row] = field(default_factory=list)
    flow_values: Sequence[Row] = field(default_factory=list)
    list_days: Sequence[Row] = field(default_factory=list)
    segment_days: Sequence[Row] = field(default_factory=list)
    form_values: Sequence[Row] = field(default_factory=list)
    value_months: Sequence[Row] = field(default_factory=list)
    flow_names: Sequence[Row] = field(default_factory=list)
    list_names: Sequence[Row] = field(default_factory=list)
    segment_names: Sequence[Row] = field(default_factory=list)
    form_names: Sequence[Row] = field(default_factory=list)


def own_numbers(rows: OwnRows, today: date) -> OwnNumbers:
    """Work them out; ``today`` (UTC) is when the page is made."""
    flow_month, flows = _whole_month(rows.flow_values, today)
    form_month, forms = _whole_month(rows.form_values, today)
    flow_names, form_names = _by_id(rows.flow_names), _by_id(rows.form_names)
    list_names, segment_names = _by_id(rows.list_names), _by_id(rows.segment_names)
    return OwnNumbers(
        campaigns=tuple(
            MessageLine(row["name"] or row["campaign_id"], row["campaign_message_id"], row)
            for row in rows.campaign_values
        ),
        flows=tuple(
            MessageLine(
                flow_names.get(row["flow_id"]) or row["flow_id"], row["flow_message_id"], row
            )
            for row in flows
        ),
        flow_month=flow_month,
        lists=tuple(_lists(rows.list_days, list_names)),
        segments=tuple(_segments(rows.segment_days, segment_names)),
        forms=tuple(
            MessageLine(form_names.get(row["form_id"]) or row["form_id"], row["form_id"], row)
            for row in forms
        ),
        form_month=form_month,
        revenue=tuple(_revenue(rows.value_months)),
        charts={
            "lists": _list_chart(rows.list_days),
            "segments": _segment_chart(rows.segment_days, segment_names),
        },
    )


def _by_id(rows: Sequence[Row]) -> Mapping[str, str | None]:
    return {row["id"]: row["name"] for row in rows}


def _whole_month(rows: Sequence[Row], today: date) -> tuple[date | None, list[Row]]:
    """The newest month that is over, and its rows; the one in progress where there is no other."""
    months = {row["period_start"]: row["period_end"] for row in rows}
    over = [start for start, end in months.items() if end < today]
    month = max(over or months, default=None)
    return month, [row for row in rows if row["period_start"] == month]


def _lists(rows: Sequence[Row], names: Mapping[str, str | None]) -> Iterator[GroupLine]:
    """A line per list, the one that most joined first."""
    came: dict[str, int] = defaultdict(int)
    went: dict[str, int] = defaultdict(int)
    for row in rows:
        said = names.get(row["list_id"]) or row["list_said"] or "no list named"
        (went if row["has_left"] else came)[said] += row["row_count"]
    lines = [GroupLine(name, came[name], went[name]) for name in {**came, **went}]
    yield from sorted(lines, key=lambda line: (-line.came, -line.went, line.name))


def _segments(rows: Sequence[Row], names: Mapping[str, str | None]) -> Iterator[GroupLine]:
    """A line per segment, the largest first; members are those of its newest day."""
    by_segment: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_segment[row["segment_id"]].append(row)
    lines = [
        GroupLine(
            names.get(id) or id,
            sum(row["members_added"] or 0 for row in some),
            sum(row["members_removed"] or 0 for row in some),
            max(some, key=lambda row: str(row["day"]))["total_members"],
        )
        for id, some in by_segment.items()
    ]
    yield from sorted(lines, key=lambda line: (-(line.members or 0), line.name))


def _revenue(rows: Sequence[Row]) -> Iterator[RevenueLine]:
    """A line per month and currency, the newest first."""
    months = sorted({row["month"] for row in rows}, reverse=True)[:MONTHS]
    kept = [row for row in rows if row["month"] in months]
    keys = sorted({(row["month"], row["currency"]) for row in kept}, key=lambda key: key[1])
    for month, currency in sorted(keys, key=lambda key: key[0], reverse=True):
        some = [row for row in kept if (row["month"], row["currency"]) == (month, currency)]
        sold = [row for row in some if not row["is_taken_off"]]
        back = [row for row in some if row["is_taken_off"]]
        yield RevenueLine(
            month,
            currency,
            sum(row["row_count"] for row in sold),
            float(sum(row["money"] for row in sold)),
            float(sum(row["money"] for row in back)),
        )


def _list_chart(rows: Sequence[Row]) -> dict[str, Any]:
    """``days``, and two layers: who came and, below the line, who went."""
    if not rows:
        return {"days": [], "series": []}
    days = _every_day([row["day"] for row in rows])
    came, went = dict.fromkeys(days, 0), dict.fromkeys(days, 0)
    for row in rows:
        if row["has_left"]:
            went[row["day"]] -= row["row_count"]
        else:
            came[row["day"]] += row["row_count"]
    return {
        "days": [f"{day}" for day in days],
        "series": [
            {"name": "joined", "counts": [*came.values()]},
            {"name": "left", "counts": [*went.values()]},
        ],
    }


def _segment_chart(rows: Sequence[Row], names: Mapping[str, str | None]) -> dict[str, Any]:
    """``days``, and a line per segment: its members, None on days that nothing is said of."""
    if not rows:
        return {"days": [], "series": []}
    days = _every_day([row["day"] for row in rows])
    members: dict[str, dict[date, int]] = defaultdict(dict)
    for row in rows:
        members[row["segment_id"]][row["day"]] = row["total_members"]
    newest = {id: counts[max(counts)] or 0 for id, counts in members.items()}
    largest = sorted(members, key=lambda one: (-newest[one], one))[:LINES]
    return {
        "days": [f"{day}" for day in days],
        "series": [
            {"name": names.get(id) or id, "counts": [members[id].get(day) for day in days]}
            for id in largest
        ],
    }


def _every_day(days: Sequence[date]) -> list[date]:
    first, last = min(days), max(days)
    return [first + n * _DAY for n in range((last - first).days + 1)]
