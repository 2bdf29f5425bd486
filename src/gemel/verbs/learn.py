"""`learn`: what do many twins say about the prior?  A new subject starts from what the others taught.

Each round draws every subject's members from the present population, lets the twins' own engine meet their facts, and
moves the population to explain all subjects (`fit_population`): stochastic-approximation EM, whose E step is whatever
engine the twins run, made exact by importance sampling where that works (`polish`).  All subjects run in one call.
With `method` 'bayes' a second stage follows that also says how sure we are of the population (`two_stage`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from ..core.array import Array
from ..core.draws import mix, purpose
from ..core.errors import CapabilityError
from ..core.fact import Fact
from ..core.prior import JointPrior
from ..core.quantity import Source, bound, names
from ..core.twin import Twin
from ..numerics.sample import draw
from .batch import same_kind
from .fit_population import Ensemble, Shape, information, maximise, settle_shared, statistics, unconditioned
from .observe import observe_all
from .polish import begin_with, polish, trusted
from .population import Population, begin, free_values
from .two_stage import Chains, gibbs

__all__ = ["Learned", "Round", "Study", "learn", "restart"]

ROUND = purpose("learn")
NARROW = 0.1
"""Spread in free space to which a shared parameter is held while it is learned: 10 %."""
WIDE = 3.0
"""How much wider than the population the first stage of the full Bayes method looks."""
STILL = 0.25
"""Standard errors by which the mean of the last rounds may differ from the rounds before, to be called settled."""


@dataclass(frozen=True, slots=True)
class Study:
    """How to learn.  `shared` parameters have one value for all subjects; `slopes` lists (parameter, covariate) pairs;
    `shape` is what is assumed of correlations.  `burn` rounds move freely, `average` rounds average.  `draws` of each
    of four chains belong to 'bayes'."""

    method: Literal["saem", "bayes"] = "saem"
    shared: tuple[str, ...] = ()
    slopes: tuple[tuple[str, str], ...] = ()
    shape: Shape = "shrunk"
    burn: int = 24
    average: int = 16
    draws: int = 1000
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Round:
    """Progress: round `number` of `of`, and the population after it."""

    number: int
    of: int
    population: Population


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned.  `prior` starts a new subject; `labels` name the population's numbers in free space, `errors`
    are their standard errors (NaN: the data do not tell; posterior standard deviations under 'bayes'), `trace` their
    way over the rounds.  `twins` are the subjects under the learned prior; `chains` the posterior of 'bayes'."""

    prior: JointPrior
    population: Population
    errors: Float[Array, "e"]
    trace: Float[Array, "t e"]
    twins: tuple[Twin, ...]
    chains: Chains | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """A name for each number."""
        return self.population.labels

    @property
    def log_likelihood(self) -> float:
        """Log likelihood of all facts under the population found, summed over subjects: by importance sampling, with
        a Monte Carlo error of about 1 / sqrt(effective members) for each subject."""
        return float(sum(t.evidence.log_evidence[0] for t in self.twins if t.evidence is not None))

    @property
    def settled(self) -> bool:
        """Whether the last quarter of the rounds agrees with the quarter before, within a part of the errors."""
        quarter = max(1, len(self.trace) // 4)
        gap = np.abs(self.trace[-quarter:].mean(axis=0) - self.trace[-2 * quarter : -quarter].mean(axis=0))
        still = bool(np.all(gap <= STILL * np.where(np.isfinite(self.errors), self.errors, np.inf)))
        return still and (self.chains is None or self.chains.rhat < 1.05)  # structure: Gelman and Rubin's usual limit

    def rows(self) -> list[dict[str, Any]]:
        """Each number with its error, and for a mean the value of the parameter that it stands for."""
        told: list[dict[str, Any]] = []
        for label, value, error in zip(self.labels, self.population.values, self.errors, strict=True):
            row: dict[str, Any] = {"name": label, "free": float(value), "se": float(error)}
            if label in self.population.varying:
                q = self.population.quantity(label)
                row |= {"value": float(bound(q, np.array(value))), "unit": q.unit}
            told.append(row)
        return told

    @property
    def words(self) -> str:
        """What was learned, in lines."""
        lines = [self.prior.about + ("." if self.settled else ". NOT SETTLED: use more rounds or members.")]
        for row in self.rows():
            typical = f"  typical {row['value']:.4g} {row['unit']}" if "value" in row else ""
            lines.append(f"  {row['name']:<24} {row['free']:>9.4f} ± {row['se']:.4f}{typical}")
        return "\n".join(lines)


def learn(
    twins: Sequence[Twin], facts: Sequence[Sequence[Fact]], *, study: Study | None = None,
    prior: JointPrior | None = None, progress: Callable[[Round], None] | None = None,
) -> Learned:  # fmt: skip
    """The population of these twins' subjects, from `facts[i]` of twin i after its start.

    Each twin is new and stands where its facts begin, with its covariates known; its members and engine are used, and
    what its belief says of parameters is not.  `prior` (default: the model's) is where the search starts.
    Raises CapabilityError for fewer than two subjects, twins of different kinds, or names that are not the model's;
    CollapseError where an engine finds no member that explains a subject.
    """
    how = study or Study()
    model = same_kind(twins).model
    if len(twins) < 2 or len(facts) != len(twins):
        raise CapabilityError(f"learning needs two subjects or more, each with its facts; got {len(twins)} twins")
    known = np.stack([np.average(t.belief.covariates, axis=0, weights=t.belief.weights()[0]) for t in twins])
    centre = dict(zip(names(model.covariates), known.mean(axis=0).tolist(), strict=True))
    start = begin(model, prior or model.prior, shared=how.shared, slopes=how.slopes, centre=centre)
    population = start
    cohort = _Cohort(twins, facts, _source(twins, how))
    running, told, trace = None, np.zeros((len(population.labels),) * 2), list[Array]()
    seen = list[Twin]()
    for number in range(how.burn + how.average):
        seen = cohort.look(population, _seed(how, number), seen)
        subjects = [_ensemble(population, t) for t in seen]
        late = number - how.burn + 1
        gain = 1.0 if late <= 1 else 1.0 / late
        fresh = statistics(subjects)
        running = fresh if running is None else running.towards(fresh, gain)
        if late > 0:
            told = told + (information(population, subjects) - told) * gain
        whole = unconditioned(population, running, np.concatenate([s.x for s in subjects]))
        moved = maximise(population, whole, how.shape, _narrow(number, how))
        population = settle_shared(moved, population, subjects, gain)
        trace.append(population.values)
        if progress is not None:
            progress(Round(number + 1, how.burn + how.average, population))
    held = population.held(cohort.source)
    seen = cohort.look(held, _seed(how, how.burn + how.average), seen)
    prior = held.prior(cohort.source)
    learned = Learned(prior, population, _errors(population, told), np.stack(trace), tuple(seen))
    return _bayes(learned, cohort, how, start) if how.method == "bayes" else learned


def restart(twins: Sequence[Twin], prior: JointPrior, seed: int) -> list[Twin]:
    """The same new twins with members drawn afresh from `prior`; twin k takes seed + k."""
    fresh = [replace(t, seed=seed + k) for k, t in enumerate(twins)]
    theta = [draw(prior, t.keys, known=t.model.covariates, covariates=np.asarray(t.belief.covariates)) for t in fresh]
    return begin_with(fresh, theta, [np.zeros(t.members) for t in fresh])


@dataclass(frozen=True, slots=True)
class _Cohort:
    """All subjects with their facts."""

    twins: Sequence[Twin]
    facts: Sequence[Sequence[Fact]]
    source: Source

    def look(self, population: Population, seed: int, before: Sequence[Twin] = ()) -> list[Twin]:
        """Every subject's posterior under this population: around the last round's, where that held for all, else by
        the twins' engine; polished either way, unless the engine is better."""
        started = restart(self.twins, population.prior(self.source), seed)
        if before and all(trusted(t) for t in before):
            again = polish(population, started, before, self.facts, seed)
            if all(trusted(t) for t in again):
                return again
        engine = observe_all(started, self.facts)
        again = polish(population, started, engine, self.facts, seed)
        return [new if trusted(new) else old for new, old in zip(again, engine, strict=True)]


def _seed(how: Study, number: int) -> int:
    """A seed for each round, far from those of the rounds beside it."""
    root = np.array([how.seed & 0xFFFFFFFFFFFFFFFF], dtype=np.uint64)
    return int(mix(mix(root, ROUND), np.uint64(number))[0])


def _ensemble(population: Population, twin: Twin) -> Ensemble:
    weights = twin.belief.weights()[0]
    live = weights > 0
    place = [names(twin.model.covariates).index(c) for c in population.covariates]
    z = free_values(population, np.asarray(twin.belief.theta)[live])
    return Ensemble(population.design(np.asarray(twin.belief.covariates)[live][:, place]), z, weights[live])


def _narrow(number: int, how: Study) -> float:
    """Spread of shared parameters after this round: wide at first, `NARROW` from a third of the burn-in on."""
    part = min(1.0, 3.0 * (number + 1) / max(how.burn, 1))
    return float(NARROW**part)


def _errors(population: Population, told: Float[Array, "e e"]) -> Float[Array, "e"]:
    """Standard errors of coefficients and standard deviations; NaN where the information is not positive."""
    scale = np.ones(len(population.labels))
    varies = int(np.sum(~np.asarray(population.shared)))
    scale[len(scale) - varies :] = population.values[len(scale) - varies :]
    try:
        np.linalg.cholesky(told)
    except np.linalg.LinAlgError:
        return np.full(len(scale), np.nan)
    return scale * np.sqrt(np.diag(np.linalg.inv(told)))


def _bayes(learned: Learned, cohort: _Cohort, how: Study, start: Population) -> Learned:
    """The second method: subjects once more under a wider prior, then the population's posterior from those draws.

    The model's own prior (`start`) sets the scale of how much subjects may differ.
    """
    population = learned.population
    grown = np.where(population.shared, 1.0, WIDE**0.5)
    wide = replace(population, covariance=population.covariance * np.outer(grown, grown))
    seen = cohort.look(wide.held(cohort.source), _seed(how, how.burn + how.average + 1), learned.twins)
    scale = np.sqrt(np.diag(start.covariance))[~np.asarray(start.shared)]
    chains = gibbs(wide, [_ensemble(population, t) for t in seen], scale, how.draws, how.seed)
    spread, held = chains.values().std(axis=0), 1e-9 * np.abs(population.values)  # a shared one stays where it is
    return replace(
        learned, prior=chains.predictive(population).held(cohort.source).prior(cohort.source),
        population=chains.population(population),
        errors=np.where(spread > held, spread, learned.errors), chains=chains,
    )  # fmt: skip


def _source(twins: Sequence[Twin], how: Study) -> Source:
    card = twins[0].model.card
    engine = type(twins[0].inference.live).__name__
    way = "stochastic EM" if how.method == "saem" else "full Bayes in two stages"
    return Source("gemel:verbs/learn.py", f"{card.title} {card.version}, {len(twins)} subjects, {way} with {engine}")
