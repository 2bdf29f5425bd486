"""Every engine is calibrated on every conformance model it claims (see `sbc`); and a wrong one is found out.

`RATE` is the chance that any of all the studies raises a false alarm: each of their tests is held to RATE over their
number (Bonferroni).  With 96 truths a belief whose sd is half of what it should be is
found with near certainty.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from gemel.core.fact import Between, Value
from gemel.core.prior import JointPrior
from gemel.core.quantity import Noise, Quantity
from gemel.engines.enkf import EnsembleKalman
from gemel.engines.particle import TemperedParticle
from gemel.numerics.flow import Flow
from tests.laws.cases import BY_NAME, Case, give
from tests.laws.conformance import MADE, linear
from tests.laws.sbc import Ranks, Study, alarm, ranked

RATE, TRUTHS, FEWER = 1e-6, 96, 48
"""`FEWER` truths for the particle filter, whose moves play every step again and again."""
STUDIES = {
    "linear": Study(BY_NAME["linear"], {"y": (1, 2, 3, 5, 6, 8)}, (give("test:push", 2, "1", dose=0.8),),
                    ("x", "level_drift")),
    "lag": Study(BY_NAME["lag"], {"drug": (1, 2, 4, 6)}, (give("test:pill", 0.5, "mg", dose=10.0),), ("central",)),
    "hazard": Study(BY_NAME["hazard"], {"events": (2, 5, 6, 10, 15, 20)}),
    "ward": Study(BY_NAME["ward"], {"census": (2, 6, 12), "admitted": (4, 8, 12)}, (), ("left",)),
    "implant": Study(BY_NAME["implant"], {f"mark{n}_{a}": (0,) for n in range(3) for a in "xyz"}),
    "coupled": Study(BY_NAME["coupled"], {"city_prevalence": (4,), "ward_census": (8,)}, (), ("city_infected",)),
}  # fmt: skip
ENGINES: dict[str, Any] = {
    "enkf": EnsembleKalman(),
    "transform": EnsembleKalman(form="transform"),
    "particle": TemperedParticle(),
}
CLAIMS = (
    *(("enkf", name) for name in ("linear", "lag", "implant")),
    *(("transform", name) for name in ("linear", "implant")),
    *(("particle", name) for name in ("linear", "lag", "hazard", "implant", "ward", "coupled")),
)
"""The ensemble Kalman filter claims models that are nearly linear in free space; the particle filter all that can be
read.  (`scores` and `census` have no noisy reading, `history` sets its state and learns nothing.)"""


def level(ranks: Ranks) -> dict[str, float]:
    return alarm(ranks, RATE, len(CLAIMS))


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "name"), CLAIMS)
def test_the_rank_of_the_truth_is_uniform(engine: str, name: str) -> None:
    truths = FEWER if engine == "particle" else TRUTHS
    ranks = ranked(STUDIES[name], ENGINES[engine], truths=truths, crew=32)
    table = level(ranks)
    assert min(table.values()) > 1.0, table
    assert ranks.failed == 0


def test_a_filter_that_believes_its_sensor_too_much_is_found_out() -> None:
    """The facts are those of the true model; the twins believe in an error a third of the size."""
    sure = replace(linear.Linear.observables[0], noise=Noise("normal", MADE, sd=linear.ERROR / 3.0))
    member: Any = type("Sure", (linear.Linear,), {"observables": (sure,)})()
    table = level(met_by(Flow(member)))
    assert table["x"] < 1.0, table


def test_a_filter_that_forgets_to_widen_is_found_out() -> None:
    still = replace(linear.Linear.smooth[0], drift=None)
    firm = replace(linear.Linear.parameters[0], drift=None)
    fields = {"smooth": (still,), "parameters": (firm,), "prior": JointPrior((firm,))}
    member: Any = type("Still", (linear.Linear,), fields)()
    table = level(met_by(Flow(member), leaves=("x",)))
    assert min(table.values()) < 1.0, table


def met_by(model: Any, leaves: tuple[str, ...] = ("x", "level_drift")) -> Ranks:
    """Truths of the linear model, met by twins of another."""
    study = replace(STUDIES["linear"], leaves=leaves)
    return ranked(study, EnsembleKalman(), truths=TRUTHS, crew=32, model=model)


def test_uniform_ranks_raise_no_alarm_and_a_narrow_belief_does() -> None:
    luck = np.random.default_rng(2)
    even = luck.uniform(size=TRUTHS)
    assert min(level(Ranks({"a": even}, 0)).values()) > 1.0
    for wrong in (2.0 * stats.norm.ppf(even), stats.norm.ppf(even) / 2.5, stats.norm.ppf(even) + 0.8):
        assert level(Ranks({"a": stats.norm.cdf(wrong)}, 0))["a"] < 1.0


@dataclass(frozen=True)
class Graded(linear.Linear):
    """The linear model, read in three grades."""

    observables = (
        replace(linear.Linear.observables[0],
                levels=(("low", -np.inf, 0.8), ("middle", 0.8, 1.4), ("high", 1.4, np.inf))),
    )  # fmt: skip


def in_grades(q: Quantity, value: float) -> Value:
    low, high = next((low, high) for _, low, high in q.levels if low <= value < high)
    return Between(low, high)


@pytest.mark.slow
def test_readings_in_grades_leave_the_ranks_uniform() -> None:
    case = Case("graded", Flow(Graded()), ())
    ranks = ranked(
        Study(case, {"y": (1, 2, 3, 5, 8)}, (), ("x",), in_grades), ENGINES["particle"], truths=FEWER, crew=32
    )
    assert min(level(ranks).values()) > 1.0, level(ranks)
