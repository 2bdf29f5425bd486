"""What every door of the service shares: the store, the twins, the inbox, the hub; and what a part of it is."""

from __future__ import annotations

from asyncio import Event as Flag
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from starlette.requests import HTTPConnection

from ..core.ports import Caller, Store
from ..runtime import Site
from .hub import Hub
from .inbox import Inbox
from .observe import Instruments, instruments
from .settings import Settings
from .turns import Turns

__all__ = ["Door", "Health", "Part", "Service", "caller_of", "service_of"]


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a part does its work, and in a few words how."""

    fine: bool
    detail: str = ""


@runtime_checkable
class Part(Protocol):
    """Something that runs beside the web server for as long as the service does: a listener, the live twins."""

    name: str

    async def start(self) -> None:
        """Begin; raises GemelError when it cannot."""
        ...

    async def stop(self) -> None:
        """Finish what was accepted, then end."""
        ...

    def health(self) -> Health:
        """How it fares, for `/readyz`."""
        ...


@runtime_checkable
class Door(Protocol):
    """A part that listens on a port of its own."""

    name: str
    port: int


@dataclass(frozen=True, slots=True)
class Service:
    """One running service.  `stopping` is set first of all when it is told to stop: answers without end end then."""

    settings: Settings
    store: Store
    site: Site
    inbox: Inbox
    hub: Hub
    instruments: Instruments = field(default_factory=instruments)
    stopping: Flag = field(default_factory=Flag)
    turns: Turns = field(default_factory=Turns)


def service_of(connection: HTTPConnection) -> Service:
    """The service that a request or a WebSocket has reached."""
    return connection.app.state.service


def caller_of(connection: HTTPConnection) -> Caller:
    """Who asks.  Until the trust layer identifies callers, everyone who reaches the port is the same one."""
    return Caller(id="api", role="local", purpose="care")
