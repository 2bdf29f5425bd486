"""A body map: the health map, live readings and open alerts laid out by region of the body.

A region takes the worst state of what is known there.  Status of markers and alerts speaks of today; risks stand beside
it and never colour it.  A region of which nothing is known is grey, and never counts as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from types import MappingProxyType

from ...core.clock import MINUTE, text
from ...core.fact import Fact, Instant, Observation, bounds
from ...core.subject import Subject
from ...domains.health.healthmap import HealthMap
from ...domains.health.healthmap.body import Region, region_of_code, regions
from ...domains.health.healthmap.words import CAUTION
from .body_shapes import BodyAlert, BodyShape, LiveRow, MissingRow, RegionShape, State
from .health_map import mapped
from .map_shapes import HealthMapShape, IndexRow, MarkerRow, RiskEntry

__all__ = ["Found", "Seen", "body", "live_row"]

_MARKERS: Mapping[str, State] = MappingProxyType(
    {"out of range": "act", "borderline": "watch", "in range": "calm"}
)  # fmt: skip
_ALERTS: Mapping[str, State] = MappingProxyType({"critical": "act", "warning": "watch", "info": "watch"})
_WORSE: Mapping[State, int] = MappingProxyType({"none": 0, "calm": 1, "watch": 2, "act": 3})
_STEPS = 12  # structure: steps between readings that the usual one is the middle of
_OLD = 2.0  # structure: usual steps without a reading until the last one counts as old
_RISKS, _MISSING = 8, 6  # structure: lines of a list


@dataclass(frozen=True, slots=True)
class Seen:
    """A twin as a body map shows it: what it follows by `code`, whether its model may speak, why it is stale."""

    twin: str
    model: str
    standing: str
    stale: str
    name: str
    code: str
    title: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a body map is made of.  `chart` is None where the record allows no health map, for the reason `why`;
    `watched` are codes that an alert rule has limits for."""

    chart: HealthMap | None
    why: str
    live: Sequence[LiveRow]
    alerts: Sequence[tuple[str, BodyAlert]]
    watched: frozenset[str]


def live_row(seen: Seen, facts: Sequence[Fact], now: Instant, zone: str) -> LiveRow:
    """The newest reading of what a twin follows, among facts that hold, in order."""
    own = [f for f in facts if isinstance(f, Observation) and f.code == seen.code and f.at <= now]
    last = own[-1] if own else None
    steps = [b.at - a.at for a, b in zip(own[-_STEPS - 1 :], own[-_STEPS:], strict=False) if b.at > a.at]
    step = median(steps) if steps else None
    age = None if last is None else now - last.at
    low, high = (float("nan"),) * 2 if last is None else bounds(last.value)
    return LiveRow(
        twin=seen.twin, model=seen.model, standing=seen.standing, stale=seen.stale, name=seen.name, code=seen.code,
        title=seen.title, unit="" if last is None else last.unit, value=low if low == high else None,
        at=None if last is None else text(last.at, zone), age_minutes=None if age is None else age / MINUTE,
        step_minutes=None if step is None else step / MINUTE,
        old=age is None or (step is not None and age > _OLD * step),
    )  # fmt: skip


def body(subject: Subject, found: Found, now: Instant) -> BodyShape:
    """The body map of a person."""
    told = None if found.chart is None else mapped(found.chart)
    notes = [found.why] if told is None else told.notes
    return BodyShape(
        subject=subject.id, sex=(subject.sex or "") if told is None else told.sex,
        age=None if told is None else told.age, at=text(now, subject.zone), zone=subject.zone, notes=notes,
        regions=[_region(r, found, told) for r in regions() if not r.sex or r.sex == subject.sex],
        top=[] if found.chart is None else [_entry(told, r.score.id, r.years) for r in found.chart.top],
        measure_next=[] if told is None else told.measure_next,
        for_person=[] if told is None else told.for_person, caution=CAUTION,
    )  # fmt: skip


def _entry(told: HealthMapShape | None, score: str, years: float) -> RiskEntry:
    """The row of a risk on top."""
    assert told is not None  # a map has rows
    return next(r for r in told.risks if r.score == score and r.years == years)


def _region(region: Region, found: Found, told: HealthMapShape | None) -> RegionShape:
    markers, risks, indices, missing = _charted(region, told)
    live = [row for row in found.live if region_of_code(row.code) == region.id]
    alerts = [alert for code, alert in found.alerts if region_of_code(code) == region.id]
    state, why = _state(markers, live, alerts, found.watched)
    return RegionShape(
        id=region.id, title=region.title, state=state, why=why, markers=markers, risks=risks, indices=indices,
        live=live, alerts=alerts, missing=missing,
    )  # fmt: skip


def _charted(
    region: Region, told: HealthMapShape | None
) -> tuple[list[MarkerRow], list[RiskEntry], list[IndexRow], list[MissingRow]]:
    """What the health map says of a region."""
    if told is None:
        return [], [], [], []
    markers = {m.name: m for organ in told.organs for m in organ.markers if m.name in region.markers}
    own = {r.score for r in told.risks if r.organ in region.organs}
    risks = sorted((r for r in told.risks if r.score in own), key=lambda r: (not r.recommended, -r.median))
    asked = {r.title: r.reason for r in told.refused if r.kind == "missing" and r.score in _scores(region.organs)}
    return (
        list(markers.values()), risks[:_RISKS], [i for i in told.indices if i.organ in region.organs],
        [MissingRow(title=title, reason=reason) for title, reason in list(asked.items())[:_MISSING]],
    )  # fmt: skip


def _scores(organs: tuple[str, ...]) -> frozenset[str]:
    from ...domains.health.scores import catalogue

    return frozenset(s.id for s in catalogue().values() if s.organ in organs)


def _state(
    markers: Sequence[MarkerRow], live: Sequence[LiveRow], alerts: Sequence[BodyAlert], watched: frozenset[str]
) -> tuple[State, str]:
    """The worst state of a region and why.  A fresh reading inside the limits of the alert rules is calm; what was in
    range a year ago reassures nobody."""
    fresh = [row for row in live if not row.old and row.code in watched]
    known: list[tuple[State, str]] = [
        *((_ALERTS[a.severity], f"{a.title}: {a.reason}") for a in alerts),
        *((_MARKERS[m.status], f"{m.about} {m.status}{', a year or more ago' if m.old else ''}") for m in markers
          if m.status in _MARKERS and not (m.old and m.status == "in range")),
        *(("calm", f"{row.title}: no alert") for row in fresh if not alerts),
    ]  # fmt: skip
    if known:
        return max(known, key=lambda one: _WORSE[one[0]])
    if any(m.old or m.status == "old" for m in markers) or live:
        return "none", "the last reading is too old to say"
    return "none", "no reference to compare with" if any(m.value is not None for m in markers) else "not measured"
