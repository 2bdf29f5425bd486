from __future__ import annotations

import asyncio


def test_a_service_is_alive_ready_and_measured(serving):
    async def look():
        async with serving() as served:
            alive, ready = await served.client.get("/healthz"), await served.client.get("/readyz")
            assert (alive.status_code, ready.status_code) == (200, 200)
            assert ready.json()["ready"] and ready.json()["parts"]["store"]["fine"]
            metrics = await served.client.get("/metrics")
            assert 'gemel_requests_total{method="GET",route="/healthz",status="200"} 1.0' in metrics.text

    asyncio.run(look())
