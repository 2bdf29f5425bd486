"""What the screen shows of a twin: its course in the model's units, beliefs and priors, plans side by side, reports."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator

import httpx
import msgspec
import numpy as np
import pytest

from gemel.core.clock import HOUR, MINUTE, instant
from gemel.core.ledger import IssuedForecast
from gemel.server.app import create_app, front
from gemel.server.believed import Believed
from gemel.server.course import Course
from gemel.server.settings import Settings
from gemel.server.whatif import WhatIf

START = instant("2026-03-01T06:00:00Z")
MILLI = 1000


class World:
    """A service in which one person and one ward have twins."""

    def __init__(self, folder: str) -> None:
        self.runner = asyncio.Runner()
        self.app = create_app(Settings(data=folder), parts=())
        self.life = self.app.router.lifespan_context(self.app)
        self.runner.run(self.life.__aenter__())
        transport = httpx.ASGITransport(app=front(self.app))
        self.client = httpx.AsyncClient(transport=transport, base_url="http://test", timeout=120)

    def get(self, path: str, **asked: object) -> httpx.Response:
        return self.runner.run(self.client.get(path, params=asked or None))  # type: ignore[arg-type]

    def post(self, path: str, body: object) -> httpx.Response:
        return self.runner.run(self.client.post(path, json=body))


def _fill(world: World) -> None:
    glucose = "loinc:99504-3"
    facts = [
        *(
            {"code": glucose, "unit": "mmol/L", "value": 6.0 + 0.1 * (k % 5), "at": START + k * 5 * MINUTE}
            for k in range(1, 25)
        ),
        {"code": glucose, "unit": "mg/dL", "value": {"is": "below", "limit": 40}, "at": START + 25 * 5 * MINUTE},
        {"code": "gemel:rapid-insulin", "unit": "[IU]/h", "rate": 0.9, "at": START},
        {"code": "gemel:rapid-insulin", "unit": "[IU]/h", "rate": 0.5, "at": START + HOUR},
        {"code": "gemel:rapid-insulin", "unit": "[IU]", "dose": 3, "at": START + 90 * MINUTE},
        {"code": "gemel:carbohydrate", "unit": "g", "dose": 30, "at": START + 95 * MINUTE},
    ]  # fmt: skip
    assert world.post("/api/subjects", {"id": "p", "zone": "Europe/London", "born": "1980-05-05"}).status_code == 201
    assert world.post("/api/subjects/p/observations", facts).json()["accepted"] == 29
    name = {
        "resourceType": "Patient",
        "id": "p",
        "name": [{"given": ["Ann"], "family": "<b>Example</b>"}],
        "birthDate": "1980-05-05",
    }
    assert world.runner.run(world.client.put("/fhir/Patient/p", json=name)).status_code in (200, 201)
    made = world.post("/api/twins", {"model": "replaybg", "subject": "p", "id": "p.t", "members": 64, "at": START})
    assert made.status_code == 201, made.text
    assert world.post("/api/subjects", {"id": "w", "kind": "ward"}).status_code == 201
    ward = {
        "model": "mmc",
        "subject": "w",
        "id": "w.t",
        "members": 32,
        "engine": "particle",
        "rates": {"beds": 10},
        "at": START,
    }
    assert world.post("/api/twins", ward).status_code == 201


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    found = World(str(tmp_path_factory.mktemp("course")))
    _fill(found)
    yield found
    found.runner.run(found.life.__aexit__(None, None, None))
    found.runner.close()


def _course(world: World, twin: str = "p.t", hours: float = 3.0) -> Course:
    return msgspec.json.decode(world.get(f"/api/twins/{twin}/course", hours=hours).content, type=Course)


def test_readings_come_in_the_models_unit_and_a_limit_is_told_as_one(world):
    (read,) = _course(world).read
    assert (read.name, read.unit, read.thinned) == ("glucose", "mg/dL", 0)
    assert read.value[0] == pytest.approx(6.1 * 18.0156, rel=1e-3)  # molar mass of glucose 180.156 g/mol
    assert (read.value[-1], read.edge[-1], set(read.edge[:-1])) == (40.0, "<", {""})
    assert read.at[0] == (START + 5 * MINUTE) // MILLI


def test_what_was_given_is_told_with_the_rate_in_force(world):
    insulin, carbs, _ = _course(world).given
    assert (insulin.dose, insulin.dose_unit, insulin.usual_dose, insulin.rate_now) == ([3.0], "[IU]", 3.0, 0.5)
    assert insulin.rate[-1] == 0.5 and insulin.rate_at[-1] == (START + HOUR) // MILLI
    assert (carbs.dose, carbs.dose_at) == ([30.0], [(START + 95 * MINUTE) // MILLI])
    late = _course(world, hours=0.5).given[0]
    assert (late.rate, late.usual_dose) == ([0.5], 3.0)  # the rate was set earlier; what is usual looks further back


def test_past_forecasts_are_the_ledgers_own_and_none_that_a_plan_was_asked_of(world):
    assert world.get("/api/twins/p.t/forecast", hours=2).status_code == 200
    assert world.get("/api/twins/p.t/forecast", hours=2, plan="eat: carbs=50@+5min").status_code == 200
    rows = msgspec.convert(world.get("/api/twins/p.t/ledger").json()["forecasts"], list[IssuedForecast])
    (said,) = _course(world).said
    mine = {(row.issued // MILLI, row.target // MILLI): row.quantiles["0.95"] for row in rows if row.course == "open"}
    assert dict(zip(zip(said.issued, said.target, strict=True), said.q95, strict=True)) == mine and len(mine) == 3


def test_beliefs_stand_beside_what_was_believed_before_any_fact(world):
    rows = msgspec.json.decode(world.get("/api/twins/p.t/believed").content, type=list[Believed])
    resting = next(row for row in rows if row.name == "Gb")
    assert resting.prior is not None and resting.learned is not None
    # the card's prior is normal(150, 30) within 60 to 350: 90 % between 150 -+ 1.645 * 30, to the error of 2000 draws
    assert (resting.prior.low, resting.prior.high) == pytest.approx((100.7, 199.3), abs=6.0)
    width = (resting.now.high - resting.now.low) / (resting.prior.high - resting.prior.low)
    assert resting.learned == pytest.approx(1.0 - width)
    assert {row.kind for row in rows} == {"parameter", "state"}
    assert all(row.prior is None for row in rows if row.kind == "state")


def _whatif(world: World, plans: list[object], twin: str = "p.t", **more: object) -> WhatIf:
    told = world.post(f"/api/twins/{twin}/whatif", {"plans": plans, "hours": 2} | more)
    assert told.status_code == 200, told.text
    return msgspec.json.decode(told.content, type=WhatIf)


def test_what_if_is_the_forecast_and_the_comparison_that_each_route_gives_alone(world):
    plans: list[object] = ["nothing:", "eat: carbs=50@+5min"]
    found = _whatif(world, plans)
    alone = world.get("/api/twins/p.t/forecast", hours=2, plan="eat: carbs=50@+5min").json()
    shown = dict(zip(found.hours, found.courses[1].observables[0].q50, strict=True))
    other = dict(zip(alone["hours"], alone["observables"][0]["q50"], strict=True))
    both = sorted(set(shown) & set(other))
    assert len(both) > 20 and [shown[h] for h in both] == pytest.approx([other[h] for h in both])
    compared = world.post("/api/twins/p.t/compare", {"plans": plans, "hours": 2}).json()
    assert found.comparison.verdict == compared["verdict"] and len(found.comparison.plans) == 2


def test_differences_are_paired_so_two_plans_that_are_the_same_differ_by_nothing(world):
    found = _whatif(world, ["one:", "two:"])
    (gap,) = found.gaps
    assert np.abs(gap.low).max() == np.abs(gap.high).max() == 0.0
    (gap,) = _whatif(world, ["nothing:", "eat: carbs=50@+5min"]).gaps
    assert gap.low[-1] > 0.0  # more carbohydrate, more glucose, in every member


def test_a_ward_offers_its_own_means_and_more_beds_leave_fewer_waiting(world):
    offered = [u["name"] for u in world.get("/api/twins/w.t/utilities").json()]
    assert "low-waiting" in offered and not any("glucose" in name for name in offered)
    plans = [{"name": "as now"}, {"name": "fewer", "actions": [{"input": "beds", "rate": 2, "until": "+120min"}]}]
    found = _whatif(world, plans, "w.t", utility="low-waiting")
    assert found.comparison.plans[0].expected > found.comparison.plans[1].expected
    refused = world.post("/api/twins/w.t/whatif", {"plans": plans, "utility": "glucose-risk"})
    assert refused.status_code == 422 and "low-waiting" in refused.json()["detail"]


def test_a_model_of_associations_compares_no_plans(world):
    asked = {"model": "replaybg-everyday", "subject": "p", "id": "p.e", "members": 16, "at": START + 3 * HOUR}
    made = world.post("/api/twins", asked)
    assert made.status_code == 201, made.text
    assert _course(world, "p.e").causal == "association"
    refused = world.post("/api/twins/p.e/whatif", {"plans": ["a:", "b: carbs=9@+0"]})
    assert refused.status_code == 422 and "cannot say what a plan would cause" in refused.json()["detail"]


def test_provenance_names_what_would_be_needed_to_ask_again(world):
    told = world.get("/api/twins/p.t/provenance").json()
    assert (told["members"], told["seed"], told["engine"], told["standing"]["standing"]) == (64, 0, "enkf", "silent")
    assert re.fullmatch("[0-9a-f]{64}", told["facts_hash"]) and told["software"].startswith("gemel ")
    issued = {row["id"] for row in world.get("/api/twins/p.t/ledger").json()["forecasts"]}
    assert set(told["ledger"]) <= issued


def test_the_report_of_plans_is_one_file_that_runs_and_asks_for_nothing(world):
    asked = {
        "plans": [{"name": "as is"}, {"name": "<script>x", "actions": [{"input": "carbs", "dose": 50}]}],
        "hours": 2,
    }
    told = world.post("/api/twins/p.t/report", asked)
    assert told.status_code == 200 and "attachment" in told.headers["content-disposition"]
    assert told.headers["content-security-policy"].startswith("default-src 'none'")
    page = told.text
    assert "<script" not in page and "<b>Example" not in page and "&lt;b&gt;Example" in page
    assert not re.search(r"(?:src|href|url\()\s*=?\s*[\"']?(?:https?:)?//", page)
    assert page.count("<svg viewBox") >= 2
    assert "No clear winner" in page or "is best under" in page
    for word in ("Silent", "90 % interval", "not for", "SHA-256", "50 g at +0"):
        assert word in page, word


@pytest.mark.slow
def test_the_report_of_a_twin_holds_its_reasons_beliefs_and_limits(world):
    page = world.get("/api/twins/p.t/report", hours=2).text
    for word in (
        "Uncertain mostly because of",
        "resting glucose",
        "What this model is, and is not",
        "Provenance",
        "<polygon",
    ):
        assert word in page, word


@pytest.mark.parametrize("path", ["course", "believed", "utilities", "provenance", "report"])
def test_a_twin_that_is_not_there_is_told_so(world, path):
    told = world.get(f"/api/twins/none/{path}")
    assert told.status_code == 404 and "no twin 'none'" in told.json()["detail"]
