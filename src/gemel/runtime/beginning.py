"""What a new twin is told of its subject, from the facts known before it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..core.clock import HOUR
from ..core.drive import rate_steps
from ..core.fact import Fact, Intervention
from ..core.model import Model
from ..core.quantity import names

__all__ = ["told_of", "usual_basal"]


def told_of(
    model: Model, known: Sequence[Fact], weight: float | None = None
) -> tuple[dict[str, float], dict[str, float]]:
    """Covariates and rates that a new twin is told: the weight as stated, the basal insulin as usual in these facts."""
    inputs, covariates = set(names(model.inputs)), set(names(model.covariates))
    given: dict[str, float] = {}
    if weight is not None and "weight" in covariates:
        given["weight"] = weight
    usual, pumped = usual_basal(known)
    if usual > 0 and "basal" in covariates:
        given["basal"] = usual
    return given, {"insulin": usual} if pumped and "insulin" in inputs else {}


def usual_basal(facts: Sequence[Fact]) -> tuple[float, bool]:
    """Mean basal insulin [[IU]/h] over the records, and whether a pump gave it; 0 where none is recorded."""
    acts = sorted((f for f in facts if isinstance(f, Intervention)), key=lambda f: f.at)
    last = max((f.at for f in facts), default=0)
    pump = rate_steps([a for a in acts if a.code == "gemel:rapid-insulin" and a.at <= last])
    pump = [(at, rate) for at, rate in pump if at <= last]
    if pump and last > pump[0][0]:
        edges = np.array([at for at, _ in pump] + [last], dtype=np.float64)
        return float(np.array([rate for _, rate in pump]) @ np.diff(edges) / (edges[-1] - edges[0])), True
    doses = [a for a in acts if a.dose is not None and a.code == "gemel:long-acting-insulin"]
    if len(doses) > 1:
        span = (doses[-1].at - doses[0].at) / HOUR
        return sum(a.dose or 0.0 for a in doses[:-1]) / span, False
    return 0.0, False
