"""Run the service until it is told to stop: granian, or uvicorn, in this process, beside the parts.

On SIGTERM or SIGINT it tells everyone that it stops, listens no more, answers what it has begun, and ends its parts and
the store in order: what was acknowledged is durable, and what was not is not there.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

import msgspec
from starlette.types import ASGIApp

from ..core.errors import GemelError
from .app import create_app, front
from .context import Door, Service
from .observe_logs import configure
from .settings import Settings

__all__ = ["free_port", "run"]

_log = logging.getLogger("gemel.server")
TURN_S: Final = 0.001
"""How long one thread computes while others wait [s]: a large batch beside it must not hold up every small request."""
YOUNG: Final = 20_000
"""New objects before the collector looks: facts and answers refer to nothing that refers back, so it finds little."""
Ready = Callable[[Mapping[str, int]], None]
"""Told once the service answers, with the port of each door: 'http', and parts that listen by their names."""


def run(settings: Settings, ready: Ready, *, uvicorn: bool = False) -> None:
    """Serve until stopped.  GemelError when it cannot begin."""
    port = free_port(settings.host, settings.port)
    configure(settings.log)
    sys.setswitchinterval(TURN_S)
    with suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=_loop()) as runner:
        runner.run(_run(msgspec.structs.replace(settings, port=port), ready, uvicorn))


def _loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where it is installed: a fifth less processor time a request."""
    return import_module("uvloop").new_event_loop if find_spec("uvloop") else None


async def _run(settings: Settings, ready: Ready, uvicorn: bool) -> None:
    app = create_app(settings)
    door = front(app)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with app.router.lifespan_context(app):
        listen = _uvicorn if uvicorn else _granian
        server = asyncio.create_task(listen(door, settings, stop))
        await _answers(settings.host, settings.port, server)
        service: Service = app.state.service
        gc.freeze()  # what is there now stays: no collection need look at it again
        gc.set_threshold(YOUNG)
        ready({"http": settings.port} | {part.name: part.port for part in app.state.parts if isinstance(part, Door)})
        await asyncio.wait({server, waiting := asyncio.create_task(stop.wait())}, return_when="FIRST_COMPLETED")
        waiting.cancel()
        service.stopping.set()
        _log.info("stopping")
        try:
            await asyncio.wait_for(server, settings.grace_s)
        except TimeoutError:
            _log.warning("requests were cut off", extra={"after_s": settings.grace_s})


def free_port(host: str, port: int) -> int:
    """The port, or for 0 one that is free; GemelError when somebody listens there already."""
    try:
        with socket.create_server((host, port)) as probe:
            return int(probe.getsockname()[1])
    except OSError as error:
        raise GemelError(
            f"cannot listen on {host}:{port} ({error.strerror}): choose another --port or --host"
        ) from error


async def _granian(app: ASGIApp, settings: Settings, stop: asyncio.Event) -> None:
    """Embedded: its lifespan is ours, so that a failure to start is told and the order of stopping is ours."""
    from granian.constants import Interfaces
    from granian.server.embed import Server

    target: Any = app
    server = Server(
        target, address=settings.host, port=settings.port, interface=Interfaces.ASGINL, log_enabled=False, backlog=1024,
        backpressure=4096,
    )  # fmt: skip
    serving = asyncio.create_task(server.serve())
    await asyncio.wait({serving, stopped := asyncio.create_task(stop.wait())}, return_when="FIRST_COMPLETED")
    stopped.cancel()
    server.stop()
    await serving


async def _uvicorn(app: ASGIApp, settings: Settings, stop: asyncio.Event) -> None:
    from uvicorn import Config, Server

    wanted = Config(
        app, host=settings.host, port=settings.port, lifespan="off", log_config=None, access_log=False, backlog=1024,
        timeout_graceful_shutdown=round(settings.grace_s),
    )  # fmt: skip
    server = Server(wanted)
    serving = asyncio.create_task(server.serve())
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    for number in (signal.SIGTERM, signal.SIGINT):  # uvicorn has put its own in place
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await asyncio.wait({serving, stopped := asyncio.create_task(stop.wait())}, return_when="FIRST_COMPLETED")
    stopped.cancel()
    server.should_exit = True
    await serving


async def _answers(host: str, port: int, server: asyncio.Task[None]) -> None:
    """Return once somebody accepts connections; what the server raised, if it ends before."""
    while not server.done():
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(0.01)
        else:
            writer.close()
            await writer.wait_closed()
            return
    await server
    raise GemelError(f"the web server ended before it listened on {host}:{port}: its log says why")
