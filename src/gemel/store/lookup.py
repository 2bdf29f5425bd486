"""What a group of writes needs to know of the store, asked for in a handful of queries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gemel.core.fact import Instant
from gemel.core.writing import Receipt

from . import audit
from .connection import Connection, Row
from .memory import NEVER, Ends, Known, Memory, Seen
from .prepare import Prepared
from .vault import STORE, Vault

__all__ = ["learn", "refresh"]

TOGETHER = 500
"""Things asked for in one query."""


def refresh(connection: Connection, memory: Memory) -> audit.Head:
    """Where the audit trail ends; if that is not where we left it, another process has written: forget all."""
    head = audit.head(connection)
    if memory.journal != head:
        memory.forget()
        ends = connection.row(
            "SELECT (SELECT coalesce(max(key), 0) FROM subject), (SELECT coalesce(max(seq), 0) FROM rejected), "
            "(SELECT coalesce(max(last), 0) FROM document_block)"
        )
        memory.ends = Ends(*(ends or ()))
        memory.journal = head
    return head


def learn(connection: Connection, vault: Vault, memory: Memory, writes: Sequence[Prepared]) -> None:
    """Make sure that memory holds all that these writes need."""
    _subjects(connection, vault, memory, {write.subject for write in writes} - {STORE})
    _identifiers(connection, memory, {blind for write in writes for blind in write.identifiers})
    _receipts(connection, vault, memory, {write.receipt[0] for write in writes if write.receipt is not None})
    for known, since in _reaching_back(memory, writes):
        memory.learn(known, _digests(connection, known, since), since)


def _subjects(connection: Connection, vault: Vault, memory: Memory, subjects: set[str]) -> None:
    unknown = {vault.blind(STORE, "subject", id): id for id in subjects if memory.use(id) is None}
    query = (
        "SELECT s.blind, s.key, b.last, b.recorded_top FROM subject s LEFT JOIN fact_block b ON b.subject = s.key "
        "AND b.first = (SELECT max(first) FROM fact_block WHERE subject = s.key) WHERE s.blind IN ({})"
    )
    for blind, key, last, top in _each(connection, query, unknown):
        id = unknown[blind]
        memory.add(Known(id, blind, key) if last is None else Known(id, blind, key, last, top))


def _identifiers(connection: Connection, memory: Memory, blinds: set[bytes]) -> None:
    unknown = blinds - memory.identifiers.keys()
    query = "SELECT blind, subject FROM identifier WHERE blind IN ({}) ORDER BY seq"
    for blind, subject in _each(connection, query, unknown):
        memory.lead(blind, subject)


def _receipts(connection: Connection, vault: Vault, memory: Memory, blinds: set[bytes]) -> None:
    unknown = blinds - memory.receipts.keys()
    query = "SELECT blind, key_id, payload FROM receipt WHERE blind IN ({})"
    for blind, key_id, payload in _each(connection, query, unknown):
        memory.receipts[blind] = vault.open(STORE, key_id, payload, f"receipt/{blind.hex()}", Receipt)


def _reaching_back(memory: Memory, writes: Sequence[Prepared]) -> Iterator[tuple[Known, Instant]]:
    """Subjects some of whose facts may be repeats of facts whose digests memory lacks, and since when those are."""
    tops: dict[str, Instant] = {}
    lows: dict[str, Instant] = {}
    for write in writes:
        known = memory.subjects.get(write.subject)
        if known is None or not write.facts.facts:
            continue
        top, low = tops.get(known.id, known.top), write.recorded_low
        if low <= top and (known.seen is None or low < known.since):
            lows[known.id] = min(low, lows.get(known.id, low))
        tops[known.id] = max(top, write.recorded_high)
    for subject, low in lows.items():
        yield memory.subjects[subject], low


def _digests(connection: Connection, known: Known, since: Instant) -> Seen:
    """Digests of a subject's facts recorded at `since` or later, and of some others."""
    if since > known.top or known.top == NEVER:
        return Seen()
    rows = connection.rows(
        "SELECT digests FROM fact_block WHERE subject = ? AND recorded_high >= ?", (known.key, since)
    )
    return Seen(b"".join([digests for (digests,) in rows]))


def _each(connection: Connection, query: str, values: Iterable[bytes]) -> Iterator[Row]:
    """Rows of a query for many values, some at a time."""
    remaining = list(values)
    for start in range(0, len(remaining), TOGETHER):
        some = remaining[start : start + TOGETHER]
        yield from connection.rows(query.format(",".join("?" * len(some))), some)
