"""The lane beside the router answers as the router would."""

from __future__ import annotations

import asyncio

import httpx
import pytest

BODIES = [
    (b'{"code":"c","value":1,"at":5}', "application/json"),
    (b'[{"code":"c","value":1,"at":6},{"code":"c","at":7}]', "application/json"),
    (b'{"code":"c","at":7}', "application/json"),
    (b"{", "application/json"),
    (b"code,value", "text/csv"),
]


@pytest.mark.parametrize(
    "path", ["/api/subjects/a/observations", "/api/subjects/x/observations", "/api/bulk/observations"]
)
def test_both_lanes_give_the_same_answer(serving, path):
    async def run():
        async with serving() as served:
            await served.client.post("/api/subjects", json={"id": "a"})
            router = httpx.ASGITransport(app=served.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=router, base_url="http://test") as slow:
                for body, media in BODIES:
                    quick = await served.client.post(path, content=body, headers={"content-type": media})
                    other = await slow.post(path, content=body, headers={"content-type": media})
                    assert quick.status_code == other.status_code
                    first, second = quick.json(), other.json()
                    assert {k: first[k] for k in first if k not in ("accepted", "repeated")} == {
                        k: second[k] for k in second if k not in ("accepted", "repeated")
                    }
                    assert quick.headers["content-type"] == other.headers["content-type"]

    asyncio.run(run())


def test_paths_that_only_look_alike_go_to_the_router(serving):
    async def run():
        async with serving() as served:
            for path in ("/api/subjects//observations", "/api/subjects/a/b/observations", "/else/observations"):
                assert (await served.client.post(path, json={})).status_code == 404
            assert (await served.client.get("/api/bulk/observations")).status_code == 405

    asyncio.run(run())
