"""Log lines: whose they are, and what libraries may add."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from klaviyo_spark.log import Format, account_context, set_up_logging

QUIET = """
import logging, os
from klaviyo_spark.log import silence_libraries
silence_libraries()
try:
    raise KeyboardInterrupt
except KeyboardInterrupt:
    logging.exception("KeyboardInterrupt while sending command.")
logging.getLogger("urllib3").warning("a warning")
"""


@pytest.mark.parametrize(
    ("form", "expected"),
    [("text", " WARNING us: odd"), ("json", '"account": "us", "message": "odd"}')],
)
def test_the_log_says_whose_run_it_is(
    form: Format, expected: str, capsys: pytest.CaptureFixture[str]
):
    set_up_logging(form)
    logger = logging.getLogger("klaviyo_spark.test")

    with account_context("us"):
        logger.warning("odd")
    logger.warning("even")

    first, second = capsys.readouterr().err.splitlines()
    assert first.endswith(expected)
    assert "us" not in second


def test_libraries_do_not_print_traces_of_what_we_say_in_a_line():
    done = subprocess.run([sys.executable, "-c", QUIET], capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("", "")
