"""The doctor, called on the command line, and an account for it to look at."""

from __future__ import annotations

import pytest

from klaviyo_spark.cli import main
from klaviyo_spark.sandbox import Account, Sandbox
from tests.builders import KEY


def a_sandbox() -> Sandbox:
    return Sandbox(Account(seed=3, events=60, profiles=10, quiet_days=29), key=KEY, rate_scale=50)


def run(capsys, *args: str) -> tuple[int, dict[str, str], str]:
    """Exit code, the state per check, and all that was printed."""
    with pytest.raises(SystemExit) as left:
        main(["doctor", *args])
    said = capsys.readouterr()
    out = said.out + said.err
    states = {
        line[6:24].strip(): line[:5].strip()
        for line in out.splitlines()
        if line[:5].strip() in ("ok", "warn", "fail")
    }
    return int(left.value.code or 0), states, out
