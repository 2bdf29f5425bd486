"""Many twins of one model as one: their members side by side, twin after twin.

One twin is a batch of one; no verb has another path for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..core.belief import Belief, Evidence
from ..core.drive import grid_hours
from ..core.errors import CapabilityError
from ..core.fact import Instant
from ..core.twin import Twin

__all__ = ["epoch_grid", "join", "same_kind", "split", "split_evidence"]


def same_kind(twins: Sequence[Twin]) -> Twin:
    """The first twin, after checking that all share model, engine, settings, assets and size; else CapabilityError."""
    if not twins:
        raise CapabilityError("no twins were given")
    first = twins[0]
    for other in twins[1:]:
        same = (
            other.model == first.model
            and other.inference == first.inference
            and other.settings == first.settings
            and other.members == first.members
            and (other.fixed is first.fixed or _equal(other.fixed, first.fixed))
        )
        if not same:
            raise CapabilityError(f"'{other.id}' and '{first.id}' differ in model, engine, settings, assets or size: "
                                  "call the verb once for each kind")  # fmt: skip
    return first


def _equal(a: Any, b: Any) -> bool:
    """Whether two prepared values hold the same numbers."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(_equal(a[k], b[k]) for k in a)
    if isinstance(a, tuple | list) and isinstance(b, tuple | list):
        return len(a) == len(b) and all(map(_equal, a, b))
    return bool(np.array_equal(np.asarray(a), np.asarray(b)))


def join(twins: Sequence[Twin]) -> Belief:
    """The beliefs of all twins as one, rows twin after twin."""
    if len(twins) == 1:
        return twins[0].belief
    parts = [t.belief for t in twins]
    state = {name: np.concatenate([np.asarray(b.state[name]) for b in parts]) for name in parts[0].state}
    theta, covariates, logw, read = (
        np.concatenate([np.asarray(getattr(b, name)) for b in parts])
        for name in ("theta", "covariates", "logw", "read")
    )
    factors = [b.inflation for b in parts]
    known = None if all(f is None for f in factors) else np.concatenate(
        [np.ones(b.rows) if f is None else np.asarray(f) for b, f in zip(parts, factors, strict=True)]
    )  # fmt: skip
    return Belief(theta, covariates, state, logw, max(b.at for b in parts), read, known)


def split(belief: Belief, at: Sequence[Instant]) -> list[Belief]:
    """One belief per twin, each standing at its own instant."""
    if len(at) == 1:
        return [replace(belief, at=at[0])]
    each = belief.rows // len(at)
    theta, covariates, logw, read = (np.asarray(a) for a in (belief.theta, belief.covariates, belief.logw, belief.read))
    state = {name: np.asarray(leaf) for name, leaf in belief.state.items()}
    pieces: list[Belief] = []
    for t, moment in enumerate(at):
        r = slice(t * each, (t + 1) * each)
        own = {name: leaf[r] for name, leaf in state.items()}
        factor = None if belief.inflation is None else np.asarray(belief.inflation)[r]
        pieces.append(Belief(theta[r], covariates[r], own, logw[r], moment, read[r], factor))
    return pieces


def split_evidence(evidence: Evidence, twins: int) -> list[Evidence]:
    """One evidence per twin; `clipped` is counted over all of them."""
    ess, ancestors, log_evidence, failed = (
        np.asarray(a).reshape(twins, 1)
        for a in (evidence.ess, evidence.ancestors, evidence.log_evidence, evidence.failed)
    )
    factor = [None] * twins if evidence.inflation is None else np.asarray(evidence.inflation).reshape(twins, 1)
    return [
        Evidence(ess[t], ancestors[t], log_evidence[t], failed[t], evidence.clipped, factor[t]) for t in range(twins)
    ]


def epoch_grid(twin: Twin) -> tuple[Instant, float | None]:
    """The twin's epoch and the step [h] of its drift grid (None: nothing drifts)."""
    return twin.cursor.epoch, grid_hours((*twin.model.parameters, *twin.model.smooth))
