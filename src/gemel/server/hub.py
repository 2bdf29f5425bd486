"""What happens, numbered, to whoever watches: facts, beliefs, forecasts and alerts as they come.

Numbers start at the microsecond at which the hub was made, so they grow over restarts and a number from before one is
known as such.  The last events are kept: a watcher that was cut off goes on after the last number it has seen, or is
told to begin anew (`Reset`).  A watcher that reads too slowly keeps of each twin and kind only the newest event and is
told how many it has missed; nobody else waits for it.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, final

import msgspec

from ..core.fact import Instant

__all__ = ["Batch", "Event", "Filter", "Hub", "News", "Subscription"]

KEPT = 20_000
"""Events that are kept for those who come back."""
QUEUE = 5_000
"""Events that may wait for one watcher before they are merged."""

_ENCODER = msgspec.json.Encoder()


class News(msgspec.Struct, frozen=True, kw_only=True):
    """An event before it has a number."""

    kind: str
    subject: str
    twin: str = ""
    at: Instant
    data: Any = None


class Event(News, frozen=True, kw_only=True):
    """One thing that happened.  `kind` is 'facts', 'belief', 'forecast' or 'alert'."""

    number: int


@dataclass(frozen=True)
class Batch:
    """Events that were published together, encoded once for everybody."""

    events: tuple[Event, ...]

    @cached_property
    def json(self) -> tuple[bytes, ...]:
        """Each event as JSON."""
        return tuple(_ENCODER.encode(event) for event in self.events)

    @cached_property
    def sse(self) -> bytes:
        """All of them as server-sent events."""
        return b"".join(
            b"id: %d\nevent: %s\ndata: %s\n\n" % (event.number, event.kind.encode(), data)
            for event, data in zip(self.events, self.json, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Filter:
    """What a watcher wants; an empty set wants all."""

    subjects: frozenset[str] = frozenset()
    twins: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()

    @property
    def all(self) -> bool:
        """Whether nothing is left out."""
        return not (self.subjects or self.twins or self.kinds)

    def passes(self, event: Event) -> bool:
        """Whether the watcher wants this one.  Facts are a subject's: who names twins does not get them."""
        return (
            (not self.subjects or event.subject in self.subjects)
            and (not self.twins or event.twin in self.twins)
            and (not self.kinds or event.kind in self.kinds)
        )


@final
class Subscription:
    """What waits for one watcher.  Leave it with `close`, or use it as a context."""

    def __init__(self, wanted: Filter, most: int, leave: Callable[[Subscription], None]) -> None:
        self.wanted, self._most, self._leave = wanted, most, leave
        self.skipped = 0
        self.total_skipped = 0
        self._waiting: deque[Batch] = deque()
        self._count = 0
        self._there = asyncio.Event()
        self.closed = False

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Get nothing more."""
        self.closed = True
        self._there.set()
        self._leave(self)

    @property
    def waiting(self) -> int:
        """Events that wait."""
        return self._count

    def put(self, batch: Batch) -> None:
        """Let these wait; beyond the limit they are merged with those that wait already."""
        self._waiting.append(batch)
        self._count += len(batch.events)
        if self._count > self._most:
            self._merge()
        self._there.set()

    async def there(self) -> None:
        """Return once something waits, or it was closed."""
        await self._there.wait()

    def take(self) -> tuple[list[Batch], int]:
        """All that waits, and how many were skipped before."""
        self._there.clear()
        batches, skipped = list(self._waiting), self.skipped
        self._waiting.clear()
        self._count = self.skipped = 0
        return batches, skipped

    def _merge(self) -> None:
        """Keep the newest event of each twin and kind, and every alert; if these are still too many, the newest."""
        newest: dict[tuple[str, str, str, int], Event] = {}
        for batch in self._waiting:
            for event in batch.events:
                place = (event.kind, event.subject, event.twin, event.number if event.kind == "alert" else 0)
                newest.pop(place, None)
                newest[place] = event
        kept = list(newest.values())[-self._most :]
        self.skipped += self._count - len(kept)
        self.total_skipped += self._count - len(kept)
        self._waiting = deque([Batch(tuple(kept))])
        self._count = len(kept)


@final
class Hub:
    """Numbers events and hands them to those who subscribed.  Used from one event loop."""

    def __init__(self, *, kept: int = KEPT, first: int | None = None) -> None:
        self._last = time.time_ns() // 1000 if first is None else first
        self._past: deque[Event] = deque(maxlen=kept)
        self._watching: dict[Subscription, None] = {}
        self._listeners: list[Callable[[Sequence[Event]], None]] = []
        self.skipped = 0

    @property
    def last(self) -> int:
        """The number of the last event."""
        return self._last

    @property
    def watching(self) -> int:
        """How many watch."""
        return len(self._watching)

    def listen(self, listener: Callable[[Sequence[Event]], None]) -> None:
        """Tell this listener, on the event loop, of every batch.  Must be quick."""
        self._listeners.append(listener)

    def publish(self, kind: str, *, subject: str, twin: str = "", at: Instant, data: Any = None) -> Event:
        """Number an event and hand it out."""
        return self.publish_all([News(kind=kind, subject=subject, twin=twin, at=at, data=data)])[0]

    def publish_all(self, news: Iterable[News]) -> tuple[Event, ...]:
        """Number events and hand them out together."""
        events: list[Event] = []
        for one in news:
            self._last += 1
            events.append(
                Event(number=self._last, kind=one.kind, subject=one.subject, twin=one.twin, at=one.at, data=one.data)
            )
        if events:
            self._past.extend(events)
            self._hand_out(Batch(tuple(events)))
            for listener in self._listeners:
                listener(events)
        return tuple(events)

    def subscribe(self, wanted: Filter, *, most: int = QUEUE) -> Subscription:
        """Watch from now on."""
        made = Subscription(wanted, most, self._left)
        self._watching[made] = None
        return made

    def resume(self, after: int, wanted: Filter, *, most: int = QUEUE) -> Subscription | None:
        """Watch from after a number on; None when that is no longer possible: what came since is not all kept, or the
        number is none of this hub's."""
        first = self._past[0].number if self._past else self._last + 1
        if not first - 1 <= after <= self._last:
            return None
        made = self.subscribe(wanted, most=most)
        missed = [event for event in islice(self._past, after - first + 1, None) if wanted.passes(event)]
        if missed:
            made.put(Batch(tuple(missed)))
        return made

    def _hand_out(self, batch: Batch) -> None:
        """Watchers who want the same get the same bytes."""
        shared: dict[Filter, Batch] = {}
        for own in self._watching:
            part = batch
            if not own.wanted.all:
                part = shared.get(own.wanted) or Batch(tuple(e for e in batch.events if own.wanted.passes(e)))
                shared[own.wanted] = part
            if part.events:
                own.put(part)

    def _left(self, subscription: Subscription) -> None:
        if subscription in self._watching:
            del self._watching[subscription]
            self.skipped += subscription.total_skipped
