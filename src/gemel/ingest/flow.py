"""Facts counted by source as they pass: how many, in which state, how late.  Memory does not grow with their number.

A delay is `recorded` - `at`.  Delays are counted in classes whose ends are 5 % apart, so quantiles are told to 2.5 %.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Final, final

import msgspec
import numpy as np
from numpy.typing import NDArray

from gemel.core.clock import MINUTE, SECOND
from gemel.core.fact import Fact, Instant, Rejected, Status

__all__ = ["LATE", "Flow", "SourceQuality", "source_of"]

LATE: Final = 60.0
"""Minutes of delay from which on a fact is late, unless the caller says otherwise: a choice of this package."""
_RATIO: Final = 1.05  # between the ends of a class of delays
_CLASSES: Final = 480  # 1.05^480 s are 470 years
MOST: Final = 2000
"""Sources that are counted apart; what comes from more is counted together, under `OTHER`."""
OTHER: Final = "(other sources)"
TOGETHER: Final = 1024
"""Facts that are counted together."""
_PLACE = re.compile(r"(?:#[^#]*|:\d+)+$")
_SOURCE, _STATUS, _AT, _RECORDED = (attrgetter(name) for name in ("source", "status", "at", "recorded"))


class SourceQuality(msgspec.Struct, frozen=True, kw_only=True):
    """One source.  `facts` are records of it, `repeated` of them known already when they came again, `rejected` rows by
    reason.  Instants are microseconds UTC: `first` and `last` are when facts happened, `heard_first` and `heard_last`
    when they were recorded.  Delays [min] are told to 2.5 %.  `untimed`: recorded at the very instant at which they
    happened, as sources say that keep no time of their own; `ahead`: recorded before they happened."""

    source: str
    facts: int
    repeated: int
    rejected: int
    reasons: dict[str, int]
    statuses: dict[str, int]
    first: Instant | None
    last: Instant | None
    heard_first: Instant | None
    heard_last: Instant | None
    delay_median: float | None
    delay_p95: float | None
    late: int
    late_share: float | None
    untimed: int
    ahead: int


@final
class Flow:
    """Counts by source of what passes, of at most `MOST` sources apart: 4 kB each, whatever they send."""

    def __init__(self, late_minutes: float = LATE) -> None:
        self._late = late_minutes * MINUTE
        self._sources: dict[str, _Source] = {}
        self._waiting: list[Fact] = []

    def take(self, facts: Sequence[Fact], *, repeated: int = 0) -> None:
        """Count facts that came together; `repeated` of them were known, which of them is not told: the first source
        has them."""
        if repeated and facts:
            self._of(facts[0].source).repeated += repeated
        self._waiting.extend(facts)
        if len(self._waiting) >= TOGETHER:
            self._count()

    def refuse(self, rows: Iterable[Rejected]) -> None:
        """Count rejected rows."""
        for row in rows:
            self._of(source_of(row)).reasons[row.reason.partition(": ")[0]] += 1

    def told(self) -> list[SourceQuality]:
        """The sources, by name."""
        self._count()
        return [source.told(name) for name, source in sorted(self._sources.items())]

    def _count(self) -> None:
        """Count what waits: many at once cost a tenth of one by one."""
        if not self._waiting:
            return
        facts, n = self._waiting, len(self._waiting)
        sources, statuses = list(map(_SOURCE, facts)), list(map(_STATUS, facts))
        times = np.stack([np.fromiter(map(end, facts), np.int64, n) for end in (_AT, _RECORDED)], axis=1)
        self._waiting = []
        places: dict[str, list[int]] = {}
        if sources.count(sources[0]) == n:
            return self._of(sources[0]).take(statuses, times, self._late)
        for k, name in enumerate(sources):
            places.setdefault(name, []).append(k)
        for name, own in places.items():
            self._of(name).take([statuses[k] for k in own], times[own], self._late)

    def _of(self, name: str) -> _Source:
        found = self._sources.get(name)
        if found is None and len(self._sources) >= MOST:
            name = OTHER
        return found or self._sources.setdefault(name, _Source())


class _Source:
    """The counts of one source; a delay falls into class 1 + log(delay / s) / log(1.05), 0 for less than a second."""

    def __init__(self) -> None:
        self.facts = self.repeated = self.late = self.untimed = self.ahead = 0
        self.reasons: Counter[str] = Counter()
        self.statuses: Counter[Status] = Counter()
        self.ends: NDArray[np.int64] | None = None
        self.delays = np.zeros(_CLASSES + 1, dtype=np.int64)

    def take(self, statuses: Sequence[Status], times: NDArray[np.int64], late: float) -> None:
        self.facts += len(statuses)
        self.statuses.update(statuses)
        delay = times[:, 1] - times[:, 0]
        self.late += int(np.count_nonzero(delay > late))
        self.untimed += int(np.count_nonzero(delay == 0))
        self.ahead += int(np.count_nonzero(delay < 0))
        self.delays += np.bincount(_class(delay), minlength=_CLASSES + 1)
        low, high = times.min(axis=0), times.max(axis=0)
        if self.ends is not None:
            low, high = np.minimum(low, self.ends[0]), np.maximum(high, self.ends[1])
        self.ends = np.stack([low, high])

    def told(self, name: str) -> SourceQuality:
        ends = [None] * 4 if self.ends is None else [int(end) for end in self.ends.T.ravel()]
        return SourceQuality(
            source=name, facts=self.facts, repeated=self.repeated, rejected=self.reasons.total(),
            reasons=dict(self.reasons), statuses={s.value: n for s, n in sorted(self.statuses.items())},
            first=ends[0], last=ends[1], heard_first=ends[2], heard_last=ends[3],
            delay_median=self._quantile(0.5), delay_p95=self._quantile(0.95), late=self.late,
            late_share=self.late / self.facts if self.facts else None, untimed=self.untimed, ahead=self.ahead,
        )  # fmt: skip

    def _quantile(self, q: float) -> float | None:
        """The middle of the class in which the quantile lies [min]."""
        if not self.facts:
            return None
        k = int(np.searchsorted(np.cumsum(self.delays), q * self.facts))
        return 0.0 if k == 0 else _RATIO ** (k - 0.5) * SECOND / MINUTE


def _class(delay: NDArray[np.int64]) -> NDArray[np.int64]:
    seconds = np.maximum(delay / SECOND, 0.5)
    return np.clip(1 + np.floor(np.log(seconds) / np.log(_RATIO)), 0, _CLASSES).astype(np.int64)


def source_of(row: Rejected) -> str:
    """The source of a rejected row without the place in it: 'export.json' of 'export.json:12#3'."""
    return _PLACE.sub("", row.source)
