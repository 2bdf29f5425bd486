"""The part of the service that keeps the overview: it listens, and takes up from the store what was there before."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final, final

from ..core.clock import SECOND
from ..core.errors import GemelError
from ..core.fact import Count, Exact, Fact, Level, Observation, Status, bounds
from ..core.movement import MOVEMENT
from ..core.writing import Committed, Document, Write
from .alerts.ears import rows_of
from .alerts.rules import read_rules
from .alerts.view import AlertView
from .board import Board
from .board_entries import Spoken
from .board_fill import Found, found_of, name_of, spoken, subjects_of
from .board_outlook import outlook_of
from .context import Health, Service
from .hub import Event
from .live_news import BeliefNews, ForecastNews

__all__ = ["BoardWatch"]

EVERY_S: Final = 0.1
"""What changes within this time is told together."""
GONE: Final = frozenset({"discharge", "cancel-admit"})
HIDDEN: Final = frozenset({"site"})
"""Kinds of subject that are no twin's: the register of alerts."""
_log = logging.getLogger("gemel.server.board")


@final
class BoardWatch:
    """A part.  `board` is what it knows; `changed` wakes who watches.  While nobody is `watching` nothing is worked
    out: who asks for the whole board settles it first."""

    name = "board"

    def __init__(self, service: Service) -> None:
        path = service.settings.alerts
        rules = read_rules(None if path is None else Path(path)).rule
        self.board = Board(rules, service.site.now())
        self.changed, self.watching = asyncio.Condition(), 0
        self._service, self._problem, self._filled = service, "", False
        self._tasks: list[asyncio.Task[None]] = []
        self._hidden: set[str] = set()

    async def start(self) -> None:
        """Listen, take up what is there little by little, and tell what changes."""
        self._service.hub.listen(self._told)
        self._service.inbox.listen(self._written)
        self._tasks = [asyncio.create_task(self._fill(), name="board-fill"),
                       asyncio.create_task(self._tell(), name="board")]  # fmt: skip

    async def stop(self) -> None:
        """End."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def health(self) -> Health:
        """Not fine when something that happened could not be put on the board."""
        words = f"{len(self.board.entries)} subjects{'' if self._filled else '; still reading the store'}"
        return Health(not self._problem, f"{words}; {self._problem}" if self._problem else words)

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            if self.watching and self.board.settle(self._service.site.now()):
                async with self.changed:
                    self.changed.notify_all()

    async def _fill(self) -> None:
        """Take up every subject there is, the store being read in a thread."""
        service = self._service
        try:
            for subject in await asyncio.to_thread(subjects_of, service.store):
                if subject.kind not in HIDDEN and not subject.merged_into:
                    self._take_up(await asyncio.to_thread(found_of, service, subject, self.board.rules))
        except GemelError as error:
            self._problem = f"the store could not be read: {error}"
            _log.error("the board was not filled", extra={"reason": str(error)})
        self._filled = True

    def _take_up(self, found: Found) -> None:
        board, who = self.board, found.subject
        board.describe(who.id, kind=who.kind, name=found.name or None)
        self._facts(who.id, found.facts)
        for twin, outlook in found.twins:
            known = board.twin(who.id, twin)
            if known.outlook is None:
                board.speak(who.id, twin.id, outlook, known.standing, twin.issued)
        for alert in found.alerts:
            board.alert(alert)

    def _written(self, writes: Sequence[Write], done: Sequence[Committed]) -> None:
        """Told by the inbox of what has become durable."""
        for write, what in zip(writes, done, strict=False):
            who = write.enrol
            if who is not None and who.merged_into:
                self.board.drop(who.id)
            elif who is not None and who.kind not in HIDDEN:
                self.board.describe(who.id, kind=who.kind)
            elif who is not None:
                self._hidden.add(who.id)
            if write.subject and write.subject not in self._hidden and what.receipt is None:
                self._documents(write.subject, write.documents)
                if what.accepted:
                    self._facts(write.subject, write.facts)

    def _documents(self, subject: str, documents: Sequence[Document]) -> None:
        for document in documents:
            if document.kind == "Patient" and (name := name_of(document)):
                self.board.describe(subject, name=name)

    def _facts(self, subject: str, facts: Sequence[Fact]) -> None:
        """Readings and movements."""
        now = self._service.site.now()
        for fact in facts:
            if not isinstance(fact, Observation) or fact.status is Status.ENTERED_IN_ERROR or fact.at > now + SECOND:
                continue
            if isinstance(fact.value, (Exact, Count)):
                self.board.read(subject, fact.code, fact.at, bounds(fact.value)[0], fact.unit)
            elif isinstance(fact.value, Level) and fact.code == MOVEMENT:
                self.board.move(subject, "" if fact.value.name in GONE else fact.entity or "", fact.at)

    def _told(self, events: Sequence[Event]) -> None:
        """Told by the hub."""
        for event in events:
            try:
                self._take(event)
            except (GemelError, KeyError, ValueError) as error:  # one odd event must not end the board
                self._problem = f"{event.kind} of '{event.subject}': {type(error).__name__}: {error}"
                _log.exception("an event is not on the board", extra={"number": event.number})

    def _take(self, event: Event) -> None:
        data, board = event.data, self.board
        if isinstance(data, AlertView):
            board.alert(data)
        elif isinstance(data, BeliefNews):
            self._known(event, data.model)
            board.believe(event.subject, event.twin, data.stale)
        elif isinstance(data, ForecastNews):
            twin = self._known(event, data.model)
            name = board.entry(event.subject).told(twin, data.quantiles)
            rows = rows_of(data, name) if name else []
            outlook = outlook_of(board.rules, rows, data.now[name], data.issued) if name and rows else None
            board.speak(event.subject, twin.id, outlook, data.standing, data.issued)
            board.believe(event.subject, twin.id, data.stale)

    def _known(self, event: Event, model: str) -> Spoken:
        known = self.board.entry(event.subject).twins.get(event.twin)
        return known or self.board.twin(event.subject, spoken(event.twin, model))
