"""A population: how a model's parameters differ between subjects, as a normal law in free space.

    z_i = B' x_i + e_i,   x_i = (1, covariates of subject i - centre),   e_i ~ N(0, covariance)

z are the parameters that vary, in free space (`core.quantity.free`).  Shared parameters have one value for all; fixed
ones keep the model's.  An ordering the model declares conditions the law of each subject.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from ..core.array import Array
from ..core.draws import member_keys
from ..core.errors import CapabilityError
from ..core.model import Model
from ..core.prior import JointPrior, Slope
from ..core.quantity import Prior, Quantity, Source, bound, free, names
from ..numerics.sample import draw

__all__ = ["Population", "begin", "free_values"]

LEAST_RHO = 1e-9
SAMPLE = 4096
"""Draws of the model's own prior from which the first population is taken."""


@dataclass(frozen=True, slots=True)
class Population:
    """See above.  Rows of `coefficients` (q p) are the mean and one slope for each covariate of `covariates`; `active`
    marks those that are not zero by choice.  `shared` marks parameters (p) with one value for all subjects.
    `quantities` are all of the model's parameters, in its order."""

    quantities: tuple[Quantity, ...]
    order: tuple[tuple[str, str], ...]
    varying: tuple[str, ...]
    shared: Bool[Array, "p"]
    covariates: tuple[str, ...]
    centre: Float[Array, "k"]
    active: Bool[Array, "q p"]
    coefficients: Float[Array, "q p"]
    covariance: Float[Array, "p p"]

    @property
    def labels(self) -> tuple[str, ...]:
        """A name for each active coefficient, then for the standard deviation of each parameter that varies."""
        rows = ("mean", *self.covariates)
        told = [
            name if row == "mean" else f"{name} per {row}"
            for i, row in enumerate(rows)
            for j, name in enumerate(self.varying)
            if self.active[i, j]
        ]
        return (*told, *(f"sd of {n}" for n, s in zip(self.varying, self.shared, strict=True) if not s))

    @property
    def values(self) -> Float[Array, "e"]:
        """The numbers named by `labels`, in free space."""
        sd = np.sqrt(np.diag(self.covariance))[~np.asarray(self.shared)]
        return np.concatenate([np.asarray(self.coefficients)[np.asarray(self.active)], sd])

    def quantity(self, name: str) -> Quantity:
        """One of the model's parameters."""
        return self.quantities[names(self.quantities).index(name)]

    def design(self, covariates: Float[Array, "n k"]) -> Float[Array, "n q"]:
        """(1, covariates - centre); `covariates` are those the population uses."""
        away = np.asarray(covariates) - self.centre
        return np.concatenate([np.ones((away.shape[0], 1)), away], axis=1)

    def ordered(self, z: Float[Array, "n p"]) -> Bool[Array, "n"]:
        """Which members, in free space, obey the model's orderings and can be told apart from their limits."""
        values = {n: bound(self.quantity(n), np.asarray(z)[:, j]) for j, n in enumerate(self.varying)}
        held = np.ones(z.shape[0], dtype=bool)
        for value in values.values():
            held &= np.isfinite(value)
        for pair in self.order:
            low, high = (values[n] if n in values else self._fixed(n) for n in pair)
            held &= low < high
        return held

    def _fixed(self, name: str) -> float:
        prior = self.quantity(name).prior
        assert prior is not None  # JointPrior sees to it
        return prior.arguments[0]

    def held(self, source: Source) -> Population:
        """The same population with its shared parameters as constants of the model."""
        keep = ~np.asarray(self.shared)
        fixed = {
            n: Prior("fixed", (float(bound(self.quantity(n), np.array(self.coefficients[0, j]))),), source)
            for j, n in enumerate(self.varying)
            if self.shared[j]
        }
        return replace(
            self, quantities=tuple(replace(q, prior=fixed.get(q.name, q.prior)) for q in self.quantities),
            varying=tuple(n for n in self.varying if n not in fixed), shared=self.shared[keep],
            active=self.active[:, keep], coefficients=self.coefficients[:, keep],
            covariance=self.covariance[np.ix_(keep, keep)],
        )  # fmt: skip

    def prior(self, source: Source) -> JointPrior:
        """The prior of a subject, as far as the population is known: shared parameters are narrow normals."""
        sd = np.sqrt(np.diag(self.covariance))
        laws = {
            name: Prior("freenormal", (float(self.coefficients[0, j]), float(sd[j])), source)
            for j, name in enumerate(self.varying)
        }
        return JointPrior(
            tuple(replace(q, prior=laws.get(q.name, q.prior)) for q in self.quantities), self.order,
            self._correlations(), self._slopes(), source.note,
        )  # fmt: skip

    def _correlations(self) -> tuple[tuple[str, str, float], ...]:
        sd = np.sqrt(np.diag(self.covariance))
        rho = np.asarray(self.covariance) / np.outer(sd, sd)
        pairs = [(j, i) for i in range(len(self.varying)) for j in range(i) if abs(rho[i, j]) > LEAST_RHO]
        return tuple((self.varying[j], self.varying[i], float(rho[i, j])) for j, i in pairs)

    def _slopes(self) -> tuple[Slope, ...]:
        return tuple(
            Slope(name, covariate, float(self.coefficients[i + 1, j]), float(self.centre[i]))
            for i, covariate in enumerate(self.covariates)
            for j, name in enumerate(self.varying)
            if self.active[i + 1, j]
        )


def free_values(population: Population, theta: Float[Array, "r a"]) -> Float[Array, "r p"]:
    """The parameters that vary, or are shared, in free space."""
    place = [names(population.quantities).index(n) for n in population.varying]
    columns = [free(population.quantities[i], np.asarray(theta)[:, i]) for i in place]
    return np.stack(columns, axis=1)


def begin(
    model: Model, prior: JointPrior, *, shared: Sequence[str], slopes: Sequence[tuple[str, str]],
    centre: Mapping[str, float],
) -> Population:  # fmt: skip
    """The population a model's own prior implies: same mean and variances in free space, no slopes yet.

    Raises CapabilityError for a shared parameter or slope that is not the model's.
    """
    varying = tuple(q.name for q in prior.quantities if q.prior is not None and q.prior.family != "fixed")
    covariates = tuple(dict.fromkeys(covariate for _, covariate in slopes))
    for name in (*shared, *(parameter for parameter, _ in slopes)):
        if name not in varying:
            raise CapabilityError(f"'{name}' is not a parameter to learn: those are {varying}")
    for name in covariates:
        if name not in names(model.covariates):
            raise CapabilityError(f"'{name}' is no covariate of '{model.card.title}': {names(model.covariates)}")
    active = np.zeros((1 + len(covariates), len(varying)), dtype=bool)
    active[0] = True
    for parameter, covariate in slopes:
        active[1 + covariates.index(covariate), varying.index(parameter)] = True
    blank = Population(
        quantities=prior.quantities, order=prior.order, varying=varying,
        shared=np.isin(np.array(varying), np.array(shared, dtype=str)), covariates=covariates,
        centre=np.array([centre[c] for c in covariates]), active=active,
        coefficients=np.zeros(active.shape), covariance=np.eye(len(varying)),
    )  # fmt: skip
    plain = replace(prior, slopes=())
    z = free_values(blank, draw(plain, member_keys(1, SAMPLE)))
    coefficients = np.zeros(active.shape)
    coefficients[0] = z.mean(axis=0)
    return replace(blank, coefficients=coefficients, covariance=np.diag(z.var(axis=0, ddof=1)))
