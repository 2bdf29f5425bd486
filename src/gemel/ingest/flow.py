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
_PLACE = re.compile(r"(?:#[^#]*|:\d+)+$")
_SAID = attrgetter("source", "status")


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
    """Counts by source of what passes.  Memory grows with the number of sources, not with what they send."""

    def __init__(self, late_minutes: float = LATE) -> None:
        self._late = late_minutes * MINUTE
        self._sources: dict[str, _Source] = {}

    def take(self, facts: Sequence[Fact], *, repeated: int = 0) -> None:
        """Count facts that came together; `repeated` of them were known."""
        said = [_SAID(fact) for fact in facts]
        times = np.array([(fact.at, fact.recorded) for fact in facts], dtype=np.int64).reshape(-1, 2)
        if not said:
            return
        if all(one[0] == said[0][0] for one in said):
            self._of(said[0][0]).take(said, times, repeated, self._late)
            return
        names = np.array([name for name, _ in said], dtype=object)
        for name in dict.fromkeys(names.tolist()):
            own = np.flatnonzero(names == name)
            self._of(name).take([said[k] for k in own], times[own], repeated, self._late)
            repeated = 0  # which of them were known is not told: the first source has them

    def refuse(self, rows: Iterable[Rejected]) -> None:
        """Count rejected rows."""
        for row in rows:
            self._of(source_of(row)).reasons[row.reason.partition(": ")[0]] += 1

    def told(self) -> list[SourceQuality]:
        """The sources, by name."""
        return [source.told(name) for name, source in sorted(self._sources.items())]

    def _of(self, name: str) -> _Source:
        found = self._sources.get(name)
        if found is None:
            found = self._sources[name] = _Source()
        return found


class _Source:
    """The counts of one source; a delay falls into class 1 + log(delay / s) / log(1.05), 0 for less than a second."""

    def __init__(self) -> None:
        self.facts = self.repeated = self.late = self.untimed = self.ahead = 0
        self.reasons: Counter[str] = Counter()
        self.statuses: Counter[Status] = Counter()
        self.ends: NDArray[np.int64] | None = None
        self.delays = np.zeros(_CLASSES + 1, dtype=np.int64)

    def take(self, said: Sequence[tuple[str, Status]], times: NDArray[np.int64], repeated: int, late: float) -> None:
        self.facts += len(said)
        self.repeated += repeated
        self.statuses.update(status for _, status in said)
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
