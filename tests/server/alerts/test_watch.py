"""The alert watch in a running service: events and readings in, alerts out, all of it durable."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import NormalDist
from typing import Any

import httpx
import pytest

from gemel.core.clock import HOUR, MINUTE, instant
from gemel.core.fact import Exact, Level, Observation
from gemel.core.ledger import LEVELS
from gemel.core.ports import Caller
from gemel.core.subject import Subject
from gemel.core.writing import Write
from gemel.runtime import Site
from gemel.server.alerts.keeping import CODE, KIND, alerts_of
from gemel.server.alerts.life import OPEN, Alert
from gemel.server.context import Service
from gemel.server.live_news import ForecastNews

START = instant("2026-03-01T12:00:00Z")
PART = "gemel.server.alerts.watch:AlertWatch"
CALLER = Caller(id="test")


class Ward:
    """A service with alerts, whose time stands still until it is moved."""

    def __init__(self, service: Service, client: httpx.AsyncClient, clock: list[int]) -> None:
        self.service, self.client, self._clock = service, client, clock

    @property
    def now(self) -> int:
        return self._clock[0]

    def later(self, minutes: float) -> None:
        self._clock[0] += round(minutes * MINUTE)

    def foretell(self, mean: float, *, standing: str = "advisory", twin: str = "t", subject: str = "p") -> None:
        """Publish a forecast of glucose that is normal with this mean and sd 20 at each horizon."""
        values = [NormalDist(mean, 20).inv_cdf(q) for q in LEVELS]
        news = ForecastNews(
            model="replaybg", version="1", standing=standing, issued=self.now, minutes=(30, 60, 90, 120),
            quantiles={"glucose": [values] * 4}, now={"glucose": (mean, mean - 33, mean + 33)},
            units={"glucose": "mg/dL"}, ledger=(), stale="",
        )  # fmt: skip
        self.service.hub.publish("forecast", subject=subject, twin=twin, at=self.now, data=news)

    async def read(self, *values: float, code: str = "loinc:99504-3", age: float = 0.0) -> None:
        """Readings of subject p, a second apart, durable."""
        facts = tuple(
            Observation(id=f"{code}{self.now + k * 1_000_000}", code=code, value=Exact(v), unit="mg/dL",
                        at=self.now + k * 1_000_000 - round(age * MINUTE), recorded=self.now)
            for k, v in enumerate(values)
        )  # fmt: skip
        await self.service.inbox.put([Write(subject="p", facts=facts)], CALLER)

    async def alerts(self, **query: Any) -> list[dict[str, Any]]:
        answer = await self.client.get("/api/alerts", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()["alerts"]

    async def once(self, found: Callable[[list[dict[str, Any]]], bool], **query: Any) -> list[dict[str, Any]]:
        """The alerts, once they are as wanted."""
        async with asyncio.timeout(10):
            while not found(alerts := await self.alerts(**query)):
                await asyncio.sleep(0.005)
        return alerts

    async def act(self, id: str, action: str, **body: Any) -> httpx.Response:
        return await self.client.post(f"/api/alerts/{id}/{action}", json={"by": "nurse-7", **body})


@pytest.fixture
def ward(serving: Any, tmp_path: Path) -> Callable[..., Any]:
    """`async with ward() as w`; opened again, it is the same ward after a restart."""
    clock = [START]

    @asynccontextmanager
    async def opened(**settings: Any) -> AsyncGenerator[Ward]:
        def site(_: Any) -> Site:
            return Site.open(tmp_path / "ward.db", now=lambda: clock[0])

        async with serving(parts=(PART,), site=site, **settings) as served:
            write = Write(subject="p", enrol=Subject(id="p"))
            await served.service.inbox.put([write], CALLER)
            yield Ward(served.service, served.client, clock)

    return opened


def run(test: Any) -> None:
    asyncio.run(test)


def some(alerts: list[dict[str, Any]]) -> bool:
    return bool(alerts)


def test_a_forecast_of_low_glucose_raises_one_alert_with_its_reason_and_evidence(ward: Any) -> None:
    async def story() -> None:
        async with ward() as w:
            for _ in range(3):
                w.foretell(75.0)  # P(below 70) = 40 %, P(below 54) = 15 %
            (alert,) = await w.once(some)
            assert (alert["rule"], alert["state"], alert["subject"]) == ("glucose-low-ahead", "raised", "p")
            assert alert["strength"] == pytest.approx(NormalDist(75, 20).cdf(70), abs=0.004)
            assert alert["reason"].startswith("P(glucose below 70 mg/dL in 30 min) = 40%")
            assert alert["evidence"]["median"] == pytest.approx(75.0)
            one = await w.client.get(f"/api/alerts/{alert['id']}")
            assert one.json() == alert

    run(story())


def test_every_step_is_a_fact_of_the_subject_and_a_restart_finds_what_was(ward: Any) -> None:
    async def story() -> None:
        async with ward() as w:
            w.foretell(75.0)
            (alert,) = await w.once(some)
            w.later(11)
            (alert,) = await w.once(lambda a: a[0]["state"] == "escalated")
            answer = await w.act(alert["id"], "acknowledge", why="juice given")
            assert answer.status_code == 200 and answer.json()["state"] == "acknowledged"
        async with ward() as w:
            (back,) = await w.alerts()
            assert back == answer.json()
            facts = [f for _, f in w.service.store.facts("p", CALLER) if f.code == CODE]
            told = [f.value.name for f in facts if isinstance(f, Observation) and isinstance(f.value, Level)]
            assert told == ["raised", "escalated", "acknowledged"]
            assert {f.entity for f in facts if isinstance(f, Observation)} == {alert["id"]}
            earlier = await w.alerts(subject="p", as_of="2026-03-01T12:05:00Z")
            assert [a["state"] for a in earlier] == ["raised"]
            w.foretell(75.0)  # still open: not raised again
            w.later(1)
            w.foretell(120.0)
            (over,) = await w.once(lambda a: a[0]["state"] == "resolved", state="all")
            assert over["id"] == alert["id"] and over["steps"][-1]["by"] == "gemel"

    run(story())


def test_a_silent_model_calls_nobody_but_its_entry_is_kept(ward: Any) -> None:
    async def story() -> None:
        async with ward() as w:
            from gemel.server.hub import Filter

            with w.service.hub.subscribe(Filter(kinds=frozenset({"alert"}))) as watcher:
                w.foretell(75.0, standing="silent")
                (quiet,) = await w.once(some, silent=True)
                assert quiet["state"] == "silent" and await w.alerts() == []
                refused = await w.act(quiet["id"], "acknowledge")
                assert refused.status_code == 409 and "silent" in refused.json()["detail"]
                assert watcher.waiting == 0
                w.foretell(75.0)
                (called,) = await w.once(some)
                assert (called["id"], called["state"]) == (quiet["id"], "raised")
                assert watcher.waiting == 1

    run(story())


def test_a_reading_beyond_its_limit_calls_and_one_of_long_ago_does_not(ward: Any) -> None:
    async def story() -> None:
        async with ward() as w:
            await w.read(50.0, age=61.0)
            await w.read(53.0, code="loinc:41653-7")
            (alert,) = await w.once(some)
            assert (alert["rule"], alert["severity"], alert["evidence"]["value"]) == (
                "glucose-very-low", "critical", 53.0,
            )  # fmt: skip
            await w.read(60.0)  # back above the limit, but within the margin
            await w.read(75.0)
            (over,) = await w.once(some, state="resolved")
            assert over["id"] == alert["id"] and len(over["steps"]) == 2

    run(story())


def test_a_low_that_is_over_in_the_same_message_is_not_lost(ward: Any) -> None:
    async def story() -> None:
        async with ward() as w:
            await w.read(80.0, 50.0, 52.0, 90.0)
            (alert,) = await w.once(some, state="resolved")
            assert [s["state"] for s in alert["steps"]] == ["raised", "resolved"]
            assert alert["evidence"]["value"] in (50.0, 52.0)

    run(story())


def test_a_stream_that_falls_silent_is_noticed_and_its_return_too(ward: Any) -> None:
    async def story() -> None:
        async with ward() as w:
            for _ in range(6):
                await w.read(100.0)
                w.later(5)
            w.later(39)
            assert await w.alerts() == []
            w.later(2)
            (alert,) = await w.once(some)
            assert alert["rule"] == "glucose-silent" and alert["reason"] == "no reading for 46 min"
            await w.read(100.0)
            assert await w.once(some, state="resolved")

    run(story())


def test_snoozing_and_resolving_do_what_they_say_and_nonsense_is_refused(ward: Any) -> None:
    async def story() -> None:
        async with ward() as w:
            w.foretell(75.0)
            (alert,) = await w.once(some)
            assert (await w.act(alert["id"], "snooze")).status_code == 409  # for how long?
            assert (await w.act(alert["id"], "snooze", minutes=-1)).status_code == 422
            assert (await w.act(alert["id"], "forget")).status_code == 422
            assert (await w.act("p.alert-none", "resolve")).status_code == 404
            snoozed = await w.act(alert["id"], "snooze", minutes=30, why="eats now")
            assert snoozed.json()["steps"][-1]["until"] == "2026-03-01T12:30:00+00:00"
            w.later(31)
            await w.once(lambda a: a[0]["state"] == "raised")
            done = await w.act(alert["id"], "resolve", why="fine again")
            assert done.json()["state"] == "resolved" and done.json()["steps"][-1]["by"] == "nurse-7"
            w.foretell(70.0)  # the rule keeps quiet for half an hour after a person resolved it
            w.later(31)
            assert await w.alerts() == []
            w.foretell(70.0)
            assert await w.once(some)

    run(story())


def test_burden_counts_what_happened_and_whether_the_low_came(ward: Any) -> None:
    async def story() -> None:
        async with ward() as w:
            w.foretell(75.0)
            (alert,) = await w.once(some)
            w.later(4)
            await w.act(alert["id"], "acknowledge")
            w.later(30)
            await w.read(66.0)
            w.later(120)
            answer = (await w.client.get("/api/alerts/burden", params={"days": 1})).json()
            every, own = answer["figures"]
            assert (every["alerts"], every["patient_days"], own["rule"]) == (1, 1, "glucose-low-ahead")
            assert every["median_minutes_to_answer"] == 4.0 and every["answered_soon"]["share"] == 1.0
            assert every["predictive_value"]["count"] == every["predictive_value"]["n"] == 1
            other = (await w.client.get("/api/alerts/burden", params={"days": 1, "subject": "nobody"})).json()
            assert other["figures"][0]["alerts"] == 0

    run(story())


def test_alerts_go_to_whoever_watches_the_hub_once_they_are_durable(ward: Any) -> None:
    async def story() -> None:
        async with ward() as w:
            seen: list[tuple[str, list[Alert]]] = []

            def told(events: Any) -> None:
                seen.extend((e.data.id, alerts_of(w.service.store, "p", CALLER)) for e in events if e.kind == "alert")

            w.service.hub.listen(told)
            w.foretell(75.0)
            (alert,) = await w.once(some)
            ((id, durable),) = seen
            assert id == alert["id"] and [a.id for a in durable] == [id]

    run(story())


def test_documents_and_facts_tell_the_same_life(ward: Any) -> None:
    async def story() -> None:
        async with ward() as w:
            w.foretell(60.0)  # two rules: below 70 and below 54
            await w.once(lambda a: len(a) == 2)
            w.later(6)
            await w.once(lambda a: any(x["state"] == "escalated" for x in a))
            w.later(60)
            await w.once(lambda a: not a)
            store = w.service.store
            facts = [f for _, f in store.facts("p", CALLER) if f.code == CODE and isinstance(f, Observation)]
            for alert in alerts_of(store, "p", CALLER):
                states = [f.value.name for f in facts if f.entity == alert.id and isinstance(f.value, Level)]
                assert states == [s.state for s in alert.steps] and states[-1] not in OPEN
            versions = store.documents("p", CALLER, kinds=frozenset({KIND}))
            assert len(versions) == len(facts)

    run(story())


def test_a_year_old_bulk_of_lows_raises_nothing_and_costs_little(ward: Any) -> None:
    async def story() -> None:
        async with ward() as w:
            facts = tuple(
                Observation(id=str(k), code="loinc:99504-3", value=Exact(45.0), unit="mg/dL",
                            at=START - 8000 * HOUR + k * MINUTE, recorded=START)
                for k in range(5000)
            )  # fmt: skip
            await w.service.inbox.put([Write(subject="p", facts=facts)], CALLER)
            w.foretell(75.0)
            assert [a["rule"] for a in await w.once(some)] == ["glucose-low-ahead"]

    run(story())


def test_a_drift_alarm_is_told_until_it_is_closed(ward: Any) -> None:
    async def story() -> None:
        async with ward() as w:
            rings = {"glucose": "since 2026-02-27 glucose readings lie further above their forecasts"}
            w.service.site.alarms = lambda twin: rings if twin == "t" else {}
            w.foretell(120.0)
            w.later(1)
            (alert,) = await w.once(some)
            assert (alert["rule"], alert["twin"], alert["reason"]) == ("glucose-drift", "t", rings["glucose"])
            rings.clear()
            w.foretell(120.0)
            w.later(1)
            assert await w.once(some, state="resolved")

    run(story())
