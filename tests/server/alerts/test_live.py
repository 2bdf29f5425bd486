"""From a reading to an alert, through the live twins: what a twin forecasts is what its ward is called for."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from gemel.core.clock import MINUTE
from gemel.core.ports import Caller
from gemel.core.writing import Write
from gemel.runtime import Site
from tests.server.cds.conftest import NOW, readings, settle

PARTS = ("gemel.server.alerts.watch:AlertWatch", "gemel.server.live:LiveTwins")


def test_a_reading_moves_the_twin_and_its_forecast_calls_the_ward(serving: Any, tmp_path: Path) -> None:
    settle(tmp_path, level=60.0)
    later = NOW + 5 * MINUTE

    async def story() -> None:
        def site(_: Any) -> Site:
            return Site.open(tmp_path / "gemel.db", now=lambda: later)

        async with serving(parts=PARTS, site=site) as served:
            await served.service.inbox.put(
                [Write(subject="known", facts=(readings(58.0, later, 1)[0],))], Caller(id="t")
            )
            async with asyncio.timeout(60):
                while not (alerts := (await served.client.get("/api/alerts")).json()["alerts"]):
                    await asyncio.sleep(0.02)
            ahead = next(a for a in alerts if a["rule"] == "glucose-low-ahead")
            assert (ahead["twin"], ahead["subject"], ahead["state"]) == ("twin-1", "known", "raised")
            assert ahead["model"] == "tests.server.cds.sugar:model" and ahead["strength"] >= 0.3
            assert ahead["evidence"]["target"] > later

    asyncio.run(story())
