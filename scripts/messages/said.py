"""The messages that the code can say, found in its source. What they mean stands elsewhere.

A message is known by its text with ``…`` for what is filled in. Found are: what errors are made
with, what a resource failed with, warnings of a run and of the log, and the table of troubles.
"""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from klaviyo_spark import errors
from klaviyo_spark.client import error_table

PACKAGE = Path(errors.__file__).parent
GAP = "…"
# The sample account is Klaviyo's side; the doctor's lines say cause and way out themselves.
_NOT_OURS = ("sandbox/", "commands/doctor/", "commands/demo")
# Their ValueErrors are shown behind the name of a setting or an option.
_SHOWN_VALUE_ERRORS = (
    "config/address.py",
    "config/loader.py",
    "config/times.py",
    "config/personal_data.py",
)
# Functions that return a message, or a list of them.
_MAKERS = (
    "_refusal",
    "ending",
    "_looks_like",
    "in_a_line",
    "of_lost_file",
    "end",
    "_matches",
    "unconfirmed_note",
    "keyless_note",
    "_unseen_note",
    "_name_kept",
    "_name_emptied",
)
_NOTED_BY = ("logger", "warnings", "outcome", "_outcome", "self")
_NOTES = {"append": "note", "_warn": "note", "warning": "log", "error": "log", "fail": "not done"}


@dataclass(frozen=True, order=True)
class Said:
    """One message.

    Args:
        text: with gaps.
        kind: the error's name; ``not done`` or ``note`` of a run's summary; ``log``.
        module: whose source says it.
    """

    text: str
    kind: str
    module: str


def classes() -> dict[str, type[errors.KlaviyoSparkError]]:
    """Every kind of error, by its name."""
    found: dict[str, type[errors.KlaviyoSparkError]] = {}
    todo: list[type[errors.KlaviyoSparkError]] = [errors.KlaviyoSparkError]
    while todo:
        one = todo.pop()
        if one.__module__.startswith("klaviyo_spark."):  # tests make some of their own
            found[one.__name__] = one
        todo += one.__subclasses__()
    return found


@cache
def messages() -> tuple[Said, ...]:
    """All of them, each once per kind, by text."""
    found = set(_of_troubles())
    for file in sorted(PACKAGE.rglob("*.py")):
        inside = file.relative_to(PACKAGE)
        if not inside.as_posix().startswith(_NOT_OURS):
            found |= set(of_source(file.read_text(encoding="utf-8"), inside.as_posix()))
    return tuple(sorted(found))


def _of_troubles() -> Iterator[Said]:
    for row in error_table.ERROR_RULES:
        if row.tries == 1:
            text = row.words
            for gap in (
                "said",
                "name",
                "scopes",
                "revision",
                "to",
                "host",
                "kind",
                "key",
                "answerer",
            ):
                text = text.replace(f"{{{gap}}}", GAP)
            status = f"-> {_statuses(row)}" if row.statuses else f"{GAP}: "
            yield Said(f"{status}{text}", row.error.__name__, "client/error_table.py")
        else:
            text = f"{GAP}; gave up after {GAP} in {GAP} s. {row.words}"
            yield Said(text, row.error.__name__, "client/error_table.py")


def _statuses(row: error_table.ErrorRule) -> str:
    return str(next(iter(row.statuses))) if len(row.statuses) == 1 else GAP


def of_source(source: str, module: str) -> Iterator[Said]:
    """The messages of one module; ``module`` is its path in the package."""
    names = classes()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.name in _MAKERS:
            for inner in ast.walk(node):
                if isinstance(inner, ast.Return):
                    yield from _said(inner.value, "part", module)
                elif isinstance(inner, ast.ListComp):
                    yield from _said(inner.elt, "note", module)
        if isinstance(node, ast.ClassDef) and node.name in names:
            for inner in ast.walk(node):
                if isinstance(inner, ast.Call) and _name(inner.func) == "__init__" and inner.args:
                    yield from _said(inner.args[0], node.name, module)
        if isinstance(node, ast.Call) and node.args:
            yield from _of_call(node, names, module)


def _of_call(node: ast.Call, names: Container[str], module: str) -> Iterator[Said]:
    name = _name(node.func)
    if name in names or (name == "ValueError" and module in _SHOWN_VALUE_ERRORS):
        yield from _said(node.args[0], name, module)
    elif name == "echo" and any(keyword.arg == "err" for keyword in node.keywords):
        yield from _said(node.args[0], "error", module)
    elif name in _NOTES and _name(getattr(node.func, "value", None)) in _NOTED_BY:
        yield from _said(node.args[-1 if name == "fail" else 0], _NOTES[name], module)


def _said(node: ast.expr | None, kind: str, module: str) -> Iterator[Said]:
    text = _text(node) if node is not None else None
    if text is not None and any(c.isalpha() for c in text):
        yield Said(text, kind, module)


def _text(node: ast.expr) -> str | None:
    """A text as it is written, with gaps; None for what is no text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _without_percents(node.value).removeprefix("klaviyo-spark: ")
    if not isinstance(node, ast.JoinedStr):
        return None
    parts = [part.value if isinstance(part, ast.Constant) else GAP for part in node.values]
    return "".join(str(part) for part in parts).removeprefix("klaviyo-spark: ")


def _without_percents(text: str) -> str:
    for form in ("%s", "%d", "%.0f", "%.1f"):
        text = text.replace(form, GAP)
    return text


def _name(node: ast.AST | None) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
