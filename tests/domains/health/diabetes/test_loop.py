"""Closed loops: a published worked example, what no controller may do, and that nothing is read but the sensor."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gemel.core.plan import Policy
from gemel.domains.health.diabetes.loop import Arm, Guard, Pumps, Sight
from gemel.domains.health.diabetes.mpc import ZoneMpc, response
from gemel.domains.health.diabetes.oref import Oref
from gemel.domains.health.diabetes.pid import Pid
from gemel.domains.health.diabetes.scenario import Scenario, diary

CONTROLLERS = [Pid(), ZoneMpc(), Oref()]


def sight(glucose: float, slope: float = 0.0, **changed: Any) -> Sight:
    one = np.ones(1)
    made = Sight(
        glucose=glucose * one, slope=slope * one, on_board=0.0 * one, acting=0.0 * one, net=np.zeros((1, 60)),
        silent=0.0 * one, hour=12.0, basal=1.1 * one, factor=40.0 * one, target=117.5 * one,
    )  # fmt: skip
    return replace(made, **changed)


def rate(controller: Any, seen: Sight) -> float:
    return float(controller.decide(seen, controller.start(1))[0][0])


def test_oref_does_what_the_openaps_documentation_works_out() -> None:
    """docs/Build-manual-system/Understand-determine-basal.md: glucose 110 falling 2.5 mg/dL in five minutes with
    nothing on board ends at 95 mg/dL (deviation -15), and 1.1 [IU]/h becomes -1.15; at an end of 80 it becomes -2.65.
    """
    assert Oref().eventual(sight(110.0, -0.5))[0] == pytest.approx(95.0)
    assert rate(Oref(), sight(110.0, -0.5)) == pytest.approx(-1.15)
    assert rate(Oref(), sight(95.0, -0.5)) == pytest.approx(-2.65)


@pytest.mark.parametrize("controller", CONTROLLERS, ids=lambda c: c.name)
def test_a_controller_gives_more_the_higher_glucose_is_and_less_with_insulin_on_board(controller: Any) -> None:
    levels = [rate(controller, sight(g)) for g in (60.0, 90.0, 117.5, 180.0, 250.0)]
    assert np.all(np.diff(levels) >= 0.0) and levels[-1] > levels[0]
    held = np.full((1, 60), 0.1)  # falling as insulin alone would have it
    loaded = sight(160.0, -0.8, net=held, on_board=np.array([3.0]), acting=np.array([0.02]))
    assert rate(controller, loaded) < rate(controller, sight(160.0))


def test_the_mpc_leaves_basal_alone_within_its_zone_and_obeys_its_box() -> None:
    mpc = ZoneMpc()
    assert rate(mpc, sight(115.0)) == pytest.approx(1.1, abs=1e-9)
    assert 0.0 <= rate(mpc, sight(45.0)) < 0.2
    assert rate(mpc, sight(500.0)) <= 4.0 * 1.1 + 1e-9


def test_the_mpc_finds_what_trying_many_moves_finds() -> None:
    """Its projected gradients against a plain search around the answer: no nearby move in the box costs less by more
    than what the iterations leave, a thousandth, which is hundredths of an [IU]/h in the last block."""
    mpc, seen = ZoneMpc(), sight(210.0, 1.0)
    free = mpc.unmoved(seen)[0]
    answer = 40.0 * response(mpc.curve)
    low, high = np.full(4, -1.1), np.full(4, 3.3)

    def cost(u: Any) -> float:
        g = free - answer @ u
        return float(
            np.square(np.maximum(g - mpc.high, 0)).sum() + mpc.lows * np.square(np.maximum(mpc.low - g, 0)).sum()
            + mpc.weight * u @ u
        )  # fmt: skip

    found = mpc.solve(free[None], answer[None], (low[None], high[None]))[0]
    luck = np.random.default_rng(1)
    others = [np.clip(found + luck.normal(0, 0.3, 4), low, high) for _ in range(2_000)]
    assert cost(found) <= min(map(cost, others)) * (1 + 1e-3)


@pytest.mark.parametrize("controller", CONTROLLERS, ids=lambda c: c.name)
def test_nothing_is_given_below_70_or_when_80_is_ahead_and_basal_when_the_sensor_is_silent(controller: Any) -> None:
    guard, day = Guard(), np.array([1.1])

    def given(seen: Sight) -> float:
        return float(guard.limit(controller.decide(seen, controller.start(1))[0], seen, day)[0])

    assert given(sight(69.0, 2.0)) == 0.0
    assert given(sight(120.0, -1.5)) == 0.0
    assert given(sight(300.0, silent=np.array([15.0]))) == 1.1
    assert given(sight(400.0, 3.0)) <= 3.0 * 1.1
    assert given(sight(400.0, 3.0, on_board=np.array([4.5]))) <= 1.1


def arm(controller: Any, **changed: Any) -> Arm:
    pumps = Pumps(np.full((3, 24), 1.0), np.full(3, 10.0), np.full(3, 40.0), np.full(3, 110.0))
    return Arm("arm", pumps, diary(3, Scenario(days=1, **changed), 1), controller)


@pytest.mark.parametrize("controller", [None, *CONTROLLERS])
def test_an_arm_is_a_policy_that_sees_readings_only(controller: Any) -> None:
    """Two rows with the same readings get the same, whatever row they are: nothing else can be known."""
    own = arm(controller)
    assert isinstance(own, Policy)
    memory, noon = own.start(3), np.array([12.0, 0.0, 1.0, 0.0])
    for k in range(40):
        level = 150.0 + 2.0 * k
        rates, doses, memory = own.act(np.array([[level], [level], [np.nan]]), memory, noon)
        assert rates[0, 0] == rates[1, 0] >= 0.0 and rates[2, 0] == 1.0
        assert np.isnan(rates[:, 1:]).all() and (doses >= 0.0).all()


def test_a_meal_is_dosed_once_as_it_was_counted_and_a_low_is_treated_every_quarter_of_an_hour() -> None:
    own = arm(None, missed=0.0, silent=0.0, sensor_sd=0.0)
    memory, noon = own.start(3), np.array([12.0, 0.0, 1.0, 0.0])
    counted = np.asarray(own.diary.counted)
    boluses = np.zeros(3)
    for _ in range(288):
        _, doses, memory = own.act(np.full((3, 1), 110.0), memory, noon)
        boluses += doses[:, 0]
    np.testing.assert_allclose(boluses, counted.sum(axis=1) / 10.0)
    memory, eaten = own.start(3), []
    for _ in range(12):
        _, doses, memory = own.act(np.full((3, 1), 60.0), memory, noon)
        eaten.append(doses[0, 1])
    assert eaten == [15.0, 0.0, 0.0] * 4
