"""Verbs over the web, asked of one service in which one person has a twin."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
import pytest

from gemel.core.clock import HOUR, MINUTE, instant
from gemel.core.ports import Caller
from gemel.runtime.answers.shapes import ComparisonShape, ExplanationShape, ForecastShape
from gemel.server.app import create_app, front
from gemel.server.asking import TwinShape
from gemel.server.settings import Settings

WHO = Caller(id="test")
START = instant("2026-03-01T06:00:00Z")


def morning(hours: float = 3.0):
    """Glucose every five minutes [mg/dL], and a pump's basal rate [[IU]/h]."""
    n = round(hours * 12)
    series = {
        "code": "loinc:99504-3", "unit": "mg/dL", "at": [START + k * 5 * MINUTE for k in range(1, n + 1)],
        "value": [120.0 + 15 * math.sin(k / 9) for k in range(1, n + 1)],
    }  # fmt: skip
    return series, {"code": "gemel:rapid-insulin", "unit": "[IU]/h", "rate": 0.9, "at": START}


@dataclass(frozen=True)
class World:
    """A service, spoken to without waiting for anything else."""

    runner: asyncio.Runner
    client: httpx.AsyncClient
    store: Any

    def get(self, path: str, **parameters: Any) -> httpx.Response:
        return self.runner.run(self.client.get(path, params=parameters or None))

    def post(self, path: str, body: Any) -> httpx.Response:
        return self.runner.run(self.client.post(path, json=body))

    def person(self, subject: str, born: str | None) -> None:
        given = {"id": subject, "zone": "Europe/London"} | ({"born": born} if born else {})
        assert self.post("/api/subjects", given).status_code == 201
        series, basal = morning()
        path = f"/api/subjects/{subject}/observations"
        assert self.post(path, {"series": [series]}).json()["accepted"] == 36
        assert self.post(path, basal).status_code == 200

    def twin(self, subject: str, **more: Any) -> httpx.Response:
        given = {"model": "replaybg", "subject": subject, "id": f"{subject}.t", "members": 128}
        return self.post("/api/twins", given | more)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with asyncio.Runner() as runner:
        app = create_app(Settings(data=str(tmp_path_factory.mktemp("twins"))), parts=())
        context = app.router.lifespan_context(app)
        runner.run(context.__aenter__())
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app=front(app)), base_url="http://test", timeout=60)
        found = World(runner, client, app.state.service.store)
        found.person("p", "1980-05-05")
        made = found.twin("p")
        assert (made.status_code, made.headers["location"]) == (201, "/api/twins/p.t"), made.text
        yield found
        runner.run(context.__aexit__(None, None, None))


def test_a_twin_has_observed_what_came_before_it_was_made(world):
    shape = msgspec.json.decode(world.get("/api/twins/p.t").content, type=TwinShape)
    assert (shape.subject, shape.model, shape.standing, shape.unchecked) == ("p", "replaybg", "silent", [])
    assert (shape.believed.at, shape.believed.facts_used) == ("2026-03-01T09:00:00+00:00", 36)
    assert shape.believed.data.newest_reading == shape.believed.at
    listed = world.get("/api/twins", subject="p").json()["twins"]
    assert [(row["id"], row["model"]) for row in listed] == [("p.t", "replaybg")]


