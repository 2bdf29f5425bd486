"""An exact Kalman filter for `conformance.linear`, written densely and on its own, as the engines' oracle.

State (x, level, offset): each whole hour x and offset are kicked, then x' = RATE (level + offset - x) + push runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log, pi
from typing import Any

import numpy as np

from tests.laws.conformance.linear import ERROR, JOLT, RATE, WALK

MEAN, SPREAD = 1.0, 0.5


@dataclass(frozen=True)
class Exact:
    """Mean and covariance of (x, level, offset), and the log evidence of the readings."""

    mean: Any
    covariance: Any
    log_evidence: float


def kalman(readings: Mapping[int, float], hours: int, doses: Mapping[int, float], mean: float = MEAN) -> Exact:
    """Readings of y at whole hours, each before that hour's dose and kick."""
    a = exp(-RATE)
    move = np.array([[a, 1 - a, 1 - a], [0, 1, 0], [0, 0, 1]])
    kick = np.diag([JOLT**2, 0.0, WALK**2])
    look = np.array([1.0, 0.0, 0.0])
    m = np.array([mean, mean, 0.0])
    p = SPREAD**2 * np.outer([1.0, 1.0, 0.0], [1.0, 1.0, 0.0])
    evidence = 0.0
    for hour in range(1, hours + 1):
        m = move @ (m + look * doses.get(hour - 1, 0.0))
        p = move @ (p + kick) @ move.T
        if hour in readings:
            total = look @ p @ look + ERROR**2
            gain, miss = p @ look / total, readings[hour] - look @ m
            m, p = m + gain * miss, p - np.outer(gain, gain) * total
            evidence -= 0.5 * (miss**2 / total + log(2 * pi * total))
    return Exact(m, p, evidence)
