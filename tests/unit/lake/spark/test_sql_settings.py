"""The settings that our SQL is written for: set while a verb runs, then as they were."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import klaviyo_spark
from klaviyo_spark.errors import ConfigError
from klaviyo_spark.lake.spark.session_conf import SparkPreset, local_conf
from klaviyo_spark.lake.spark.sql_settings import MEANING, SETTINGS, STORAGE, hold, pin_settings


class Conf:
    """Stands in for a session's settings; those of ``refused`` may not be looked at or set."""

    def __init__(self, refused: set[str], **given: str) -> None:
        self.refused, self.held = refused, dict(given)

    def get(self, key: str, default: str | None) -> str | None:
        self._allowed(key)
        return self.held.get(key, default)

    def set(self, key: str, value: str) -> None:
        self._allowed(key)
        self.held[key] = value

    def unset(self, key: str) -> None:
        del self.held[key]

    def _allowed(self, key: str) -> None:
        if key in self.refused:
            raise ValueError(f"[CONFIG_NOT_AVAILABLE] {key}")


class Session:
    """Stands in for a session that means what ``true`` says of probes; it keeps those asked."""

    def __init__(self, refused: Any = (), wrong: str = "", **given: str) -> None:
        self.conf, self.wrong = Conf({*refused}, **given), wrong
        self.asked: list[str] = []

    def sql(self, query: str) -> Session:
        self.asked.append(query)
        return self

    def first(self) -> tuple[bool]:
        return (not (self.wrong and MEANING[self.wrong][1] in self.asked[-1]),)


def test_a_session_is_left_as_it_was_found():
    zone = "spark.sql.session.timeZone"
    session: Any = Session(**{zone: "Asia/Tokyo", "spark.app.name": "theirs"})
    with pin_settings(session):
        assert session.conf.held == {"spark.app.name": "theirs", **SETTINGS}
        with pin_settings(session), hold(session, {zone: "Europe/Rome"}):
            assert session.conf.held[zone] == "Europe/Rome"
        assert session.conf.held[zone] == "UTC"
    assert session.conf.held == {zone: "Asia/Tokyo", "spark.app.name": "theirs"}
    assert session.asked == []


def test_it_is_left_so_too_where_the_block_fails():
    session: Any = Session()
    with pytest.raises(KeyboardInterrupt), pin_settings(session):
        raise KeyboardInterrupt
    assert session.conf.held == {}


def test_of_blocks_side_by_side_the_last_to_end_takes_a_setting_back():
    session: Any = Session(records="none")
    first, second = hold(session, {"records": "64"}), hold(session, {"records": "64"})
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert session.conf.held == {"records": "64"}
    second.__exit__(None, None, None)
    assert session.conf.held == {"records": "none"}


def test_what_is_refused_is_probed_once_and_stored_rows_are_warned_of(caplog):
    session: Any = Session(refused=SETTINGS)
    with pin_settings(session):
        pass
    assert len(session.asked) == 1
    [record] = caplog.records
    assert record.levelname == "WARNING"
    assert all(key in record.getMessage() for key in STORAGE)


def test_a_refused_setting_whose_meaning_differs_is_named_and_nothing_stays_set():
    wrong = "spark.sql.parser.escapedStringLiterals"
    session: Any = Session(refused=MEANING, wrong=wrong)
    with (
        pytest.raises(ConfigError, match=f"does not let it set {wrong}=false"),
        pin_settings(session),
    ):
        pass
    assert session.conf.held == {}


def test_sessions_of_our_own_are_made_with_them():
    conf = local_conf("/lake", "local[2]", [Path("/jars/delta.jar")], 2, 4096, SparkPreset.LARGE)
    assert {key: conf[key] for key in SETTINGS} == SETTINGS


def test_no_other_module_changes_a_setting_of_a_session():
    package = Path(klaviyo_spark.__file__).parent
    changes = re.compile(r"\.conf\.(un)?set\b|sql\(\s*f?[\"'](SET|RESET) ")
    found = [
        file.relative_to(package).as_posix()
        for file in package.rglob("*.py")
        if changes.search(file.read_text(encoding="utf-8"))
    ]

    assert found == ["lake/spark/sql_settings.py"]
