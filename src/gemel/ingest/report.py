"""What became of a source: used, repeated, rejected, passed over, missing in time, and codes nobody mapped.

`collect` reads a whole feed into memory; `Tally` counts items as they pass, for sources that do not fit.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from gemel.core.clock import HOUR, text
from gemel.core.fact import Fact, Instant, Intervention, Observation, Rejected
from gemel.core.moments import typical_gap

from .codes import Codes, table
from .feed import Feed, Item

__all__ = ["CodeCount", "Gap", "Reason", "Report", "Tally", "Unmapped", "collect"]

_EXAMPLES = 3
_MOST_GAPS = 100  # kept per code, the longest


class Gap(msgspec.Struct, frozen=True):
    """A stretch without a reading."""

    start: Instant
    end: Instant


class Reason(msgspec.Struct):
    """Rejections of one kind, with the first few."""

    count: int = 0
    examples: list[str] = []


class Unmapped(msgspec.Struct):
    """A code that the code table does not list: its facts are kept, but were checked against no limits."""

    code: str
    title: str
    unit: str
    count: int


class CodeCount(msgspec.Struct):
    """One code: facts used, repeats of them, rejections, time span, and stretches without a reading.

    `dense` says that half of the readings follow one another within the gap limit, so that a gap is news.  Such a code
    has a `step` [us], how far apart its readings typically are; of the `expected` readings, one a step from first
    to last, `filled` are there.
    """

    title: str
    used: int = 0
    repeated: int = 0
    rejected: int = 0
    first: Instant | None = None
    last: Instant | None = None
    dense: bool = False
    gaps: int = 0
    longest_gaps: list[Gap] = []
    step: Instant | None = None
    expected: int | None = None
    filled: int | None = None


class Report(msgspec.Struct):
    """The account of one source: items = used + repeated + rejected + skipped."""

    source: str
    items: int
    used: int
    repeated: int
    rejected: int
    codes: dict[str, CodeCount]
    reasons: dict[str, Reason]
    skipped: dict[str, int]
    notes: dict[str, int]
    kinds: dict[str, int]
    unmapped: list[Unmapped]
    gap_hours: float

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts, lists and numbers."""
        return msgspec.to_builtins(self)

    def render(self, zone: str = "UTC") -> str:
        """The account in words, times in this zone."""
        parts = [f"{self.source}: used {_many(self.used, self.items)} items.  Times are of {zone}."]
        for code, count in sorted(self.codes.items()):
            parts.extend(self._code(code, count, zone))
        for kind, reason in sorted(self.reasons.items(), key=lambda pair: -pair[1].count):
            parts.append(f"rejected {reason.count:,}: {kind}")
            parts.extend(f"    {example}" for example in reason.examples)
        if self.skipped:
            reasons = "; ".join(f"{n:,} {reason}" for reason, n in sorted(self.skipped.items()))
            parts.append(f"passed over {sum(self.skipped.values()):,}: {reasons}")
        parts.extend(f"note: {note}" + (f" ({n:,})" if n > 1 else "") for note, n in sorted(self.notes.items()))
        if self.unmapped:
            total = sum(entry.count for entry in self.unmapped)
            parts.append(f"{len(self.unmapped)} codes are not in the code table ({total:,} facts, kept unchecked):")
            parts.extend(f"    {u.code} {u.title} [{u.unit}]: {u.count:,}" for u in self.unmapped[:20])
        return "\n".join(parts)

    def _code(self, code: str, count: CodeCount, zone: str) -> Iterator[str]:
        total = count.used + count.repeated + count.rejected
        line = f"{count.title} ({code}): used {_many(count.used, total)} values"
        if count.rejected:
            line += f"; {count.rejected:,} rejected"
        if count.repeated:
            line += f"; {count.repeated:,} repeated"
        if count.first is not None and count.last is not None:
            line += f"; from {_when(count.first, zone)} to {_when(count.last, zone)}"
        yield line
        if count.dense and count.longest_gaps:
            gap = count.longest_gaps[0]
            yield (
                f"    {count.gaps:,} gaps of more than {self.gap_hours:g} h; the longest, "
                f"{(gap.end - gap.start) / HOUR:.1f} h, from {_when(gap.start, zone)} to {_when(gap.end, zone)}"
            )


def _when(at: Instant, zone: str) -> str:
    return text(at, zone)[:16].replace("T", " ")


def _many(part: int, whole: int) -> str:
    return f"all {whole:,}" if part == whole else f"{part:,} of {whole:,}"


