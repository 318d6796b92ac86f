"""A server of canned pages that takes little of the machine: one page, sent again and again.

``python -m tests.bench.canned BODY PAGES LATENCY_MS`` serves ``/w/<walk>/<page>`` on loopback: the
page's body with a ``links.next`` to the walk's next page, up to ``PAGES``. A thread per connection.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def serve(body: bytes, pages: int, latency_s: float) -> None:
    """Serve until the process is killed, having printed the port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    print(listener.getsockname()[1], flush=True)
    head = body[: body.rindex(b'"links":')]
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        arguments = (connection, head, pages, latency_s, listener.getsockname()[1])
        threading.Thread(target=_answer, args=arguments, daemon=True).start()


def _answer(connection: socket.socket, head: bytes, pages: int, wait: float, port: int) -> None:
    with connection, connection.makefile("rb", buffering=1 << 16) as asked:
        while line := asked.readline():
            while asked.readline().strip():
                continue
            _, _, walk, page = line.split(b" ")[1].decode().split("/")
            following = f'"http://127.0.0.1:{port}/w/{walk}/{int(page) + 1}"'
            if int(page) >= pages:
                following = "null"
            tail = f'"links":{{"self":"x","next":{following}}}}}'.encode()
            length = len(head) + len(tail)
            time.sleep(wait)
            answer = f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode()
            connection.sendall(answer)
            connection.sendall(head)
            connection.sendall(tail)


@contextmanager
def served(body: Path, pages: int, latency_ms: int) -> Iterator[str]:
    """The URL of canned pages, served by another process until the block ends."""
    command = [sys.executable, "-m", "tests.bench.canned", str(body), str(pages), str(latency_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()


if __name__ == "__main__":
    serve(Path(sys.argv[1]).read_bytes(), int(sys.argv[2]), float(sys.argv[3]) / 1000)
