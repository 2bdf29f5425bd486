"""Topp 2000: published rest, the two glucose values at which beta cells stand still, and both basins."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import gemel
from gemel.core.clock import DAY, instant
from gemel.core.plan import Action, Schedule
from gemel.core.subject import Subject
from gemel.models.patient.topp import PUBLISHED, Topp, model
from tests.models.paths import clock

MEMBER = Topp()
PERSON = SimpleNamespace(SI=PUBLISHED["SI"].value)
START = instant("2026-01-01T00:00:00Z")
ENV = clock(0.0)


def given(resistance: float = 0.0) -> SimpleNamespace:
    return SimpleNamespace(resistance=resistance)


def slopes(glucose: float, insulin: float, beta: float, **more: float) -> dict[str, Any]:
    """Change per day."""
    x = SimpleNamespace(glucose=glucose, insulin=insulin, beta=beta)
    return {name: 24.0 * rate for name, rate in MEMBER.field(x, PERSON, given(**more), ENV).items()}


def printed(t: float, y: np.ndarray, si: float) -> list[float]:
    """The paper's equations with its numbers, per day."""
    g, i, b = y
    return [
        864.0 - (1.44 + si * i) * g,
        43.2 * b * g**2 / (20000.0 + g**2) - 432.0 * i,
        (-0.06 + 0.84e-3 * g - 2.4e-6 * g**2) * b,
    ]


def test_the_published_person_rests_at_100_mg_per_dl_with_insulin_10_and_300_mg_of_beta_cells() -> None:
    rest = MEMBER.start(PERSON, given(), ENV)
    assert [float(rest[k]) for k in ("glucose", "insulin", "beta")] == pytest.approx([100.0, 10.0, 300.0], rel=1e-12)
    assert max(abs(rate) for rate in slopes(100.0, 10.0, 300.0).values()) < 1e-11


def test_beta_cells_stand_still_at_100_and_250_grow_between_and_shrink_outside() -> None:
    change = [slopes(g, 10.0, 300.0)["beta"] for g in (80.0, 100.0, 150.0, 250.0, 300.0)]
    assert change[1] == pytest.approx(0.0, abs=1e-12) and change[3] == pytest.approx(0.0, abs=1e-12)
    assert change[0] < 0.0 < change[2] and change[4] < 0.0


def test_without_beta_cells_glucose_rests_at_600() -> None:
    assert slopes(600.0, 0.0, 0.0) == {"glucose": pytest.approx(0.0, abs=1e-12), "insulin": 0.0, "beta": 0.0}


def test_beta_cells_make_up_for_resistance_in_proportion() -> None:
    """Neither root depends on SI: glucose stays, insulin and beta cells double."""
    rest = MEMBER.start(PERSON, given(1.0), ENV)
    assert [float(rest[k]) for k in ("glucose", "insulin", "beta")] == pytest.approx([100.0, 20.0, 600.0], rel=1e-12)


@pytest.mark.parametrize(("share", "end"), [(0.6, 100.0), (0.05, 600.0)])
def test_with_enough_beta_cells_glucose_returns_and_with_too_few_they_are_lost(share: float, end: float) -> None:
    def change(t: float, y: np.ndarray) -> list[float]:
        return list(slopes(*y).values())

    begun = [100.0, 10.0, 300.0 * share]
    mine = solve_ivp(change, (0.0, 600.0), begun, method="LSODA", rtol=1e-7, atol=1e-7).y[:, -1]
    theirs = solve_ivp(printed, (0.0, 600.0), begun, method="Radau", rtol=1e-9, atol=1e-9, args=(0.72,)).y[:, -1]
    assert mine[0] == pytest.approx(end, rel=1e-3)
    np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-4)
    assert (mine[2] > 250.0) == (end == 100.0)


def test_a_plan_that_doubles_resistance_runs_as_the_printed_equations_do() -> None:
    person = gemel.twin(model, Subject(id="s"), at=START, members=64, seed=1)
    plan = Schedule("resistance", (Action(START + DAY, "resistance", rate=1.0),))
    seen = gemel.forecast(person, START + 40 * DAY, plan, every=10 * 24.0)
    assert seen.failed == 0
    for si, path in list(zip(person.parameter("SI"), seen.paths, strict=True))[:3]:
        begun = [100.0, 7.2 / si, 300.0 * 0.72 / si]
        times = [9.0, 19.0, 29.0, 39.0]
        found = solve_ivp(printed, (0.0, 39.0), begun, "Radau", times, rtol=1e-10, atol=1e-10, args=(si / 2.0,)).y
        np.testing.assert_allclose(path[:, 0], found[0], rtol=1e-5)
        np.testing.assert_allclose(path[:, 3], found[2], rtol=1e-5)
        assert path[0, 0] > path[-1, 0] > 100.0 and path[-1, 3] > path[0, 3]  # cells grow, glucose comes back


@pytest.mark.parametrize(("hba1c", "glucose"), [(6.0, 126.0), (7.0, 154.0), (8.0, 183.0), (10.0, 240.0)])
def test_hba1c_and_average_glucose_agree_with_the_table_of_adag(hba1c: float, glucose: float) -> None:
    """Nathan et al. 2008, table 2, whole mg/dL: half a unit is 0.02 %."""
    read = MEMBER.emit(SimpleNamespace(glucose=glucose, insulin=1.0, beta=1.0), PERSON, ENV)
    assert read["hba1c"] == pytest.approx(hba1c, abs=0.5 / 28.7)
