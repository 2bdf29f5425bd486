"""The one way in: every door hands its writes to the inbox, and answers its sender once they are durable.

When too much waits, the inbox says `Busy` instead of letting the queue grow: HTTP answers 429 with Retry-After, MLLP
and MQTT stop reading.  Nothing that was acknowledged is ever dropped.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from time import perf_counter
from typing import Final, final

from ..core.errors import GemelError
from ..core.ports import Caller, Store
from ..core.writing import Committed, Write
from ..runtime.merging import Merged, merges
from .observe import Instruments, instruments

__all__ = ["Busy", "Inbox", "Listener"]

Listener = Callable[[Sequence[Write], Sequence[Committed]], None]
"""Told, on the event loop, of what has just become durable.  Must be quick."""

REASONS: Final = 50
"""Reasons of rejection that are counted apart; the rest are counted together."""
_PARTICULAR = re.compile(r"'[^']*'|\"[^\"]*\"|[-+]?\d[\d.,:eE+-]*")


class Busy(GemelError):
    """Too much waits to become durable: try again after `after_s` seconds."""

    def __init__(self, waiting: int, after_s: float) -> None:
        super().__init__(f"{waiting} items wait to become durable: send again after {after_s:g} s")
        self.after_s = after_s


@dataclass(slots=True, eq=False)
class Flight:
    """Writes on their way to the store; `landed` is done, on the event loop, once they are durable."""

    writes: Sequence[Write]
    items: int
    begun: float
    landed: asyncio.Future[list[Committed]]


@final
class Inbox:
    """Used from one event loop."""

    def __init__(
        self, store: Store, waiting: int, told: Instruments | None = None, merged: Merged | None = None
    ) -> None:
        self._store, self._most = store, waiting
        self._merged = merged or Merged()
        self._flying: set[Flight] = set()
        self._landed: deque[tuple[Flight, Future[list[Committed]]]] = deque()
        self._called = False
        self._merging: set[asyncio.Future[list[Committed]]] = set()
        self._waiting = 0
        self._listeners: list[Listener] = []
        self._empty = asyncio.Event()
        self._empty.set()
        self._told = told or instruments()
        self._accepted, self._repeated = (self._told.facts.labels(kind) for kind in ("accepted", "repeated"))
        self._reasons: set[str] = set()
        self._told.gauge("gemel_waiting", "Items that wait to become durable").set_function(lambda: self._waiting)

    @property
    def waiting(self) -> int:
        """Items (facts, documents, rejected rows, messages) that are not durable yet."""
        return self._waiting

    def listen(self, listener: Listener) -> None:
        """Tell this listener of everything that becomes durable from now on."""
        self._listeners.append(listener)

    async def put(self, writes: Sequence[Write], caller: Caller) -> list[Committed]:
        """Durable when it returns.  Raises Busy, or what `Store.commit` raises.

        What has begun is finished, and listeners are told, even where the one who waits for it goes away.
        """
        items = sum(1 + len(w.facts) + len(w.documents) + len(w.rejected) + len(w.waveforms) for w in writes)
        if self._waiting and self._waiting + items > self._most:
            raise Busy(self._waiting, 1.0)
        with self._told.span("commit", items=items):
            if not any(merges(write) for write in writes):
                return await self._fly(self._merged.redirected(writes), caller, items)
            work = asyncio.ensure_future(self._merge(writes, caller, items))
            self._merging.add(work)
            work.add_done_callback(self._merging.discard)
            return await asyncio.shield(work)

    async def _merge(self, writes: Sequence[Write], caller: Caller, items: int) -> list[Committed]:
        """What it moves is read when everything that came before is durable."""
        learned = self._merged.learn(writes)
        try:
            if self._flying:
                await asyncio.wait([flight.landed for flight in self._flying])
            kept = await asyncio.to_thread(self._merged.settled, self._store, caller, writes)
            return (await self._fly(kept, caller, items))[: len(writes)]
        except BaseException:
            self._merged.forget(learned)
            raise

    def _fly(self, writes: Sequence[Write], caller: Caller, items: int) -> asyncio.Future[list[Committed]]:
        loop = asyncio.get_running_loop()
        future = self._store.submit(writes, caller)
        flight = Flight(writes, items, perf_counter(), loop.create_future())
        self._waiting += items
        self._empty.clear()
        self._flying.add(flight)
        future.add_done_callback(lambda done: self._land(loop, flight, done))
        return flight.landed

    def _land(self, loop: asyncio.AbstractEventLoop, flight: Flight, future: Future[list[Committed]]) -> None:
        """Called by the store's thread: the loop is woken once for all that land together."""
        self._landed.append((flight, future))
        if not self._called:
            self._called = True
            loop.call_soon_threadsafe(self._collect)

    def _collect(self) -> None:
        self._called = False
        now = perf_counter()
        writes: list[Write] = []
        new: list[Committed] = []
        while self._landed:
            flight, future = self._landed.popleft()
            self._flying.discard(flight)
            self._waiting -= flight.items
            self._told.commits.observe(now - flight.begun)
            error = future.exception()
            if error is not None:
                _told(flight.landed, error)
                continue
            done = future.result()
            if done and all(one.receipt is None for one in done):
                writes += flight.writes
                new += done
            if not flight.landed.done():
                flight.landed.set_result(done)
        if not self._flying:
            self._empty.set()
        if writes:
            self._note(writes, new)

    async def drain(self) -> None:
        """Return once nothing waits any more."""
        while self._merging:
            await asyncio.wait(self._merging)
        await self._empty.wait()

    def _note(self, writes: Sequence[Write], done: Sequence[Committed]) -> None:
        """Count what is new and tell the listeners."""
        self._accepted.inc(sum(d.accepted for d in done))
        self._repeated.inc(sum(d.repeated for d in done))
        for reason, n in Counter(_kind(row.reason) for w in writes for row in w.rejected).items():
            known = reason if reason in self._reasons or len(self._reasons) < REASONS else "other"
            self._reasons.add(known)
            self._told.rejected.labels(known).inc(n)
        for listener in self._listeners:
            listener(writes, done)


def _kind(reason: str) -> str:
    """A reason without the particulars that it was given for."""
    return _PARTICULAR.sub("#", reason.partition(": ")[0])[:80]


def _told(landed: asyncio.Future[list[Committed]], error: BaseException) -> None:
    """Pass an error on to the one who waits, if somebody still does."""
    if not landed.done():
        landed.set_exception(error)
