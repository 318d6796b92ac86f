"""``examples/Dockerfile``, as far as a machine without docker can tell."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from klaviyo_spark.config.loader import BASE
from klaviyo_spark.config.models import Settings
from klaviyo_spark.lake.spark import jars, java
from tests.helpers.command_line import parsed
from tests.places import HOW_TO, ROOT

TEXT = (ROOT / "examples" / "Dockerfile").read_text(encoding="utf-8")


def steps(name: str) -> list[str]:
    """What the instructions of that name say, lines that go on put together."""
    whole = re.sub(r"\\\n\s*", "", TEXT)
    return re.findall(rf"^{name} (.+)$", whole, re.MULTILINE)


def words_after(marker: str) -> list[list[str]]:
    """The commands in the comments that begin so."""
    comments = "\n".join(line[1:] for line in TEXT.splitlines() if line.startswith("#"))
    lines = re.sub(r"\\\n\s*", "", comments).splitlines()
    return [shlex.split(line) for line in lines if line.strip().startswith(marker)]


def pinned(text: str) -> set[str]:
    """The packages that a list of requirements names."""
    found = re.findall(r"^ *\"?([A-Za-z0-9_.-]+) *(?:[<>=!~]=|\")", text, re.MULTILINE)
    return {name.lower().replace("_", "-") for name in found}


def test_what_is_copied_is_there_and_all_that_the_package_is_built_from():
    copied = [name for step in steps("COPY") for name in step.split()[:-1]]

    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert {"setup.py", "README.md", "klaviyo_spark", "requirements.lock"} <= {*copied}


@pytest.mark.parametrize("step", steps("RUN"))
def test_every_step_is_a_line_that_a_shell_can_read(step: str):
    subprocess.run(["bash", "-n", "-c", step], check=True)


def test_java_is_the_one_that_messages_name():
    assert java.INSTALL.split()[-1] in steps("RUN")[0].split()


def test_packages_are_those_that_are_pinned():
    [step] = [step for step in steps("RUN") if step.startswith("pip")]
    words = shlex.split(step)
    setup = (ROOT / "setup.py").read_text(encoding="utf-8")
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")

    assert words[words.index("--constraint") + 1] == "/src/requirements.lock"
    extras = re.findall(r"\[(.+)\]", words[-1])[0].split(",")
    for extra in extras:
        [needed] = re.findall(rf"^{extra.upper()} = \[(.*?)\]$", setup, re.MULTILINE | re.DOTALL)
        assert pinned(needed.replace("    ", "")) <= pinned(lock), extra


def test_jars_are_kept_where_a_run_looks_for_them():
    [step] = [step for step in steps("RUN") if "klaviyo_spark.lake.spark.jars" in step]
    environ = dict(word.split("=", 1) for word in steps("ENV")[0].split())

    assert step.startswith(f"XDG_CACHE_HOME={environ['XDG_CACHE_HOME']} ")
    [place] = jars.kept_in("4.2.0", "4.4.0", environ)
    assert place.is_relative_to("/opt/cache")
    assert environ["HOME"] == "/tmp", "nothing else can be written"


def test_it_runs_as_a_number_that_has_a_name_and_owns_the_volume():
    [user] = steps("USER")
    number, group = user.split(":")
    [named] = [shlex.split(step) for step in steps("RUN") if step.startswith("useradd")]
    [made] = [shlex.split(step) for step in steps("RUN") if step.startswith("install ")]

    assert (named[named.index("--uid") + 1], named[named.index("--gid") + 1]) == (number, group)
    assert {f"--owner={number}", f"--group={group}"} <= {*made}
    assert [made[-1]] == steps("VOLUME") == steps("WORKDIR")


def test_the_lake_and_conf_are_on_the_volume():
    assert not Path(Settings().warehouse).is_absolute()
    assert not BASE.is_absolute()
    [run] = words_after("docker run")
    assert f"klaviyo:{steps('VOLUME')[0]}" in run
    assert {"--read-only", "--tmpfs"} <= {*run}


def test_what_it_runs_are_verbs():
    [entry] = steps("ENTRYPOINT")
    [command] = steps("CMD")
    [run] = words_after("docker run")

    assert json.loads(entry) == ["klaviyo-spark"]
    parsed(*json.loads(command))
    parsed(*run[run.index("klaviyo-spark") + 1 :])


def test_the_guide_shows_the_same_commands():
    guide = (HOW_TO / "container.md").read_text(encoding="utf-8")
    shown = [shlex.split(line) for line in re.sub(r"\\\n\s*", "", guide).splitlines()
             if line.startswith("docker ")]  # fmt: skip

    assert shown == [*words_after("docker build"), *words_after("docker run")]
