"""A coupling of models is a model: `wire` makes a city that feeds a hospital that holds patients one `Model`.

Member m is the same possible world in every part, so evidence about one part re-weighs the others.  Every `exchange`
hours, counted from the twin's start, each wired input is set to its source: an instant observable to its value, a
running total to its growth per hour since the exchange before.  Between exchanges the parts run side by side.

Everything a part declares carries the part's name in front (`ward_beds`); wired inputs are no longer the plan's.  At
the start the sources are read once with nothing wired, then the parts start under those rates (totals count as 0).
A part that fails sends 0 on, and the member has failed with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, UInt64

from ..core.array import Array, State
from ..core.card import Card
from ..core.clock import HOUR
from ..core.drive import Drive
from ..core.model import AbsorbFacts, Absorbs, Assets, Fixed, Model, Settings
from ..core.prior import JointPrior
from ..core.quantity import Quantity, Setting
from .parts import Part, Wire, arranged, connected, gathered, joint_card, joint_prior, prefixed

__all__ = ["Wired", "wire"]

DUE, SENT, TOTAL = "exchange_due", "exchange_rate", "exchange_total"
"""State leaves of the coupling: microseconds to the next exchange; each wire's rate in force and last total."""


def wire(
    parts: Mapping[str, Model],
    wires: Mapping[tuple[str, str], tuple[str, str]],
    exchange: float,
    card: Card | None = None,
) -> Model:
    """The parts as one model; wires = {("ward", "surge"): ("city", "admissions")}, `exchange` in hours.

    Without a card the coupling carries its parts' texts, and is mechanistic only if all of them are.  Raises PlanError
    for an input or observable that does not exist, UnitError for units that do not convert, ShapeError for names that
    run into one another.
    """
    loose = [(label, i) for label, m in parts.items() for i, q in enumerate(m.inputs) if (label, q.name) not in wires]
    return Wired(
        card=card or joint_card([model.card for model in parts.values()]),
        prior=joint_prior(parts),
        parameters=gathered(parts, "parameters"),
        covariates=gathered(parts, "covariates"),
        smooth=gathered(parts, "smooth"),
        observables=gathered(parts, "observables"),
        inputs=tuple(prefixed(label, parts[label].inputs[i]) for label, i in loose),
        settings=tuple(replace(s, name=f"{label}_{s.name}") for label, m in parts.items() for s in m.settings),
        absorbs=gathered(parts, "absorbs"),
        parts=arranged(parts, loose),
        wires=tuple(connected(parts, into, source, exchange) for into, source in wires.items()),
        exchange=exchange,
    )


