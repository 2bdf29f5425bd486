"""A client that speaks FHIR to a service in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gemel.core.ports import Caller

CALLER = Caller(id="test")
Scenario = Callable[[Any], Awaitable[None]]


@pytest.fixture
def talk(serving: Callable[..., Any]) -> Callable[[Scenario], None]:
    """Run `async def scenario(served)` against a new service without parts."""

    def run(scenario: Scenario, **settings: Any) -> None:
        async def whole() -> None:
            async with serving(**settings) as served:
                await scenario(served)

        asyncio.run(whole())

    return run
