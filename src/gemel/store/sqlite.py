"""The embedded store: one SQLite file, durable when a call returns, safe to share between threads."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import final

from gemel.core.fact import Instant
from gemel.core.ports import AccessFilter, Cipher, Journal

from .database import MEMORY, SqliteDatabase
from .plain import HashChainJournal, OpenAccess, PlainCipher
from .sql import SqlStore, wall_clock
from .vault import Vault

__all__ = ["SqliteStore"]


@final
class SqliteStore(SqlStore):
    """A store in one file, or in memory.  A context manager; else `close` it."""

    def __init__(
        self,
        path: str | os.PathLike[str] = MEMORY,
        *,
        cipher: Cipher | None = None,
        journal: Journal | None = None,
        access: AccessFilter | None = None,
        audit_reads: bool = False,
        now: Callable[[], Instant] = wall_clock,
    ) -> None:
        vault = Vault(cipher or PlainCipher(), journal or HashChainJournal())
        super().__init__(
            SqliteDatabase(path, vault), vault, access=access or OpenAccess(), audit_reads=audit_reads, now=now
        )
