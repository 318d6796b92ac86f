"""Settings: each with its default and what ``conf/base.yml`` says of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from scripts.reference.markdown import MADE, code, page, prose, table

SOURCE = Path(__file__).parents[2] / "conf" / "base.yml"
HEAD = f"""\
# Settings

{MADE.format(source="`conf/base.yml`")}

`conf/base.yml` holds all settings with their defaults. A file beside it, such as `prod.yml`, says
only what differs; name it with `--config`. Options of a [command](commands.md) come before conf,
and `KLAVIYO_BASE_URL` between the two. An unknown setting is an error that names the nearest
right one. No secret belongs into conf.

Durations are a whole number and `d`, `h` or `m`. Times are ISO 8601, UTC where no offset is
given.
"""


def as_markdown() -> str:
    """The page."""
    return page(_lines())


def settings() -> Iterator[tuple[str, str, str]]:
    """Name, default as YAML on one line, and meaning; one without a comment shares that above."""
    text = SOURCE.read_text(encoding="utf-8")
    defaults = yaml.safe_load(text)
    meaning: list[str] = []
    is_fresh = True
    for line in text.splitlines():
        if line.startswith("#"):
            if is_fresh:
                meaning, is_fresh = [], False
            meaning.append(line[1:])
        elif name := re.match(r"(\w+):", line):
            yield name[1], _default(defaults[name[1]]), _told(meaning)
            is_fresh = True
        elif not line:
            is_fresh = True


def _told(comment: list[str]) -> str:
    """A comment as a sentence; what is indented in it is an example, which how-to pages show."""
    plain = [line for line in comment if not line.startswith("   ")]
    return prose(" ".join(" ".join(plain).split()))


def _default(value: object) -> str:
    written = yaml.safe_dump(value, default_flow_style=True, width=float("inf"), sort_keys=False)
    return written.removesuffix("\n...\n").strip()


def _lines() -> Iterator[str]:
    yield HEAD
    rows = ((code(name), code(default), meaning) for name, default, meaning in settings())
    yield from table(("setting", "default", "meaning"), rows)
    yield ""
    yield "See also [Load several accounts](../how-to/several-accounts.md),"
    yield "[Mask personal data](../how-to/mask.md) and [Maintain the lake](../how-to/maintain.md)."
