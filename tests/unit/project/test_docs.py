"""The documentation: nothing in it is dead or stale, and what a reader copies works."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

import klaviyo_spark
from klaviyo_spark.cli.app import cli
from klaviyo_spark.cli.examples import EXAMPLES
from klaviyo_spark.config.loader import load
from klaviyo_spark.config.models import Settings
from klaviyo_spark.errors import ENDED
from klaviyo_spark.resources import ALL, PLUS
from klaviyo_spark.schema import ops_tables
from klaviyo_spark.schema.table import Resource
from scripts.reference import exit_codes, settings
from scripts.reference.pages import FOLDER, PAGES
from tests.helpers.command_line import parsed
from tests.pages import DOCS, ROOT_PAGES, Block, anchors, blocks, dead_links
from tests.places import ROOT

PACKAGE = Path(klaviyo_spark.__file__).parent
EVERY_PAGE = sorted([*DOCS.rglob("*.md"), *ROOT_PAGES])
CODE = re.compile(r"`([^`]+)`")
TUTORIAL = "tutorial/sample-account.md"  # tests/spark types it


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


# -- links and pages ------------------------------------------------------------------------------


@pytest.mark.parametrize("page", EVERY_PAGE, ids=name_of)
def test_no_link_of_a_page_is_dead(page: Path):
    assert dead_links(page) == []


def test_a_dead_link_and_a_missing_anchor_are_found(tmp_path: Path):
    page = tmp_path / "page.md"
    (tmp_path / "other.md").write_text("# There\n\n## Twice\n\n## Twice\n")
    page.write_text(
        "[a](other.md#there) [b](other.md#twice-1) [c](gone.md) [d](other.md#nowhere) [e](#here)"
    )

    assert dead_links(page) == ["#here", "gone.md", "other.md#nowhere"]


def test_files_that_pages_name_in_code_are_there():
    rooms = "|".join(folder.name for folder in PACKAGE.iterdir() if folder.is_dir())
    file = rf"`((?:tests|scripts|klaviyo_spark|examples|conf|jobs|{rooms})/[\w/.-]+\.\w+)`"
    named = {
        (name_of(page), path)
        for page in EVERY_PAGE
        if page.name != "CHANGELOG.md"
        for path in re.findall(file, page.read_text(encoding="utf-8"))
    }

    there = {one for one in named if (ROOT / one[1]).exists() or (PACKAGE / one[1]).exists()}
    assert len(named) > 60
    assert sorted(named - there) == []


def test_the_readme_is_short_and_begins_with_the_two_commands():
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()

    assert len(lines) <= 125
    assert [line.split()[1] for line in lines[:12] if line.startswith("make ")] == ["demo", "test"]


def code_of_rows(page: Path, column: int, among: set[str]) -> dict[str, set[str]]:
    """What a column of a page's tables has as code; by the first column."""
    found = {}
    for line in page.read_text(encoding="utf-8").splitlines():
        cells = line.strip("|").split(" | ") if line.startswith("| ") else [""]
        name = re.sub(r"\W", "", re.sub(r"\(.*?\)", "", cells[0]))
        if name in among:
            listed = CODE.findall(cells[column])
            found[name] = {word for code in listed for word in code.split()}
    return found


@pytest.mark.parametrize(
    ("page", "resources"),
    [(ROOT / "README.md", ALL), (DOCS / "how-to" / "plus.md", PLUS)],
    ids=["documented", "plus"],
)
def test_lists_of_tables_name_all(page: Path, resources: tuple[Resource, ...]):
    every = {one.name: {table.name for table in one.tables} for one in resources}

    named = code_of_rows(page, 1, {*every})

    assert {
        name: tables - named[name] for name, tables in every.items() if tables - named[name]
    } == {}


def test_scopes_of_plus_are_those_of_its_endpoints():
    every = {one.name: {s for e in one.endpoints for s in e.scopes} for one in PLUS}

    assert code_of_rows(DOCS / "how-to" / "plus.md", 2, {*every}) == every


