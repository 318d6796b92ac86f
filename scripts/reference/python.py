"""Python: the class that runs commands, and what they give back, from signatures and docstrings."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator

import klaviyo_spark
from klaviyo_spark import Pipeline, Result, errors
from klaviyo_spark.commands.results import results
from scripts.reference.markdown import MADE, code, page, prose, table

HEAD = f"""\
# Python

{MADE.format(source="signatures and docstrings")}

`klaviyo_spark.Pipeline` runs the commands from a Python program: see
[Call it from Python](../how-to/python.md). What stands on this page, the notebook's
`klaviyo_spark.notebook.Backfill` and the console script are public: they change with an entry in
the [changelog](../changelog.md). All else of the package may move.

Importing `klaviyo_spark` imports neither Spark nor anything else; a name is imported when it is
first used. The package is typed (`py.typed`). A `Time` is text in ISO 8601, a `date` or a
`datetime`, UTC where it has no offset; None bounds nothing.
"""
_SECTION = re.compile(r"^(Args|Raises):$")
_ITEM = re.compile(r"^    (\w[\w, ]*): (.*)$")
_RESULTS = [
    one
    for one in vars(results).values()
    if dataclasses.is_dataclass(one) and isinstance(one, type) and one is not Result
]


def as_markdown() -> str:
    """The page."""
    return page(_lines())


def _lines() -> Iterator[str]:
    yield HEAD
    yield "## Pipeline"
    yield from _described(Pipeline.__name__, Pipeline.__init__, Pipeline)
    for name, member in vars(Pipeline).items():
        if name.startswith("_"):
            continue
        if isinstance(member, property):
            yield from ("", f"### {name}", "", f"Property. {prose(_summary(member))}")
        else:
            yield from ("", f"### {name}")
            yield from _described(name, member, member)
    yield from ("", "## Results")
    every: list[type] = [Result, *_RESULTS]
    for one in every:
        yield from ("", f"### {one.__name__}", "", prose(_summary(one)))
        base = one.__bases__[0]
        if base is not object:
            yield from (
                "",
                f"It has the fields of [{base.__name__}](#{base.__name__.lower()}), and:",
            )
        yield ""
        yield from table(("name", "type", "meaning"), _fields(one))
    yield from ("", "## Errors", "")
    rows = (
        (f"[{name}](messages.md#kinds)", prose(_summary(getattr(errors, name))))
        for name in klaviyo_spark.__all__
        if hasattr(errors, name)
    )
    yield from table(("error", "what has happened"), rows)
    yield ""
    yield "`klaviyo_spark.errors` has the whole tree. All are `KlaviyoSparkError`s, and have the"
    yield "`exit_code` that the command line would have ended with."


def _described(name: str, call: object, documented: object) -> Iterator[str]:
    """Signature, text and arguments of a function."""
    assert callable(call)
    signature = inspect.signature(call)
    parameters = [p for p in signature.parameters.values() if p.name != "self"]
    gives = signature.return_annotation
    returns = "" if gives in ("None", inspect.Signature.empty) else f" -> {gives}"
    marked = not parameters
    yield from ("", "```text", f"{name}({')' + returns if marked else ''}")
    for one in parameters:
        if one.kind is one.KEYWORD_ONLY and not marked:
            marked = True
            yield "    *,"
        yield f"    {_parameter(one)},"
    yield from (*([f"){returns}"] if parameters else []), "```", "")
    paragraphs, sections = _parts(inspect.getdoc(documented) or "")
    yield prose("\n\n".join(paragraphs))
    for title, items in sections.items():
        yield ""
        yield from table(("argument" if title == "Args" else "raises", "meaning"), items)


def _parameter(one: inspect.Parameter) -> str:
    if one.kind is one.VAR_KEYWORD:
        return f"**{one.name}: {one.annotation}"
    if one.default is one.empty:
        return f"{one.name}: {one.annotation}"
    default = "..." if callable(one.default) else repr(one.default)
    return f"{one.name}: {one.annotation} = {default}"


def _summary(of: object) -> str:
    """A docstring without its lists, as one text."""
    return " ".join(" ".join(_parts(inspect.getdoc(of) or "")[0]).split())


def _parts(doc: str) -> tuple[list[str], dict[str, list[tuple[str, str]]]]:
    """The paragraphs of a docstring; its arguments and errors, each with its meaning."""
    paragraphs: list[str] = [""]
    sections: dict[str, list[tuple[str, str]]] = {}
    items: list[tuple[str, str]] | None = None
    for line in doc.splitlines():
        section, item = _SECTION.match(line), _ITEM.match(line)
        if section:
            items = sections[section[1]] = []
        elif items is None:
            paragraphs = [*paragraphs, ""] if not line else paragraphs
            paragraphs[-1] = f"{paragraphs[-1]} {line}".strip()
        elif item:
            items.append((", ".join(map(code, item[1].split(", "))), prose(item[2])))
        elif line:
            names, meaning = items[-1]
            items[-1] = (names, f"{meaning} {prose(line.strip())}")
    return [text for text in paragraphs if text], sections


def _fields(of: type) -> Iterator[tuple[str, str, str]]:
    """Own fields and properties of a result, each with its type and meaning."""
    said: dict[str, str] = {}
    for names, meaning in _parts(inspect.getdoc(of) or "")[1].get("Args", []):
        said |= dict.fromkeys(re.findall(r"`(\w+)`", names), meaning)
    for name, kind in vars(of).get("__annotations__", {}).items():
        yield code(name), code(kind), said.get(name, "")
    for name, member in vars(of).items():
        if isinstance(member, property):
            kind = inspect.signature(member.fget).return_annotation if member.fget else ""
            yield code(name), code(kind), prose(_summary(member))
