"""A real HTTP server on loopback that answers as a test says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

Reply = tuple[int, Mapping[str, str], bytes]


@dataclass(frozen=True)
class Asked:
    """One request; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Loopback:
    """`url` of the server, and everything that it was asked."""

    url: str
    asked: list[Asked] = field(default_factory=list)


@pytest.fixture
def loopback() -> Iterator[Callable[[Callable[[Asked], Reply]], Loopback]]:
    """`loopback(answer)` starts a server; `answer` gets each request and returns status, headers and body."""
    servers: list[ThreadingHTTPServer] = []

    def start(answer: Callable[[Asked], Reply]) -> Loopback:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                asked = Asked(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                own.asked.append(asked)
                status, headers, told = answer(asked)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("Content-Length", str(len(told)))
                self.end_headers()
                self.wfile.write(told)

            do_GET = do_POST = do_PUT = do_DELETE = _answer

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        servers.append(server)
        own = Loopback(f"http://127.0.0.1:{server.server_address[1]}")
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return own

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
