"""Runs of live forecasts: how many follow a tick."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gemel.runtime.fleet_outlook import Outlook
from gemel.runtime.fleets import Fleets
from gemel.server.live_forecasts import MOST, Forecasts

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Debts:
    """So many twins are owed a forecast."""

    def __init__(self, owed: int) -> None:
        self.owed = owed

    def paid(self, most: int) -> list[Outlook]:
        self.owed -= min(most, self.owed)
        return []


@pytest.fixture
def debts(monkeypatch: pytest.MonkeyPatch) -> Debts:
    """What every fleet owes."""
    own = Debts(4 * MOST)
    monkeypatch.setattr(Fleets, "owed", property(lambda _: own.owed))
    monkeypatch.setattr(Fleets, "forecast", lambda _, most: own.paid(most))
    return own


@pytest.mark.parametrize("behind", [True, False])
async def test_while_readings_wait_one_run_follows_a_tick_and_else_as_many_as_are_owed(
    serving: Any, debts: Debts, behind: bool
) -> None:
    async with serving() as served:
        forecasts = Forecasts(served.service, served.service.site.fleets())
        forecasts.start()
        left: list[int] = []
        for _ in range(3):
            forecasts.ticked(behind=behind)
            for _ in range(50):  # enough for every run that may follow
                await asyncio.to_thread(int)
            left.append(debts.owed // MOST)
        await forecasts.stop()
        assert left == ([3, 2, 1] if behind else [0, 0, 0])


async def test_once_stopped_nothing_more_is_forecast(serving: Any, debts: Debts) -> None:
    async with serving() as served:
        forecasts = Forecasts(served.service, served.service.site.fleets())
        forecasts.start()
        await forecasts.stop()
        assert debts.owed == 4 * MOST
