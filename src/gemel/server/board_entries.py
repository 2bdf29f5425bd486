"""What the overview holds of a subject: who and where, its newest readings, its twins' outlooks, its open alerts."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Final, Literal, final

from ..core.clock import MINUTE, SECOND
from ..core.fact import Instant
from .alerts.view import AlertView
from .board_outlook import Outlook

__all__ = ["Entry", "Spoken", "State", "Stream", "Why", "judged", "stale"]

State = Literal["calm", "watch", "act", "none"]
Why = Literal["calm", "alert", "risk", "old", "no-readings", "no-twin", "silent", "waiting"]
"""calm: fresh readings, no limit near; alert: one is open; risk: a limit is near; old: the newest reading is; silent:
only models speak that may not speak here; waiting: no forecast yet."""

THIN: Final = 4 * MINUTE
"""Least time between two readings that are kept for the small curve."""
KEPT: Final = 36
LEAST_OLD: Final = MINUTE
"""A reading is never called old before this age, however often its sensor sends."""
UNKNOWN: Final = 30 * MINUTE
"""Time after which the only reading of a stream is old."""


@final
class Stream:
    """The readings of one code: the newest, how often they come, and some of the last hours."""

    def __init__(self, code: str, unit: str) -> None:
        self.code, self.unit = code, unit
        self.value, self.at, self.count = 0.0, -(2**62), 0
        self.past: deque[tuple[Instant, float]] = deque(maxlen=KEPT)
        self._gaps: deque[Instant] = deque(maxlen=9)

    def add(self, at: Instant, value: float, unit: str) -> bool:
        """Take in a reading; whether it is the newest."""
        self.count += 1
        if at <= self.at:
            return False
        if self.count > 1:
            self._gaps.append(at - self.at)
        self.at, self.value, self.unit = at, value, unit
        if not self.past or at - self.past[-1][0] >= THIN:
            self.past.append((at, value))
        return True

    @property
    def every(self) -> Instant | None:
        """The usual time between two readings; None where that is not known."""
        return round(median(self._gaps)) if self._gaps else None


@dataclass(slots=True)
class Spoken:
    """A twin: what it is, whether its model may speak here, why it is stale, and its outlook once it has one.

    `codes`: which observable of its model a code is read as.
    """

    id: str
    model: str
    title: str
    kind: str
    codes: Mapping[str, str] = field(default_factory=dict[str, str])
    standing: str = "silent"
    stale: str = ""
    issued: Instant = 0
    outlook: Outlook | None = None


@dataclass(slots=True)
class Entry:
    """A subject.  `place` is 'ward/room/bed' as far as it is known, '' where nothing is."""

    number: int
    id: str
    kind: str
    name: str = ""
    place: str = ""
    moved: Instant = -(2**62)
    streams: dict[str, Stream] = field(default_factory=dict[str, Stream])
    twins: dict[str, Spoken] = field(default_factory=dict[str, Spoken])
    alerts: dict[str, AlertView] = field(default_factory=dict[str, AlertView])

    main: Stream | None = None
    """The stream that is shown: what its twins forecast, else what comes most often; of equals the one shown before."""

    def show(self, stream: Stream) -> bool:
        """Show this stream where it has more right to it than the one that is shown; whether that is new."""
        if stream is self.main:
            return False
        if self.main is not None and self._right(stream) <= self._right(self.main):
            return False
        self.main = stream
        return True

    def told(self, twin: Spoken, among: Collection[str]) -> str:
        """Which of a twin's observables the overview tells: the one that is read and shown, else the first; ''."""
        shown = "" if self.main is None else twin.codes.get(self.main.code, "")
        return shown if shown in among else next(iter(among), "")

    def _right(self, stream: Stream) -> tuple[bool, int]:
        return any(stream.code in twin.codes for twin in self.twins.values()), stream.count


def stale(stream: Stream, now: Instant) -> bool:
    """Whether the newest reading is old: older than twice the usual time between two."""
    every = stream.every
    return now - stream.at > (UNKNOWN if every is None else max(2 * every + 10 * SECOND, LEAST_OLD))


def judged(entry: Entry, now: Instant, near: dict[int, float]) -> tuple[State, Why, str]:
    """The state, why, and which alert rule it is about.  `near`: the probability at which each rule (by its place) is
    called near.  Only models that may speak make a state; alerts on readings always do."""
    called = [a for a in entry.alerts.values() if not a.silent and a.severity != "info"]
    called.sort(key=lambda a: (a.severity != "critical", a.state not in ("raised", "escalated")))
    if called:
        first = called[0]
        urgent = first.severity == "critical" and first.state in ("raised", "escalated")
        return "act" if urgent else "watch", "alert", first.title
    main = entry.main
    if main is None:
        return "none", "no-readings", ""
    if stale(main, now):
        return "none", "old", ""
    if not entry.twins:
        return "none", "no-twin", ""
    speaking = [twin for twin in entry.twins.values() if twin.standing != "silent"]
    if not speaking:
        return "none", "silent", ""
    outlooks = [twin.outlook for twin in speaking if twin.outlook is not None]
    if not outlooks:
        return "none", "waiting", ""
    risks = [one.risk for one in outlooks if one.risk is not None]
    worst = max(risks, key=lambda r: r.probability / near[r.rule], default=None)
    if worst is not None and worst.probability >= near[worst.rule]:
        return "watch", "risk", str(worst.rule)
    return "calm", "calm", ""
