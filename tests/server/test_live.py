"""The live part: readings that became durable move twins and are told, over stop and start, and when a tick fails."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from gemel.core.clock import HOUR, MINUTE, instant
from gemel.core.errors import GemelError
from gemel.core.fact import Exact, Fact, Observation
from gemel.core.ports import Caller
from gemel.core.subject import Subject
from gemel.core.writing import Write
from gemel.runtime import Site, fleet_outlook
from gemel.runtime.fleet_forecast import paths_of
from gemel.server.hub import Event
from tests.runtime.tank import Pull
from tests.runtime.world import TANK

pytestmark = pytest.mark.anyio

CALLER = Caller(id="test")
START = instant("2026-03-01T00:00:00Z")
PART = ("gemel.server.live:LiveTwins",)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def reading(k: int, value: float = 100.0, **more: Any) -> Fact:
    at = START + k * MINUTE
    given = {"id": f"g{k}", "code": "test:level", "unit": "mg/dL", "value": Exact(value), "at": at, "recorded": at}
    return Observation(**given | more)


async def put(service: Any, *facts: Fact, subject: str = "s") -> None:
    await service.inbox.put([Write(subject=subject, facts=facts)], CALLER)


class Heard:
    """Every event, and a way to wait for one."""

    def __init__(self, service: Any) -> None:
        self.events: list[Event] = []
        self._more = asyncio.Event()
        service.hub.listen(self._hear)

    def _hear(self, events: Any) -> None:
        self.events.extend(events)
        self._more.set()

    async def until(self, true: Callable[[list[Event]], bool]) -> list[Event]:
        async with asyncio.timeout(30):
            while not true(self.events):
                self._more.clear()
                await self._more.wait()
        return self.events


def present(events: list[Event], twin: str = "t") -> int:
    """Which minute a twin has told that it stands at."""
    stands = [e.data.present for e in events if e.kind == "belief" and e.twin == twin]
    return max(stands, default=START) - START


def forecast_at(k: int) -> Callable[[list[Event]], bool]:
    return lambda events: any(e.kind == "forecast" and e.data.issued == START + k * MINUTE for e in events)


def twin(site: Site, subject: str = "s", name: str = "t") -> None:
    site.enrol(Subject(id=subject))
    site.create(TANK, subject, at=START, members=32, engine=Pull(), rates={"flow": 2.0}, id=name)


async def test_a_reading_is_told_then_believed_then_forecast(serving: Any) -> None:
    async with serving(parts=PART, tick_ms=1.0) as served:
        await asyncio.to_thread(twin, served.service.site)
        heard = Heard(served.service)
        await put(served.service, reading(1))
        events = await heard.until(forecast_at(1))
    assert [e.kind for e in events] == ["facts", "belief", "forecast"]
    facts, belief, forecast = (e.data for e in events)
    assert facts.accepted == 1 and facts.facts == (reading(1),)
    assert (belief.present, belief.used, belief.stale) == (START + MINUTE, 1, "")
    assert forecast.minutes == (30, 60, 90, 120) and forecast.standing == "silent"
    assert len(forecast.quantiles["level"]) == 4 and all(row == sorted(row) for row in forecast.quantiles["level"])


async def test_every_reading_is_taken_in_however_many_come_at_once(serving: Any) -> None:
    async with serving(parts=PART, tick_ms=1.0) as served:
        await asyncio.to_thread(twin, served.service.site)
        heard = Heard(served.service)
        await asyncio.gather(*(put(served.service, reading(k)) for k in range(1, 121)))
        await heard.until(forecast_at(120))
        assert (await asyncio.to_thread(served.service.site.load, "t")).cursor.used == 120


async def test_what_was_accepted_before_a_stop_is_believed_after_it_without_a_new_reading(serving: Any) -> None:
    async with serving(parts=PART, tick_ms=1.0) as served:
        await asyncio.to_thread(twin, served.service.site)
        heard = Heard(served.service)
        await put(served.service, *(reading(k) for k in range(1, 6)))
        await heard.until(lambda events: present(events) >= MINUTE)
        await put(served.service, *(reading(k) for k in range(6, 31)))
    async with serving(parts=PART, tick_ms=1.0) as served:
        site = served.service.site
        saved = await asyncio.to_thread(site.store.latest, "t", CALLER)
        assert saved.at == START + 30 * MINUTE
        heard = Heard(served.service)
        await put(served.service, reading(31))
        await heard.until(forecast_at(31))
        assert (await asyncio.to_thread(site.load, "t")).cursor.used == 31


async def test_facts_that_came_while_nobody_was_live_are_taken_in_at_the_start(serving: Any) -> None:
    async with serving() as served:
        await asyncio.to_thread(twin, served.service.site)
        await put(served.service, *(reading(k) for k in range(1, 4)))
    async with serving(parts=PART, tick_ms=1.0) as served:
        heard = Heard(served.service)
        await heard.until(lambda events: present(events) == 3 * MINUTE)


async def test_a_tick_that_fails_loses_nothing_and_is_told(serving: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(parts=PART, tick_ms=1.0) as served:
        site = served.service.site
        await asyncio.to_thread(twin, site)
        heard, fleets = Heard(served.service), site.fleets()
        await put(served.service, reading(1))
        await heard.until(forecast_at(1))
        right, broken = fleets.arrive, asyncio.Event()
        loop = asyncio.get_running_loop()

        def wrong(writes: Any) -> None:
            monkeypatch.setattr(type(fleets), "arrive", lambda self, writes: right(writes))
            loop.call_soon_threadsafe(broken.set)
            raise RuntimeError("struck by lightning")

        monkeypatch.setattr(type(fleets), "arrive", lambda self, writes: wrong(writes))
        await put(served.service, reading(2))
        await broken.wait()
        await put(served.service, reading(3))
        await heard.until(lambda events: present(events) == 3 * MINUTE)
        assert (await asyncio.to_thread(site.load, "t")).cursor.used == 3


async def test_twins_move_on_while_a_forecast_is_made(serving: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(parts=PART, tick_ms=1.0) as served:
        await asyncio.to_thread(twin, served.service.site)
        heard, begun, go = Heard(served.service), threading.Event(), threading.Event()

        def slow(*given: Any) -> Any:
            begun.set()
            go.wait(30.0)
            return paths_of(*given)

        monkeypatch.setattr(fleet_outlook, "paths_of", slow)
        await put(served.service, reading(1))
        await asyncio.to_thread(begun.wait, 30.0)
        await put(served.service, reading(2))
        events = list(await heard.until(lambda events: present(events) == 2 * MINUTE))
        assert not any(e.kind == "forecast" for e in events)
        go.set()
        await heard.until(forecast_at(1))
        await heard.until(forecast_at(2))


async def test_a_forecast_that_fails_is_told_and_stops_no_tick(serving: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(parts=PART, tick_ms=1.0) as served:
        await asyncio.to_thread(twin, served.service.site)
        heard = Heard(served.service)

        failed: list[int] = []

        def wrong(*_: Any) -> Any:
            failed.append(1)
            raise RuntimeError("struck by lightning")

        async def not_fine(times: int) -> str:
            async with asyncio.timeout(30):
                while len(failed) < times or served.service.site.fleets().owed:
                    await asyncio.sleep(0)
                while (told := (await served.client.get("/readyz")).json()["parts"]["live"])["fine"]:
                    await asyncio.sleep(0)
            return told["detail"]

        with monkeypatch.context() as patch:
            patch.setattr(fleet_outlook, "paths_of", wrong)
            for k in (1, 2):
                await put(served.service, reading(k))
                await heard.until(lambda events, k=k: present(events) == k * MINUTE)
                assert "no forecast: RuntimeError: struck by lightning" in await not_fine(k)
        await put(served.service, reading(3))
        events = await heard.until(forecast_at(3))
        assert [e.data.issued for e in events if e.kind == "forecast"] == [START + 3 * MINUTE]
        assert (await served.client.get("/readyz")).json()["parts"]["live"]["fine"]


async def test_a_twin_that_cannot_be_moved_is_named_and_stops_nobody(serving: Any) -> None:
    async with serving(parts=PART, tick_ms=1.0) as served:
        site = served.service.site
        heard = Heard(served.service)
        tick = site.tick

        def picky(twins: Any, until: Any = None) -> Any:
            if "a:t" in twins:
                raise GemelError("no model")
            return tick(twins, until)

        site.fleets()._tick = picky
        for name in ("a", "b"):
            await asyncio.to_thread(twin, site, name, f"{name}:t")
        for name in ("a", "b"):
            await put(served.service, reading(1), subject=name)
        await heard.until(lambda events: present(events, "b:t") == MINUTE)
        assert site.fleets().problems == {"a:t": "no model"}
        told = (await served.client.get("/readyz")).json()["parts"]["live"]
        assert "1 twins with a problem" in told["detail"]


async def test_the_metrics_tell_how_the_twins_fare(serving: Any) -> None:
    async with serving(parts=PART, tick_ms=1.0) as served:
        await asyncio.to_thread(twin, served.service.site)
        heard = Heard(served.service)
        for k in range(1, 4):
            await put(served.service, reading(k))
            await heard.until(forecast_at(k))
        text = (await served.client.get("/metrics")).text
    figures = dict(line.split() for line in text.splitlines() if line.startswith("gemel_live") and " " in line)
    assert float(figures["gemel_live_twins"]) == 1.0 and float(figures["gemel_live_moves_total"]) == 3.0
    assert float(figures["gemel_live_forecasts_total"]) == 3.0 and float(figures["gemel_live_waiting"]) == 0.0


async def test_a_refit_that_is_due_is_done_when_there_is_time(serving: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gemel.server.live_jobs.EVERY_S", 0.0)
    async with serving(parts=PART, tick_ms=1.0) as served:
        site = served.service.site
        site.budget = site._keeper.budget = HOUR
        await asyncio.to_thread(twin, site)
        heard, done, refit = Heard(served.service), asyncio.Event(), site.refit
        loop = asyncio.get_running_loop()

        def told(name: str) -> None:
            refit(name)
            loop.call_soon_threadsafe(done.set)

        site.refit = told
        await put(served.service, *(reading(60 * k) for k in range(1, 7)))
        await heard.until(lambda events: present(events) == 6 * HOUR)
        await put(served.service, reading(61))
        await heard.until(lambda events: any(e.kind == "belief" and e.data.stale for e in events))
        async with asyncio.timeout(30):
            await done.wait()
        assert await asyncio.to_thread(site.stale, "t") == ""
