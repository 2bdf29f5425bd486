"""Sealing and finding: what goes into a row, and how it is found again without being readable.

Payloads are msgpack, sealed under the subject's key and bound to the row they stand in, so that rows cannot
be swapped.  What belongs to no subject (ids, rejected rows of unknown origin, the audit trail) is sealed
under the store's own key, that of the subject "".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

import msgspec

from gemel.core.errors import GemelError, StoreError
from gemel.core.ports import Cipher, Journal

from .connection import Connection

__all__ = ["BLIND", "STORE", "Twin", "Vault", "canonical"]

S = TypeVar("S")

STORE = ""
"""The subject whose key seals what belongs to no subject."""

BLIND = 16
"""Bytes kept of a blind index: two different words meet by chance at 2^64 of them."""

_ENCODER = msgspec.msgpack.Encoder()


@lru_cache(maxsize=32)
def _decoder(kind: Any) -> msgspec.msgpack.Decoder[Any]:
    return msgspec.msgpack.Decoder(kind)


class Twin(NamedTuple):
    """A twin's surrogate key, and its subject's key and id."""

    key: int
    subject_key: int
    subject: str


def canonical(records: Iterable[S], kind: Any) -> list[tuple[S, bytes]]:
    """Each record as it will be read back, with its msgpack; StoreError for one that could not be read back.

    An append-only store must never hold what it cannot return, and equal records must have equal bytes: a
    number given as 5 is stored as 5.0 where the record says float.
    """
    decoder = _decoder(kind)
    checked: list[tuple[S, bytes]] = []
    for record in records:
        try:
            read: S = decoder.decode(_ENCODER.encode(record))
        except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, GemelError) as error:
            name = getattr(record, "id", "")
            raise StoreError(f"{type(record).__name__} {name!r} cannot be stored: {error}") from error
        checked.append((read, _ENCODER.encode(read)))
    return checked


@dataclass(frozen=True, slots=True)
class Vault:
    """A cipher and a journal, applied to rows."""

    cipher: Cipher
    journal: Journal

    def blind(self, subject: str, kind: str, word: str) -> bytes:
        """Index of a word, apart from equal words of another kind."""
        return self._blind(subject, f"{kind}:{word}")[:BLIND]

    def digest_key(self, subject: str) -> bytes:
        """The key of a subject's digests: equal facts of two subjects do not look alike."""
        return self._blind(subject, "digest")[:32]

    def document(self, kind: str, id: str) -> bytes:
        """Index of a shared document."""
        return self.blind(STORE, "document", f"{kind}\0{id}")

    def receipt(self, channel: str, id: str) -> bytes:
        """Index of a message's receipt."""
        return self.blind(STORE, "receipt", f"{channel}\0{id}")

    def seal(self, subject: str, record: Any, row: str) -> tuple[str, bytes]:
        """(key id, payload) of a record that stands in this row."""
        return self.cipher.seal(subject, _ENCODER.encode(record), row.encode())

    def open(self, subject: str, key_id: str, payload: bytes, row: str, kind: Any) -> Any:
        """The record of this kind in this row; StoreError if the bytes are not one."""
        clear = self.cipher.open(subject, key_id, payload, row.encode())
        try:
            return _decoder(kind).decode(clear)
        except (msgspec.MsgspecError, ValueError) as error:
            raise StoreError(f"{row} cannot be read ({error}): damaged; restore a copy") from error

    def find(self, connection: Connection, subject: str) -> int | None:
        """Key of a subject, or None."""
        blind = self.blind(STORE, "subject", subject)
        found = connection.row("SELECT key FROM subject WHERE blind = ?", (blind,))
        return None if found is None else int(found[0])

    def key(self, connection: Connection, subject: str) -> int:
        """Key of a subject; StoreError if it was never enrolled."""
        found = self.find(connection, subject)
        if found is None:
            raise StoreError(f"no subject {subject!r} in this store: enrol it first")
        return found

    def subject_id(self, key_id: str, sealed: bytes, blind: bytes) -> str:
        """The id in a subject's row."""
        return self.open(STORE, key_id, sealed, f"subject/{blind.hex()}/id", str)

    def twin(self, connection: Connection, name: str) -> Twin | None:
        """A twin by name, or None."""
        found = connection.row(
            "SELECT t.key, s.key, s.id_key, s.id, s.blind FROM twin t "
            "JOIN subject s ON s.key = t.subject WHERE t.blind = ?",
            (self.blind(STORE, "twin", name),),
        )
        return None if found is None else Twin(found[0], found[1], self.subject_id(*found[2:]))

    def add_twin(self, connection: Connection, name: str, subject: str) -> Twin:
        """A twin by name, new if need be; StoreError if it is of another subject."""
        known = self.twin(connection, name)
        if known is not None:
            if known.subject != subject:
                raise StoreError(f"twin '{name}' is not of '{subject}' but of another: use a new id")
            return known
        key, blind = self.key(connection, subject), self.blind(STORE, "twin", name)
        sealed = self.seal(subject, name, f"twin/{blind.hex()}")
        row = connection.row(
            "INSERT INTO twin (subject, blind, key_id, payload) VALUES (?, ?, ?, ?) RETURNING key",
            (key, blind, *sealed),
        )
        assert row is not None  # an insert that does not raise returns its row
        return Twin(row[0], key, subject)

    def _blind(self, subject: str, word: str) -> bytes:
        try:
            return self.cipher.blind(subject, word)
        except UnicodeEncodeError as error:
            raise StoreError(f"{word!r} of subject {subject!r} is no Unicode text ({error.reason}): mend it") from error
