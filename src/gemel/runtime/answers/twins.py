"""Twins, forecasts, comparisons and explanations as values that travel: the command line prints them, the service
sends them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from ...core.clock import text
from ...core.derived import Derived
from ...core.errors import CapabilityError
from ...core.fact import Instant
from ...core.forecast import Forecast, weighted_quantile
from ...core.quantity import Quantity, names
from ...core.twin import Twin
from ...domains.health.glucose import SCORES, UTILITIES
from ...verbs.compare import Comparison
from ...verbs.explain import Explanation
from ..ledger.record import TrackRecord
from ..ledger.switchboard import Status
from ..ledger.widen import between, widened
from .shapes import (
    ComparisonShape,
    ContributionRow,
    DataShape,
    DifferenceRow,
    ExplanationShape,
    Fan,
    ForecastShape,
    GainRow,
    Observed,
    PlanRow,
    ShareRow,
    SummaryRow,
)

__all__ = ["LEVELS", "Noted", "belief", "compared", "explained", "forecasted", "observed", "scores", "utility_of"]

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, slots=True)
class Noted:
    """What a store's ledger says beside a forecast: how right its like have been, by what factor its bands are shown
    wider (by observable and horizon), and whether its model has earned a voice."""

    record: list[TrackRecord]
    widths: Mapping[tuple[str, Instant], float]
    standing: Status


def observed(twin: Twin, data: DataShape, stored: str | None) -> Observed:
    """What the twin believes after its records."""
    evidence = twin.evidence
    return Observed(
        subject=twin.subject.id, model=twin.model.card.title, zone=twin.subject.zone,
        at=text(twin.now, twin.subject.zone), members=twin.members, facts_used=twin.cursor.used,
        effective_members=None if evidence is None else float(np.asarray(evidence.ess)[0]),
        failed=0 if evidence is None else int(np.asarray(evidence.failed)[0]), data=data,
        belief=belief(twin), stored=stored, stale=twin.stale,
    )  # fmt: skip


def belief(twin: Twin) -> list[SummaryRow]:
    """Mean and 90 % interval of every parameter and scalar state."""
    return [
        SummaryRow(name=r["name"], unit=r["unit"], mean=float(r["mean"]), low=float(r["low"]), high=float(r["high"]))
        for r in twin.summary()
    ]


def forecasted(
    forecast: Forecast, twin: Twin, data: DataShape, stored: str | None, noted: Noted | None = None
) -> ForecastShape:
    """A forecast with its quantiles, widened as its track record asks, and, where it is of glucose, its scores."""
    zone = twin.subject.zone
    widths: Mapping[tuple[str, Instant], float] = {} if noted is None else noted.widths
    return ForecastShape(
        subject=twin.subject.id, model=forecast.model, plan=forecast.plan, zone=zone,
        issued=text(forecast.issued, zone), members=twin.members, failed=forecast.failed,
        hours=np.asarray(forecast.hours).tolist(), times=[text(int(t), zone) for t in np.asarray(forecast.times)],
        observables=[_fan(forecast, q, widths) for q in forecast.observables], scores=scores(forecast),
        data=data, stored=stored, record=[] if noted is None else noted.record,
        standing=None if noted is None else noted.standing, stale=forecast.stale,
    )  # fmt: skip


def _fan(forecast: Forecast, q: Quantity, widths: Mapping[tuple[str, Instant], float]) -> Fan:
    table = np.asarray(forecast.quantile(q.name, LEVELS))
    own = {horizon: g for (name, horizon), g in widths.items() if name == q.name}
    ahead = np.asarray(forecast.times) - forecast.issued
    shown = [widened(q, column, LEVELS, between(own, int(a))) for column, a in zip(table.T, ahead, strict=True)]
    low, q25, q50, q75, high = (row.tolist() for row in np.array(shown).reshape(-1, len(LEVELS)).T)
    return Fan(
        name=q.name,
        unit=q.unit,
        mean=np.asarray(forecast.mean(q.name)).tolist(),
        q05=low,
        q25=q25,
        q50=q50,
        q75=q75,
        q95=high,
    )


def scores(forecast: Forecast) -> dict[str, SummaryRow]:
    """Each glucose score's mean and 90 % interval over members; none for a model without glucose."""
    if "glucose" not in names(forecast.observables):
        return {}
    found: dict[str, SummaryRow] = {}
    for derived in SCORES:
        values = np.asarray(forecast.derive(derived), dtype=np.float64)
        live = np.where(np.asarray(forecast.weights) > 0, values, 0.0)
        low, high = weighted_quantile(live[:, None], forecast.weights, np.array([0.05, 0.95]))[:, 0]
        mean = float(np.asarray(forecast.weights) @ live)
        found[derived.name] = SummaryRow(
            name=derived.name, unit=derived.unit, mean=mean, low=float(low), high=float(high)
        )
    return found


def utility_of(name: str, observables: Iterable[str]) -> Derived:
    """The utility of this name; CapabilityError lists those there are, or says what the model lacks."""
    if name not in UTILITIES:
        raise CapabilityError(f"no utility '{name}': there are {', '.join(UTILITIES)}")
    if "glucose" not in observables:
        raise CapabilityError(f"utility '{name}' weighs glucose, which this model does not forecast")
    return UTILITIES[name]


def compared(comparison: Comparison, twin: Twin, data: DataShape) -> ComparisonShape:
    """A comparison, plans in the order they were given."""
    zone, first = twin.subject.zone, comparison.forecasts[0]
    plans = [
        PlanRow(plan=f.plan, expected=e, probability_best=b,
                scores={name: row.mean or 0.0 for name, row in scores(f).items()})
        for f, e, b in zip(comparison.forecasts, comparison.expected, comparison.best, strict=True)
    ]  # fmt: skip
    return ComparisonShape(
        subject=twin.subject.id, model=first.model, zone=zone, issued=text(first.issued, zone),
        until=text(int(np.asarray(first.times)[-1]), zone), utility=comparison.utility.name,
        utility_unit=comparison.utility.unit, utility_about=comparison.utility.about, confidence=comparison.confidence,
        winner=comparison.winner, verdict=comparison.verdict, plans=plans,
        differences=[
            DifferenceRow(
                plan=d.plan, against=d.against, mean=d.mean, low=d.low, high=d.high, probability=d.probability
            )
            for d in comparison.differences
        ],
        data=data,
    )  # fmt: skip


def explained(told: Explanation, twin: Twin, data: DataShape) -> ExplanationShape:
    """Why a forecast says what it says."""
    zone = twin.subject.zone
    return ExplanationShape(
        subject=twin.subject.id, model=twin.model.card.title, issued=text(twin.now, zone),
        until=text(told.until, zone), zone=zone, target=told.target, unit=told.unit, expected=told.mean, q05=told.low,
        q95=told.high, words=told.words(), data=data,
        shares=[ShareRow(name=s.name, kind=s.kind, part=s.part, correlation=s.correlation)
                for s in told.attribution.shares],
        contributions=[
            ContributionRow(
                facts=len(c.facts), names=list(c.names), first=text(c.facts[0].at, zone),
                last=text(c.facts[-1].at, zone), acted=c.acted, shift=c.shift, spread=c.spread,
                moved={m.name: m.by for m in c.moved},
            )
            for c in told.contributions
        ],
        next=[GainRow(quantity=g.measurement.quantity, hours=g.measurement.ahead, gain=g.gain, cost=g.measurement.cost,
                      currency=g.measurement.currency) for g in told.next],
    )  # fmt: skip
