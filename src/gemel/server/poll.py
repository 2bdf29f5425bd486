"""Asks the FHIR servers of a file for news, each at its own pace, for as long as the service runs."""

from __future__ import annotations

import asyncio
import logging
import threading
from contextlib import suppress
from typing import Final, final

from ..core.errors import GemelError
from ..core.ports import Caller
from ..ingest.outbound.web import Web
from .context import Health, Service
from .poll_pull import Pulled, pull
from .poll_source import Source, opened, read_sources

__all__ = ["Poller"]

CALLER: Final = Caller(id="pull", role="service", purpose="care")
_log = logging.getLogger("gemel.server")


@final
class Poller:
    """A server that cannot be asked is told in the log and asked again at its next turn; nothing of it is skipped."""

    name = "poll"

    def __init__(self, service: Service) -> None:
        self._service = service
        self._sources = read_sources(service.settings.sources or "")
        self._stopping = threading.Event()
        self._work: list[asyncio.Task[None]] = []
        self._state: dict[str, str] = {source.base: "not asked yet" for source in self._sources}
        told = service.instruments
        self._pulled = told.counter("gemel_pulled", "Resources that FHIR servers were asked for", ("outcome",))
        self._failed = told.counter("gemel_pull_failures", "Times a FHIR server or a patient could not be asked")

    async def start(self) -> None:
        """Begin; IngestError for a key that cannot be read."""
        ways = [opened(source, self._stopping.wait) for source in self._sources]
        for source, web in zip(self._sources, ways, strict=True):
            self._work.append(asyncio.create_task(self._ask(source, web)))

    async def stop(self) -> None:
        """What was handed in becomes durable; the rest is asked for again at the next start."""
        self._stopping.set()
        for work in self._work:
            work.cancel()
        for work in self._work:
            with suppress(asyncio.CancelledError):
                await work

    def health(self) -> Health:
        """Fine as long as it asks: a server that is away must not make this one count as away, too; the words say how
        each fares."""
        ended = any(work.done() for work in self._work) and not self._stopping.is_set()
        return Health(not ended, "; ".join(f"{base}: {state}" for base, state in self._state.items()))

    async def _ask(self, source: Source, web: Web) -> None:
        with web:
            while True:
                try:
                    self._tell(source, await pull(self._service, source, web, CALLER))
                except GemelError as error:
                    self._failed.inc()
                    self._state[source.base] = "could not be asked"
                    _log.warning("not pulled", extra={"source": source.base, "reason": str(error)})
                except Exception as error:
                    self._state[source.base] = "stopped asking: a fault of ours, see the log"
                    _log.error("asking has ended", exc_info=error, extra={"source": source.base})
                    return
                await asyncio.sleep(source.every_s)

    def _tell(self, source: Source, done: Pulled) -> None:
        self._pulled.labels("new").inc(done.new)
        self._pulled.labels("changed").inc(done.changed)
        self._pulled.labels("refused").inc(done.refused.total())
        self._failed.inc(len(done.errors))
        self._state[source.base] = f"{done.patients} patients, {len(done.errors)} not asked, {done.news} news"
        if done.errors:
            _log.warning("patients not pulled", extra={"source": source.base, "patients": len(done.errors)})
