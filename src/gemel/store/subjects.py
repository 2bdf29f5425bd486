"""Subjects, the identifiers that lead to them, the names of their twins, and the counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gemel.core.subject import Subject

from .connection import Connection
from .vault import STORE, Vault

__all__ = ["counts", "find", "one", "read", "twins", "twins_of"]


def one(connection: Connection, vault: Vault, id: str) -> Subject | None:
    """The description of a subject, or None."""
    blind = vault.blind(STORE, "subject", id)
    found = connection.row("SELECT key_id, payload FROM subject WHERE blind = ?", (blind,))
    return None if found is None else vault.open(id, found[0], found[1], f"subject/{blind.hex()}", Subject)


def find(connection: Connection, vault: Vault, identifier: str) -> str | None:
    """The subject that an identifier leads to now, or None."""
    found = connection.row(
        "SELECT s.id_key, s.id, s.blind FROM identifier i JOIN subject s ON s.key = i.subject "
        "WHERE i.blind = ? ORDER BY i.seq DESC LIMIT 1",
        (vault.blind(STORE, "identifier", identifier),),
    )
    return None if found is None else vault.subject_id(*found)


def read(connection: Connection, vault: Vault, visible: Callable[[str], bool]) -> Iterator[Subject]:
    """Subjects that are visible, in order of enrolment."""
    rows = connection.rows("SELECT id_key, id, blind, key_id, payload FROM subject ORDER BY key")
    for id_key, sealed_id, blind, key_id, payload in rows:
        subject = vault.subject_id(id_key, sealed_id, blind)
        if visible(subject):
            yield vault.open(subject, key_id, payload, f"subject/{blind.hex()}", Subject)


def twins(connection: Connection, vault: Vault, visible: Callable[[str], bool]) -> Iterator[str]:
    """Names of the twins of visible subjects, oldest first."""
    rows = connection.rows(
        "SELECT t.blind, t.key_id, t.payload, s.id_key, s.id, s.blind FROM twin t "
        "JOIN subject s ON s.key = t.subject ORDER BY t.key"
    )
    for blind, key_id, payload, *owner in rows:
        subject = vault.subject_id(*owner)
        if visible(subject):
            yield vault.open(subject, key_id, payload, f"twin/{blind.hex()}", str)


def twins_of(connection: Connection, vault: Vault, subject: str) -> list[str]:
    """Names of the twins of one subject, oldest first."""
    key = vault.find(connection, subject) or 0
    rows = connection.rows("SELECT blind, key_id, payload FROM twin WHERE subject = ? ORDER BY key", (key,))
    return [vault.open(subject, key_id, payload, f"twin/{blind.hex()}", str) for blind, key_id, payload in rows]


_LAST = "(SELECT last FROM fact_block WHERE subject = key ORDER BY first DESC LIMIT 1)"
_COUNTS = {
    **{name: f"SELECT count(*) FROM {name}" for name in ("subject", "twin", "checkpoint", "forecast", "score")},  # noqa: S608
    **{name: f"SELECT coalesce(max(seq), 0) FROM {name}" for name in ("rejected", "switch")},  # noqa: S608
    # facts are numbered without gaps and never removed, so the last number of a subject counts them
    "fact": f"SELECT CAST(coalesce(sum({_LAST}), 0) AS BIGINT) FROM subject",  # noqa: S608
    "document": "SELECT coalesce(max(last), 0) FROM document_block",
    "journal": "SELECT coalesce(max(last), 0) FROM journal_block",
    "waveform": "SELECT coalesce(max(seq), 0) FROM waveform",
    "receipt": "SELECT coalesce(max(seq), 0) FROM receipt",
}


def counts(connection: Connection) -> dict[str, Any]:
    """How much there is of everything, and the head of the audit chain (hex)."""
    found = {name: int((connection.row(query) or (0,))[0]) for name, query in _COUNTS.items()}
    head = connection.row("SELECT record FROM journal_block ORDER BY first DESC LIMIT 1")
    return {**found, "journal_head": "" if head is None else head[0].hex()}
