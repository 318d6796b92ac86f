"""Texts that something on the way to Delta has a meaning of its own for."""

from __future__ import annotations

# What one name of a folder can hold that all who read a lake find by it.
ODD_FOLDER = "a b {rows} {} ü 😀 `t` 'q' \"q\" #h ?i :c *s [b] 100% %zz $x ~ &;,=+@!^|<> ."
ODD_TEXTS = (
    "O'Brien",
    'say "so"',
    "back\\slash\\",
    "\\'",
    "{rows}",
    "{{",
    "}",
    "`tick`",
    "${env:HOME}",
    "${spark.app.name}",
    "$${x}$",
    "$",
    "ops.runs",
    "silver.events of x.com",
    "Müller 😀",
    "a\nb\tc",
    "-- ; /* %20 %s",
    "a' 'b",
)
