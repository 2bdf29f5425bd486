"""Policies: rules that read the noisy reading and set each member's own inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from gemel import forecast, forecast_all
from gemel.core.clock import HOUR
from gemel.core.errors import PlanError
from gemel.core.plan import Action, Policy, Schedule
from tests.laws.cases import BY_NAME, at

NOTHING = Schedule("none")


@dataclass(frozen=True)
class Fixed:
    """Does whatever the schedule does."""

    name: str = "fixed"
    every: float = 1.0
    schedule: Schedule = NOTHING

    def start(self, rows: int) -> Any:
        return 0

    def act(self, reading: Any, memory: Any, clock: Any) -> Any:
        still = np.full((reading.shape[0], 1), np.nan)
        return still, np.zeros_like(still), memory + 1


@dataclass(frozen=True)
class Thermostat(Fixed):
    """Pushes up where the reading is below two."""

    name: str = "thermostat"

    def act(self, reading: Any, memory: Any, clock: Any) -> Any:
        assert clock.shape == (4,)
        return np.where(reading < 2.0, 1.0, 0.0), np.zeros_like(reading), memory


PUSH = Schedule("push", (Action(at(1.5), "push", dose=1.0), Action(at(2), "push", rate=0.5, until=at(3))))


def test_a_policy_that_does_nothing_equals_its_schedule() -> None:
    """Cuts at its decisions fall on the step grid, so nothing but the last bits may differ: inputs per member run
    through a kernel of their own, whose multiplications may be fused elsewhere."""
    assert isinstance(Fixed(), Policy)
    twin = BY_NAME["linear"].twin()
    for every in (0.5, 1.0):
        plain, ruled = (forecast(twin, at(4), plan, every=0.5) for plan in (PUSH, Fixed(every=every, schedule=PUSH)))
        np.testing.assert_allclose(plain.paths, ruled.paths, rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(plain.readings, ruled.readings, rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(plain.amounts, ruled.amounts, atol=1e-12)  # sums in another order


def test_each_member_gets_what_its_own_reading_asks_for() -> None:
    twin = BY_NAME["linear"].twin()
    calm, ruled = (forecast(twin, at(6), plan, every=1.0) for plan in (None, Thermostat()))
    given = ruled.amounts[:, -1, 0]
    assert given.min() < given.max() <= 6.0 and np.all(given == np.round(given))
    untouched = given == 0.0
    np.testing.assert_allclose(ruled.paths[untouched], calm.paths[untouched], rtol=1e-13)
    assert ruled.paths[:, -1, 0].mean() > calm.paths[:, -1, 0].mean()


def test_the_present_may_be_an_output_under_a_schedule_and_under_a_policy() -> None:
    twin = BY_NAME["linear"].twin()
    ahead = [0, HOUR // 2, 2 * HOUR]
    for ask in (ahead, ahead[::2]):
        plain, ruled = (
            forecast_all([twin], 2 * HOUR, [plan], ahead=ask)[0] for plan in (PUSH, Fixed(every=0.5, schedule=PUSH))
        )
        assert plain.times[0] == ruled.times[0] == twin.now and plain.paths.shape == ruled.paths.shape
        np.testing.assert_allclose(plain.paths, ruled.paths, rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(plain.amounts, ruled.amounts, atol=1e-12)
        assert np.all(ruled.amounts[:, 0] == 0.0)


@pytest.mark.parametrize("ahead", [[], [0], [-1, HOUR]])
def test_outputs_that_are_no_forecast_are_refused(ahead: list[int]) -> None:
    for plan in (PUSH, Fixed()):
        with pytest.raises(PlanError, match="'ahead' is"):
            forecast_all([BY_NAME["linear"].twin()], HOUR, [plan], ahead=ahead)
