"""Names of a lake's folder that this machine's Java cannot write. No cluster."""

from __future__ import annotations

from pathlib import Path

import pytest

from klaviyo_spark.errors import ConfigError
from klaviyo_spark.lake.shared import check_spelling


class AsciiJava:
    """A session whose Java was started in the locale C."""

    def sql(self, statement: str) -> AsciiJava:
        assert "sun.jnu.encoding" in statement
        return self

    def collect(self) -> list[tuple[str]]:
        return [("ANSI_X3.4-1968",)]


def test_a_java_that_cannot_spell_the_folder_is_refused_by_its_locale():
    check_spelling(AsciiJava(), Path("/lake"))
    with pytest.raises(ConfigError, match="in ANSI_X3.4-1968, .*Start it with LC_ALL=C.UTF-8"):
        check_spelling(AsciiJava(), Path("/lake ü"))