@pytest.mark.parametrize("page", [ROOT / "README.md", DOCS / "tutorial" / "your-account.md"])
def test_a_key_gets_the_scopes_that_the_documented_resources_need(page: Path):
    needed = {s for one in ALL for e in one.endpoints for s in e.scopes}

    (line,) = (
        one for one in page.read_text(encoding="utf-8").splitlines() if one[:10] == "campaigns:"
    )

    assert line.split() == sorted(needed)


# -- the reference --------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_of_the_reference_is_not_stale(page: Path):
    assert page.read_text(encoding="utf-8") == PAGES[page](), "make docs"


def test_every_page_of_the_reference_is_made_from_code():
    assert {page.name for page in FOLDER.glob("*.md")} - {page.name for page in PAGES} == {
        "index.md"
    }


def test_every_setting_stands_in_the_reference_with_a_meaning():
    every = {name: meaning for name, _, meaning in settings.settings()}

    assert sorted(every) == sorted(Settings.__struct_fields__)
    assert [name for name, meaning in every.items() if len(meaning) < 20] == []


def test_every_exit_code_has_a_meaning():
    assert exit_codes.MEANING.keys() == ENDED.keys()


def test_every_operators_table_has_a_heading():
    there = anchors(FOLDER / "ops-tables.md")

    assert {f"klaviyo_ops{name}" for name in ops_tables.TABLES} <= there


# -- what a reader copies -------------------------------------------------------------------------


def commands(text: str) -> list[list[str]]:
    """The words of each `klaviyo-spark` line of a block, without what a shell adds."""
    whole = text.replace("\\\n", " ")
    return [
        shlex.split(line.removesuffix(" &"), comments=True)[1:]
        for line in whole.splitlines()
        if line.startswith("klaviyo-spark ")
    ]


def test_every_block_that_is_not_run_says_why():
    reasons = [block.reason for block in blocks("sh", "python", "sql", "yaml", "text")]

    assert [why for why in reasons if why and not re.match(r"not run( here)?: \S", why)] == []
    assert [str(block) for block in blocks("", "bash", "console", "shell")] == []


@pytest.mark.parametrize("block", blocks("sh"), ids=str)
def test_the_commands_of_a_page_are_understood(block: Block):
    for words in commands(block.text):
        if words != ["--version"]:
            parsed(*words)


@pytest.mark.parametrize(
    "block",
    [b for b in blocks("sh") if not b.reason and b.page != TUTORIAL],
    ids=str,
)
def test_a_block_of_the_shell_that_counts_as_run_holds_our_commands_alone(block: Block):
    lines = block.text.replace("\\\n", " ").splitlines()

    assert [line for line in lines if line and not line.startswith("klaviyo-spark ")] == []


@pytest.mark.parametrize("block", [b for b in blocks("yaml") if not b.reason], ids=str)
def test_a_conf_of_a_page_is_read(block: Block, tmp_path: Path):
    (tmp_path / "my.yml").write_text(block.text)

    assert load(f"{tmp_path / 'my.yml'}", environ={}) != Settings()


@pytest.mark.parametrize("block", [b for b in blocks("sql") if not b.reason], ids=str)
def test_sql_of_a_page_is_answered(block: Block, sample):
    assert sample.duckdb.sql(block.text).columns


@pytest.mark.parametrize("block", [b for b in blocks("python") if not b.reason], ids=str)
def test_python_of_a_page_prints_an_answer(block: Block, sample, tmp_path, capfd, monkeypatch):
    (tmp_path / "lake").symlink_to(sample.lake)
    monkeypatch.chdir(tmp_path)

    exec(block.text, {})

    assert len(capfd.readouterr().out.strip()) > 20


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_help_of_a_command_ends_with_examples_that_are_understood(name: str):
    said = CliRunner().invoke(cli, [name, "--help"]).output

    for example in EXAMPLES[name]:
        assert f"\n    {example}\n" in said
        _, verb, *rest = shlex.split(example)
        assert verb == name
        parsed(verb, *rest)
