"""Where facts, checkpoints and issued forecasts are kept: the embedded SQLite store, and beliefs as bytes."""

from .beliefs import pack, unpack
from .plain import HashChainJournal, OpenAccess, PlainCipher
from .sqlite import SqliteStore

__all__ = ["HashChainJournal", "OpenAccess", "PlainCipher", "SqliteStore", "pack", "unpack"]
