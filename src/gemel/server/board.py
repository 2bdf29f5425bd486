"""The overview's memory: every subject with its twins, kept up from what happens, and what has changed since a number.

Nothing is asked of the store when somebody looks.  Every part of a row (its reading, a twin's outlook, its state)
carries the number of its last change; a viewer who has seen number n is told the parts that changed after n, merged, in
arrays of rounded numbers.  Numbers start at the microsecond at which the board was made, so one from before a restart
is known as such.  When rows come, go or move the whole is to be read anew.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final, final

import msgspec

from ..core.clock import SECOND
from ..core.fact import Instant
from .alerts.life import CLOSED
from .alerts.rules import Rule
from .alerts.view import AlertView
from .board_entries import Entry, Spoken, State, Stream, Why, judged
from .board_outlook import Outlook

__all__ = ["STATES", "WHYS", "Board", "short"]

STATES: Final[tuple[State, ...]] = ("calm", "watch", "act", "none")
WHYS: Final[tuple[Why, ...]] = ("calm", "alert", "risk", "old", "no-readings", "no-twin", "silent", "waiting")
"""A state and its reason travel as places in these."""
NEAR: Final = 0.5
"""Part of a rule's probability from which its limit is called near."""
SLOW: Final[Instant] = SECOND
"""Least time between two outlooks of one twin that are told: readings are told at once."""
DIGITS: Final = 3

Part = tuple[Any, ...]


