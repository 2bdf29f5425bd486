"""Goals are kept in the person's words, and what became of each stays on record."""

from __future__ import annotations

import asyncio
from typing import Any

from gemel.core.ports import Caller
from gemel.core.subject import Subject
from gemel.core.writing import Write

CALLER = Caller(id="test")


def test_a_goal_is_set_reached_and_both_versions_stay(serving: Any) -> None:
    async def story() -> None:
        async with serving() as served:
            client, store = served.client, served.service.store
            await served.service.inbox.put([Write(subject="p", enrol=Subject(id="p"))], CALLER)
            assert (await client.get("/api/subjects/p/goals")).json() == {"goals": []}
            made = await client.post("/api/subjects/p/goals", json={"words": "  Walk to the shop  "})
            assert made.status_code == 201 and made.json()["words"] == "Walk to the shop"
            path = f"/api/subjects/p/goals/{made.json()['id']}"
            assert (await client.post(path, json={"state": "reached"})).json()["state"] == "reached"
            (goal,) = (await client.get("/api/subjects/p/goals")).json()["goals"]
            assert goal["state"] == "reached" and goal["set"] <= goal["since"]
            assert [d.version for d in store.documents("p", CALLER)] == [1, 2]

    asyncio.run(story())


def test_an_empty_goal_and_one_that_is_not_there_are_refused(serving: Any) -> None:
    async def story() -> None:
        async with serving() as served:
            await served.service.inbox.put([Write(subject="p", enrol=Subject(id="p"))], CALLER)
            assert (await served.client.post("/api/subjects/p/goals", json={"words": "  "})).status_code == 422
            gone = await served.client.post("/api/subjects/p/goals/x", json={"state": "reached"})
            assert gone.status_code == 404

    asyncio.run(story())
