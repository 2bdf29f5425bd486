"""The alert watch: the part of the service that listens, and lets rules and passing time change alerts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, final

from ...core.clock import DAY, HOUR, MINUTE
from ...core.errors import GemelError
from ...core.fact import Instant
from ...core.writing import Committed, Write
from ..context import Health, Service
from ..hub import Event
from ..inbox import Busy
from ..live_news import ForecastNews
from .book import KEPT
from .desk import CALLER, AlertDesk
from .ears import Ears
from .judge import Finding
from .keeping import Register, alerts_of, founded, read_register, register_of, watched
from .life import Alert
from .rules import read_rules

__all__ = ["AlertWatch"]

EVERY: Final = 1.0
"""Seconds between looks at what the time has brought."""
SWEEP: Final[Instant] = MINUTE
"""Time between sweeps for drift alarms."""
TOGETHER: Final = 20
"""Twins asked in one sweep: each asks the store for its latest scores."""
_log = logging.getLogger("gemel.server.alerts")


@final
class AlertWatch:
    """Listens to the hub and the inbox.  Used from one event loop."""

    name = "alerts"

    def __init__(self, service: Service) -> None:
        path = service.settings.alerts
        self.rules = read_rules(None if path is None else Path(path))
        self.desk = AlertDesk(service, self.rules)
        self.watched: dict[int, int] = {}
        self._service, self._trouble = service, ""
        self._news = asyncio.Event()
        self._ears = Ears(self.rules, self.desk.concerned, self._hear)
        told = service.instruments
        told.gauge("gemel_alerts_open", "Open alerts, silent ones among them").set_function(
            lambda: len(self.desk.book.open)
        )
        told.gauge("gemel_alerts_waiting", "Findings not dealt with").set_function(lambda: self.desk.waiting)
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._day, self._noted, self._swept = service.site.now() // DAY, -HOUR, -HOUR

    async def start(self) -> None:
        """Take up the alerts that the store holds, and listen."""
        register = await self._restored()
        self.watched = dict(register.watched)
        self._service.hub.listen(self._told)
        self._service.inbox.listen(self._written)
        self._task = asyncio.create_task(self._run(), name="alerts")

    async def stop(self) -> None:
        """Deal with what was heard, then end."""
        self._stopping = True  # and no cancelling: what is being made durable must be taken in, too
        self._news.set()
        if self._task is not None:
            await self._task
        await self._look(self._service.site.now(), last=True)

    def health(self) -> Health:
        """Not fine while changes cannot be made durable."""
        if self._task is not None and self._task.done() and not self._stopping:
            return Health(fine=False, detail="the watch has ended by a fault of its own: restart the service")
        count = f"{len(self.desk.book.open)} open alerts, {self.desk.waiting} findings wait"
        return Health(fine=not self._trouble, detail=self._trouble or count)

    def days(self) -> dict[int, int]:
        """How many subjects were watched on each day (days since 1970, UTC), today's so far."""
        today = self._service.site.now() // DAY
        heard = len(self._ears.heard) if self._day == today else 0
        return {**self.watched, today: max(heard, self.watched.get(today, 0))}

    async def _restored(self) -> Register:
        """Open alerts, and those that ended lately, as facts and documents tell them."""
        store, site, now = self._service.store, self._service.settings.site, self._service.site.now()

        def read() -> tuple[Register, list[Alert]]:
            register = read_register(store, site, CALLER)
            wanted = {id for id, at in register.opened.items() if id in register.open or now - at < KEPT}
            subjects = sorted({register.subjects[id] for id in wanted})
            return register, [a for s in subjects for a in alerts_of(store, s, CALLER) if a.id in wanted]

        register, alerts = await asyncio.to_thread(read)
        for alert in alerts:
            self.desk.book.keep(alert)
        if await asyncio.to_thread(store.subject, register_of(site), CALLER) is None:
            await self._service.inbox.put([founded(site, self._service.settings.zone)], CALLER)
        return register

    def _told(self, events: Sequence[Event]) -> None:
        """Something has been published."""
        now = self._service.site.now()
        for event in events:
            if isinstance(event.data, ForecastNews):
                self._ears.forecast(event, event.data, now)

    def _written(self, writes: Sequence[Write], done: Sequence[Committed]) -> None:
        """Facts have become durable."""
        self._ears.readings(writes, self._service.site.now())

    def _hear(self, finding: Finding) -> None:
        self.desk.hear(finding)
        self._news.set()

    async def _run(self) -> None:
        while not self._stopping:
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY):
                    await self._news.wait()
            self._news.clear()
            await asyncio.sleep(await self._look(self._service.site.now()))

    async def _look(self, now: Instant, *, last: bool = False) -> float:
        """Deal with what was heard and with the time that has passed; returns how long to wait before trying again."""
        self._ears.silences(now)
        if now - self._swept >= SWEEP and not last:
            self._swept = now
            await self._sweep(now)
        try:
            await self.desk.settle(now)
            await self._note(now, last=last)
        except Busy as busy:
            return busy.after_s
        except GemelError as error:
            if not self._trouble:
                _log.error("alerts cannot be kept", extra={"reason": str(error)})
            self._trouble = f"alerts cannot be kept: {error}"
            return EVERY
        self._trouble = ""
        return 0.0

    async def _sweep(self, now: Instant) -> None:
        """Ask for the drift alarms of some twins that have spoken; each comes round again when it speaks again."""
        for twin in list(self._ears.twins)[:TOGETHER]:
            speaker = self._ears.twins.pop(twin)
            try:
                heard = await asyncio.to_thread(self._service.site.alarms, twin)
            except GemelError as error:
                _log.warning("no drift alarm can be asked for", extra={"twin": twin, "reason": str(error)})
                continue
            self._ears.drift(speaker, heard, now)

    async def _note(self, now: Instant, *, last: bool) -> None:
        """Keep, once an hour and at the end of the day, how many subjects have been watched today."""
        day, heard = now // DAY, self._ears.heard
        ended = self._day != day and bool(heard)
        if last or ended or now - self._noted >= HOUR:
            counted = self._day if ended else day
            if len(heard) > self.watched.get(counted, 0):
                self.watched[counted] = len(heard)
                await self._service.inbox.put([watched(self._service.settings.site, counted, len(heard), now)], CALLER)
            self._noted = now
        if self._day != day:
            self._day = day
            heard.clear()
