"""The defaults of the trust layer: nothing encrypted, everyone let through, a chained audit trail.

They make the embedded store work alone.  They are not for data about real people on a shared machine: give
the store a cipher with one key per subject, a signed journal and an access filter there.
"""

from __future__ import annotations

import hashlib
from typing import final

import msgspec

from gemel.core.errors import StoreError
from gemel.core.ports import Caller, JournalEntry

__all__ = ["HashChainJournal", "OpenAccess", "PlainCipher"]

_JSON = msgspec.json.Encoder(order="deterministic")


@final
class PlainCipher:
    """Leaves payloads as they are, under key id 'plain'.  `blind` has no key: words can be guessed."""

    key_id = "plain"

    def seal(self, subject: str, clear: bytes, bound_to: bytes) -> tuple[str, bytes]:
        """The payload itself."""
        return self.key_id, clear

    def open(self, subject: str, key_id: str, sealed: bytes, bound_to: bytes) -> bytes:
        """The payload itself; StoreError for one that a real cipher sealed."""
        if key_id != self.key_id:
            raise StoreError(f"a payload is sealed with key '{key_id}': open the store with the cipher that sealed it")
        return sealed

    def blind(self, subject: str, word: str) -> bytes:
        """SHA-256 of subject and word, 32 bytes."""
        return hashlib.sha256(f"{subject}\0{word}".encode()).digest()


@final
class OpenAccess:
    """Lets every caller do everything."""

    def check(self, caller: Caller, action: str, subject: str) -> None:
        """Never refuses."""


@final
class HashChainJournal:
    """Record = SHA-256(previous record, entry as JSON with sorted keys), 32 bytes.

    A changed, removed or reordered entry breaks every record after it.  A cut at the end shows only against a
    head kept elsewhere (`SqliteStore.info()["journal_head"]`).
    """

    def record(self, entry: JournalEntry, previous: bytes) -> bytes:
        """The next link of the chain; `previous` is empty for the first."""
        return hashlib.sha256(previous + _JSON.encode(entry)).digest()
