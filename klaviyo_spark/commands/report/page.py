"""From figures to one HTML file that needs nothing else: no network, no fonts, no second file.

``assets/`` holds the template, its style and script, and ECharts as its makers publish it.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from datetime import datetime
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from klaviyo_spark.commands.report.figures import Figures
from klaviyo_spark.version import __version__

LIBRARY = "echarts.common.min.js"


def page(figures: Figures) -> str:
    """The page. The same figures give the same text."""
    scripts = {name: Markup(_asset(name)) for name in (LIBRARY, "report.js")}  # noqa: S704 - ours
    allowed = " ".join(f"'sha256-{_digest(script)}'" for script in scripts.values())
    return (
        _environment()
        .get_template("report.html")
        .render(
            figures=figures,
            style=Markup(_asset("report.css")),  # noqa: S704 - ours
            library=scripts[LIBRARY],
            script=scripts["report.js"],
            allowed_scripts=Markup(allowed),  # noqa: S704 - digests
            version=__version__,
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("klaviyo_spark.commands.report", "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "breakable": _breakable,
        "moment": _moment,
        "money": _money,
        "number": _number,
        "percent": _percent,
    }
    return environment


def _asset(name: str) -> str:
    return (files("klaviyo_spark.commands.report") / "assets" / name).read_text(encoding="utf-8")


def _digest(script: str) -> str:
    return b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _number(value: int | None) -> str:
    """``12,345``; nothing where there is none."""
    return "" if value is None else f"{value:,}"


def _money(value: float | None) -> str:
    """``1,234.50``; nothing where there is none."""
    return "" if value is None else f"{value:,.2f}"


def _percent(value: float | None) -> str:
    """``41.2 %`` of a fraction; nothing where there is none."""
    return "" if value is None else f"{100 * value:.1f} %"


def _moment(value: datetime | None) -> str:
    """``2026-11-25 14:33``, in UTC."""
    return "" if value is None else f"{value:%Y-%m-%d %H:%M}"


def _breakable(name: str) -> Markup:
    """A name that may be broken after its underscores, where a phone has no room for it."""
    return Markup("_<wbr>").join(escape(part) for part in name.split("_"))