def test_a_forecast_says_how_sure_it_is_and_goes_into_the_ledger(world):
    forecast = msgspec.json.decode(world.get("/api/twins/p.t/forecast", hours=2).content, type=ForecastShape)
    assert forecast.issued == "2026-03-01T09:00:00+00:00" and forecast.hours[-1] == pytest.approx(2.0)
    fan = forecast.observables[0]
    assert all(a <= b <= c for a, b, c in zip(fan.q05, fan.q50, fan.q95, strict=True))
    assert forecast.standing is not None and forecast.standing.standing == "silent"
    ledger = world.get("/api/twins/p.t/ledger").json()["forecasts"]
    assert {(row["target"] - row["issued"]) // MINUTE for row in ledger} == {30, 60, 120}
    assert world.get("/api/twins/p.t/record").json() == []  # no truth has come


def test_a_plan_is_the_same_typed_or_with_actions(world):
    typed = world.get("/api/twins/p.t/forecast", hours=2, plan="dinner: insulin=4@+0, carbs=50@+15min")
    actions = [{"input": "insulin", "dose": 4}, {"input": "carbs", "at": "+15min", "dose": 50}]
    asked = {"hours": 2, "plan": {"name": "dinner", "actions": actions}}
    told = world.post("/api/twins/p.t/forecast", asked)
    assert typed.status_code == told.status_code == 200, told.text
    assert typed.json()["observables"] == told.json()["observables"]
    quiet = world.get("/api/twins/p.t/forecast", hours=2).json()
    assert max(told.json()["observables"][0]["mean"]) > max(quiet["observables"][0]["mean"])


def test_plans_are_compared_the_same_by_either_method(world):
    plans = ["nothing:", "too much: insulin=12@+0"]
    told = world.get("/api/twins/p.t/compare", plan=plans, hours=2)
    compared = msgspec.json.decode(told.content, type=ComparisonShape)
    assert [p.plan for p in compared.plans] == ["nothing", "too much"]
    assert compared.plans[0].expected > compared.plans[1].expected
    posted = world.post("/api/twins/p.t/compare", {"plans": plans, "hours": 2}).json()
    assert posted == told.json() | {"data": posted["data"]}


@pytest.mark.slow
def test_a_forecast_is_explained_by_the_facts_that_moved_it(world):
    why = world.get("/api/twins/p.t/explain", hours=2, since=0.5)
    explained = msgspec.json.decode(why.content, type=ExplanationShape)
    assert explained.words and sum(s.part for s in explained.shares) == pytest.approx(1.0, abs=0.02)
    assert sum(c.facts for c in explained.contributions) == 6  # five minutes apart, half an hour
    assert all(c.first > "2026-03-01T08:30" for c in explained.contributions)


def test_whom_the_card_does_not_cover_is_refused_unless_a_reason_goes_on_record(world):
    world.person("child", "2018-01-01")
    refused = world.twin("child")
    assert refused.status_code == 422 and "18 years" in refused.json()["detail"]
    assert world.get("/api/twins", subject="child").json()["twins"] == []
    made = world.twin("child", override_reason="no other model; parents agreed", at=START + 3 * HOUR)
    assert made.status_code == 201, made.text
    (kept,) = world.store.documents("child", WHO, kinds=frozenset({"gemel/card-override"}))
    told = msgspec.json.decode(kept.body)
    assert (told["twin"], told["reason"], told["by"]) == ("child.t", "no other model; parents agreed", "api")
    assert any(entry.subject == "child" and entry.action == "commit" for entry in world.store.journal(WHO, "child"))
    world.person("unknown", None)
    made = world.twin("unknown", at=START + 3 * HOUR).json()
    assert "birth date" in made["unchecked"][0]
    world.post("/api/subjects", {"id": "ward", "kind": "ward"})
    assert world.twin("ward").status_code == 422


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
def test_what_cannot_be_done_is_told_with_the_reason(world, method, path, body, status, word):
    told = world.post(path, body) if method == "POST" else world.get(path)
    assert (told.status_code, told.headers["content-type"]) == (status, "application/problem+json"), told.text
    assert word in told.json()["detail"]


def test_what_comes_later_moves_the_twin_when_it_is_next_asked(world):
    late = {"code": "loinc:99504-3", "unit": "mg/dL", "value": 240, "at": START + 3 * HOUR + 5 * MINUTE}
    assert world.post("/api/subjects/p/observations", late).status_code == 200
    told = world.get("/api/twins/p.t").json()["believed"]
    assert (told["at"], told["facts_used"]) == ("2026-03-01T09:05:00+00:00", 37)
