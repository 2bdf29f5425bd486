"""The forecasts of the live twins: made in a thread of their own beside the ticks, and told to everybody who watches.

A run takes those twins that have waited longest, as many as go in one call.  While readings
have waited for long there is one run after each tick, so that the ticks have the processor.
"""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import final

from ..runtime.fleet import CREW
from ..runtime.fleets import Fleets
from .context import Service
from .hub import News
from .live_news import of_forecast

__all__ = ["Forecasts"]

MOST = CREW
"""Twins in one run at most.  A run waits twice for the turn of a tick: of 32 twins it made 380 forecasts a second
beside 500 readings a second, of 128 it keeps up, and each waits half as long (measured)."""
RENEWED_S = 60.0
"""Age at which the standing of a model is looked up again."""
_log = logging.getLogger("gemel.live")


@final
class Forecasts:
    """Used from one event loop."""

    def __init__(self, service: Service, fleets: Fleets) -> None:
        self._service, self._fleets = service, fleets
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="forecast")
        self._ticked = asyncio.Event()
        self._behind = self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._standings: dict[str, tuple[float, str]] = {}
        self.problem = ""
        told = service.instruments
        told.gauge("gemel_live_owed", "Twins whose newest forecast is not made").set_function(lambda: fleets.owed)
        self._runs = told.histogram("gemel_live_forecast_seconds", "Time a run of live forecasts takes")
        self._told = told.counter("gemel_live_forecasts", "Live forecasts made")

    def start(self) -> None:
        """Wait for ticks."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End after the run that is under way; forecasts that are owed are not made."""
        self._stopping = True
        self._ticked.set()
        if self._task is not None:
            await self._task
        self._pool.shutdown()

    def ticked(self, *, behind: bool) -> None:
        """Twins may have moved; `behind`: readings have waited for long."""
        self._behind = behind
        self._ticked.set()

    async def _run(self) -> None:
        while True:
            await self._ticked.wait()
            self._ticked.clear()
            more = True
            while more and not self._stopping:
                more = self._fleets.owed > 0 and await self._one() and not self._behind
            if self._stopping:
                return

    async def _one(self) -> bool:
        """One run; whether it went well.  Those of a run that did not are forecast when they have moved again."""
        try:
            with self._service.instruments.span("forecast"), self._runs.time():
                news = await asyncio.get_running_loop().run_in_executor(self._pool, self._made)
        except Exception as error:  # one bad run must not end the others, nor the ticks
            self.problem = f"no forecast: {type(error).__name__}: {error}"
            _log.exception("a run of forecasts failed")
            return False
        self.problem = ""
        self._service.hub.publish_all(news)
        self._told.inc(len(news))
        return True

    # in the thread

    def _made(self) -> list[News]:
        made = self._fleets.forecast(MOST)
        now = self._service.site.now()
        return [of_forecast(outlook, self._standing(outlook.model), now) for outlook in made]

    def _standing(self, model: str) -> str:
        """Silent or advisory, as it stood at most a minute ago."""
        at, known = self._standings.get(model, (-RENEWED_S, ""))
        if not known or time.monotonic() - at > RENEWED_S:
            known = self._service.site.status(model).standing
            self._standings[model] = time.monotonic(), known
        return known
