"""How near to exact answers `optimise` comes, and how often `select` is right, for `gemel bench inference`.

Four exact answers.  With demand D ~ N(m, s): the stock of least E(D - x - a)^2 is m - a; the newsvendor's is the
(p - c) / p quantile of D (Arrow, Harris and Marschak 1951, doi:10.2307/1906813); the least stock with
P(D > x) <= q is the 1 - q quantile.  And the beds of least cost of an M/M/c ward, by Erlang C.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from ..core.array import Array
from ..core.card import Card
from ..core.clock import HOUR, instant
from ..core.derived import Derived, Path
from ..core.drive import Drive
from ..core.fact import Instant
from ..core.plan import Action, Plan, Schedule
from ..core.prior import JointPrior
from ..core.quantity import Prior, Quantity, Source
from ..core.space import Space, Variable, doses
from ..core.subject import Subject
from ..core.twin import Twin
from ..verbs.create import twin
from ..verbs.limits import Limit
from ..verbs.optimise import Search, optimise
from ..verbs.optimum import Optimum
from ..verbs.select import select

__all__ = ["Shelf", "correct_selection", "optimum_errors"]

MADE = Source("gemel:cli/bench_optimise.py", "made up for a check with an exact answer")
START: Instant = instant("2026-03-02T06:00:00Z")
MEAN, SPREAD = 100.0, 20.0  # structure: the demand of the checks
AIM = 5.0  # structure: shortage the quadratic check aims at
PRICE, COST = 4.0, 1.0  # structure: the newsvendor's
CHANCE = 0.05  # structure: allowed probability of running short
BED, WAIT = 1.0, 4.0  # structure: cost of a bed and of a waiting patient, per hour
LOAD = 8.0  # structure: arrivals per mean stay
HOURS = 600.0  # structure: length of the ward's run
MEMBERS, WARDS = 16_384, 64


@dataclass(frozen=True)
class Shelf:
    """Demand that is not known, and stock that is chosen: what is short is demand less stock."""

    card = Card(
        title="Shelf", version="1", kind="hospital", intended_use="Checks of the optimiser.", not_for="Anything else.",
        population="None.", causal="mechanistic", sources=(MADE,), limits="Not of this world.",
    )  # fmt: skip
    parameters = (Quantity("demand", "1", prior=Prior("normal", (MEAN, SPREAD), MADE)),)
    prior = JointPrior(parameters)
    covariates = settings = ()
    smooth = (Quantity("stocked", "1"),)
    observables = (Quantity("short", "1"),)
    inputs = (Quantity("stock", "/h", dose_unit="1"),)

    def prepare(self, settings: Any, assets: Any) -> None:
        """Nothing to prepare."""

    def init(self, theta: Any, covariates: Any, rate: Any, fixed: Any, key: Any) -> dict[str, Any]:
        """An empty shelf."""
        return {"stocked": np.zeros(theta.shape[0])}

    def run(
        self, state: Any, theta: Float[Array, "r p"], drive: Drive, fixed: Any, key: Any
    ) -> tuple[dict[str, Any], Float[Array, "r t c"]]:
        """Stock adds up."""
        stocked = state["stocked"][:, None] + np.cumsum(np.asarray(drive.dose)[:, :, 0], axis=1)
        short = np.asarray(theta)[:, :1] - stocked
        return {"stocked": stocked[:, -1]}, drive.outputs(short[:, :, None])


def optimum_errors(members: int = MEMBERS) -> dict[str, float]:
    """Relative error of each optimum: quadratic, newsvendor, chance constraint (all with sampling error of the
    `members`), and, in beds, of the ward."""
    quantile = NormalDist().inv_cdf
    shelf = twin(Shelf(), Subject(id="shelf"), at=START, members=members, seed=3)
    space = doses("stock", [START], high=2.0 * MEAN, unit="1")
    chance = Limit(Derived("short", "1", lambda p: (_short(p) > 0.0).astype(float), "ran out", MADE), CHANCE)
    least = Derived("saving", "1", lambda p: -_stock(p), "stock not bought", MADE)
    quadratic = Derived("closeness", "1", lambda p: -np.square(_short(p) - AIM), "to the aim", MADE)
    profit = Derived(
        "profit", "1", lambda p: PRICE * np.minimum(_short(p) + _stock(p), _stock(p)) - COST * _stock(p), "", MADE
    )

    def found(utility: Derived, limits: tuple[Limit, ...] = ()) -> float:
        best = optimise(shelf, space, START + HOUR, utility, limits=limits, search=Search(check=MEMBERS, every=1.0))
        return float(best.point["stock"])

    beds, exact = staffing()
    return {
        "quadratic": abs(found(quadratic) / (MEAN - AIM) - 1.0),
        "newsvendor": abs(found(profit) / (MEAN + SPREAD * quantile((PRICE - COST) / PRICE)) - 1.0),
        "chance": abs(found(least, (chance,)) / (MEAN + SPREAD * quantile(1.0 - CHANCE)) - 1.0),
        "ward": abs(beds / exact - 1.0),
    }


def staffing() -> tuple[int, int]:
    """Beds of an M/M/c ward with the least cost of beds and of waiting: as found by simulation, and by Erlang C."""
    from ..domains.hospital.queues import delay

    beds = range(int(LOAD) + 1, 2 * int(LOAD) + 1)
    exact = min(beds, key=lambda c: BED * c + WAIT * LOAD * delay(LOAD, 1.0, c).wait)
    return int(_ward(beds).point["beds"]), exact


def _ward(beds: range) -> Optimum:
    ward = _fixed_ward()
    space = Space(
        (Variable("beds", "{beds}", low=float(beds.start), high=float(beds.stop - 1), step=1.0),),
        lambda point: _staffed(float(point["beds"])),
    )
    half = HOURS / 2.0

    def cost(path: Path) -> Float[Array, "r"]:
        late = np.asarray(path.hours) > half  # the first half is warm-up
        paid = BED * (np.asarray(path["beds"])[:, -1] / HOURS)
        return -(paid + WAIT * np.asarray(path["waiting"])[:, late].mean(axis=1))

    saving = Derived("saving", "1", cost, "less beds and waiting", MADE)
    return optimise(ward, space, START + round(HOURS * HOUR), saving, search=Search(check=WARDS, every=1.0))


def _staffed(beds: float) -> Plan:
    return Schedule(f"{beds:g} beds", (Action(START, "beds", rate=beds),))


def _fixed_ward() -> Twin:
    from ..models.hospital.mmc import model

    known = (
        Quantity("arrivals", "/h", low=0.0, prior=Prior("fixed", (LOAD,), MADE)),
        Quantity("stay", "h", low=0.0, prior=Prior("fixed", (1.0,), MADE)),
    )
    return twin(
        model, Subject(id="ward"), at=START, rates={"beds": LOAD}, members=WARDS, prior=JointPrior(known),
        engine="particle",
    )  # fmt: skip


def correct_selection(repetitions: int = 1000, alternatives: int = 5, probability: float = 0.95) -> float:
    """Share of repetitions in which `select` names the best of normal alternatives in the slippage configuration (all
    others exactly the indifference below it), with unequal variances and common luck (correlation one half)."""
    right = 0
    labels = [str(i) for i in range(alternatives)]
    for repetition in range(repetitions):
        best = repetition % alternatives
        sample = _slippage(repetition, alternatives, best)
        right += select(sample, labels, indifference=1.0, probability=probability).winner == labels[best]
    return right / repetitions


def _slippage(seed: int, k: int, best: int) -> Callable[[Int[Array, "a"], int, int], Float[Array, "a n"]]:
    luck = np.random.default_rng(seed)
    sd, mean = np.linspace(2.0, 4.0, k), (np.arange(k) == best).astype(float)

    def sample(which: Int[Array, "a"], begin: int, count: int) -> Float[Array, "a n"]:
        shared, own = luck.normal(size=count), luck.normal(size=(k, count))
        return (mean[:, None] + sd[:, None] * np.sqrt(0.5) * (shared + own))[which]

    return sample


def _short(path: Path) -> Float[Array, "r"]:
    return np.asarray(path["short"])[:, -1]


def _stock(path: Path) -> Float[Array, "r"]:
    return np.asarray(path["stock"])[:, -1]
