"""HL7 v2 over MLLP: any number of connections, several messages on each, answered once they are durable.

Messages of all connections go through one queue, in the order in which they came, and are committed in batches; so the
messages about one patient keep their order whichever connection brings them.  While the queue is full, or the store
cannot keep up, nothing more is read from any socket: TCP makes the senders wait, and nothing is dropped.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic, time_ns
from typing import Final, final

from ..core.errors import IngestError
from ..core.fact import Instant
from ..core.ports import Caller
from ..ingest.hl7v2.frames import Broken
from ..runtime.identity import People
from .context import Health, Service
from .mllp_hear import Heard, Hearer
from .mllp_intake import Intake, Taken
from .mllp_line import Line

__all__ = ["Bounds", "MllpListener"]

_log = logging.getLogger("gemel.mllp")
TOGETHER: Final = 500
"""Messages that are read, or committed, together at most; and that are read ahead of the commit."""


_Read = tuple[Line, Taken, int]
"""A message that is not durable yet, and how long it came."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a sender may do.

    `message` [bytes]; `waiting` messages and `bytes` of them before reading stops; `silent_s` without a
    byte before a connection is closed, `partial_s` in the middle of a frame; `connections` at a time.
    """

    message: int = 16 << 20
    waiting: int = 2000
    bytes: int = 64 << 20
    silent_s: float = 3600.0
    partial_s: float = 60.0
    connections: int = 500


@final
class MllpListener:
    """The part of the service that listens for HL7 v2."""

    name = "mllp"

    def __init__(self, service: Service, bounds: Bounds | None = None) -> None:
        self.port = service.settings.mllp_port or 0
        self._host, self._bounds = service.settings.mllp_host, bounds or Bounds()
        caller = Caller(id="mllp")
        people = People(service.store, caller, zone=service.settings.zone)
        service.inbox.listen(people.heard)
        self._intake = Intake(service.store, service.inbox, people, caller)
        self._hearer = Hearer(service.settings.zone)
        self._queue: deque[tuple[Line, bytes | Broken, Instant]] = deque()
        self._size = 0
        self._lines: set[Line] = set()
        self._come, self._stopping, self._full = asyncio.Event(), False, False
        self._held: deque[_Read] = deque()
        self._ready, self._ended = asyncio.Event(), False
        self._server: asyncio.Server | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._count = service.instruments.counter("gemel_mllp_messages", "HL7 v2 messages by answer", ("answer",))
        service.instruments.gauge("gemel_mllp_connections", "Open MLLP connections").set_function(
            lambda: len(self._lines)
        )

    async def start(self) -> None:
        """Listen.  IngestError when the port cannot be had."""
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self._line, self._host, self.port)
        except OSError as error:
            raise IngestError(f"MLLP cannot listen on {self._host}:{self.port} ({error.strerror or error})") from error
        self.port = self._server.sockets[0].getsockname()[1]
        self._tasks = [loop.create_task(self._work()), loop.create_task(self._watch())]

    async def stop(self) -> None:
        """Take no more, make durable and answer what has come, then close every connection."""
        if self._server is None:
            return
        self._server.close()
        self._stopping = True
        for line in self._lines:
            line.hold()
        self._come.set()
        worker, watcher = self._tasks
        await worker
        await asyncio.to_thread(self._hearer.stop)
        watcher.cancel()
        for line in list(self._lines):
            line.close()
        await self._server.wait_closed()
        with suppress(asyncio.CancelledError):
            await watcher

    def health(self) -> Health:
        """How many senders are connected, and what was odd about their messages."""
        working = bool(self._tasks) and not self._tasks[0].done()
        odd = f", {self._intake.repeated} repeated, {self._intake.reused} control ids reused"
        return Health(working, f"{len(self._lines)} connections, {self._waiting} messages waiting{odd}")

    @property
    def _waiting(self) -> int:
        """Messages that nobody has begun to read, or that nobody has begun to make durable."""
        return len(self._queue) + len(self._held)

    def _line(self) -> Line:
        return Line(self._bounds.message, come=self._joined, arrived=self._arrived, gone=self._lines.discard)

    def _joined(self, line: Line) -> None:
        self._lines.add(line)
        if len(self._lines) > self._bounds.connections:
            _log.warning("too many MLLP connections", extra={"most": self._bounds.connections})
            line.close()
        elif self._full or self._stopping:
            line.hold()

    def _arrived(self, line: Line, found: list[bytes | Broken]) -> None:
        now = time_ns() // 1000
        self._queue.extend([(line, one, now) for one in found])
        self._size += sum(map(_length, found))
        if not self._full and (self._waiting > self._bounds.waiting or self._size > self._bounds.bytes):
            self._full = True
            for other in self._lines:
                other.hold()
        self._come.set()

    async def _work(self) -> None:
        """Read messages while those read before become durable; end when told to and nothing is left."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._read())
            both.create_task(self._keep())

    async def _read(self) -> None:
        while self._queue or not self._stopping:
            if not self._queue or len(self._held) >= TOGETHER:
                self._come.clear()
                await self._come.wait()
                continue
            batch = [self._queue.popleft() for _ in range(min(TOGETHER, len(self._queue)))]
            frames = [(raw, at) for _, raw, at in batch if not isinstance(raw, Broken)]
            heard = await self._hearer.hear([raw for raw, _ in frames], [at for _, at in frames])
            read = await asyncio.to_thread(self._taken, batch, heard)
            self._held.extend([(line, taken, _length(raw)) for (line, raw, _), taken in zip(batch, read, strict=True)])
            self._ready.set()
        self._ended = True
        self._ready.set()

    def _taken(self, batch: Sequence[tuple[Line, bytes | Broken, Instant]], heard: Sequence[Heard]) -> list[Taken]:
        told = iter(heard)
        return [
            self._intake.take(raw, None if isinstance(raw, Broken) else next(told), at) for _, raw, at in batch
        ]  # fmt: skip

    async def _keep(self) -> None:
        while self._held or not self._ended:
            if not self._held:
                self._ready.clear()
                await self._ready.wait()
                continue
            some = [self._held.popleft() for _ in range(min(TOGETHER, len(self._held)))]
            self._come.set()
            await self._intake.keep([taken for _, taken, _ in some])
            self._answer(some)
            self._size -= sum([length for _, _, length in some])
            self._breathe()

    def _answer(self, kept: Sequence[_Read]) -> None:
        """Tell the senders of messages that are durable."""
        answers: dict[Line, list[bytes]] = {}
        letters = Counter[str]()
        for line, taken, _ in kept:
            answers.setdefault(line, []).append(b"".join([b"\x0b%b\x1c\r" % reply for reply in taken.replies]))
            letters[_letter(taken)] += 1
        for line, own in answers.items():
            line.answer(own)
        for letter, number in letters.items():
            self._count.labels(letter).inc(number)

    def _breathe(self) -> None:
        """Read again once half of what may wait is gone."""
        if self._full and self._waiting <= self._bounds.waiting // 2 and self._size <= self._bounds.bytes // 2:
            self._full = False
            if not self._stopping:
                for line in self._lines:
                    line.resume()

    async def _watch(self) -> None:
        """Close connections on which nothing comes any more."""
        while True:
            await asyncio.sleep(min(1.0, self._bounds.partial_s / 4, self._bounds.silent_s / 4))
            now = monotonic()
            for line in list(self._lines):
                most = self._bounds.partial_s if line.open else self._bounds.silent_s
                if now - line.last > most and not line.waiting and not self._full:
                    _log.info("an MLLP connection was silent", extra={"seconds": most})
                    line.close()


def _length(raw: bytes | Broken) -> int:
    return len(raw) if isinstance(raw, bytes) else len(raw.head)


def _letter(one: Taken) -> str:
    """What the message was told, for the count."""
    for reply in one.replies:
        place = reply.find(b"\rMSA")
        if place >= 0:
            return reply[place + 5 : place + 7].decode("ascii", "replace")
    return "none"
