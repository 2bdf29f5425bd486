"""What every sequential engine does between two readings: run the members, set what facts set, predict the reading."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int, UInt64

from ..core.array import Array
from ..core.belief import Belief
from ..core.errors import CapabilityError
from ..core.model import Absorbs, Fixed, Model, Window

__all__ = ["advance", "after_reading", "occasions"]


def occasions(window: Window) -> Int[Array, "b t"]:
    """The number by which each output's luck is drawn: its instant, and for a second reading at one instant the next
    microsecond's, so that two readings do not share their luck."""
    at = np.asarray(window.at)
    numbers = np.array(at)
    for j in range(1, at.shape[1]):
        again = at[:, j] == at[:, j - 1]
        numbers[:, j] = np.where(again, numbers[:, j - 1] + 1, at[:, j])
    return numbers


def advance(
    model: Model, belief: Belief, step: Window, fixed: Fixed, key: UInt64[Array, "r"]
) -> tuple[Belief, Float[Array, "r c"]]:
    """The belief at the end of a one-output window, and each observable's running value there, shape (r, c).

    Facts that set state are absorbed at the end, and the observables read again after them.  A member that failed on
    the way gets weight zero.
    """
    drive = step.drive.spread(belief.rows)
    state, read = model.run(belief.state, belief.theta, drive, fixed, key)
    facts = step.facts[0]
    if facts is not None:
        if not isinstance(model, Absorbs):
            raise CapabilityError(f"'{model.card.title}' met facts that set state, but does not absorb any")
        state = model.absorb(state, belief.theta, belief.covariates, facts, fixed, key)
        state, read = model.run(state, belief.theta, drive.instant(), fixed, key)
    logw = np.where(np.isfinite(np.asarray(read)).all(axis=(1, 2)), np.asarray(belief.logw), -np.inf)
    return replace(belief, state=state, logw=logw, at=int(step.at.max())), read[:, 0]


def after_reading(
    model: Model, belief: Belief, running: Float[Array, "r c"], step: Window
) -> tuple[Belief, Float[Array, "r c"]]:
    """What each member predicts for the readings of this step, and the belief with its running totals marked as read.

    An observable over an interval is predicted by what it grew since its last reading.
    """
    spans = np.array([q.span == "interval" for q in model.observables])
    if not spans.any():
        return belief, running
    total = np.asarray(running)
    predicted = np.where(spans, total - belief.read, total)
    seen = np.repeat(step.seen[:, 0], belief.rows // step.low.shape[0], axis=0)
    return replace(belief, read=np.where(spans & seen, total, belief.read)), predicted
