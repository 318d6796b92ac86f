"""What `sandbox` and `demo` refuse before they start anything."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest
import requests

from klaviyo_spark.cli.app import main
from klaviyo_spark.client.client import REVISION


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("sandbox", "--port", "70000"), "'--port': 70000 is not in the range"),
        (("sandbox", "--profiles", "0"), "'--profiles': 0 is not in the range"),
        (("sandbox", "--rate-scale", "0"), "'--rate-scale': 0.0 is not in the range"),
        (("demo", "--events", "-5"), "'--events': -5 is not in the range"),
        (
            ("sandbox", "--missing-scopes", "tags:read,segment:read"),
            "--missing-scopes segment:read: no command needs this scope. Did you mean "
            "'segments:read'? Choose from accounts:read, ",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_name(capsys, monkeypatch, args, said):
    monkeypatch.setattr("klaviyo_spark.sandbox.serve", pytest.fail)
    with pytest.raises(SystemExit) as left:
        main([*args])
    assert left.value.code == 2
    assert said in capsys.readouterr().err


def test_a_port_in_use_is_one_line():
    """It was an OSError, with the way to its stack trace."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "klaviyo_spark.cli", "sandbox", "--events", "0"]
        done = subprocess.run(
            [*command, "--port", port], capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 2
    assert done.stderr == (
        f"klaviyo-spark: cannot listen on port {port}: Address already in use. Choose another "
        "--port, or leave --port out for a free one.\n"
    )


@pytest.mark.parametrize(
    ("verb", "module"),
    [("sandbox", "klaviyo_spark.sandbox"), ("demo", "klaviyo_spark.commands.demo")],
)
def test_a_package_that_is_missing_is_named_with_the_extras_that_bring_it(
    capsys, monkeypatch, verb, module
):
    """Without pyspark, `demo` named the extra `sandbox` alone, which does not bring it."""
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(SystemExit) as left:
        main([verb])

    assert left.value.code == 2
    assert "Run pip install 'klaviyo-spark[spark,sandbox]'" in capsys.readouterr().err


def test_scopes_that_the_key_is_to_lack_are_refused_from_the_start():
    command = [sys.executable, "-m", "klaviyo_spark.cli", "sandbox", "--events", "0"]
    more = ["--profiles", "1", "--missing-scopes", "segments:read, lists:read"]
    with subprocess.Popen([*command, *more], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        url, *_, said = server.stdout.readline().split()
        headers = {
            "Authorization": f"Klaviyo-API-Key {said.partition('=')[2]}",
            "revision": REVISION,
        }
        codes = [requests.get(f"{url}/api/{name}", headers=headers) for name in ("lists", "tags")]
        server.terminate()

    assert [answer.status_code for answer in codes] == [403, 200]
