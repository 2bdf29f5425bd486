"""The live twins: what becomes durable moves the twins it concerns, tick by tick, and everybody who watches is told.

One worker thread moves twins, another makes forecasts beside it (`live_forecasts`); facts are told at once, from the
event loop.  When readings come faster than twins can be moved they gather, and are never dropped: every one is taken
in, in order, and only forecasts are left out, each twin's newest being the one that is made.  How far the twins are
behind is a metric, and in `/readyz`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar, final

from ..core.writing import Committed, Write
from ..runtime.fleet import CREW
from ..runtime.fleets import Moved
from ..runtime.merging import merges
from .context import Health, Service
from .live_forecasts import Forecasts
from .live_jobs import Jobs
from .live_news import of_facts, of_move

__all__ = ["LiveTwins"]

BEHIND_S = 30.0
"""Twins further behind than this make the service not ready."""
PRESSED_S = 1.0
"""Readings that have waited longer than this come before forecasts."""
REST_S = 20.0
"""How long stopping may take to save twins; the rest are taken from their last checkpoint at the next start."""
GATHER_S = 0.01
"""Readings of one instant that come one by one are taken in together when they come within this time."""
SAVED = 4
"""Twins that are due for it are saved, at each tick."""
P = ParamSpec("P")
T = TypeVar("T")
_log = logging.getLogger("gemel.live")


@final
class LiveTwins:
    """A part: listens to the inbox, moves twins, publishes what they believe and forecast."""

    name = "live"

    def __init__(self, service: Service) -> None:
        self._service, self.fleets = service, service.site.fleets()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="live")
        self._jobs = Jobs(service.site, self.fleets, self._pool)
        self._forecasts = Forecasts(service, self.fleets)
        self._arrived: list[tuple[Write, Committed]] = []
        self._news = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._since: float | None = None
        self._taking: float | None = None
        self._problem, self._began = "", 0.0
        told = service.instruments
        told.gauge("gemel_live_lag_seconds", "Age of the oldest reading not taken in").set_function(lambda: self.lag_s)
        told.gauge("gemel_live_twins", "Twins in fleets").set_function(lambda: self.fleets.live)
        told.gauge("gemel_live_waiting", "Twins with facts not taken in").set_function(lambda: self.fleets.waiting)
        hub = service.hub
        told.gauge("gemel_stream_watching", "Watchers of the live stream").set_function(lambda: hub.watching)
        told.gauge("gemel_stream_skipped", "Events that former watchers missed").set_function(lambda: hub.skipped)
        self._ticks = told.histogram("gemel_live_tick_seconds", "Time a tick takes")
        self._moved = told.counter("gemel_live_moves", "Instants taken in by live twins")

    @property
    def lag_s(self) -> float:
        """How long ago the oldest came of what is not taken in yet [s]; 0 when everything is."""
        first = self._taking or self._since
        return 0.0 if first is None else time.monotonic() - first

    def health(self) -> Health:
        """Not fine when the twins are far behind."""
        words = f"{self.fleets.live} live twins, {self.lag_s:.1f} s behind"
        words += "; compiling" if self._jobs.warming else ""
        words += f"; {len(self.fleets.problems)} twins with a problem" if self.fleets.problems else ""
        problems = [problem for problem in (self._problem, self._forecasts.problem) if problem]
        return Health(self.lag_s < BEHIND_S and not problems, "; ".join([words, *problems]))

    async def start(self) -> None:
        """Listen, and bring up the twins there are, little by little."""
        self._service.inbox.listen(self._listen)
        self._forecasts.start()
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Take in what has become durable, save the twins, and end."""
        self._stopping = True
        self._news.set()
        if self._task is not None:
            await self._task
        await self._forecasts.stop()
        left = await self._call(self._save_all)
        if left:
            _log.warning("not every twin was saved", extra={"left": left})
        self._jobs.stop()
        self._pool.shutdown()

    def _listen(self, writes: Sequence[Write], done: Sequence[Committed]) -> None:
        """Told by the inbox, on the event loop: tell the facts at once, and move twins at the next tick."""
        self._service.hub.publish_all(of_facts(writes, done, self._service.site.now()))
        if any(w.facts or w.enrol is not None for w in writes):
            self._arrived.extend(zip(writes, done, strict=False))
            self._since = self._since or time.monotonic()
            self._news.set()

    async def _run(self) -> None:
        more = False
        while True:
            if not self._stopping:
                await (self._jobs.one(patient=True) if more and self.lag_s > PRESSED_S else self._rest(more))
            self._news.clear()
            self._began = time.monotonic()
            arrived, self._arrived = self._arrived, []
            self._taking, self._since = self._taking or self._since, None
            try:
                more = await self._turn(arrived)
                self._problem = ""
            except Exception as error:  # one bad tick must not end all the others: its twins begin again from the store
                self._problem, more = f"{type(error).__name__}: {error}", False
                _log.exception("a tick failed")
                await self._call(self.fleets.doubt, arrived)
            if self._stopping and not more and not self._arrived:
                return

    async def _rest(self, more: bool) -> None:
        """Until there is news that has had a moment to gather, and a tick has passed; meanwhile, jobs.  At
        the latest after a second: facts told ahead of their time may have happened."""
        if await self._jobs.one(patient=more or self._news.is_set()):
            return
        try:
            await asyncio.wait_for(self._news.wait(), 0.0 if more else 1.0)
        except TimeoutError:
            if not more:
                return
        passed = time.monotonic() - self._began
        tick = self._service.settings.tick_ms / 1000.0
        await asyncio.sleep(max(min(GATHER_S, tick), tick - passed))

    async def _turn(self, arrived: Sequence[tuple[Write, Committed]]) -> bool:
        """One tick; whether there is more to take in at once."""
        with self._service.instruments.span("tick", writes=len(arrived)), self._ticks.time():
            moved = await self._call(self._tick, arrived)
        now = self._service.site.now()
        self._service.hub.publish_all([of_move(one, now) for one in moved])
        self._moved.inc(len(moved))
        behind = self.fleets.behind
        if not behind:
            self._taking = None
        self._forecasts.ticked(behind=behind and self.lag_s > PRESSED_S)
        return behind

    # in the worker thread

    def _tick(self, arrived: Sequence[tuple[Write, Committed]]) -> list[Moved]:
        self.fleets.arrive(arrived)
        for write, _ in arrived:
            if merges(write) and write.enrol is not None:
                self._service.site.inherit(write.subject, write.enrol.merged_into)
        moved = self.fleets.tick()
        self.fleets.save(SAVED)
        return moved

    def _save_all(self) -> int:
        """Save every twin that has moved, as far as time allows; how many are left."""
        end = time.monotonic() + REST_S
        left = self.fleets.all_due()
        while left and time.monotonic() < end:
            left = self.fleets.save(CREW)
        return left

    async def _call(self, function: Callable[P, T], *given: P.args, **more: P.kwargs) -> T:
        """Run in the worker thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, partial(function, *given, **more))
