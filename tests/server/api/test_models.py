from __future__ import annotations

import asyncio

import msgspec

from gemel.core.registry import available
from gemel.runtime.answers.card_shapes import CardShape


def test_every_model_is_listed_with_its_card_and_starts_silent(serving):
    async def run():
        async with serving() as served:
            listed = (await served.client.get("/api/models")).json()["models"]
            assert [m["name"] for m in listed] == sorted(available("models"))
            card = await served.client.get("/api/models/replaybg/card")
            shape = msgspec.json.decode(card.content, type=CardShape)
            assert shape.name == "replaybg" and shape.not_for and shape.sources
            status = (await served.client.get("/api/models/replaybg/status")).json()
            assert (status["standing"], status["since"]) == ("silent", None)
            for path in ("/api/models/none/card", "/api/models/none/status"):
                assert (await served.client.get(path)).status_code == 404

    asyncio.run(run())
