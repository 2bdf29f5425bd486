"""Simulation-based calibration: truths from the prior, facts from the truths, and where each truth ends up among the
members of its posterior (Talts, Betancourt, Simpson, Vehtari and Gelman 2018, arXiv:1804.06788).

With a right engine and independent members, the rank of the truth among `DRAWS` of them is uniform on 0 ... DRAWS; a
uniform draw within the rank's step makes it continuous, u in (0, 1).  Three tests look for what goes wrong in
practice, each two-sided: the mean of Phi^-1(u), which is normal (bias); the sum of its squares, which is chi-square
(spread: large when a belief is too sure); and the counts in `BINS` equal bins, chi-square (shape).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy import stats

from gemel import observe_all
from gemel.core.belief import systematic
from gemel.core.drive import cut, input_events
from gemel.core.fact import Above, Below, Count, Exact, Intervention, Observation, Value
from gemel.core.quantity import Quantity
from gemel.core.twin import Twin
from gemel.verbs.batch import epoch_grid
from gemel.verbs.forecast import readings_of
from tests.laws.cases import Case, at

__all__ = ["DRAWS", "Ranks", "Study", "alarm", "ranked"]

DRAWS, BINS, TESTS = 63, 8, 3


@dataclass(frozen=True)
class Study:
    """What is simulated and ranked: `read` gives, for each observable, the hours at which it is read, in order;
    `given` are doses and rates that every truth gets; `leaves` the scalar states ranked at the end beside all
    parameters and unknown covariates; `told` makes the fact's value of a simulated reading."""

    case: Case
    read: Mapping[str, tuple[float, ...]]
    given: tuple[Intervention, ...] = ()
    leaves: tuple[str, ...] = ()
    told: Callable[[Quantity, float], Value] = field(default=lambda q, value: as_read(q, value))

    @property
    def hours(self) -> tuple[float, ...]:
        """Every hour at which something is read."""
        return tuple(sorted({h for hours in self.read.values() for h in hours}))


def counted(q: Quantity) -> bool:
    return q.noise is not None and q.noise.family == "poisson"


@dataclass(frozen=True)
class Ranks:
    """u of every ranked quantity, one per truth, and how many truths failed to run and were left out."""

    u: Mapping[str, Any]
    failed: int


def ranked(
    study: Study, engine: Any, *, truths: int = 256, members: int = 256, crew: int = 32, model: Any = None
) -> Ranks:
    """`truths` truths, each met by a twin of `members` under `engine`, `crew` twins in a call; the twins believe in
    `model` (default: the truths' own)."""
    seed, met = 1, study.case if model is None else replace(study.case, model=model)
    world, seen = lived(study, truths, seed)
    alive = np.flatnonzero(np.isfinite(seen).all(axis=(1, 2)))
    luck = np.random.default_rng(seed)
    u: dict[str, list[float]] = {name: [] for name, _ in quantities(study, world)}
    for start in range(0, alive.size, crew):
        own = alive[start : start + crew]
        twins = [met.twin(members, seed=seed + 1_000_003 * (int(i) + 1), engine=engine) for i in own]
        facts = [[*study.given, *readings(study, seen[i])] for i in own]
        for i, twin in zip(own, observe_all(twins, facts, until=at(study.hours[-1])), strict=True):
            kept = luck.permutation(systematic(twin.belief.weights()[0], luck.uniform()))[:DRAWS]
            for (name, truth), (_, believed) in zip(quantities(study, world), quantities(study, twin), strict=True):
                draws, target = np.asarray(believed)[kept], np.asarray(truth)[i]
                rank = np.sum(draws < target) + luck.integers(0, np.sum(draws == target) + 1)
                u[name].append((rank + luck.uniform()) / (DRAWS + 1))
    return Ranks({name: np.array(values) for name, values in u.items()}, truths - alive.size)


def lived(study: Study, truths: int, seed: int) -> tuple[Twin, Any]:
    """A twin whose members are the truths, at the end of their lives, and what was read of them: (truth, t, c)."""
    twin = study.case.twin(truths, seed=seed)
    moments = [at(h) for h in study.hours]
    events, _ = input_events(twin.model.inputs, study.given, np.array(twin.cursor.rates))
    drive, _ = cut(
        twin.subject, (twin.now, moments[-1]), outputs=moments, events=events, rates=np.array(twin.cursor.rates),
        covariates=twin.belief.covariates, grid=epoch_grid(twin),
    )  # fmt: skip
    state, paths = twin.model.run(twin.belief.state, twin.belief.theta, drive, twin.fixed, twin.keys)
    return replace(twin, belief=replace(twin.belief, state=state)), readings_of(twin, np.asarray(paths), moments)


def quantities(study: Study, twin: Twin) -> list[tuple[str, Any]]:
    """What is ranked, with its value in every member."""
    moving = [(i, q) for i, q in enumerate(twin.model.parameters) if q.prior is None or q.prior.family != "fixed"]
    known = study.case.covariates
    return [
        *((q.name, np.asarray(twin.belief.theta)[:, i]) for i, q in moving),
        *((q.name, np.asarray(twin.belief.covariates)[:, i])
          for i, q in enumerate(twin.model.covariates) if q.name not in known),
        *((name, np.asarray(twin.belief.state[name])) for name in study.leaves),
    ]  # fmt: skip


def readings(study: Study, seen: Any) -> list[Observation]:
    """The facts that one truth leaves; a running total is told as its growth since it was last read."""
    facts: list[Observation] = []
    for c, q in enumerate(study.case.model.observables):
        before = 0.0
        for hour in study.read.get(q.name, ()):
            value = float(seen[study.hours.index(hour), c])
            grown, before = (value - before, value) if q.span == "interval" else (value, before)
            facts.append(reading(q, hour, study.told(q, grown)))
    return facts


def as_read(q: Quantity, value: float) -> Value:
    """A count, a number, or, where the error took a number out of the quantity's support, "below" or "above" it."""
    if counted(q):
        return Count(round(value))
    return Below(q.low) if value < q.low else Above(q.high) if value > q.high else Exact(value)


def reading(q: Quantity, hour: float, value: Value) -> Observation:
    return Observation(
        id=f"{q.name}@{hour:g}", code=q.code or q.name, value=value, unit=q.unit, at=at(hour), recorded=at(hour)
    )


def alarm(ranks: Ranks, rate: float, studies: int) -> dict[str, float]:
    """Smallest p-value of each ranked quantity, times all tests of all `studies`, over `rate`: below 1 is an alarm.

    Bonferroni: with right engines the chance of any alarm among the studies is at most `rate`.
    """
    return {name: worst(u) * TESTS * len(ranks.u) * studies / rate for name, u in ranks.u.items()}


def worst(u: Any) -> float:
    """The smallest of the three p-values."""
    z, n = stats.norm.ppf(u), len(u)
    bias = 2.0 * stats.norm.sf(abs(z.sum()) / np.sqrt(n))
    square = float(np.sum(z**2))
    spread = 2.0 * min(stats.chi2.sf(square, n), stats.chi2.cdf(square, n))
    counts = np.bincount(np.minimum((u * BINS).astype(int), BINS - 1), minlength=BINS)
    return float(min(bias, spread, stats.chisquare(counts).pvalue))
