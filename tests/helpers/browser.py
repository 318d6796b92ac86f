"""Headless Chromium, spoken to in its own protocol: one page, what it logs, what it asks for.

https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import base64
import itertools
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import websocket

QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
)
PATIENCE_S = 60


class Browser:
    """One tab. ``complaints`` holds errors and warnings, ``asked`` all URLs it wanted."""

    def __init__(self, socket: websocket.WebSocket) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self._loaded = False
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and wait for its answer."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            said = self._hear()
            if said.get("id") == number:
                assert "error" not in said, f"{method}: {said['error']}"
                return said["result"]

    def look(self, width: int, height: int = 900, scheme: str = "light") -> None:
        """Be this wide, of this colour scheme; below 500 a phone."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 500,
        )
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", media="screen", features=features)

    def open(self, page: Path) -> None:
        """Load a file, scripts and all."""
        self._loaded = False
        self.call("Page.navigate", url=page.as_uri())
        while not self._loaded:
            self._hear()

    def value(self, script: str) -> Any:
        """What an expression is worth in the page, once it has drawn what it had to."""
        drawn = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        self.call("Runtime.evaluate", expression=drawn, awaitPromise=True)
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def shot(self, file: Path, *, whole: bool = True) -> None:
        """A picture of the page; ``whole``: down to its end."""
        answer = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        file.write_bytes(base64.b64decode(answer["data"]))

    def _hear(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self._socket.recv())
        method, params = said.get("method"), said.get("params", {})
        if method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(params["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning"):
            self.complaints.append(str(params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.complaints.append(str(params["entry"]))
        elif method == "Network.requestWillBeSent":
            self.asked.append(params["request"]["url"])
        return said


@contextmanager
def browser() -> Iterator[Browser]:
    """Chromium until the block ends."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    assert program, "chromium is missing; `make test-report` installs it or says how"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [program, *QUIET, f"--user-data-dir={profile}", "about:blank"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr
            try:
                said = (line for line in process.stderr if "DevTools listening on" in line)
                address = next(said).split()[-1]
                socket = websocket.create_connection(_tab(address), timeout=PATIENCE_S)
                try:
                    yield Browser(socket)
                finally:
                    socket.close()
            finally:
                process.terminate()
                process.stderr.close()


def _tab(address: str) -> str:
    """The address of the tab that is open, from that of the browser."""
    socket = websocket.create_connection(address, timeout=PATIENCE_S)
    try:
        socket.send(json.dumps({"id": 1, "method": "Target.getTargets"}))
        while "result" not in (said := json.loads(socket.recv())):
            pass
    finally:
        socket.close()
    targets = said["result"]["targetInfos"]
    tab = next(target["targetId"] for target in targets if target["type"] == "page")
    return f"{address.split('/devtools')[0]}/devtools/page/{tab}"
