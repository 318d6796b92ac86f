"""Rows and days as HTML for a notebook: no script, nothing loaded, readable on light and dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from jinja2 import Environment, StrictUndefined

HEIGHT = 160  # of the bars, in pixels

_TABLE = """
<div style="font-family: sans-serif; font-size: 13px; margin: 1em 0">
<b>{{ title }}</b>
{% if rows %}
<table style="border-collapse: collapse; margin-top: .5em">
<tr>{% for heading in columns.values() %}<th style="text-align: left; padding: 2px 12px 2px 0">
{{ heading }}</th>{% endfor %}</tr>
{% for row in rows %}
<tr>{% for name in columns %}<td style="padding: 2px 12px 2px 0; text-align:
{{ 'right' if row[name] is number else 'left' }}">{{ row[name] | said }}</td>{% endfor %}</tr>
{% endfor %}
</table>
{% else %}: none
{% endif %}
</div>
"""

_BARS = """
<div style="font-family: sans-serif; font-size: 13px; margin: 1em 0">
<b>{{ title }}</b>: {{ total | said }} on {{ days | length | said }} days,
{{ most | said }} at most
<svg role="img" aria-label="{{ title }}" viewBox="0 0 {{ days | length }} {{ height }}"
 preserveAspectRatio="none" style="display: block; width: 100%; height: {{ height }}px;
 margin-top: .5em; border-bottom: 1px solid #888">
{% for day, count in days if count %}
<rect x="{{ loop_at[day] }}" y="{{ height - heights[day] }}" width="0.9"
 height="{{ heights[day] }}" fill="#4e79a7"><title>{{ day }}: {{ count | said }}</title></rect>
{% endfor %}
</svg>
<div style="display: flex; justify-content: space-between"><span>{{ days[0][0] }}</span>
<span>{{ days[-1][0] }}</span></div>
</div>
"""


def table(title: str, columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as a table; ``columns``: their headings by name, in order."""
    return _environment().from_string(_TABLE).render(title=title, columns=columns, rows=rows)


def bars(title: str, days: Sequence[tuple[date, int]]) -> str:
    """A bar per day, as wide as there is room; each says its number when pointed at."""
    most = max((count for _, count in days), default=0)
    return (
        _environment()
        .from_string(_BARS)
        .render(
            title=title,
            days=days,
            total=sum(count for _, count in days),
            most=most,
            height=HEIGHT,
            loop_at={day: at for at, (day, _) in enumerate(days)},
            heights={day: max(1, round(HEIGHT * count / most, 1)) for day, count in days if most},
        )
    )


def _environment() -> Environment:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["said"] = _cell_text
    return environment


def _cell_text(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return f"{value:,}" if isinstance(value, (int, float)) else str(value)
