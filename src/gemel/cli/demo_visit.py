"""A visit to the service that the demo runs: somebody asks, and what came back is noted."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, final

from ..core.errors import GemelError
from ..core.extra import require
from .demo_feed import Feed
from .demo_talk import PATIENCE_S, Running, running
from .shapes_service import DoorSeen

__all__ = ["Seen", "Stage", "Visit", "answer"]

T = TypeVar("T")


@final
class Seen:
    """What was seen so far."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.doors: list[DoorSeen] = []
        self._tell = tell

    def note(self, door: str, sent: str, came_back: str, begun: float) -> None:
        """One exchange, which began at this second of the clock."""
        seconds = round(time.perf_counter() - begun, 3)
        self.doors.append(DoorSeen(door=door, sent=sent, came_back=came_back, seconds=seconds))

    def through(self, door: str, sent: str, work: Callable[[], tuple[str, T]]) -> T:
        """Do something at a door, and note what came back."""
        self._tell(f"{door}: {sent}")
        begun = time.perf_counter()
        came_back, value = work()
        self.note(door, sent, came_back, begun)
        return value


@dataclass(frozen=True, slots=True)
class Visit:
    """A client at the running service, and what it brings; `mqtt`: whether there is a broker."""

    client: Any
    service: Running
    feed: Feed
    seen: Seen
    mqtt: bool

    def get(self, path: str, **query: Any) -> Any:
        """What is there, as JSON; GemelError when it is refused."""
        return answer(self.client.get(path, params=query))

    def post(self, path: str, body: Any) -> Any:
        """The answer to a body as JSON; GemelError when it is refused."""
        return answer(self.client.post(path, json=body))


@dataclass(frozen=True, slots=True)
class Stage:
    """What both runs of the service share: its data, its site, how it is started, what it is told, what was seen."""

    data: Path
    site: str
    options: tuple[str, ...]
    feed: Feed
    seen: Seen

    @contextmanager
    def run(self, sent: str) -> Generator[Visit]:
        """The service runs, and somebody visits it."""
        begun = time.perf_counter()
        with (
            running(self.data, self.data / "service.log", "--site", self.site, *self.options) as service,
            require("httpx", "serve").Client(base_url=service.url, timeout=PATIENCE_S) as client,
        ):
            self.seen.note("gemel serve", sent, f"{service.url}, MLLP on {service.mllp_port}", begun)
            yield Visit(client, service, self.feed, self.seen, "--mqtt" in self.options)


def answer(told: Any) -> Any:
    """An answer's body; GemelError when the service refused."""
    if told.status_code >= 300:
        raise GemelError(f"the service answered {told.status_code} to {told.request.url.path}: {told.text[:300]}")
    return told.json()
