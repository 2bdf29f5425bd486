"""More luck for a belief: independent draws of its members, each meeting a course of its own.

A replication is one member drawn by weight with keys no other replication has, so that averages over replications obey
the laws of independent samples, whatever the belief's size.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..core.draws import mix, purpose, uniform
from ..core.twin import Twin

__all__ = ["replicate"]

REPLICATE, MEMBER = purpose("replicate"), purpose("member")


def replicate(twin: Twin, count: int, number: int) -> Twin:
    """Batch `number` of `count` replications, as a twin of equally weighted members with fresh luck."""
    root = mix(np.array([twin.seed & 0xFFFFFFFFFFFFFFFF], dtype=np.uint64), REPLICATE)
    key = mix(root, np.uint64(number))
    chance = uniform(key, MEMBER, np.arange(count))
    edges = np.cumsum(twin.belief.weights()[0])
    drawn = np.minimum(np.searchsorted(edges / edges[-1], chance), twin.members - 1)
    return replace(twin, belief=twin.belief.take(drawn), seed=int(key[0]))
