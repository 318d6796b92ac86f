"""The conf that ``init`` writes: one source for its comments, one reader that accepts it."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from klaviyo_spark.cli import main
from klaviyo_spark.commands.init import fitting
from klaviyo_spark.config import template
from klaviyo_spark.config.loader import load
from klaviyo_spark.config.models import Settings
from klaviyo_spark.config.secrets import VARIABLE
from klaviyo_spark.config.template import filled
from klaviyo_spark.errors import ConfigError

TEMPLATE = template.TEMPLATE.read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    """A working directory of its own, no key, and nobody at a terminal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))


class Typing(io.StringIO):
    """Somebody at a terminal."""

    def isatty(self) -> bool:
        return True


def run(*args: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(["init", *args])
    return int(left.value.code or 0)


def test_the_template_in_the_wheel_is_the_conf_of_the_project():
    assert template.SOURCE.read_text(encoding="utf-8") == TEMPLATE, "stale: make docs"


def test_a_conf_with_nothing_filled_in_says_what_holds_anyway(tmp_path):
    (tmp_path / "a.yml").write_text(TEMPLATE)
    assert load("a.yml", environ={}) == Settings()


def test_what_is_filled_in_is_what_the_conf_says_and_its_comments_stay(tmp_path):
    text = filled(
        TEMPLATE,
        {
            "warehouse": "s3a://bucket/a lake",
            "account": "brand: one",
            "start": "2024-01-01",
            "resources": ("events", "profiles"),
        },
    )
    (tmp_path / "a.yml").write_text(text)
    settings = load("a.yml", environ={})
    assert (settings.warehouse, settings.account, settings.start, settings.resources) == (
        "s3a://bucket/a lake",
        "brand: one",
        "2024-01-01",
        ("events", "profiles"),
    )
    comments = re.compile(r"^#.*$", re.MULTILINE)
    assert comments.findall(text) == comments.findall(TEMPLATE)


@given(st.text(min_size=1).filter(lambda name: name.strip()))
def test_a_name_of_an_account_is_read_back_as_it_was_given(name):
    text = filled("# x\naccount: default\nmax_concurrent_requests: 16\n", {"account": name})
    assert yaml.safe_load(text) == {"account": name, "max_concurrent_requests": 16}


def test_a_setting_that_the_template_lacks_is_a_slip_of_ours():
    with pytest.raises(KeyError, match="wharehouse"):
        filled(TEMPLATE, {"wharehouse": "x"})


@pytest.mark.parametrize("all_history", ["", "all", "ALL", " null "])
def test_all_of_history_is_no_start(all_history):
    assert fitting("start", all_history) is None


@pytest.mark.parametrize(
    ("name", "answer", "said"),
    [
        ("start", "yesterday", "start: 'yesterday' is not a time. Use ISO 8601"),
        ("resources", "event", "unknown resource 'event'. Did you mean 'events'?"),
        ("account", " ", "account: is empty. Enter a name, or press Enter for the default."),
        (
            "warehouse",
            "",
            ("warehouse: is empty. Enter a folder or URI, or press Enter for the default."),
        ),
        ("warehouse", "things", "warehouse things: holds other files and no lake"),
        ("account", "pk_0123456789abcdef", "account: looks like a key"),
    ],
)
def test_an_answer_that_does_not_fit_says_what_is_expected(tmp_path, name, answer, said):
    (tmp_path / "things").mkdir()
    (tmp_path / "things" / "file").write_text("")
    with pytest.raises(ConfigError) as refused:
        fitting(name, answer)
    assert str(refused.value).startswith(said)
    assert "0123456789" not in str(refused.value)


def test_init_takes_options_asks_nothing_and_says_the_next_command(capsys):
    code = run("--warehouse", "./mine", "--account", "brand", "--start", "2024-05-01",
               "--resources", "events")  # fmt: skip
    out = capsys.readouterr().out
    settings = load(environ={})
    assert code == 0
    assert settings == Settings(
        warehouse="./mine", account="brand", start="2024-05-01", resources=("events",)
    )
    assert out.splitlines()[-1] == "next: klaviyo-spark doctor"
    assert VARIABLE in out


def test_without_options_and_without_a_terminal_init_writes_what_holds_anyway():
    assert run() == 0
    assert load(environ={}) == Settings()


def test_init_asks_at_a_terminal_until_the_answer_fits(capsys, monkeypatch):
    typed = Typing("./mine\n\nyesterday\n2024-05-01\nevent\nevents, flows\n")
    monkeypatch.setattr("sys.stdin", typed)
    code = run("--config", "my conf.yml")
    out = capsys.readouterr().out
    settings = load("my conf.yml", environ={})
    assert (code, settings) == (
        0,
        Settings(warehouse="./mine", start="2024-05-01", resources=("events", "flows")),
    )
    assert "'yesterday' is not a time" in out
    assert "Did you mean 'events'?" in out
    assert out.splitlines()[-1] == "next: klaviyo-spark doctor --config 'my conf.yml'"


def test_with_the_key_in_the_environment_only_the_next_command_is_said(capsys, monkeypatch):
    monkeypatch.setenv(VARIABLE, "pk_0123456789abcdef")
    run()
    out = capsys.readouterr().out
    assert len(out.splitlines()) == 2
    assert "pk_" not in out
    assert "pk_0" not in Path("conf/base.yml").read_text()


def test_init_never_writes_over_a_conf_unless_told_to(capsys):
    Path("conf").mkdir()
    Path("conf/base.yml").write_text("account: mine\n")

    refused = run("--account", "other")
    err = capsys.readouterr().err
    kept = load(environ={}).account
    replaced = run("--account", "other", "--force")

    assert (refused, kept) == (2, "mine")
    assert "conf/base.yml already exists" in err
    assert (replaced, load(environ={}).account) == (0, "other")


def test_a_folder_that_cannot_be_made_is_one_line(capsys):
    Path("file").write_text("")
    assert run("--config", "file/conf.yml") == 2
    assert "file/conf.yml: cannot be written" in capsys.readouterr().err
