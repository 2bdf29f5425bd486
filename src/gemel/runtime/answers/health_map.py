"""A person's health map as values that travel: the command line prints them, the service sends them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ...core.clock import text
from ...core.fact import Rejected
from ...domains.health.healthmap import HealthMap, for_clinician, for_person
from ...domains.health.healthmap.organs import Marker, Organ
from ...domains.health.healthmap.risks import Index, Refusal, Risk
from .card_shapes import SourceShape
from .map_shapes import (
    ComparisonRow,
    ConflictRow,
    HealthMapShape,
    IndexRow,
    MarkerRow,
    NextRow,
    OrganRow,
    RefusalRow,
    RiskEntry,
    WhatIfRow,
)

__all__ = ["index_row", "mapped", "marker_row", "refusal_row", "risk_row"]


def mapped(found: HealthMap, rejected: Sequence[Rejected] = ()) -> HealthMapShape:
    """The whole map; `rejected`: what reading its source left aside."""
    chart = found.chart
    beside = found.comparison
    return HealthMapShape(
        subject=chart.subject.id, sex=chart.sex, age=round(chart.age, 2), at=text(chart.at, chart.subject.zone),
        region=found.region, members=found.belief.weights.shape[0], effective_members=found.belief.ess,
        notes=list(found.notes), organs=[_organ(o, found) for o in found.organs],
        top=[r.score.id for r in found.top], risks=[risk_row(r) for r in found.scored.risks],
        indices=[index_row(i) for i in found.scored.indices], refused=[refusal_row(r) for r in found.scored.refusals],
        comparison=None if beside is None else ComparisonRow(
            score=beside.risk.score.id, risk=beside.risk.median, optimal=beside.optimal, ratio=beside.ratio,
            extra=beside.extra, heart_age=beside.heart_age[2], heart_age_low95=beside.heart_age[0],
            heart_age_high95=beside.heart_age[4], capped=beside.capped, sources=list(beside.sources),
        ),
        what_ifs=[
            WhatIfRow(
                lever=w.lever, words=w.words, kind=w.kind, score=w.risk.score.id, before=w.before[2], after=w.after[2],
                after_low95=w.after[0], after_high95=w.after[4], spared=w.spared, source=w.source, note=w.note,
            )
            for w in found.what_ifs
        ],
        measure_next=[
            NextRow(name=w.covariate, about=w.about, unit=w.unit, share=w.share, of=w.of, reason=w.reason)
            for w in found.next
        ],
        conflicts=[ConflictRow(law=c.law, words=c.words, share=c.share) for c in found.conflicts],
        for_person=list(for_person(found)), for_clinician=list(for_clinician(found)),
        facts_used=sum(len(r) for r in chart.readings.values()), rejected=_rejected(found, rejected),
    )  # fmt: skip


def _rejected(found: HealthMap, rejected: Sequence[Rejected]) -> dict[str, int]:
    reasons = [r.reason.partition(":")[0] for r in (*rejected, *found.chart.rejected)]
    return dict(Counter(reasons))


def _organ(organ: Organ, found: HealthMap) -> OrganRow:
    return OrganRow(organ=organ.name, status=organ.status, markers=[marker_row(m, found) for m in organ.markers])


def marker_row(marker: Marker, found: HealthMap) -> MarkerRow:
    """One marker of an organ."""
    slope = marker.slope
    return MarkerRow(
        name=marker.covariate, about=marker.about, unit=marker.unit, status=marker.status, value=marker.value,
        at=None if marker.at is None else text(marker.at, found.chart.subject.zone), age_days=marker.age_days,
        old=marker.aged, low=marker.low, high=marker.high, source=marker.source, centile=marker.centile,
        slope=None if slope is None else slope.per_year, slope_error=None if slope is None else slope.error,
        trend=None if slope is None else slope.words,
    )  # fmt: skip


def risk_row(risk: Risk) -> RiskEntry:
    """One risk with its intervals and what it rests on."""
    low95, low80, median, high80, high95 = risk.quantiles
    return RiskEntry(
        score=risk.score.id, answer=risk.answer.name, title=risk.score.title, organ=risk.score.organ,
        outcome=risk.answer.outcome, question=risk.question, years=risk.years, median=median, low80=low80,
        high80=high80, low95=low95, high95=high95, recommended=risk.recommended, why=risk.why,
        imputed=list(risk.imputed), silent=list(risk.silent), old=list(risk.old), inside=risk.inside,
        version=risk.score.version, doi=risk.score.doi,
        sources=[SourceShape(locator=s.locator, note=s.note) for s in risk.score.sources],
    )  # fmt: skip


def index_row(index: Index) -> IndexRow:
    """One score without a horizon."""
    return IndexRow(
        score=index.score.id, answer=index.answer.name, title=index.score.title, organ=index.score.organ,
        outcome=index.answer.outcome, unit=index.answer.unit, value=index.quantiles[2], low95=index.quantiles[0],
        high95=index.quantiles[4], label=index.label, silent=list(index.silent), doi=index.score.doi,
    )  # fmt: skip


def refusal_row(refusal: Refusal) -> RefusalRow:
    """A score that gives no number here, and why."""
    return RefusalRow(score=refusal.score.id, title=refusal.score.title, kind=refusal.kind, reason=refusal.reason)
