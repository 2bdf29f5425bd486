"""Data quality as a result: is it complete, can it be true, did it come in time, and where did it come from?

completeness   readings that are there / readings expected, one a step from the first to the last (see `report`)
plausibility   rows rejected, by reason; of them those outside what is possible for their code
timeliness     delay = recorded - at: median, 95th percentile, share of more than `late_minutes` (see `flow`)
changes        records that amend or withdraw an earlier one; facts said twice under different ids
provenance     all of it by source, from when to when; codes that the code table does not list
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from gemel.core.clock import MINUTE
from gemel.core.fact import Fact, Instant, Observation, Rejected, Status
from gemel.core.subject import Subject
from gemel.core.timeline import Timeline

from .codes import Codes, table
from .flow import LATE, Flow, SourceQuality, source_of
from .report import CodeCount, Tally, Unmapped

__all__ = ["CodeQuality", "Quality", "quality"]


class CodeQuality(msgspec.Struct, frozen=True, kw_only=True):
    """One code of one source: facts that hold, and how complete they are where readings follow one another densely.
    `completeness` is `filled` of `expected`; `step` and `longest_gap` are in minutes."""

    source: str
    code: str
    title: str
    mapped: bool
    facts: int
    rejected: int
    impossible: int
    first: Instant | None
    last: Instant | None
    dense: bool
    step: float | None
    expected: int | None
    filled: int | None
    completeness: float | None
    gaps: int
    longest_gap: float | None


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """The quality of one subject's data: `records` as they came, `held` of them facts that hold now.  `amended` and
    `withdrawn` count facts; `duplicates` are facts that say what another says, under another id."""

    subject: str
    records: int
    held: int
    rejected: int
    amended: int
    withdrawn: int
    duplicates: int
    late_minutes: float
    sources: list[SourceQuality]
    codes: list[CodeQuality]
    unmapped: list[Unmapped]


def quality(
    subject: Subject, records: Sequence[Fact], rejected: Sequence[Rejected], *, gap_hours: float = 1.0,
    late_minutes: float = LATE, codes: Codes | None = None,
) -> Quality:  # fmt: skip
    """The quality of a subject's records, in order of arrival, and of the rows that could not be used."""
    known = codes or table()
    flow = Flow(late_minutes)
    flow.take(records)
    flow.refuse(rejected)
    held = list(Timeline(subject, tuple(records)))
    tallies = {name: Tally(known) for name in dict.fromkeys([f.source for f in held] + [*map(source_of, rejected)])}
    for item in (*held, *rejected):
        tallies[source_of(item) if isinstance(item, Rejected) else item.source].add(item)
    reports = {name: tally.report((), gap_hours=gap_hours) for name, tally in tallies.items()}
    impossible = Counter((source_of(r), r.code) for r in rejected if r.reason.startswith("impossible value"))
    last = {fact.id: fact for fact in sorted(records, key=lambda f: f.recorded)}
    told = Counter(fact.id for fact in records)
    return Quality(
        subject=subject.id, records=len(records), held=len(held), rejected=len(rejected),
        amended=sum(n > 1 and last[id].status is not Status.ENTERED_IN_ERROR for id, n in told.items()),
        withdrawn=sum(fact.status is Status.ENTERED_IN_ERROR for fact in last.values()),
        duplicates=_duplicates(held), late_minutes=late_minutes, sources=flow.told(),
        codes=[
            _code(name, code, count, code in known, impossible[name, code])
            for name, report in sorted(reports.items()) for code, count in sorted(report.codes.items())
        ],
        unmapped=_unmapped(report.unmapped for report in reports.values()),
    )  # fmt: skip


def _duplicates(held: Sequence[Fact]) -> int:
    """Facts beyond the first that say the same of the same instant."""
    same = Counter((f.code, f.at, f.unit, f.value if isinstance(f, Observation) else (f.dose, f.rate)) for f in held)
    return sum(n - 1 for n in same.values())


def _code(source: str, code: str, count: CodeCount, mapped: bool, impossible: int) -> CodeQuality:
    gap = count.longest_gaps[0] if count.longest_gaps else None
    return CodeQuality(
        source=source, code=code, title=count.title, mapped=mapped, facts=count.used, rejected=count.rejected,
        impossible=impossible, first=count.first, last=count.last, dense=count.dense,
        step=None if count.step is None else count.step / MINUTE, expected=count.expected, filled=count.filled,
        completeness=count.filled / count.expected if count.filled is not None and count.expected else None,
        gaps=count.gaps if count.dense else 0,
        longest_gap=(gap.end - gap.start) / MINUTE if gap is not None and count.dense else None,
    )  # fmt: skip


def _unmapped(reports: Iterable[Sequence[Unmapped]]) -> list[Unmapped]:
    """Unmapped codes of all sources together, the most frequent first."""
    found: dict[str, Unmapped] = {}
    for entry in (one for report in reports for one in report):
        before = found.get(entry.code)
        count = entry.count + (0 if before is None else before.count)
        found[entry.code] = Unmapped(entry.code, entry.title, entry.unit, count)
    return sorted(found.values(), key=lambda entry: (-entry.count, entry.code))
