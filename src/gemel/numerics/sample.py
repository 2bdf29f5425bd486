"""Members drawn from a prior with keyed draws: a member's parameters depend on its key alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, UInt64

from ..core.array import Array
from ..core.draws import normal, purpose
from ..core.errors import SupportError
from ..core.extra import require
from ..core.prior import JointPrior
from ..core.quantity import Prior, Quantity, bound, free, names

__all__ = ["draw", "marginal"]

ATTEMPTS = 512
"""How often an ordering is tried before the prior is called inconsistent."""


def draw(
    prior: JointPrior,
    key: UInt64[Array, "r"],
    *,
    known: Sequence[Quantity] = (),
    covariates: Float[Array, "r k"] | None = None,
) -> Float[Array, "r p"]:
    """Parameters of each member, shape (r, p): marginals by inverse distribution function, tied by the copula, moved in
    free space by the covariates of those `known`, redrawn until every declared ordering holds (exact conditioning).

    Raises SupportError if it never does, CapabilityError where the prior depends on a covariate that is not `known`.
    """
    rows, labels = key.shape[0], names(prior.quantities)
    root = _correlation_root(prior)
    shift = _shift(prior, rows, known, covariates)
    theta = np.empty((rows, len(labels)))
    waiting = np.arange(rows)
    for attempt in range(ATTEMPTS if prior.order else 1):
        z = [normal(key[waiting], purpose(f"prior:{name}"), np.uint64(attempt)) for name in labels]
        tied = np.stack(z, axis=1) @ root.T if labels else np.zeros((waiting.size, 0))
        theta[waiting] = _moved(prior, marginal(prior.quantities, tied), {i: by[waiting] for i, by in shift.items()})
        held = np.ones(waiting.size, dtype=bool)
        for small, large in prior.order:
            held &= theta[waiting, labels.index(small)] < theta[waiting, labels.index(large)]
        waiting = waiting[~held]
        if waiting.size == 0:
            return theta
    raise SupportError(f"no draw met the ordering {prior.order} in {ATTEMPTS} tries: the marginals contradict it")


def _shift(
    prior: JointPrior, rows: int, known: Sequence[Quantity], covariates: Float[Array, "r k"] | None
) -> dict[int, Float[Array, "r"]]:
    """How far each member's covariates move each parameter in free space, by the parameter's place."""
    labels, total = names(prior.quantities), dict[int, Array]()
    for slope, place in zip(prior.slopes, prior.covariates(known), strict=True):
        assert covariates is not None  # it is among the known ones
        by = slope.slope * (np.asarray(covariates)[:, place] - slope.centre)
        i = labels.index(slope.parameter)
        total[i] = total.get(i, np.zeros(rows)) + by
    return total


def _moved(
    prior: JointPrior, theta: Float[Array, "r p"], shift: Mapping[int, Float[Array, "r"]]
) -> Float[Array, "r p"]:
    for i, by in shift.items():
        quantity = prior.quantities[i]
        theta[:, i] = bound(quantity, free(quantity, theta[:, i]) + by)
    return theta


def marginal(quantities: Sequence[Quantity], z: Float[Array, "r p"]) -> Float[Array, "r p"]:
    """Standard normal z to each quantity's own prior, truncated to its support."""
    columns = [_column(q, z[:, i]) for i, q in enumerate(quantities)]
    return np.stack(columns, axis=1) if columns else np.zeros((z.shape[0], 0))


def _column(quantity: Quantity, z: Float[Array, "r"]) -> Float[Array, "r"]:
    prior = quantity.prior
    if prior is None:
        raise SupportError(f"'{quantity.name}' has no prior to draw from")
    if prior.family == "fixed":
        return np.full(z.shape, prior.arguments[0])
    if prior.family == "freenormal":
        mean, sd = prior.arguments
        return bound(quantity, mean + sd * z)
    special = require("scipy.special", "twin")
    low, high = (float(_cdf(prior, np.asarray(edge), special)) for edge in (quantity.low, quantity.high))
    if not high > low:
        raise SupportError(f"the prior of '{quantity.name}' has no mass in [{quantity.low:g}, {quantity.high:g}]")
    return _quantile(prior, low + (high - low) * special.ndtr(z), special)


def _cdf(prior: Prior, x: Float[Array, ""], special: object) -> Float[Array, ""]:
    a, b = prior.arguments
    ndtr, gammainc = special.ndtr, special.gammainc  # type: ignore[attr-defined]
    with np.errstate(divide="ignore", invalid="ignore"):
        match prior.family:
            case "normal":
                return ndtr((x - a) / b)
            case "lognormal":
                return ndtr((np.log(np.maximum(x, 0.0)) - a) / b)
            case "sqrtnormal":
                return ndtr((np.sqrt(np.maximum(x, 0.0)) - a) / b) if x > 0 else ndtr(-a / b)
            case "uniform":
                return np.clip((x - a) / (b - a), 0.0, 1.0)
            case _:
                return gammainc(a, np.maximum(x, 0.0) / b)


def _quantile(prior: Prior, u: Float[Array, "r"], special: object) -> Float[Array, "r"]:
    a, b = prior.arguments
    ndtri, gammaincinv = special.ndtri, special.gammaincinv  # type: ignore[attr-defined]
    match prior.family:
        case "normal":
            return a + b * ndtri(u)
        case "lognormal":
            return np.exp(a + b * ndtri(u))
        case "sqrtnormal":
            return np.square(a + b * ndtri(u))
        case "uniform":
            return a + (b - a) * u
        case _:
            return b * gammaincinv(a, u)


def _correlation_root(prior: JointPrior) -> Float[Array, "p p"]:
    labels = names(prior.quantities)
    matrix = np.eye(len(labels))
    for a, b, rho in prior.correlation:
        i, j = labels.index(a), labels.index(b)
        matrix[i, j] = matrix[j, i] = rho
    try:
        return np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError as error:
        raise SupportError(f"the correlations {prior.correlation} are not those of any distribution") from error
