"""What the store asks of the trust layer, and what the runtime asks of the store.

Every call carries a `Caller`; payloads pass through a `Cipher`; each call's `Journal` entry is written in the same
transaction as the data; an `AccessFilter` decides before anything is read.  The defaults let everything through and
encrypt nothing, so that the embedded store works alone; the trust layer replaces them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from typing import Any, Protocol, runtime_checkable

import msgspec

from .fact import Fact, Instant, Rejected
from .ledger import IssuedForecast, Scores, Switch, Waiting
from .subject import Subject
from .writing import Committed, Document, Receipt, Waveform, Write

__all__ = [
    "AccessFilter",
    "Appended",
    "Caller",
    "Checkpoint",
    "Cipher",
    "Journal",
    "JournalEntry",
    "Store",
]


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, in what role and why."""

    id: str
    role: str = "local"
    purpose: str = "care"


class JournalEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the audit trail: pseudonymous, without clinical content."""

    at: Instant
    caller: Caller
    action: str
    subject: str
    detail: str = ""


@runtime_checkable
class Cipher(Protocol):
    """Encrypts a subject's payloads under the subject's own key.

    Subject "" is the store itself: under its key stand subject ids, rows that belong to nobody, and audit entries.
    """

    def seal(self, subject: str, clear: bytes, bound_to: bytes) -> tuple[str, bytes]:
        """(key id, sealed bytes); `bound_to` is authenticated, so rows cannot be swapped."""
        ...

    def open(self, subject: str, key_id: str, sealed: bytes, bound_to: bytes) -> bytes:
        """What `seal` sealed; raises when it was tampered with or bound to something else."""
        ...

    def blind(self, subject: str, word: str) -> bytes:
        """A keyed hash by which equal words can be found without being readable."""
        ...


@runtime_checkable
class Journal(Protocol):
    """Turns an action into the bytes of its audit record, chained to the one before."""

    def record(self, entry: JournalEntry, previous: bytes) -> bytes:
        """The bytes of the audit record."""
        ...


@runtime_checkable
class AccessFilter(Protocol):
    """Says whether a caller may do this to that subject; raises StoreError-like errors in its own tree if not."""

    def check(self, caller: Caller, action: str, subject: str) -> None:
        """Returns if allowed."""
        ...


class Appended(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an append: new facts, repeats of known ones, and the subject's last sequence number."""

    accepted: int
    repeated: int
    last: int


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A twin frozen at an instant: model and settings by name, belief as bytes, and the facts it had used."""

    twin: str
    subject: str
    at: Instant
    sequence: int
    model: str
    model_version: str
    facts_hash: str
    payload: bytes


@runtime_checkable
class Store(Protocol):
    """Append-only, bitemporal facts, checkpoints and the ledger.  One conformance suite runs over every store."""

    def enrol(self, subject: Subject, caller: Caller) -> None:
        """Add a subject, or replace its description."""
        ...

    def subjects(self, caller: Caller) -> list[Subject]:
        """Every subject the caller may see."""
        ...

    def commit(self, writes: Sequence[Write], caller: Caller) -> list[Committed]:
        """All of the writes or, on an error, none; durable when it returns.  One answer each, in order.

        Where any of them carries a receipt that the store holds already, nothing at all is written and each answer
        carries the receipt given before.
        """
        ...

    def submit(self, writes: Sequence[Write], caller: Caller) -> Future[list[Committed]]:
        """`commit` without waiting: the future is done once the writes are durable, or fails as `commit` would."""
        ...

    def find(self, identifier: str, caller: Caller) -> str | None:
        """The subject that an identifier ('system|value') leads to; None if it leads nowhere."""
        ...

    def receipt(self, channel: str, id: str, caller: Caller) -> Receipt | None:
        """What the sender of a message was told; None if the message never came."""
        ...

    def documents(
        self, subject: str, caller: Caller, *, kinds: frozenset[str] | None = None, as_of: Instant | None = None
    ) -> list[Document]:
        """Every version of a subject's documents (of these kinds) recorded by `as_of`, in order of arrival."""
        ...

    def document(self, kind: str, id: str, caller: Caller) -> tuple[str, list[Document]] | None:
        """The subject and every version of a shared document; None if there is none of this kind and id."""
        ...

    def waveforms(self, subject: str, code: str, after: Instant, until: Instant, caller: Caller) -> list[Waveform]:
        """Stretches of a signal that overlap after < t <= until, in order of time."""
        ...

    def subject(self, id: str, caller: Caller) -> Subject | None:
        """One subject; None if it was never enrolled."""
        ...

    def append(self, subject: str, facts: Iterable[Fact], caller: Caller) -> Appended:
        """Durable when it returns.  A record equal to a stored one is counted as repeated, not stored again."""
        ...

    def reject(self, subject: str | None, rows: Iterable[Rejected], caller: Caller) -> int:
        """Keep rejected rows with their reasons."""
        ...

    def rejected(self, caller: Caller, subject: str | None = None) -> list[Rejected]:
        """Rejected rows of a subject, or of all."""
        ...

    def facts(
        self, subject: str, caller: Caller, *, after: int = 0, as_of: Instant | None = None
    ) -> list[tuple[int, Fact]]:
        """Records with sequence number > `after` known at `as_of`, in order of arrival."""
        ...

    def save(self, checkpoint: Checkpoint, caller: Caller) -> None:
        """Keep a checkpoint."""
        ...

    def save_all(self, checkpoints: Sequence[Checkpoint], caller: Caller) -> None:
        """Keep checkpoints together: all or, on an error, none."""
        ...

    def latest(self, twin: str, caller: Caller, *, before: Instant | None = None) -> Checkpoint | None:
        """The last checkpoint of a twin standing at or before `before`."""
        ...

    def twins(self, caller: Caller, subject: str | None = None) -> list[str]:
        """Ids of the twins of a subject, or of all."""
        ...

    def issue(self, forecasts: Sequence[IssuedForecast], caller: Caller) -> None:
        """Write forecasts into the ledger; one of a known id is not written again."""
        ...

    def ledger(self, twin: str, caller: Caller) -> list[IssuedForecast]:
        """Every forecast issued of a twin, each with the last record of what became of it."""
        ...

    def waiting(self, twin: str, caller: Caller, *, since: Instant, after: int = 0) -> list[Waiting]:
        """A twin's forecasts for `since` or later, and those of a number > `after`, as columns: one table for each set
        of quantile levels, in order of number."""
        ...

    def score(self, twin: str, scores: Scores, caller: Caller) -> None:
        """Append records of what became of a twin's forecasts; nothing that was written changes."""
        ...

    def scores(self, twin: str, caller: Caller, *, after: int = 0) -> list[Scores]:
        """Records of what became of a twin's forecasts, from writes of a number > `after`, in order."""
        ...

    def switch(self, record: Switch, caller: Caller) -> None:
        """Append a change of a model's standing."""
        ...

    def switches(self, caller: Caller) -> list[Switch]:
        """Every change of a model's standing, oldest first."""
        ...

    def journal(self, caller: Caller, subject: str | None = None) -> list[JournalEntry]:
        """The audit trail of a subject, or of all."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...

    def info(self) -> dict[str, Any]:
        """Kind, location, schema version and counts, for `gemel doctor`."""
        ...
