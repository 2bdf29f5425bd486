"""Dosing with a lag of each member's own: a dose enters the one compartment `lag` hours after it was given.

Whole arrays and a table of doses under way: C' = -k C, closed form between doses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gemel.core.clock import HOUR
from gemel.core.prior import JointPrior
from gemel.core.quantity import Noise, Quantity

from . import MADE, card, law


@dataclass(frozen=True)
class Lag:
    slots: int = 8
    card = card("Lag", "drug")
    parameters = (
        Quantity("lag", "h", low=0.0, prior=law("lognormal", 0.0, 0.5)),
        Quantity("k", "/h", low=0.0, prior=law("lognormal", -1.5, 0.3)),
    )
    prior = JointPrior(parameters)
    covariates = settings = ()
    smooth = (Quantity("central", "mg"),)
    observables = (Quantity("drug", "mg", code="test:drug", noise=Noise("normal", MADE, sd=0.2)),)
    inputs = (Quantity("pill", "mg/h", low=0.0, dose_unit="mg", code="test:pill"),)

    def prepare(self, settings: Any, assets: Any) -> None:
        return None

    def init(self, theta: Any, covariates: Any, rate: Any, fixed: Any, key: Any) -> dict[str, Any]:
        rows = len(key)
        under_way = {"due": np.full((rows, self.slots), np.inf), "amount": np.zeros((rows, self.slots))}
        return under_way | {"central": np.zeros(rows), "gone": np.zeros(rows)}

    def run(self, state: Any, theta: Any, drive: Any, fixed: Any, key: Any) -> Any:
        due, amount, central, gone = (np.array(state[name]) for name in ("due", "amount", "central", "gone"))
        (lag, k), reads = np.asarray(theta).T, []
        for j in range(drive.dt.shape[1]):
            hours, dose = (np.broadcast_to(a, lag.shape) for a in (drive.dt[:, j] / HOUR, drive.dose[:, j, 0]))
            given = np.flatnonzero(dose)
            slot = np.argmax(np.isinf(due), axis=1)[given]
            central[given[np.isfinite(due[given, slot])]] = np.nan  # no slot free: the member fails
            due[given, slot], amount[given, slot] = lag[given], dose[given]
            now = due <= hours[:, None]
            kept = np.exp(-k[:, None] * np.where(now, hours[:, None] - due, 0.0))
            before = central + np.where(now, amount, 0.0).sum(axis=1)
            central = central * np.exp(-k * hours) + np.where(now, amount * kept, 0.0).sum(axis=1)
            gone = gone + before - central
            due, amount = np.where(now, np.inf, due - hours[:, None]), np.where(now, 0.0, amount)
            reads.append(central)
        end = {"due": due, "amount": amount, "central": central, "gone": gone}
        return end, drive.outputs(np.stack(reads, axis=1)[:, :, None])

    def totals(self, state: Any, theta: Any) -> Any:
        return (state["amount"].sum(axis=1) + state["central"] + state["gone"])[:, None]


model = Lag()
