"""`gemel quality`: how complete, plausible and timely data is, in records or in a store, and where it came from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from ..core.clock import text
from ..core.errors import StoreError
from ..core.fact import Fact, Rejected
from ..core.ports import Caller
from ..core.subject import Subject
from ..ingest.codes import SENSOR_GLUCOSE
from ..ingest.flow import SourceQuality
from ..ingest.quality import CodeQuality, Quality, quality
from .records import Wanted, feed
from .store_commands import open_store

__all__ = ["QualityShape", "measure", "speak"]

CALLER = Caller(id="gemel-cli")
Judged = Callable[[Subject, Sequence[Fact], Sequence[Rejected]], Quality]

_CODE_COLUMNS = ("code", "source", "facts", "rejected", "step [min]", "complete", "gaps", "longest [min]")
_SOURCE_COLUMNS = (
    "source", "facts", "rejected", "from", "to", "median delay [min]", "95 % [min]", "late"
)  # fmt: skip


class QualityShape(msgspec.Struct, kw_only=True):
    """`gemel quality --json`: one entry a subject.  Instants are microseconds since 1970, UTC; other times minutes.
    `in_doubt`: by subject, stretches of sensor glucose that may be too low, in words."""

    data: str
    subjects: list[Quality]
    in_doubt: dict[str, list[str]] = {}


def measure(data: str, wanted: Wanted, *, gap_hours: float, late_minutes: float) -> QualityShape:
    """The quality of the records wanted, or, where `data` names a store, of everybody in it."""
    doubts: dict[str, list[str]] = {}

    def judged(own: Subject, facts: Sequence[Fact], rejected: Sequence[Rejected]) -> Quality:
        if found := _in_doubt(facts, own.zone):
            doubts[own.id] = found
        return quality(own, facts, rejected, gap_hours=gap_hours, late_minutes=late_minutes)

    found = _of_store(data, wanted.subject, judged) if _is_store(data) else [_of_records(wanted, judged)]
    return QualityShape(data=data, subjects=found, in_doubt=doubts)


def speak(shape: QualityShape) -> None:
    """In words."""
    from . import console

    for one in shape.subjects:
        _speak(one)
        for reason in shape.in_doubt.get(one.subject, ()):
            console.say(f"in doubt: {reason}")


def _in_doubt(facts: Sequence[Fact], zone: str) -> list[str]:
    """Sensor readings that may have been made too low, each stretch with when and why."""
    if not any(fact.code == SENSOR_GLUCOSE for fact in facts):
        return []
    from ..domains.health.compression import doubted

    _, found = doubted(facts, zone)
    return [f"{text(one.first, zone)[:16]} to {text(one.last, zone)[11:16]}: {one.reason}" for one in found]


def _is_store(data: str) -> bool:
    """Whether it names a store and not records."""
    if "://" in data or (Path(data) / "gemel.db").is_file():
        return True
    path = Path(data)
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(16) == b"SQLite format 3\0"


def _of_store(data: str, subject: str | None, judged: Judged) -> list[Quality]:
    """The quality of the facts of one person in a store, or of everybody."""
    with open_store(data) as store:
        everybody = [one for one in store.subjects(CALLER) if one.kind == "person"]
        chosen = [one for one in everybody if subject in (None, one.id)]
        if subject is not None and not chosen:
            raise StoreError(f"no person '{subject}' in {data}: there are {len(everybody)}")
        return [
            judged(
                one,
                [fact for _, fact in store.facts(one.id, CALLER) if not fact.code.startswith("gemel:alert")],
                store.rejected(CALLER, one.id),
            )
            for one in chosen
        ]  # fmt: skip


def _of_records(wanted: Wanted, judged: Judged) -> Quality:
    """The quality of one person's records."""
    subject, items = feed(wanted)
    facts: list[Fact] = []
    rejected: list[Rejected] = []
    for item in items:
        if isinstance(item, Rejected):
            rejected.append(item)
        else:
            facts.append(item)
    return judged(subject, facts, rejected)


def _speak(found: Quality) -> None:
    from . import console

    console.say(
        f"subject {found.subject}: {found.records:,} records, {found.held:,} hold; {found.rejected:,} rejected, "
        f"{found.amended:,} amended, {found.withdrawn:,} withdrawn, {found.duplicates:,} said twice"
    )
    console.show("", _CODE_COLUMNS, [_code_row(row) for row in found.codes], numeric=2)
    console.show("", _SOURCE_COLUMNS, [_source_row(row) for row in found.sources], numeric=1)
    for row in found.sources:
        for reason, n in sorted(row.reasons.items()):
            console.say(f"rejected {n:,} of {row.source}: {reason}")
    for code in found.unmapped:
        console.say(
            f"not in the code table: {code.code} {code.title} [{code.unit}], {code.count:,} facts, kept unchecked"
        )


def _code_row(row: CodeQuality) -> list[str]:
    whole = "" if row.completeness is None else f"{row.completeness:.1%}"
    step = "" if row.step is None else f"{row.step:g}"
    gap = "" if row.longest_gap is None else f"{row.longest_gap:,.0f}"
    count = f"{row.gaps:,}" if row.dense else ""
    return [row.title, row.source, f"{row.facts:,}", f"{row.rejected:,}", step, whole, count, gap]


def _source_row(row: SourceQuality) -> list[str]:
    told = row.untimed < row.facts  # else the source keeps no time of recording, and its delays mean nothing
    median, late = (f"{x:.3g}" if told and x is not None else "" for x in (row.delay_median, row.delay_p95))
    ends = ["" if at is None else text(at)[:16] for at in (row.first, row.last)]
    share = f"{row.late_share:.1%}" if told and row.late_share is not None else ""
    return [row.source, f"{row.facts:,}", f"{row.rejected:,}", *ends, median, late, share]
