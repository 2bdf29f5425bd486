"""What the live twins want done when nobody waits: bringing them up after a start, compiling, refits and scores.

One job at a time, in the thread that moves twins, between two ticks; compiling has a thread of its own.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from itertools import islice
from typing import final

from ..core.errors import GemelError
from ..runtime import Site
from ..runtime.fleets import Fleets

__all__ = ["Jobs"]

EVERY_S = 3600.0
"""How often twins are looked through for those that want a refit, or whose forecasts can be scored."""
WOKEN = 64
"""Subjects whose twins are brought up in one go."""
PATIENCE_S = 2.0
"""Under load, a job is done this often."""
_log = logging.getLogger("gemel.live")


@final
class Jobs:
    """Used from one event loop."""

    def __init__(self, site: Site, fleets: Fleets, pool: Executor) -> None:
        self._site, self._fleets, self._pool = site, fleets, pool
        self._compilers = ThreadPoolExecutor(1, thread_name_prefix="compile")
        self._compiling: asyncio.Future[None] | None = None
        self._asleep: Iterator[str] | None = None
        self._due: deque[Callable[[], object]] = deque()
        self._looked = self._last = time.monotonic()
        self._awake = self._stopping = False

    @property
    def warming(self) -> bool:
        """Whether something is being compiled, or is to be."""
        return self._fleets.cold or self._busy

    @property
    def _busy(self) -> bool:
        return self._compiling is not None and not self._compiling.done()

    def stop(self) -> None:
        """Begin nothing more."""
        self._stopping = True
        self._compilers.shutdown(cancel_futures=True)

    async def one(self, *, patient: bool) -> bool:
        """Do one job; whether there was one.  Not `patient`: there is nothing else to do."""
        if patient and time.monotonic() - self._last < PATIENCE_S:
            return False
        self._last = time.monotonic()
        self._compile()
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._job)

    def _compile(self) -> None:
        if not self._busy and not self._stopping:
            work = self._fleets.unwarmed()
            if work:
                loop = asyncio.get_running_loop()
                self._compiling = loop.run_in_executor(self._compilers, self._compiled, work)

    def _compiled(self, work: list[Iterator[Callable[[], object]]]) -> None:
        for piece in (piece for pieces in work for piece in pieces):
            if self._stopping:
                return
            try:
                piece()
            except GemelError as error:
                _log.warning("a size was not compiled", extra={"why": str(error)})

    def _job(self) -> bool:
        if not self._awake:
            return self._wake()
        if self._due:
            try:
                self._due.popleft()()
            except GemelError as error:
                _log.warning("a job failed", extra={"why": str(error)})
            return True
        if time.monotonic() - self._looked >= EVERY_S:
            self._looked = time.monotonic()
            self._due.extend(self._chores())
        return bool(self._due)

    def _wake(self) -> bool:
        """Bring up the twins of some more subjects."""
        if self._asleep is None:
            self._asleep = (subject.id for subject in self._site.store.subjects(self._site.caller))
        subjects = list(islice(self._asleep, WOKEN))
        for subject in subjects:
            self._fleets.wake(subject)
        self._awake = not subjects
        return bool(subjects)

    def _chores(self) -> Iterator[Callable[[], object]]:
        for twin in self._fleets.tired():
            yield lambda twin=twin: self._then_back(self._site.refit, twin)
        for twin in self._fleets.spoken():
            yield lambda twin=twin: self._then_back(self._site.score, twin)

    def _then_back(self, chore: Callable[[str], object], twin: str) -> None:
        """Do it, and have the twin set down in its fleet again."""
        try:
            chore(twin)
        finally:
            self._fleets.look(twin)
