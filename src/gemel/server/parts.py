"""The parts that run beside the web server, in the order they start; they stop in reverse.

Each is a class made with the `Service`.  One whose setting is None (an unopened door) is not started.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from importlib import import_module

from .context import Part, Service
from .settings import Settings

__all__ = ["running", "wanted"]

_log = logging.getLogger("gemel.server")


def wanted(settings: Settings) -> list[str]:
    """'module:class' of every part that these settings ask for."""
    parts = [
        "gemel.server.quality:QualityWatch", "gemel.server.alerts.watch:AlertWatch", "gemel.server.live:LiveTwins",
        "gemel.server.cds.routes:CdsDesk", "gemel.server.board_watch:BoardWatch",
    ]  # fmt: skip
    if settings.mllp_port is not None:
        parts.append("gemel.server.mllp:MllpListener")
    if settings.mqtt is not None:
        parts.append("gemel.server.mqtt:MqttSubscriber")
    if settings.sources is not None:
        parts.append("gemel.server.poll:Poller")
    return parts


@asynccontextmanager
async def running(service: Service, names: Sequence[str]) -> AsyncGenerator[list[Part]]:
    """The parts of these names, started; all that had started are stopped at the end, whatever happens.

    Raises GemelError when a part cannot begin.
    """
    parts: list[Part] = []
    try:
        for name in names:
            part = _made(name, service)
            await part.start()
            parts.append(part)
            _log.info("part started", extra={"part": part.name})
        yield parts
    finally:
        for part in reversed(parts):
            await _stop(part)


def _made(name: str, service: Service) -> Part:
    module, _, kind = name.partition(":")
    return getattr(import_module(module), kind)(service)


async def _stop(part: Part) -> None:
    """Stop one; its failure must not keep the others from stopping."""
    try:
        await part.stop()
    except Exception as error:
        _log.error("part did not stop well", exc_info=error, extra={"part": part.name})
    else:
        _log.info("part stopped", extra={"part": part.name})
