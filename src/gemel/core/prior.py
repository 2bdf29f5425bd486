"""The joint prior of a model's parameters: marginals, orderings, correlations and covariates, as plain data.

`numerics.sample.draw` turns it into members with keyed draws, so that a twin's members are the same on every run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .errors import CapabilityError, SupportError
from .quantity import Quantity, names

__all__ = ["JointPrior", "Slope"]


class Slope(NamedTuple):
    """How a covariate moves a parameter's prior: in free space by `slope` (1 over the covariate's unit) for each unit
    of the covariate above `centre`."""

    parameter: str
    covariate: str
    slope: float
    centre: float


@dataclass(frozen=True, slots=True)
class JointPrior:
    """Marginals of `quantities`, conditioned on `order` (first below second) and tied by a Gaussian copula.

    `correlation` lists (name, name, rho) on the normal scale; pairs not listed are independent.  `slopes` move the
    marginals of a subject with these covariates, before the ordering is asked for.  `about` says where a learned prior
    comes from.
    """

    quantities: tuple[Quantity, ...]
    order: tuple[tuple[str, str], ...] = ()
    correlation: tuple[tuple[str, str, float], ...] = ()
    slopes: tuple[Slope, ...] = ()
    about: str = ""

    def __post_init__(self) -> None:
        known = {q.name: q.prior for q in self.quantities}
        for name, prior in known.items():
            if prior is None:
                raise SupportError(f"'{name}' has no prior: give it one, with its Source")
        for pair in [*self.order, *((a, b) for a, b, _ in self.correlation), *((s.parameter,) for s in self.slopes)]:
            if not set(known).issuperset(pair):
                raise SupportError(f"prior ties {pair}, but only {sorted(known)} are declared")
        for slope in self.slopes:
            prior = known[slope.parameter]
            if prior is not None and prior.family == "fixed":
                raise SupportError(f"'{slope.parameter}' is fixed: '{slope.covariate}' cannot move it")

    def covariates(self, offered: Sequence[Quantity]) -> tuple[int, ...]:
        """For each slope, the place of its covariate among those offered.

        Raises CapabilityError for a covariate that is not among them.
        """
        labels = names(offered)
        for slope in self.slopes:
            if slope.covariate not in labels:
                raise CapabilityError(
                    f"the prior of '{slope.parameter}' depends on '{slope.covariate}', which this model does not know "
                    f"(its covariates are {labels}): learn without it, or add it to the model"
                )
        return tuple(labels.index(s.covariate) for s in self.slopes)
