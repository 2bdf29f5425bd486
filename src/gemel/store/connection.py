"""What a database must offer to be a store: SQL that SQLite and PostgreSQL both know, and bulk inserts.

Everything above this is shared.  Values stand as '?' in a query; bytes, integers, texts and None are what they can be.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, final, runtime_checkable

from gemel.core.errors import StoreError

__all__ = ["Connection", "Database", "Life", "Row", "explaining"]

Row = tuple[Any, ...]


@runtime_checkable
class Connection(Protocol):
    """One session of a database, used by one thread at a time."""

    def rows(self, query: str, values: Sequence[object] = ()) -> Iterator[Row]:
        """What a query finds."""
        ...

    def row(self, query: str, values: Sequence[object] = ()) -> Row | None:
        """The first row that a query finds or returns, or None."""
        ...

    def run(self, statement: str, values: Sequence[object] = ()) -> None:
        """Run a statement that returns nothing."""
        ...

    def insert(self, table: str, rows: Sequence[Row]) -> None:
        """Add rows to a table of `rows.COLUMNS`, each with the columns named there, in the quickest way there is."""
        ...

    @property
    def in_transaction(self) -> bool:
        """False outside a transaction, and where the database has undone it on an error."""
        ...


@runtime_checkable
class Database(Protocol):
    """The sessions of one database.  Threads may share it; a process forked from ours may not."""

    kind: str
    location: str
    schema: int

    def writing(self) -> AbstractContextManager[Connection]:
        """The one writing transaction: nobody else writes meanwhile, in this process or another.  On leaving it is
        durable; on an error all of it is undone, and the error leaves as `explained`."""
        ...

    def read(self) -> AbstractContextManager[Connection]:
        """A session that sees what is committed; errors leave as `explained`."""
        ...

    def explained(self, error: Exception) -> Exception:
        """A StoreError with the way out for an error of the database's own; any other error as it is."""
        ...

    def damage(self) -> list[str]:
        """What the database itself finds wrong with what it has stored, in words."""
        ...

    def about(self) -> dict[str, Any]:
        """Version, size in `bytes` and the like, for `gemel doctor`."""
        ...

    def close(self) -> None:
        """Let go of files and connections; further calls raise StoreError.  Closing twice is harmless."""
        ...


@final
@dataclass(slots=True)
class Life:
    """Of the process that opened a database, until it is closed."""

    location: str
    closed: bool = False
    process: int = field(default_factory=os.getpid)

    @property
    def over(self) -> bool:
        """Whether there is nothing to close: it was done, or it is another process's to do."""
        return self.closed or os.getpid() != self.process

    def refuse_fork(self) -> None:
        """StoreError in a process that was forked from the one that opened it."""
        if os.getpid() != self.process:
            raise StoreError(f"store {self.location} was opened before a fork: open it in the child process")

    def refuse_closed(self) -> None:
        """StoreError once it is closed."""
        if self.closed:
            raise StoreError("the store is closed: open it again")


@contextmanager
def explaining(
    failures: tuple[type[Exception], ...], explained: Callable[[Exception], Exception]
) -> Generator[None, None, None]:
    """Turns an error of a database's own into what `explained` makes of it."""
    try:
        yield
    except failures as error:
        raise explained(error) from error
