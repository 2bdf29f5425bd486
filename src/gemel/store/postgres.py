"""The store in a PostgreSQL schema: all that the embedded store is, for several processes and larger machines."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

from gemel.core.fact import Instant
from gemel.core.ports import AccessFilter, Cipher, Journal

from .plain import HashChainJournal, OpenAccess, PlainCipher
from .postgres_database import PostgresDatabase
from .sql import SqlStore, wall_clock
from .vault import Vault

__all__ = ["PostgresStore"]


@final
class PostgresStore(SqlStore):
    """A store at 'postgresql://user@host:port/database?schema=gemel'.  A context manager; else `close` it."""

    def __init__(
        self,
        where: str,
        *,
        cipher: Cipher | None = None,
        journal: Journal | None = None,
        access: AccessFilter | None = None,
        audit_reads: bool = False,
        now: Callable[[], Instant] = wall_clock,
    ) -> None:
        vault = Vault(cipher or PlainCipher(), journal or HashChainJournal())
        super().__init__(
            PostgresDatabase(where), vault, access=access or OpenAccess(), audit_reads=audit_reads, now=now
        )
