"""How the package is laid out: rooms that say what they are, and imports without circles.

Which room may import which is held by import-linter; its contracts are in pyproject.toml.
"""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import klaviyo_spark

PACKAGE = Path(klaviyo_spark.__file__).parent
FOLDERS = sorted({file.parent for file in PACKAGE.rglob("*.py")})
MOST_FILES = 25
# Statements in functions that import our own. Each costs a reader a look; fewer are welcome.
LATE_IMPORTS = 28
# Lines of a module that need no reason: a longer one says at its head why it is.
MOST_LINES = 300


def module_of(file: Path) -> str:
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def trees() -> dict[str, ast.Module]:
    files = sorted(PACKAGE.rglob("*.py"))
    return {module_of(file): ast.parse(file.read_text(encoding="utf-8")) for file in files}


def referenced_by(node: ast.AST) -> Iterator[str]:
    """Our own modules that an import names."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.module:
        assert node.level == 0, "imports say the whole name"
        inside = [f"{node.module}.{alias.name}" for alias in node.names]
        names = [name if name in trees() else node.module for name in inside]
    else:
        names = []
    yield from (name for name in names if name in trees())


def late_imports(tree: ast.Module) -> Iterator[ast.stmt]:
    """Statements in functions that import our own."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom) and any(referenced_by(node)):
                    yield node


def without_reason(file: Path) -> Iterator[str]:
    """Late imports with no comment on their line or over the block that they stand in."""
    lines = file.read_text(encoding="utf-8").splitlines()
    found = {node.lineno: node for node in late_imports(ast.parse("\n".join(lines)))}
    ends = {node.end_lineno: number for number, node in found.items()}
    for number in found:
        first = number
        while first - 1 in ends:
            first = ends[first - 1]
        above, line = lines[first - 2].strip(), lines[first - 1]
        if not above.startswith("#") and "  # " not in line:
            yield f"{file.relative_to(PACKAGE)}:{number}"


def test_no_module_imports_itself_by_way_of_others():
    graph = {
        module: {name for node in ast.walk(tree) for name in referenced_by(node)} - {module}
        for module, tree in trees().items()
    }

    order = list(TopologicalSorter(graph).static_order())  # raises CycleError, which names it

    assert len(order) == len(graph) > 200


def test_what_is_imported_late_has_its_reason_beside_it():
    files = sorted(PACKAGE.rglob("*.py"))

    assert [place for file in files for place in without_reason(file)] == []
    assert sum(len({*late_imports(tree)}) for tree in trees().values()) == LATE_IMPORTS


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: module_of(folder / "__init__.py"))
def test_a_room_is_no_larger_than_a_look_and_says_what_it_holds(folder: Path):
    files = [one for one in folder.iterdir() if one.is_file()]
    init = folder / "__init__.py"

    assert len(files) <= MOST_FILES
    assert ast.get_docstring(ast.parse(init.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "name", ["klaviyo_spark.cli:main", "klaviyo_spark.notebook:Backfill", "klaviyo_spark:Pipeline"]
)
def test_what_is_public_stays_where_it_is(name: str):
    module, _, attribute = name.partition(":")

    assert importlib.util.find_spec(module)
    assert callable(getattr(importlib.import_module(module), attribute))


def test_a_long_module_says_why_it_is_long():
    """Else it has a second reason to change, and should be two."""
    long = {
        file: ast.get_docstring(ast.parse(text)) or ""
        for file in sorted(PACKAGE.rglob("*.py"))
        if len((text := file.read_text(encoding="utf-8")).splitlines()) > MOST_LINES
    }
    said = {file.name: " ".join(text.split()) for file, text in long.items()}
    assert [name for name, text in said.items() if "is long, since" not in text] == []