@dataclass(frozen=True)
class Wired:
    """The `Model` that `wire` makes."""

    card: Card
    prior: JointPrior
    parameters: tuple[Quantity, ...]
    covariates: tuple[Quantity, ...]
    smooth: tuple[Quantity, ...]
    observables: tuple[Quantity, ...]
    inputs: tuple[Quantity, ...]
    settings: tuple[Setting, ...]
    absorbs: tuple[Quantity, ...]
    parts: tuple[Part, ...]
    wires: tuple[Wire, ...]
    exchange: float

    def prepare(self, settings: Settings, assets: Assets) -> Fixed:
        """Each part prepared with its own settings; assets are offered to all."""
        return tuple(
            part.model.prepare({s.name: settings[f"{part.label}_{s.name}"] for s in part.model.settings}, assets)
            for part in self.parts
        )

    def init(
        self,
        theta: Float[Array, "r p"],
        covariates: Float[Array, "r k"],
        rate: Float[Array, "r m"],
        fixed: Fixed,
        key: UInt64[Array, "r"],
    ) -> State:
        """Every part at its start, the second time under what the others then send."""
        rows, zero = theta.shape[0], np.zeros((1, 1, len(self.inputs)))
        still = Drive(np.zeros((1, 1)), np.zeros((1, 1, 4)), np.full((1, 1), -1), np.asarray(rate)[:, None], zero,
                      np.asarray(covariates)[:, None], np.zeros((1, 1), dtype=np.int64))  # fmt: skip
        wired: dict[str, Any] = {name: np.zeros((rows, len(self.wires))) for name in (SENT, TOTAL)}
        wired[DUE] = np.full(rows, float(round(self.exchange * HOUR)))
        state: dict[str, Any] = {}
        for _ in range(2):
            for part, given, own in self._driven(still, wired[SENT], fixed):
                known = np.broadcast_to(given.covariates[:, 0], (rows, len(part.covariates)))
                leaves = part.model.init(np.asarray(theta)[:, part.theta], known, given.rate[:, 0], own, part.key(key))
                state |= part.labelled(leaves)
            state, seen = self._step(state | wired, theta, still, fixed, key)
            wired = {DUE: wired[DUE]} | self._exchanged(state, seen, np.full(rows, True))
            wired[SENT][:, [w.interval for w in self.wires]] = 0.0
        return state | wired

    def run(
        self, state: State, theta: Float[Array, "r p"], drive: Drive, fixed: Fixed, key: UInt64[Array, "r"]
    ) -> tuple[State, Float[Array, "r t c"]]:
        """All parts through the drive, cut at the exchanges; see `core.model.Model.run`."""
        now: dict[str, Any] = dict(state)
        due, period = np.array(state[DUE]), float(round(self.exchange * HOUR))
        reads: list[Array] = []
        for j in range(drive.dt.shape[1]):
            left, seen = np.array(np.broadcast_to(np.asarray(drive.dt)[:, j], due.shape)), None
            passed = np.zeros_like(due)
            while seen is None or np.any(left > 0):
                span = np.minimum(left, due)
                now, seen = self._step(now, theta, _stretch(drive, j, passed, span), fixed, key)
                left, passed, due = left - span, passed + span, due - span
                now |= self._exchanged(now, seen, due == 0)
                due = np.where(due == 0, period, due)
            reads.append(seen)
        return now | {DUE: due}, drive.outputs(np.stack(reads, axis=1))

    def absorb(
        self,
        state: State,
        theta: Float[Array, "r p"],
        covariates: Float[Array, "r k"],
        facts: AbsorbFacts,
        fixed: Fixed,
        key: UInt64[Array, "r"],
    ) -> State:
        """Each part absorbs the facts that are its own."""
        new = dict(state)
        for part, own in zip(self.parts, fixed, strict=True):
            if isinstance(part.model, Absorbs) and part.absorbs:
                code = np.asarray(facts.code)
                mine = replace(facts, code=np.where(np.isin(code, part.absorbs), code - part.absorbs[0], -1))
                p, k = np.asarray(theta)[:, part.theta], np.asarray(covariates)[:, part.covariates]
                new |= part.labelled(part.model.absorb(part.leaves(state), p, k, mine, own, part.key(key)))
        return new

    def _driven(self, drive: Drive, sent: Float[Array, "r w"], fixed: Fixed) -> Iterator[tuple[Part, Drive, Fixed]]:
        """Each part with a one-segment drive of its own: planned inputs, and what the wires send."""
        rows = lambda a: np.broadcast_to(a, (sent.shape[0], *a.shape[1:]))  # noqa: E731
        drive = Drive(rows(drive.dt), rows(drive.clock), rows(drive.tick), rows(drive.rate), rows(drive.dose),
                      drive.covariates, rows(drive.output))  # fmt: skip
        for n, (part, own) in enumerate(zip(self.parts, fixed, strict=True)):
            rate = np.array(part.inputs(drive.rate))
            for w, wired in enumerate(self.wires):
                if wired.into == n:
                    rate[:, 0, wired.input] = sent[:, w]
            known = np.asarray(drive.covariates)[:, :, list(part.covariates)]
            yield part, replace(drive, tick=part.ticks(drive.tick), rate=rate, dose=part.inputs(drive.dose),
                                covariates=known), own  # fmt: skip

    def _step(
        self, state: State, theta: Float[Array, "r p"], drive: Drive, fixed: Fixed, key: UInt64[Array, "r"]
    ) -> tuple[dict[str, Any], Float[Array, "r c"]]:
        """All parts through one segment under the rates in force, and what is read at its end."""
        new, seen = dict(state), []
        for part, given, own in self._driven(drive, np.asarray(state[SENT]), fixed):
            leaves, read = part.model.run(
                part.leaves(state), np.asarray(theta)[:, part.theta], given, own, part.key(key)
            )
            new |= part.labelled(leaves)
            seen.append(np.asarray(read)[:, 0])
        return new, np.concatenate(seen, axis=1)

    def _exchanged(self, state: State, seen: Float[Array, "r c"], now: Bool[Array, "r"]) -> dict[str, Any]:
        """Each wire's rate and last total after an exchange in the rows where it is due."""
        rate, total = np.array(state[SENT]), np.array(state[TOTAL])
        for n, w in enumerate(self.wires):
            value = np.nan_to_num(seen[:, w.source])
            rate[:, n] = np.where(now, w.scale * (value - total[:, n] if w.interval else value), rate[:, n])
            total[:, n] = np.where(now, value, total[:, n])
        return {SENT: rate, TOTAL: total}


def _stretch(drive: Drive, j: int, passed: Float[Array, "r"], span: Float[Array, "r"]) -> Drive:
    """A stretch of segment j; one row where all rows agree."""
    if drive.dt.shape[0] == 1 and np.all(span == span[0]) and np.all(passed == passed[0]):
        return drive.part(j, passed[:1], span[:1])
    return drive.part(j, passed, span)
