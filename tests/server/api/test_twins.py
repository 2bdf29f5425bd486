from __future__ import annotations

import asyncio
import math

import msgspec
import pytest

from gemel.core.clock import HOUR, MINUTE, instant
from gemel.core.ports import Caller
from gemel.runtime.answers.shapes import ComparisonShape, ExplanationShape, ForecastShape
from gemel.server.asking import TwinShape

WHO = Caller(id="test")
START = instant("2026-03-01T06:00:00Z")


def readings(hours: float = 6.0):
    """A day's quiet beginning: glucose every five minutes [mg/dL], a pump's basal rate [[IU]/h]."""
    n = round(hours * 12)
    series = {
        "code": "loinc:99504-3", "unit": "mg/dL", "at": [START + k * 5 * MINUTE for k in range(1, n + 1)],
        "value": [120.0 + 15 * math.sin(k / 9) for k in range(1, n + 1)],
    }  # fmt: skip
    basal = {"code": "gemel:rapid-insulin", "unit": "[IU]/h", "rate": 0.9, "at": START}
    return series, basal


async def person(served, subject="p", born="1980-05-05"):
    given = {"id": subject, "zone": "Europe/London"} | ({"born": born} if born else {})
    assert (await served.client.post("/api/subjects", json=given)).status_code == 201
    series, basal = readings()
    path = f"/api/subjects/{subject}/observations"
    assert (await served.client.post(path, json={"series": [series]})).json()["accepted"] == 72
    assert (await served.client.post(path, json=basal)).status_code == 200


async def twin(served, subject="p", **more):
    given = {"model": "replaybg", "subject": subject, "id": f"{subject}.t", "members": 128} | more
    return await served.client.post("/api/twins", json=given)