@final
class Board:
    """Used from one event loop."""

    def __init__(self, rules: Sequence[Rule], now: Instant) -> None:
        self.rules = tuple(rules)
        self.base = now // SECOND
        """Instants travel in seconds after this one."""
        self.number = self.first = time.time_ns() // 1000
        self.entries: dict[str, Entry] = {}
        self.states: dict[str, tuple[State, Why, str]] = {}
        self._near = {k: max(NEAR * rule.probability, 1e-3) for k, rule in enumerate(rules)}
        self._parts: dict[tuple[int, str], tuple[int, Part]] = {}
        self._told: dict[str, Instant] = {}
        self._dirty: dict[str, None] = {}
        self._frames: dict[int, bytes] = {}
        self._looked: Instant = 0
        self._made = 0

    # what happens

    def entry(self, subject: str, kind: str = "person") -> Entry:
        """The row of a subject, made where there is none."""
        known = self.entries.get(subject)
        if known is None:
            self._made += 1
            known = self.entries[subject] = Entry(self._made, subject, kind)
            self._anew()
        return known

    def drop(self, subject: str) -> None:
        """The subject is another one now, or gone."""
        if self.entries.pop(subject, None) is not None:
            self._anew()

    def describe(self, subject: str, *, kind: str | None = None, name: str | None = None) -> None:
        """Who it is."""
        own = self.entry(subject)
        wanted = (own.kind if kind is None else kind, own.name if name is None else name)
        if wanted != (own.kind, own.name):
            own.kind, own.name = wanted
            self._anew()

    def move(self, subject: str, place: str, at: Instant) -> None:
        """Where it is since an instant; an older word is left."""
        own = self.entry(subject)
        if at >= own.moved:
            own.moved = at
            if own.place != place:
                own.place = place
                self._anew()

    def read(self, subject: str, code: str, at: Instant, value: float, unit: str) -> None:
        """A reading."""
        own = self.entry(subject)
        stream = own.streams.get(code)
        if stream is None:
            stream = own.streams[code] = Stream(code, unit)
        if stream.add(at, value, unit):
            self._dirty[subject] = None
        if own.show(stream):
            self._anew()

    def twin(self, subject: str, twin: Spoken) -> Spoken:
        """The twin of this id, known from now on."""
        own = self.entry(subject)
        known = own.twins.setdefault(twin.id, twin)
        if known is twin:
            for stream in own.streams.values():
                own.show(stream)
            self._anew()
        return known

    def speak(self, subject: str, twin: str, outlook: Outlook | None, standing: str, issued: Instant) -> None:
        """A twin of it has forecast."""
        known = self.entry(subject).twins[twin]
        before, known.standing, known.issued = known.outlook, standing, issued
        if outlook is not None:
            known.outlook = outlook
            if before is None or (before.observable, before.unit) != (outlook.observable, outlook.unit):
                self._anew()  # parts say only what changes from one outlook to the next
        self._dirty[subject] = None

    def believe(self, subject: str, twin: str, stale: str) -> None:
        """A twin has moved."""
        known = self.entry(subject).twins[twin]
        if known.stale != stale:
            known.stale = stale
            self._dirty[subject] = None

    def alert(self, alert: AlertView) -> None:
        """An alert has changed."""
        own = self.entry(alert.subject)
        if alert.state in CLOSED:
            own.alerts.pop(alert.id, None)
        else:
            own.alerts[alert.id] = alert
        self._dirty[alert.subject] = None

    # what is told

    def settle(self, now: Instant) -> bool:
        """Work out what has changed by now; whether anything has.  States are looked at every few seconds besides, as
        readings grow old by themselves."""
        if now - self._looked >= 2 * SECOND:
            self._looked = now
            self._dirty.update(dict.fromkeys(self.entries))
        before, waiting = self.number, dict[str, None]()
        for subject in self._dirty:
            own = self.entries.get(subject)
            if own is not None and self._changed(own, now):
                waiting[subject] = None
        self._dirty = waiting
        if self.number != before:
            self._frames.clear()
        return self.number != before

    def since(self, number: int) -> bytes | None:
        """`[number, [part, ...]]`: what changed after this number; None when the whole is to be read anew."""
        if not self.first <= number <= self.number:
            return None
        known = self._frames.get(number)
        if known is None:
            parts = [part for changed, part in self._parts.values() if changed > number]
            known = self._frames[number] = msgspec.json.encode([self.number, parts])
        return known

    def _anew(self) -> None:
        self.number += 1
        self.first = self.number
        self._parts.clear()
        self._frames.clear()
        self._dirty.update(dict.fromkeys(self.entries))

    def _changed(self, own: Entry, now: Instant) -> bool:
        """Renew the row's parts; whether one was left out because it was told a moment ago."""
        self.states[own.id] = state, why, about = judged(own, now, self._near)
        parts: list[tuple[str, Part]] = [
            ("s", (own.number, 2, STATES.index(state), WHYS.index(why), about, _calling(own)))
        ]
        if (main := own.main) is not None:
            parts.append(("r", (own.number, 0, short(main.value), round(main.at / SECOND - self.base, 1))))
        late = False
        for k, twin in enumerate(own.twins.values()):
            if twin.outlook is None:
                continue
            if now - self._told.get(twin.id, -SLOW) < SLOW:
                late = True
                continue
            part = (own.number, 1, k, *_outlook(twin, twin.outlook, self.base))
            if self._keep((own.number, f"o{k}"), part):
                self._told[twin.id] = now
        for name, part in parts:
            self._keep((own.number, name), part)
        return late

    def _keep(self, key: tuple[int, str], part: Part) -> bool:
        known = self._parts.get(key)
        if known is not None and known[1] == part:
            return False
        self.number += 1
        self._parts[key] = self.number, part
        return True


def _calling(own: Entry) -> int:
    return sum(not alert.silent for alert in own.alerts.values())


def _outlook(twin: Spoken, own: Outlook, base: int) -> Iterator[Any]:
    """Issued [s], standing, stale, now (3), trend, risk (rule, %, minutes), next (rule, minutes, %), and what is ahead;
    -1 for a rule where there is none."""
    yield from (twin.issued // SECOND - base, int(twin.standing != "silent"), twin.stale)
    yield from (*map(short, own.now), own.trend)
    risk, coming = own.risk, own.coming
    yield from (-1, 0, 0) if risk is None else (risk.rule, round(100 * risk.probability), round(risk.minutes))
    yield from (-1, 0, 0) if coming is None else (coming.rule, round(coming.minutes), round(100 * coming.probability))
    yield [short(value) for point in own.ahead for value in point]


def short(value: float) -> float | int | None:
    """To three significant digits, and without a point where it is whole; None for what is no number."""
    if not math.isfinite(value):
        return None
    rounded = float(f"{value:.{DIGITS}g}")
    return int(rounded) if rounded.is_integer() else rounded
