"""Readings in time: which one lies nearest to a wanted instant, and how far apart they typically are."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from .array import Array
from .fact import Instant

__all__ = ["nearest", "typical_gap"]


def nearest(
    times: Int[Array, "n"], values: Float[Array, "n"], target: Int[Array, "k"], reach: Int[Array, "#k"]
) -> Float[Array, "k"]:
    """The value read nearest to each target [us], the earlier of two as near; NaN where none lies within `reach` [us].

    `times` rise.
    """
    at, wanted = np.asarray(times), np.asarray(target)
    if at.size == 0:
        return np.full(wanted.shape, np.nan)
    right = np.clip(np.searchsorted(at, wanted), 1, max(at.size - 1, 1))
    left = right - 1
    right = np.minimum(right, at.size - 1)
    near = np.where(np.abs(at[right] - wanted) < np.abs(wanted - at[left]), right, left)
    return np.where(np.abs(at[near] - wanted) <= reach, np.asarray(values)[near], np.nan)


def typical_gap(gaps: Int[Array, "n"]) -> Instant:
    """The gap in which a typical moment lies: the median of one or more gaps [us], weighted by their length."""
    ordered = np.sort(np.asarray(gaps))
    return int(ordered[np.searchsorted(np.cumsum(ordered), ordered.sum() / 2)])
