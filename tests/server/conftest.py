"""The service for tests: in this process over ASGI (`serving`), and as a process of its own, ready (`spawned`)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from gemel.server.app import create_app, front, open_site
from gemel.server.context import Service
from gemel.server.settings import Settings


@dataclass(frozen=True)
class Served:
    """A service in this process, and a client that talks to it without a socket."""

    client: httpx.AsyncClient
    service: Service
    app: FastAPI


@pytest.fixture
def serving(tmp_path: Path) -> Callable[..., Any]:
    """`async with serving(parts=(), site=..., waiting=...) as served`: lifespan run, `served.client`, `served.service`.

    Without `parts` no part runs; other keywords are fields of `Settings`.
    """

    @asynccontextmanager
    async def serve(
        parts: Sequence[str] = (), site: Any = open_site, told: Any = None, **settings: Any
    ) -> AsyncGenerator[Served]:
        given = Settings(**({"data": str(tmp_path / "data"), "port": 0} | settings))
        app = create_app(given, parts=parts, site=site, told=told)
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app=front(app), raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://test", timeout=60) as client:
                yield Served(client, app.state.service, app)

    return serve


@dataclass(frozen=True)
class Spawned:
    """A `gemel serve` of its own: `told` is the line it printed when it was ready."""

    process: subprocess.Popen[str]
    told: dict[str, Any]

    @property
    def url(self) -> str:
        return self.told["url"]

    def stop(self, number: int = signal.SIGTERM, within: float = 60) -> int:
        """Send a signal and wait; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(within)


@contextmanager
def _spawn(data: str, *options: str) -> Iterator[Spawned]:
    command = [str(Path(sys.executable).with_name("gemel")), "serve", "--data", data, "--port", "0", "--json", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()  # ends at once when the process does
            assert line, f"gemel serve ended with {process.wait(10)}"
            yield Spawned(process, json.loads(line))
        finally:
            if process.poll() is None:
                process.kill()


@pytest.fixture(scope="session")
def spawned() -> Callable[..., Any]:
    """`with spawned(folder, '--mllp-port', '0') as server`: a real process, ready; killed at the end if still there."""
    return _spawn
