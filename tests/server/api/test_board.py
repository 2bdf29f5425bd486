"""`/api/board` and its WebSocket, on a service with real parts: what comes in stands there, and is told as it comes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from uvicorn import Config, Server
from websockets.asyncio.client import connect

from gemel.core.clock import MINUTE
from gemel.server.run import free_port

pytestmark = pytest.mark.anyio

PARTS = ("gemel.server.alerts.watch:AlertWatch", "gemel.server.board_watch:BoardWatch")
SATURATION = "loinc:59408-5"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def board(served: Any) -> dict[str, Any]:
    answer = await served.client.get("/api/board")
    assert answer.status_code == 200
    return answer.json()


async def row(served: Any, subject: str) -> dict[str, Any]:
    (own,) = [one for one in (await board(served))["subjects"] if one["id"] == subject]
    return own


async def enrolled(served: Any, subject: str, **more: Any) -> None:
    assert (await served.client.post("/api/subjects", json={"id": subject, **more})).status_code == 201


async def read(served: Any, subject: str, value: Any, code: str = SATURATION, **more: Any) -> None:
    unit, now = "%" if code == SATURATION else "1", served.service.site.now()
    told = {"code": code, "value": value, "unit": unit, "at": now, **more}
    answer = await served.client.post(f"/api/subjects/{subject}/observations", json=told)
    assert answer.status_code == 200, answer.text


async def moved(served: Any, subject: str, place: str, kind: str = "admit") -> None:
    await read(served, subject, {"is": "level", "name": kind}, "gemel:movement", entity=place)


async def until(served: Any, subject: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    async with asyncio.timeout(10):
        while not wanted(own := await row(served, subject)):
            await asyncio.sleep(0.02)
    return own


async def test_a_subject_stands_where_it_was_admitted_with_its_newest_reading(serving: Any) -> None:
    async with serving(PARTS) as served:
        await enrolled(served, "ann")
        now = served.service.site.now()
        for k in (3, 2, 1):
            await read(served, "ann", 97 - k, at=now - k * MINUTE)
        await moved(served, "ann", "North/1/2")
        own = await row(served, "ann")
        assert (own["place"], own["bed"], own["kind"]) == ("North", "1/2", "person")
        assert (own["reading"]["value"], own["reading"]["unit"], own["reading"]["every"]) == (96, "%", 60)
        assert own["reading"]["title"] != SATURATION and (own["state"], own["why"]) == ("none", "no-twin")
        assert [place["id"] for place in (await board(served))["places"]] == ["North"]
        await moved(served, "ann", "South/2/1", "transfer")
        assert (await row(served, "ann"))["place"] == "South"
        await moved(served, "ann", "South/2/1", "discharge")
        assert (await row(served, "ann"))["place"] == ""


async def test_an_alert_makes_a_state_and_an_answer_changes_it(serving: Any) -> None:
    async with serving(PARTS) as served:
        await enrolled(served, "ann")
        await read(served, "ann", 85)
        own = await until(served, "ann", lambda one: one["state"] == "act")
        assert (own["why"], own["about"], own["alerts"]) == ("alert", "Low oxygen saturation", 1)
        (alert,) = (await served.client.get("/api/alerts", params={"subject": "ann"})).json()["alerts"]
        await served.client.post(f"/api/alerts/{alert['id']}/acknowledge", json={"by": "nurse 7"})
        await until(served, "ann", lambda one: one["state"] == "watch")
        await read(served, "ann", 97)
        await until(served, "ann", lambda one: one["alerts"] == 0)


async def test_a_person_is_called_as_their_record_says_and_the_register_of_alerts_is_nobody(serving: Any) -> None:
    async with serving(PARTS) as served:
        patient = {"resourceType": "Patient", "name": [{"given": ["Elm"], "family": "Virtual"}]}
        made = await served.client.post("/fhir/Patient", json=patient)
        assert made.status_code == 201
        assert [one["name"] for one in (await board(served))["subjects"]] == ["Elm Virtual"]


async def test_a_twin_stands_on_the_board_once_it_is_made(serving: Any) -> None:
    async with serving(PARTS) as served:
        await enrolled(served, "north", kind="ward")
        asked = {"model": "mmc", "subject": "north", "engine": "particle", "members": 16, "rates": {"beds": 10}}
        assert (await served.client.post("/api/twins", json=asked)).status_code == 201
        (twin,) = (await row(served, "north"))["twins"]
        assert (twin["title"], twin["kind"], twin["standing"]) == ("M/M/c ward", "hospital", "silent")


async def test_after_a_restart_the_board_is_as_it_was(serving: Any) -> None:
    async with serving(PARTS) as served:
        await enrolled(served, "ann")
        await moved(served, "ann", "North/1/2")
        await read(served, "ann", 85)
        before = await until(served, "ann", lambda one: one["state"] == "act")
    async with serving(PARTS) as served:
        async with asyncio.timeout(10):
            while not [one for one in (await board(served))["subjects"] if one["state"] == "act"]:
                await asyncio.sleep(0.02)
        after = await row(served, "ann")
        same = ("name", "place", "bed", "state", "why", "about", "alerts")
        assert [before[key] for key in same] == [after[key] for key in same]
        assert after["reading"]["value"] == before["reading"]["value"]


async def test_without_its_part_the_board_says_so(serving: Any) -> None:
    async with serving() as served:
        answer = await served.client.get("/api/board")
        assert answer.status_code == 404 and "board" in answer.json()["detail"]


@asynccontextmanager
async def listening(served: Any) -> AsyncGenerator[int]:
    """The same service on a port."""
    port = free_port("127.0.0.1", 0)
    server = Server(Config(served.app, port=port, lifespan="off", log_config=None, timeout_graceful_shutdown=1))
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield port
    finally:
        served.service.stopping.set()
        server.should_exit = True
        await running


async def test_a_viewer_is_told_what_changes_after_the_number_it_has_and_to_begin_anew_when_rows_come(
    serving: Any,
) -> None:
    async with serving(PARTS) as served:
        await enrolled(served, "ann")
        await read(served, "ann", 97)
        number = (await board(served))["number"]
        async with listening(served) as port, asyncio.timeout(20):
            address = f"ws://127.0.0.1:{port}/api/stream?view=board&after={number}"
            async with connect(address) as viewer:
                await read(served, "ann", 96)
                parts: list[Any] = []
                while not any(part[:3] == [1, 0, 96] for part in parts):
                    parts = json.loads(await viewer.recv())[1]
                await enrolled(served, "ben")
                while json.loads(await viewer.recv()) != {"kind": "anew"}:
                    pass
            async with connect(f"ws://127.0.0.1:{port}/api/stream?view=board&after=5") as late:
                assert json.loads(await late.recv()) == {"kind": "anew"}
