"""The registry for those who answer for it."""

from __future__ import annotations

import asyncio
from typing import Any

from gemel.core.clock import HOUR
from gemel.core.ledger import Switch
from gemel.core.registry import available
from gemel.core.subject import Subject


def test_every_model_is_listed_with_its_standing_and_every_change_of_it(serving: Any) -> None:
    async def story() -> None:
        async with serving() as served:
            client, site = served.client, served.service.site
            told = (await client.get("/api/governance/models")).json()
            rows = {row["name"]: row for row in told["models"]}
            assert set(rows) == set(available("models"))
            assert rows["mmc"]["standing"]["standing"] == "silent" and rows["mmc"]["twins"] == 0
            for form in rows["mmc"]["forms"]:
                card = (await client.get("/api/models/mmc/card")).json()["frameworks"][form["form"]]
                assert (form["stated"], form["of"]) == (card["stated"], len(card["items"]))
            switch = Switch(
                at=site.now(), by="board", site=site.name, model="mmc", version=rows["mmc"]["version"],
                event="standing", before="silent", after="advisory", why="earned", figures={}, plan="1",
            )  # fmt: skip
            site.store.switch(switch, site.caller)
            one = (await client.get("/api/governance/models/mmc")).json()
            assert one["standing"]["standing"] == "advisory" and one["standing"]["why"] == "earned"
            assert [(s["before"], s["after"], s["by"]) for s in one["switches"]] == [("silent", "advisory", "board")]

    asyncio.run(story())


def test_twins_of_a_model_are_counted_and_told(serving: Any) -> None:
    async def story() -> None:
        async with serving() as served:
            site = served.service.site
            site.enrol(Subject(id="w", kind="ward"))
            made = await served.client.post(
                "/api/twins", json={"model": "mmc", "subject": "w", "members": 8, "at": site.now() - HOUR}
            )
            assert made.status_code == 201, made.text
            one = (await served.client.get("/api/governance/models/mmc")).json()
            assert one["total"] == 1 and one["twins"][0]["subject"] == "w" and one["twins"][0]["drift"] == {}
            assert (await served.client.get("/api/governance/models/none")).status_code == 404

    asyncio.run(story())
