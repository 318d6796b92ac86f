"""The numbers behind the page's charts, small enough to travel in it. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from klaviyo_spark.commands.report.questions import bucket
from klaviyo_spark.lake.readers.reader import Row
from klaviyo_spark.resources import ENDPOINTS

MOST_DAYS = 3_653
"""Ten years: a few events with dates far off must not stretch the axis until nothing is seen."""
MOST_METRICS = 14
"""Layers that an eye can tell apart; smaller metrics share one more."""
OTHERS = "other metrics"
NO_METRIC = "no metric"
"""What events are called that name none."""
_DAY = timedelta(days=1)


def events_per_day(rows: Sequence[Row], names: Mapping[str, str], today: date) -> dict[str, Any]:
    """Layers of events: ``start`` and ``length`` of the axis, ``outside``, and ``series``.

    Every day of the axis has a number, so that a hole is seen as one. ``outside``: events before
    and after the axis, and those without a day. The largest metrics come first; events without a
    metric are a layer of their own, the last.
    """
    earliest, latest = today - MOST_DAYS * _DAY, today + _DAY
    within = [row for row in rows if row["day"] and earliest <= row["day"] <= latest]
    inside = sum(row["row_count"] for row in within)
    outside = sum(row["row_count"] for row in rows) - inside
    if not within:
        return {"start": None, "length": 0, "outside": outside, "series": []}
    start, end = (bound(row["day"] for row in within) for bound in (min, max))
    layers = _largest(within)
    counts: dict[str | None, list[int]] = {key: [0] * ((end - start).days + 1) for key in layers}
    for row in within:
        layer = row["metric_id"] if row["metric_id"] in counts else OTHERS
        counts[layer][(row["day"] - start).days] += row["row_count"]
    series = [{"name": metric_label(key, names), "counts": layer} for key, layer in counts.items()]
    return {
        "start": f"{start}",
        "length": (end - start).days + 1,
        "outside": outside,
        "series": series,
    }


def metric_label(metric_id: str | None, names: Mapping[str, str]) -> str:
    """What a metric is called: its name, else its id; events may have neither."""
    return NO_METRIC if metric_id is None else names.get(metric_id) or metric_id


def _largest(rows: Sequence[Row]) -> list[str | None]:
    sizes: Counter[str] = Counter()
    for row in rows:
        if row["metric_id"] is not None:
            sizes[row["metric_id"]] += row["row_count"]
    # Engines give rows in any order; metrics of one size always stand in the same one.
    ordered = sorted(sizes, key=lambda metric: (-sizes[metric], metric))
    layers: list[str | None] = [*ordered[:MOST_METRICS]]
    layers += [OTHERS] if len(ordered) > MOST_METRICS else []
    return [*layers, None] if any(row["metric_id"] is None for row in rows) else layers


def late_per_day(rows: Sequence[Row]) -> dict[str, Any]:
    """``days`` that late events belong to, and ``counts`` of them."""
    ordered = sorted((row for row in rows if row["day"]), key=lambda row: str(row["day"]))
    return {
        "days": [f"{row['day']}" for row in ordered],
        "counts": [row["row_count"] for row in ordered],
    }


def requests_over_run(rows: Sequence[Row], run: Row | None) -> dict[str, Any]:
    """Layers of pages per minute or hour of a run, and the share of Klaviyo's limit they are.

    ``share``: percent of the steady limit (requests a minute) of the endpoint that came nearest to
    its own, which ``busiest`` names.
    """
    if run is None or not rows:
        return {"unit": "minute", "times": [], "series": [], "share": [], "busiest": []}
    unit = bucket(run["started_at"], run["finished_at"])
    step = timedelta(minutes=1) if unit == "minute" else timedelta(hours=1)
    first, last = (bound(row["at"] for row in rows) for bound in (min, max))
    length = (last - first) // step + 1
    layers: dict[str, list[int]] = defaultdict(lambda: [0] * length)
    for row in rows:
        layers[row["endpoint"]][(row["at"] - first) // step] += row["pages"]
    nearest = [_nearest(layers, at, step) for at in range(length)]
    return {
        "unit": unit,
        "times": [_clock(first + n * step) for n in range(length)],
        "series": [
            {"name": name, "counts": counts}
            for name, counts in sorted(layers.items(), key=lambda layer: (-sum(layer[1]), layer[0]))
        ],
        "share": [share for share, _ in nearest],
        "busiest": [name for _, name in nearest],
    }


def _nearest(
    layers: Mapping[str, Sequence[int]], at: int, step: timedelta
) -> tuple[float, str | None]:
    """The largest share of a limit in one step, in percent, and whose it is."""
    used: Counter[str] = Counter()
    for name, counts in layers.items():
        if name in ENDPOINTS:
            used[ENDPOINTS[name].budget] += counts[at]
    minutes = step / timedelta(minutes=1)
    shares = [(n / (ENDPOINTS[name].rate.steady * minutes), name) for name, n in used.items() if n]
    if not shares:
        return 0.0, None
    share, name = max(shares)
    return round(100 * share, 1), name


def _clock(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