def test_a_twin_is_made_read_asked_and_remembered(serving):
    async def run():
        async with serving() as served:
            await person(served)
            made = await twin(served)
            assert (made.status_code, made.headers["location"]) == (201, "/api/twins/p.t"), made.text
            shape = msgspec.json.decode((await served.client.get("/api/twins/p.t")).content, type=TwinShape)
            assert (shape.subject, shape.model, shape.standing) == ("p", "replaybg", "silent")
            assert shape.believed.at == "2026-03-01T12:00:00+00:00" and shape.believed.facts_used == 72
            assert shape.believed.data.newest_reading == shape.believed.at

            told = await served.client.get("/api/twins/p.t/forecast", params={"hours": 2})
            forecast = msgspec.json.decode(told.content, type=ForecastShape)
            assert forecast.issued == shape.believed.at and forecast.hours[-1] == pytest.approx(2.0)
            fan = forecast.observables[0]
            assert all(a <= b <= c for a, b, c in zip(fan.q05, fan.q50, fan.q95, strict=True))
            assert forecast.standing is not None and forecast.standing.standing == "silent"
            ledger = (await served.client.get("/api/twins/p.t/ledger")).json()["forecasts"]
            assert sorted((row["target"] - row["issued"]) // MINUTE for row in ledger) == [30, 60, 120]
            assert (await served.client.get("/api/twins/p.t/record")).json() == []
            listed = (await served.client.get("/api/twins", params={"subject": "p"})).json()["twins"]
            assert [(row["id"], row["model"]) for row in listed] == [("p.t", "replaybg")]

    asyncio.run(run())


def test_a_plan_is_the_same_typed_or_with_actions(serving):
    async def run():
        async with serving() as served:
            await person(served)
            await twin(served)
            typed = await served.client.get(
                "/api/twins/p.t/forecast", params={"hours": 3, "plan": "dinner: insulin=4@+0, carbs=50@+15min"}
            )
            actions = [{"input": "insulin", "dose": 4}, {"input": "carbs", "at": "+15min", "dose": 50}]
            told = await served.client.post(
                "/api/twins/p.t/forecast", json={"hours": 3, "plan": {"name": "dinner", "actions": actions}}
            )
            assert typed.status_code == told.status_code == 200, told.text
            assert typed.json()["observables"] == told.json()["observables"]
            quiet = (await served.client.get("/api/twins/p.t/forecast", params={"hours": 3})).json()
            assert max(told.json()["observables"][0]["mean"]) > max(quiet["observables"][0]["mean"])

    asyncio.run(run())


def test_plans_are_compared_and_a_forecast_is_explained(serving):
    async def run():
        async with serving() as served:
            await person(served)
            await twin(served)
            plans = ["nothing:", "too much: insulin=12@+0"]
            told = await served.client.get("/api/twins/p.t/compare", params={"plan": plans, "hours": 3})
            compared = msgspec.json.decode(told.content, type=ComparisonShape)
            assert [p.plan for p in compared.plans] == ["nothing", "too much"]
            assert compared.plans[0].expected > compared.plans[1].expected
            posted = await served.client.post("/api/twins/p.t/compare", json={"plans": plans, "hours": 3})
            assert posted.json() == told.json() | {"data": posted.json()["data"]}
            why = await served.client.get("/api/twins/p.t/explain", params={"hours": 1, "since": 2})
            explained = msgspec.json.decode(why.content, type=ExplanationShape)
            assert explained.words and sum(s.part for s in explained.shares) == pytest.approx(1.0, abs=0.02)
            assert sum(c.facts for c in explained.contributions) >= 20  # two hours of readings

    asyncio.run(run())


def test_whom_the_card_does_not_cover_is_refused_unless_a_reason_goes_on_record(serving):
    async def run():
        async with serving() as served:
            await person(served, "child", born="2018-01-01")
            refused = await twin(served, "child")
            assert refused.status_code == 422 and "18 years" in refused.json()["detail"]
            assert (await served.client.get("/api/twins")).json()["twins"] == []
            made = await twin(served, "child", override_reason="no other model; parents agreed")
            assert made.status_code == 201, made.text
            (kept,) = served.service.store.documents("child", WHO, kinds=frozenset({"gemel/card-override"}))
            told = msgspec.json.decode(kept.body)
            assert (told["twin"], told["reason"]) == ("child.t", "no other model; parents agreed")
            await person(served, "unknown", born=None)
            made = (await twin(served, "unknown")).json()
            assert "birth date" in made["unchecked"][0]
            await served.client.post("/api/subjects", json={"id": "ward", "kind": "ward"})
            assert (await twin(served, "ward")).status_code == 422

    asyncio.run(run())


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "word"),
    [
        ("GET", "/api/twins/none", None, 404, "no twin 'none'"),
        ("GET", "/api/twins/none/ledger", None, 404, "no twin 'none'"),
        ("GET", "/api/twins/p.t/forecast?hours=9999", None, 422, "744"),
        ("GET", "/api/twins/p.t/forecast?plan=nonsense", None, 422, "is no plan"),
        ("GET", "/api/twins/p.t/forecast?plan=x: wine=2@%2B0", None, 422, "wine"),
        ("POST", "/api/twins/p.t/forecast", {"until": START}, 422, "must be ahead"),
        ("POST", "/api/twins/p.t/forecast", {"hours": -1}, 422, "hours"),
        ("POST", "/api/twins/p.t/compare", {"plans": ["a:"]}, 422, "plans"),
        ("POST", "/api/twins/p.t/compare", {"plans": ["a:", "a:"]}, 422, "different names"),
        ("POST", "/api/twins/p.t/compare", {"plans": ["a:", "b:"], "utility": "joy"}, 422, "no utility 'joy'"),
        ("POST", "/api/twins", {"model": "replaybg", "subject": "p", "id": "p.t"}, 409, "already"),
        ("POST", "/api/twins", {"model": "replaybg", "subject": "nobody"}, 404, "no subject"),
        ("POST", "/api/twins", {"model": "os:system", "subject": "p"}, 404, "no models named"),
        ("POST", "/api/twins", {"model": "replaybg", "subject": "p", "id": "n", "covariates": {"x": 1}}, 422, "'x'"),
        ("GET", "/api/models/os:system/card", None, 404, "no model"),
    ],
)
def test_what_cannot_be_done_is_told_with_the_reason(a_twin, method, path, body, status, word):
    told = a_twin(method, path, body)
    assert (told.status_code, told.headers["content-type"]) == (status, "application/problem+json"), told.text
    assert word in told.json()["detail"]


@pytest.fixture(scope="module")
def a_twin(tmp_path_factory):
    """A service with one twin, for questions that change nothing."""
    import httpx

    from gemel.server.app import create_app
    from gemel.server.settings import Settings
    from tests.server.conftest import Served

    with asyncio.Runner() as runner:
        app = create_app(Settings(data=str(tmp_path_factory.mktemp("twins"))), parts=())
        context = app.router.lifespan_context(app)
        runner.run(context.__aenter__())
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test")
        served = Served(client, app.state.service)
        runner.run(person(served))
        assert runner.run(twin(served)).status_code == 201
        yield lambda method, path, body: runner.run(client.request(method, path, json=body))
        runner.run(context.__aexit__(None, None, None))


def test_late_facts_move_the_twin_when_it_is_next_asked(serving):
    async def run():
        async with serving() as served:
            await person(served)
            await twin(served)
            late = {"code": "loinc:99504-3", "unit": "mg/dL", "value": 240, "at": START + 6 * HOUR + 5 * MINUTE}
            await served.client.post("/api/subjects/p/observations", json=late)
            told = (await served.client.get("/api/twins/p.t")).json()["believed"]
            assert told["at"] == "2026-03-01T12:05:00+00:00" and told["facts_used"] == 73

    asyncio.run(run())
