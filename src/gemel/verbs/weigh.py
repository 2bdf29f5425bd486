"""`weigh`: what if the record is wrong?  Versions of what happened, each believed as far as the readings bear it out.

A version is the facts as they may have been: a meal that nobody wrote down, an entry that came late, readings that an
arm lain upon made too low.  The twin takes in every version, in one call; by Bayes' rule

    P(version | readings) ~ P(version) * P(readings | version),

and the members of the belief are drawn from all versions in these shares (Bayesian model averaging: Hoeting et al.
1999, doi:10.1214/ss/1009212519).  So what is in doubt stays in doubt: the ensemble holds members that ate and members
that did not.  The evidence is the engine's own estimate, of so many members: differences of less than one or so say
little.  Versions must agree on the rates in force at the end and on what is still to come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from ..core.array import Array
from ..core.belief import Belief, Evidence
from ..core.draws import purpose, uniform
from ..core.errors import PlanError
from ..core.fact import Fact, Instant
from ..core.twin import Twin
from .batch import join
from .observe import observe_all

__all__ = ["Version", "Weighed", "weigh"]

CHOOSE = purpose("weigh")


@dataclass(frozen=True, slots=True)
class Version:
    """What may have happened: facts, and the logarithm of how likely they are beforehand, up to a constant that all
    versions share."""

    name: str
    log_prior: float
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Weighed:
    """The twin after all versions; the probability of each, in their order; and each version's own twin."""

    twin: Twin
    versions: tuple[Version, ...]
    probability: Float[Array, "v"]
    twins: tuple[Twin, ...]

    def of(self, names: Sequence[str]) -> float:
        """The probability that one of these versions is right."""
        return float(sum(p for v, p in zip(self.versions, self.probability, strict=True) if v.name in names))


def weigh(twin: Twin, versions: Sequence[Version], *, until: Instant) -> Weighed:
    """The twin at `until`, having weighed the versions.  Raises PlanError for none or for versions that end under
    different rates, and as `observe` does."""
    if not versions:
        raise PlanError("no version of what happened was given: the facts as recorded are one")
    filled = 1 << (len(versions) - 1).bit_length()  # a kernel is compiled for few sizes, not for every number
    facts = [v.facts for v in versions] + [versions[0].facts] * (filled - len(versions))
    told = observe_all([twin] * filled, facts, until=until)[: len(versions)]
    if any((t.cursor.rates, t.cursor.pending) != (told[0].cursor.rates, told[0].cursor.pending) for t in told):
        raise PlanError("versions end under different rates or plans: let them differ in what is past only")
    gained = np.array([_gained(t) for t in told]) + np.array([v.log_prior for v in versions])
    probability = np.exp(gained - np.max(gained))
    probability /= probability.sum()
    belief = _mixed(told, probability, until)
    evidence = replace(_evidence(told[0]), log_evidence=np.array([np.logaddexp.reduce(gained)]))
    return Weighed(replace(told[0], belief=belief, evidence=evidence), tuple(versions), probability, tuple(told))


def _evidence(twin: Twin) -> Evidence:
    if twin.evidence is None:
        return Evidence(np.ones(1), np.ones(1, dtype=int), np.zeros(1), np.zeros(1, dtype=int))
    return twin.evidence


def _gained(twin: Twin) -> float:
    """The log evidence of the window just taken in; 0 where nothing was read."""
    return float(np.asarray(_evidence(twin).log_evidence)[0])


def _mixed(twins: Sequence[Twin], probability: Float[Array, "v"], at: Instant) -> Belief:
    """As many members as a version has, drawn from all of them by weight: systematic resampling."""
    together, each = join(twins), twins[0].members
    shares = (together.weights(len(twins)) * probability[:, None]).reshape(-1)
    offset = float(uniform(twins[0].keys[:1], CHOOSE, np.array([at]))[0])
    edges = np.cumsum(shares)
    index: Int[Array, "r"] = np.searchsorted(edges / edges[-1], (np.arange(each) + offset) / each)
    return replace(together.take(np.minimum(index, edges.shape[0] - 1)), at=at)
