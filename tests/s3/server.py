"""A real S3 server on loopback: versitygw, which keeps objects as files. `make test-s3` builds it.

A key is a path: ``s3a://lakes/a/b`` is the file ``lakes/a/b`` in the server's folder.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.places import ROOT

SERVER = ROOT / ".venv" / "s3" / "versitygw"
BUCKET, REGION = "lakes", "us-east-1"
KEY, SECRET = "access-of-tests", "secret-of-tests"
_STARTS_WITHIN_S = 30.0
_LINE = re.compile(r" s3_(?P<kind>\w+) \S+ (?P<uri>\S+) (?P<status>\d+) ")


@dataclass(frozen=True)
class Request:
    """One request, as the server's access log has it; ``kind`` as S3 names it (``PutObject``)."""

    kind: str
    uri: str
    status: str


@dataclass(frozen=True)
class S3Server:
    """A server that runs, with one bucket; ``folder`` holds its objects as files."""

    url: str
    folder: Path
    log: Path

    @property
    def environ(self) -> dict[str, str]:
        """What a client has to be told; no profile of this machine gets into it."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def files_of(self, uri: str) -> Path:
        """Where the objects of a folder of the store lie."""
        return self.folder / uri.partition("://")[2]

    def requests(self, since: int = 0) -> list[Request]:
        """The requests that were answered after the first ``since``."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        found = (_LINE.search(line) for line in lines)
        return [Request(**one.groupdict()) for one in found if one][since:]


def kinds(requests: list[Request]) -> Counter[str]:
    """How many requests of each kind."""
    return Counter(request.kind for request in requests)


@contextmanager
def s3_server(folder: Path, *options: str) -> Iterator[S3Server]:
    """A server with an empty bucket, until the block ends; ``options`` of its command."""
    objects, log = folder / "objects", folder / "access.log"
    (objects / BUCKET).mkdir(parents=True)
    port = _free_port()
    command = [str(SERVER), "--port", f"127.0.0.1:{port}", "--access", KEY, "--secret", SECRET]
    command += ["--region", REGION, "--access-log", str(log), "--quiet", *options]
    command += ["posix", "--sidecar", str(_made(folder / "sidecar")), str(objects)]
    with (
        open(folder / "server.log", "wb") as said,
        subprocess.Popen(command, stdout=said, stderr=said, cwd=folder) as process,
    ):
        try:
            _wait_for(port, process)
            yield S3Server(f"http://127.0.0.1:{port}", objects, log)
        finally:
            process.terminate()


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"the S3 server did not start; see {process.args}")
