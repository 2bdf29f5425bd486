"""A patient's requests: kept, told at once, and never moved backwards."""

from __future__ import annotations

import asyncio
from typing import Any

from gemel.core.ports import Caller
from gemel.core.subject import Subject
from gemel.core.writing import Write
from gemel.server.hub import Filter

CALLER = Caller(id="test")


def test_a_request_is_kept_with_every_step_and_told_to_whoever_watches(serving: Any) -> None:
    async def story() -> None:
        async with serving() as served:
            client, hub = served.client, served.service.hub
            await served.service.inbox.put([Write(subject="p", enrol=Subject(id="p"))], CALLER)
            with hub.subscribe(Filter(kinds=frozenset({"request"}))) as heard:
                made = await client.post("/api/subjects/p/requests", json={"category": "drink", "channel": "switch"})
                assert made.status_code == 201 and made.json()["state"] == "asked"
                path = f"/api/subjects/p/requests/{made.json()['id']}"
                for state in ("seen", "coming", "done"):
                    moved = await client.post(path, json={"state": state, "by": "nurse 7"})
                    assert moved.status_code == 200, moved.text
                batches, _ = heard.take()
            assert [e.data.state for b in batches for e in b.events] == ["asked", "seen", "coming", "done"]
            (kept,) = (await client.get("/api/subjects/p/requests")).json()["requests"]
            assert [s["state"] for s in kept["steps"]] == ["asked", "seen", "coming", "done"]
            assert kept["open"] is False and kept["channel"] == "switch"
            assert (await client.get("/api/subjects/p/requests?open=true")).json()["requests"] == []

    asyncio.run(story())


def test_what_has_ended_cannot_be_reopened_and_unknown_ones_are_said_so(serving: Any) -> None:
    async def story() -> None:
        async with serving() as served:
            client = served.client
            await served.service.inbox.put([Write(subject="p", enrol=Subject(id="p"))], CALLER)
            made = (await client.post("/api/subjects/p/requests", json={"category": "pain"})).json()
            path = f"/api/subjects/p/requests/{made['id']}"
            assert (await client.post(path, json={"state": "withdrawn", "by": "patient"})).status_code == 200
            again = await client.post(path, json={"state": "coming", "by": "nurse"})
            assert again.status_code == 409 and "has ended" in again.json()["detail"]
            assert (
                await client.post("/api/subjects/p/requests/x", json={"state": "done", "by": "n"})
            ).status_code == 404
            assert (await client.post("/api/subjects/q/requests", json={"category": "pain"})).status_code == 404
            wrong = await client.post("/api/subjects/p/requests", json={"category": "lottery"})
            assert wrong.status_code == 422

    asyncio.run(story())


def test_all_that_wait_are_listed_the_longest_waiting_first(serving: Any) -> None:
    async def story() -> None:
        async with serving() as served:
            client = served.client
            for id in ("a", "b"):
                await served.service.inbox.put([Write(subject=id, enrol=Subject(id=id))], CALLER)
            for id in ("b", "a"):
                await client.post(f"/api/subjects/{id}/requests", json={"category": "toilet"})
            done = (await client.post("/api/subjects/a/requests", json={"category": "drink"})).json()["id"]
            await client.post(f"/api/subjects/a/requests/{done}", json={"state": "done", "by": "n"})
            waiting = (await client.get("/api/requests")).json()["requests"]
            assert [r["subject"] for r in waiting] == ["b", "a"]

    asyncio.run(story())
