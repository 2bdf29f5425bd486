"""The joint prior of a model's parameters: marginals, orderings and correlations, as plain data.

`numerics.sample.draw` turns it into members with keyed draws, so that a twin's members are the same on every run.
"""

from __future__ import annotations

from dataclasses import dataclass

from .errors import SupportError
from .quantity import Quantity

__all__ = ["JointPrior"]


@dataclass(frozen=True, slots=True)
class JointPrior:
    """Marginals of `quantities`, conditioned on `order` (first below second) and tied by a Gaussian copula.

    `correlation` lists (name, name, rho) on the normal scale; pairs not listed are independent.
    """

    quantities: tuple[Quantity, ...]
    order: tuple[tuple[str, str], ...] = ()
    correlation: tuple[tuple[str, str, float], ...] = ()

    def __post_init__(self) -> None:
        known = {q.name for q in self.quantities}
        for q in self.quantities:
            if q.prior is None:
                raise SupportError(f"'{q.name}' has no prior: give it one, with its Source")
        for pair in [*self.order, *((a, b) for a, b, _ in self.correlation)]:
            if not known.issuperset(pair):
                raise SupportError(f"prior ties {pair}, but only {sorted(known)} are declared")
