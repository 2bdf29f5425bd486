"""A belief is an ensemble of weighted members: possible subjects, each with parameters, covariates and hidden state.

Several twins of one model may share one belief: rows are then twins x members, all members of the first twin first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from .array import Array, State
from .errors import CollapseError
from .fact import Instant

__all__ = ["Belief", "Evidence", "Posterior", "systematic"]


@dataclass(frozen=True, slots=True)
class Belief:
    """Members at instant `at`.  `logw` are log weights, -inf for a failed member; `read` holds, for each observable
    that is a running total, its value at the last reading (0 before the first).  `inflation` is the factor of variance
    that an adaptive engine has learned the twin to need, the same for all its members (None: 1, and none was sought).
    """

    theta: Float[Array, "r p"]
    covariates: Float[Array, "r k"]
    state: State
    logw: Float[Array, "r"]
    at: Instant
    read: Float[Array, "r c"]
    inflation: Float[Array, "r"] | None = None

    @property
    def rows(self) -> int:
        """Number of rows: twins x members."""
        return self.logw.shape[0]

    def weights(self, twins: int = 1) -> Float[Array, "b n"]:
        """Normalised weights of each twin's members; CollapseError when every member of a twin has failed."""
        logw = np.asarray(self.logw, dtype=np.float64).reshape(twins, -1)
        top = logw.max(axis=1, keepdims=True)
        if not np.isfinite(top).all():
            raise CollapseError(
                "every member has failed: the facts, inputs or parameters are outside the model's range"
            )
        w = np.exp(logw - top)
        return w / w.sum(axis=1, keepdims=True)

    def ess(self, twins: int = 1) -> Float[Array, "b"]:
        """Effective sample size of each twin: 1 / sum of squared weights."""
        return 1.0 / np.sum(np.square(self.weights(twins)), axis=1)

    def take(self, rows: Int[Array, "q"]) -> Belief:
        """The members at these rows, with equal weights."""
        state = {name: np.asarray(leaf)[rows] for name, leaf in self.state.items()}
        theta, covariates, read = (np.asarray(a)[rows] for a in (self.theta, self.covariates, self.read))
        inflation = None if self.inflation is None else np.asarray(self.inflation)[rows]
        logw = np.zeros(rows.shape[0])
        return Belief(theta, covariates, state, logw, self.at, read, inflation)

    def member(self, k: int) -> Belief:
        """Member `k` alone, as a belief of one row: for looking at, running and plotting one possible subject."""
        return self.take(np.array([k]))


@dataclass(frozen=True, slots=True)
class Evidence:
    """What assimilation says about itself: effective sample size (least over the window), distinct ancestors at its
    end, log evidence, failed members, values clipped to their support, and the factor of variance that an adaptive
    engine holds the ensemble too small by (None: it sought none); one entry per twin."""

    ess: Float[Array, "b"]
    ancestors: Int[Array, "b"]
    log_evidence: Float[Array, "b"]
    failed: Int[Array, "b"]
    clipped: int = 0
    inflation: Float[Array, "b"] | None = None


@dataclass(frozen=True, slots=True)
class Posterior:
    """The belief after a window, with its evidence."""

    belief: Belief
    evidence: Evidence


def systematic(weights: Float[Array, "n"], offset: float) -> Int[Array, "n"]:
    """Systematic resampling (Kitagawa 1996, doi:10.1080/10618600.1996.10474692): ancestor of each of n slots.

    `offset` in (0, 1) is the one uniform draw it needs.
    """
    n = int(weights.shape[0])
    edges = np.cumsum(np.asarray(weights, dtype=np.float64))
    return np.minimum(np.searchsorted(edges / float(edges[-1]), (np.arange(n) + offset) / n), n - 1)
