"""Is the store what was written?  The audit chain, and each fact against its digest and its row."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from gemel.core.errors import GemelError

from . import audit
from .blocks import documents_of, facts_of
from .connection import Connection
from .prepare import DIGEST, digests
from .rows import DocumentBlock, FactBlock
from .signals import waveform_of
from .vault import STORE, Vault

__all__ = ["faults"]

_ENCODE = msgspec.msgpack.Encoder().encode


def faults(connection: Connection, vault: Vault) -> list[str]:
    """Everything found wrong, in words; empty for a sound store."""
    return [
        *audit.broken(connection, vault),
        *(fault for key, id in _subjects(connection, vault) for fault in _facts(connection, vault, key, id)),
        *_documents(connection, vault),
        *_waveforms(connection, vault),
    ]


def _subjects(connection: Connection, vault: Vault) -> list[tuple[int, str]]:
    rows = connection.rows("SELECT key, id_key, id, blind FROM subject ORDER BY key")
    return [(key, vault.subject_id(*sealed)) for key, *sealed in rows]


def _facts(connection: Connection, vault: Vault, key: int, subject: str) -> Iterator[str]:
    """Facts of a subject that are missing, unreadable or altered."""
    expected, digest_key = 1, vault.digest_key(subject)
    query = f"SELECT {', '.join(FactBlock._fields)} FROM fact_block WHERE subject = ? ORDER BY first"  # noqa: S608
    for row in connection.rows(query, (key,)):
        block = FactBlock(*row)
        if block.first != expected:
            yield f"subject {key}: facts {expected} to {block.first - 1} are missing"
        expected = block.last + 1
        try:
            facts = facts_of(vault, subject, block)
        except GemelError as error:
            yield f"subject {key}: facts {block.first} to {block.last} cannot be opened ({error})"
            continue
        found = digests([_ENCODE(fact) for fact in facts], digest_key)
        for place, digest in enumerate(found):
            if block.digests[place * DIGEST : (place + 1) * DIGEST] != digest:
                yield f"subject {key}: fact {block.first + place} was altered"
        at, recorded = [fact.at for fact in facts], [fact.recorded for fact in facts]
        ends = (min(at), max(at), min(recorded), max(recorded))
        if ends != (block.at_low, block.at_high, block.recorded_low, block.recorded_high):
            yield f"subject {key}: the times of facts {block.first} to {block.last} were altered"


def _waveforms(connection: Connection, vault: Vault) -> Iterator[str]:
    """Stretches of a signal that are unreadable."""
    rows = connection.rows(
        "SELECT w.seq, w.subject, w.code, w.at, w.ends, w.key_id, w.payload, s.id_key, s.id, s.blind "
        "FROM waveform w JOIN subject s ON s.key = w.subject ORDER BY w.seq"
    )
    for seq, *row in rows:
        key, code, at, ends, key_id, payload = row[:6]
        try:
            waveform_of(vault, vault.subject_id(*row[6:]), (key, code, at, ends), key_id, payload)
        except GemelError as error:
            yield f"waveform {seq} cannot be opened ({error})"


def _documents(connection: Connection, vault: Vault) -> Iterator[str]:
    """Documents that are missing or unreadable."""
    expected = 1
    columns = ", ".join(f"b.{name}" for name in DocumentBlock._fields)
    rows = connection.rows(
        f"SELECT {columns}, s.id_key, s.id, s.blind FROM document_block b "  # noqa: S608
        "LEFT JOIN subject s ON s.key = b.subject ORDER BY b.first"
    )
    for row in rows:
        block, owner = DocumentBlock(*row[:-3]), row[-3:]
        if block.first != expected:
            yield f"documents {expected} to {block.first - 1} are missing"
        expected = block.last + 1
        try:
            documents_of(vault, STORE if owner[0] is None else vault.subject_id(*owner), block)
        except GemelError as error:
            yield f"documents {block.first} to {block.last} cannot be opened ({error})"