class Tally:
    """Counts items as they pass.  Memory: 8 bytes and an id per fact."""

    def __init__(self, codes: Codes | None = None) -> None:
        self._table = codes or table()
        self._codes: dict[str, CodeCount] = {}
        self._times: dict[str, array[int]] = {}
        self._units: dict[str, Counter[str]] = {}
        self._reasons: dict[str, Reason] = {}
        self._seen: dict[str, int] = {}
        self._items = self._used = self._repeated = self._rejected = 0

    def watch(self, items: Iterable[Item]) -> Iterator[Item]:
        """The same items, counted; a fact that only repeats an earlier one is counted and left out."""
        for item in items:
            if self.add(item):
                yield item

    def add(self, item: Item) -> bool:
        """Count an item; False when it is a fact seen before.  A fact of known id that says something new is new."""
        self._items += 1
        if isinstance(item, Rejected):
            self._reject(item)
            return True
        digest = hash(item)
        if self._seen.get(item.id) == digest:
            self._repeated += 1
            self._count(item.code).repeated += 1
            return False
        self._seen[item.id] = digest
        self._use(item)
        return True

    def _count(self, code: str) -> CodeCount:
        count = self._codes.get(code)
        if count is None:
            count = self._codes[code] = CodeCount(self._table.title(code))
        return count

    def _use(self, fact: Fact) -> None:
        self._used += 1
        count = self._count(fact.code)
        count.used += 1
        count.first = fact.at if count.first is None else min(count.first, fact.at)
        count.last = fact.at if count.last is None else max(count.last, fact.at)
        if isinstance(fact, Observation):
            self._times.setdefault(fact.code, array("q")).append(fact.at)
        if fact.code not in self._table:
            self._units.setdefault(fact.code, Counter())[fact.unit] += 1

    def _reject(self, item: Rejected) -> None:
        self._rejected += 1
        kind, _, detail = item.reason.partition(": ")
        reason = self._reasons.setdefault(kind, Reason(examples=[]))
        reason.count += 1
        if len(reason.examples) < _EXAMPLES:
            reason.examples.append(f"{detail} ({item.source})")
        if item.code:
            self._count(item.code).rejected += 1

    def report(self, items: Iterable[Item], *, gap_hours: float = 1.0) -> Report:
        """The account so far; `items` is what was counted, whose own counters are taken when it is a Feed."""
        feed = items if isinstance(items, Feed) else Feed("facts", lambda _: iter(()))
        for code, times in self._times.items():
            self._find_gaps(self._codes[code], sorted(times), gap_hours)
        for code, count in self._codes.items():
            if code not in self._table:
                count.title = feed.titles.get(code, code)
        unmapped = [
            Unmapped(code, self._codes[code].title, units.most_common(1)[0][0], units.total())
            for code, units in sorted(self._units.items(), key=lambda pair: -pair[1].total())
        ]
        return Report(
            source=feed.name,
            items=self._items + feed.skipped.total(),
            used=self._used,
            repeated=self._repeated,
            rejected=self._rejected,
            codes=self._codes,
            reasons=self._reasons,
            skipped=dict(feed.skipped),
            notes=dict(feed.notes),
            kinds=dict(feed.kinds),
            unmapped=unmapped,
            gap_hours=gap_hours,
        )

    def _find_gaps(self, count: CodeCount, times: list[Instant], hours: float) -> None:
        gaps = [Gap(a, b) for a, b in pairwise(times) if b - a > hours * HOUR]
        count.dense = len(times) > 2 and 2 * len(gaps) < len(times) - 1
        count.gaps = len(gaps)
        count.longest_gaps = sorted(gaps, key=lambda gap: gap.start - gap.end)[:_MOST_GAPS]
        found = _filled(np.array(times), hours) if count.dense else None
        count.step, count.expected, count.filled = found or (None, None, None)


def _filled(times: NDArray[np.int64], hours: float) -> tuple[Instant, int, int] | None:
    """The typical step between readings in order that follow one another within the limit, how many steps there are
    from first to last, and how many of them lack no reading: a gap of g > 1.5 steps lacks round(g / step) - 1.  None
    where all are of one instant."""
    apart = np.diff(times)
    near = apart[(apart > 0) & (apart <= hours * HOUR)]
    if near.size == 0:
        return None
    step = typical_gap(near)
    expected = round(int(times[-1] - times[0]) / step) + 1
    lacking = np.rint(apart[apart > 1.5 * step] / step) - 1
    return step, expected, expected - int(lacking.sum())


def collect(
    items: Iterable[Item], *, gap_hours: float = 1.0, codes: Codes | None = None
) -> tuple[tuple[Fact, ...], Report]:
    """All facts, each once, and the report, which counts the rejected items and shows the first of each kind."""
    tally = Tally(codes)
    facts = tuple(item for item in tally.watch(items) if isinstance(item, (Observation, Intervention)))
    return facts, tally.report(items, gap_hours=gap_hours)
