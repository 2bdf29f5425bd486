"""`gemel simulate`: virtual subjects drawn from a model's prior, under a plan, into a table."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..core.clock import HOUR, instant, text
from ..core.forecast import Forecast, weighted_quantile
from ..core.subject import Subject
from ..runtime.answers.plans import assignments, schedule
from ..runtime.answers.shapes import SummaryRow
from .shapes import Simulated

__all__ = ["Cohort", "simulate"]


@dataclass(frozen=True, slots=True)
class Cohort:
    """Who is simulated and what is done to them; rates without a time hold from the start on, in steady state."""

    hours: float = 24.0
    doses: tuple[str, ...] = ()
    rates: tuple[str, ...] = ()
    covariates: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    members: int = 10
    seed: int = 0
    every: float = 1 / 12
    start: str = "2026-01-01T00:00:00Z"
    zone: str = "UTC"


def simulate(model: str, cohort: Cohort, out: Path | None) -> Simulated:
    """Run the cohort; `out` gets a row per member and time, with the hidden value and what would be read."""
    from ..verbs.create import twin
    from ..verbs.forecast import forecast

    subject = Subject(id="virtual", zone=cohort.zone, kind="virtual")
    begin = instant(cohort.start, tz=cohort.zone)
    lasting = [r for r in cohort.rates if "@" not in r]
    later = [r for r in cohort.rates if "@" in r]
    own = twin(
        model, subject, at=begin, rates=assignments(lasting, "rate"),
        covariates=assignments(cohort.covariates, "covariate"), settings=_settings(cohort.settings),
        members=cohort.members, seed=cohort.seed,
    )  # fmt: skip
    plan = schedule("simulated", cohort.doses, later, begin, cohort.zone)
    made = forecast(own, begin + round(cohort.hours * HOUR), plan, every=cohort.every)
    rows = made.paths.shape[0] * made.paths.shape[1]
    if out is not None:
        _write(made, cohort.zone, out)
    return Simulated(
        model=made.model, members=own.members, failed=made.failed, seed=cohort.seed, start=text(begin, cohort.zone),
        hours=cohort.hours, file=None if out is None else str(out), rows=rows if out is not None else 0,
        observables=_summary(made),
    )  # fmt: skip


def _settings(texts: Sequence[str]) -> Mapping[str, str | int | float]:
    chosen: dict[str, str | int | float] = {}
    for item in texts:
        name, _, value = item.partition("=")
        try:
            chosen[name] = int(value)
        except ValueError:
            chosen[name] = value
    return chosen


def _summary(made: Forecast) -> dict[str, SummaryRow]:
    """Mean and 90 % range over members and times."""
    found: dict[str, SummaryRow] = {}
    weights = np.repeat(np.asarray(made.weights), made.paths.shape[1])
    for i, q in enumerate(made.observables):
        values = np.where(weights > 0, np.asarray(made.paths)[:, :, i].ravel(), 0.0)
        low, high = weighted_quantile(values[:, None], weights, np.array([0.05, 0.95]))[:, 0]
        mean = float(weights @ values / weights.sum())
        found[q.name] = SummaryRow(name=q.name, unit=q.unit, mean=mean, low=float(low), high=float(high))
    return found


def _write(made: Forecast, zone: str, out: Path) -> None:
    columns = [f"{q.name}_{kind}" for q in made.observables for kind in ("true", "read")]
    paths, read = np.asarray(made.paths), np.asarray(made.readings)
    stamps = [text(int(t), zone) for t in np.asarray(made.times)]
    hours = np.asarray(made.hours)
    with out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["member", "t", "hours", *columns])
        for member in range(paths.shape[0]):
            for j, stamp in enumerate(stamps):
                pairs = [v for i in range(paths.shape[2]) for v in (paths[member, j, i], read[member, j, i])]
                writer.writerow([member, stamp, f"{hours[j]:.6g}", *(f"{v:.6g}" for v in pairs)])
