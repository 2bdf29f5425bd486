"""One at a time for each subject: who reads what is there before writing waits for those who did so before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import final
from weakref import WeakValueDictionary

__all__ = ["Turns"]


@final
class Turns:
    """Used from one event loop."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def of(self, names: Iterable[str]) -> AsyncGenerator[None]:
        """Hold the turns of all these; taken in one order by everybody, so that nobody waits for ever."""
        async with AsyncExitStack() as stack:
            for name in sorted(set(names)):
                lock = self._locks.get(name)
                if lock is None:
                    lock = self._locks[name] = asyncio.Lock()
                await stack.enter_async_context(lock)
            yield
