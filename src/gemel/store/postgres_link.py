"""A session of PostgreSQL that is used like one of SQLite: statements with `?`, rows as tuples, from any thread.

asyncpg's connections live on an event loop.  That loop has a thread of its own here, so that every thread may call and
wait, also one that runs a loop itself, and a connection that the server closes is noticed while it idles.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import CancelledError
from functools import lru_cache
from typing import Any, TypeVar, final

from gemel.core.errors import StoreError
from gemel.core.extra import require

from .rows import COLUMNS

__all__ = ["Link", "LoopThread", "numbered"]

T = TypeVar("T")

CONNECT_S = 10.0
"""How long a server may take to greet us or to say good-bye [s]."""

ANSWER_S = 600.0
"""How long a server may take over one statement before it counts as gone [s]."""

CLOSED = "the store is closed: open it again"

GIVEN = {"twin": "key", "checkpoint": "seq", "forecast": "seq"}
"""Tables whose rows are numbered by the database, unless they come with numbers from an archive."""

AHEAD = 200
"""Rows asked for at a time by a session that reads."""

_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


@lru_cache(maxsize=512)
def numbered(statement: str) -> str:
    """The statement with `$1`, `$2`, ... for its `?` marks; none of ours has a question mark in quotes."""
    first, *rest = statement.split("?")
    return first + "".join(f"${n}{part}" for n, part in enumerate(rest, start=1))


@final
class LoopThread:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._gate = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._loop.run_forever, name="gemel-postgres", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What the coroutine returns or raises; the calling thread waits.  StoreError once the loop is closed."""
        with self._gate:
            if self._closed:
                work.close()
                raise StoreError(CLOSED)
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except CancelledError:
            raise StoreError(CLOSED) from None

    def close(self) -> None:
        """Stop the loop; whoever still waits for it gets a StoreError."""
        with self._gate:
            if self._closed:
                return
            self._closed = True
            asyncio.run_coroutine_threadsafe(_cancel_all(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@final
class Link:
    """One connection, used by one thread at a time.

    Outside a transaction a query opens a snapshot, which all that follow see until `settle`; its rows come as they are
    asked for.  Within one that was begun by `run` they come at once, since statements may follow before the last is
    taken.
    """

    def __init__(self, loop: LoopThread, raw: Any) -> None:
        self._loop, self._raw = loop, raw
        self._streams = False

    @classmethod
    def open(cls, loop: LoopThread, address: str, settings: dict[str, str]) -> Link:
        """Connect; `settings` are the session's.  Raises what asyncpg raises."""
        connect = require("asyncpg", "serve").connect
        limits = {"timeout": CONNECT_S, "command_timeout": ANSWER_S}
        return cls(loop, loop.run(connect(address, server_settings=settings, **limits)))

    @property
    def alive(self) -> bool:
        """Whether the server still listens, as far as is known."""
        return not self._raw.is_closed()

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open that has not failed."""
        return self.alive and self._raw.is_in_transaction()

    @property
    def version(self) -> str:
        """The server's version."""
        return str(self._raw.get_settings().server_version)

    @property
    def major(self) -> int:
        """The first number of it."""
        return int(self._raw.get_server_version().major)

    def rows(self, query: str, values: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """What a query finds."""
        if self._streams or not self.in_transaction:
            return self._stream(numbered(query), values)
        return map(tuple, self._loop.run(self._raw.fetch(numbered(query), *values)))

    def row(self, query: str, values: Sequence[object] = ()) -> tuple[Any, ...] | None:
        """The first row that a query finds or returns, or None."""
        if self._streams or not self.in_transaction:
            found = self._loop.run(_first(self._raw, numbered(query), values, new=self._looks()))
        else:
            found = self._loop.run(self._raw.fetchrow(numbered(query), *values))
        return None if found is None else tuple(found)

    def run(self, statement: str, values: Sequence[object] = ()) -> None:
        """Run a statement that returns nothing; several, parted by ';', where there are no values."""
        self._loop.run(self._raw.execute(numbered(statement), *values))

    def insert(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add rows by COPY, in binary; numbers that the database gives go on after theirs."""
        if not rows:
            return
        self._loop.run(self._raw.copy_records_to_table(table, columns=COLUMNS[table], records=rows))
        if table in GIVEN:
            number = GIVEN[table]
            self.row(f"SELECT setval(pg_get_serial_sequence(?, ?), max({number})) FROM {table}", (table, number))  # noqa: S608

    def settle(self) -> None:
        """End the snapshot, if there is one."""
        if self._streams:
            self._streams = False
            self._loop.run(self._raw.execute("COMMIT"))

    def close(self) -> None:
        """Say good-bye; a server that is gone needs none."""
        if self.alive:
            self._loop.run(_closed(self._raw))

    def _looks(self) -> bool:
        """Whether a snapshot is to be opened; there is one from now on, until `settle`."""
        new, self._streams = not self._streams, True
        return new

    def _stream(self, query: str, values: Sequence[object]) -> Iterator[tuple[Any, ...]]:
        cursor, rows = self._loop.run(_begun(self._raw, query, values, new=self._looks()))
        yield from map(tuple, rows)
        while len(rows) == AHEAD:
            rows = self._loop.run(cursor.fetch(AHEAD))
            yield from map(tuple, rows)


async def _first(raw: Any, query: str, values: Sequence[object], *, new: bool) -> Any:
    """The first row, in a new snapshot or the one at hand."""
    if new:
        await raw.execute(_SNAPSHOT)
    return await raw.fetchrow(query, *values)


async def _cancel_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def _begun(raw: Any, query: str, values: Sequence[object], *, new: bool) -> tuple[Any, list[Any]]:
    """A cursor with its first rows, in a new snapshot or the one at hand."""
    if new:
        await raw.execute(_SNAPSHOT)
    cursor = await raw.cursor(query, *values)
    return cursor, await cursor.fetch(AHEAD)


async def _closed(raw: Any) -> None:
    try:
        await raw.close(timeout=CONNECT_S)
    except (OSError, TimeoutError, require("asyncpg", "serve").InterfaceError):
        raw.terminate()
