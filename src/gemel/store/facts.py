"""Facts and rejected rows in SQLite: numbering, recognition of repeats, and what was known at a time."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from gemel.core.errors import StoreError
from gemel.core.fact import Fact, Instant, Observation, Rejected
from gemel.core.ports import Appended

from .vault import STORE, Vault, canonical

__all__ = ["Prepared", "append", "prepare", "read", "read_rejected", "reject"]

INT64 = range(-(2**63), 2**63)
"""What an SQLite integer holds."""

LOOKUP = 500
"""Contents asked for in one query."""


class Prepared(NamedTuple):
    """A fact ready to be numbered: its indexes, its fingerprint and its bytes."""

    at: Instant
    recorded: Instant
    kind: str
    code_blind: bytes
    id_blind: bytes
    content: bytes
    clear: bytes


def prepare(vault: Vault, subject: str, facts: Iterable[Fact]) -> list[Prepared]:
    """Everything that needs no transaction; StoreError for a fact that could not be read back."""
    codes: dict[str, bytes] = {}
    prepared: list[Prepared] = []
    for fact, clear in canonical(facts, Fact):
        if fact.at not in INT64 or fact.recorded not in INT64:
            raise StoreError(f"fact '{fact.id}' has a time beyond 64 bits: give microseconds UTC")
        code = codes.get(fact.code)
        if code is None:
            code = codes[fact.code] = vault.blind(subject, "code", fact.code)
        kind = "observation" if isinstance(fact, Observation) else "intervention"
        identity = vault.blind(subject, "id", fact.id)
        content = vault.blind(subject, "fact", hashlib.sha256(clear).hexdigest())
        prepared.append(Prepared(fact.at, fact.recorded, kind, code, identity, content, clear))
    return prepared


def append(connection: sqlite3.Connection, vault: Vault, subject: str, prepared: Sequence[Prepared]) -> Appended:
    """Number and insert those the store does not hold yet."""
    key = vault.key(connection, subject)
    (first,) = connection.execute("SELECT coalesce(max(seq), 0) FROM fact WHERE subject = ?", (key,)).fetchone()
    seen = _known(connection, key, [fact.content for fact in prepared])
    rows: list[tuple[object, ...]] = []
    for fact in prepared:
        if fact.content in seen:
            continue
        seen.add(fact.content)
        seq = first + len(rows) + 1
        key_id, payload = vault.cipher.seal(subject, fact.clear, _row(key, seq, fact.recorded).encode())
        rows.append((key, seq, *fact[:-1], key_id, payload))
    connection.executemany("INSERT INTO fact VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    return Appended(accepted=len(rows), repeated=len(prepared) - len(rows), last=first + len(rows))


def read(
    connection: sqlite3.Connection, vault: Vault, subject: str, after: int, as_of: Instant | None
) -> list[tuple[int, Fact]]:
    """Records with sequence number > `after`, of those recorded up to `as_of`, in order of arrival."""
    key = vault.key(connection, subject)
    known = "" if as_of is None else "AND recorded <= ?"
    rows = connection.execute(
        f"SELECT seq, recorded, key_id, payload FROM fact WHERE subject = ? AND seq > ? {known} ORDER BY seq",  # noqa: S608
        (key, after) if as_of is None else (key, after, as_of),
    )
    return [
        (seq, vault.open(subject, key_id, payload, _row(key, seq, recorded), Fact))
        for seq, recorded, key_id, payload in rows
    ]


def reject(
    connection: sqlite3.Connection,
    vault: Vault,
    subject: str | None,
    rows: Sequence[tuple[Rejected, bytes]],
    now: Instant,
) -> int:
    """Keep rejected rows; those of no known subject under the store's own key."""
    key = None if subject is None else vault.key(connection, subject)
    (last,) = connection.execute("SELECT coalesce(max(seq), 0) FROM rejected").fetchone()
    for seq, (row, _) in enumerate(rows, start=last + 1):
        sealed = vault.seal(subject or STORE, row, f"rejected/{seq}")
        connection.execute("INSERT INTO rejected VALUES (?, ?, ?, ?, ?)", (seq, key, now, *sealed))
    return len(rows)


def read_rejected(connection: sqlite3.Connection, vault: Vault, visible: Callable[[str], bool]) -> Iterator[Rejected]:
    """Rejected rows of visible subjects ("" for those of none), in order of arrival."""
    rows = connection.execute(
        "SELECT r.seq, r.key_id, r.payload, s.id_key, s.id, s.blind FROM rejected r "
        "LEFT JOIN subject s ON s.key = r.subject ORDER BY r.seq"
    )
    for seq, key_id, payload, *owner in rows:
        subject = STORE if owner[0] is None else vault.subject_id(*owner)
        if visible(subject):
            yield vault.open(subject, key_id, payload, f"rejected/{seq}", Rejected)


def _row(key: int, seq: int, recorded: Instant) -> str:
    """What a fact's payload is bound to."""
    return f"fact/{key}/{seq}/{recorded}"


def _known(connection: sqlite3.Connection, key: int, contents: Sequence[bytes]) -> set[bytes]:
    """Those contents that the subject's facts already have."""
    known: set[bytes] = set()
    for start in range(0, len(contents), LOOKUP):
        some = contents[start : start + LOOKUP]
        marks = ",".join("?" * len(some))
        query = f"SELECT content FROM fact WHERE subject = ? AND content IN ({marks})"  # noqa: S608
        known.update(content for (content,) in connection.execute(query, (key, *some)))
    return known
