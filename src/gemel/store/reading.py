"""Facts, documents, waveforms, receipts and rejected rows, read back."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gemel.core.fact import Fact, Instant, Rejected
from gemel.core.writing import Document, Receipt, Waveform

from .blocks import documents_of, facts_of
from .connection import Connection
from .rows import DocumentBlock, FactBlock
from .signals import waveform_of
from .vault import STORE, Vault

__all__ = ["document", "documents", "facts", "receipt", "rejected", "rejected_of", "waveforms"]

_FACTS = (
    f"SELECT {', '.join(FactBlock._fields)} FROM fact_block WHERE subject = ? AND last > ? "  # noqa: S608
    "AND first >= coalesce((SELECT max(first) FROM fact_block WHERE subject = ? AND first <= ?), 0) "
)


def facts(
    connection: Connection, vault: Vault, subject: str, after: int, as_of: Instant | None
) -> list[tuple[int, Fact]]:
    """Records with sequence number > `after`, of those recorded up to `as_of`, in order of arrival."""
    key = vault.key(connection, subject)
    known = "" if as_of is None else "AND recorded_low <= ? "
    values = (key, after, key, after + 1) + (() if as_of is None else (as_of,))
    found: list[tuple[int, Fact]] = []
    for row in connection.rows(f"{_FACTS}{known}ORDER BY first", values):
        block = FactBlock(*row)
        numbered = enumerate(facts_of(vault, subject, block), block.first)
        if block.first > after and (as_of is None or block.recorded_high <= as_of):
            found.extend(numbered)
        else:
            found += [(n, one) for n, one in numbered if n > after and (as_of is None or one.recorded <= as_of)]
    return found


def documents(
    connection: Connection, vault: Vault, subject: str, kinds: frozenset[str] | None, as_of: Instant | None
) -> list[Document]:
    """Every version of a subject's documents ("": nobody's) of these kinds recorded by `as_of`, in order of arrival."""
    values: tuple[int, ...] = () if subject == STORE else (vault.key(connection, subject),)
    query = f"SELECT {', '.join(DocumentBlock._fields)} FROM document_block WHERE subject "  # noqa: S608
    query += "= ? " if values else "IS NULL "
    if as_of is not None:
        query, values = query + "AND recorded_low <= ? ", (*values, as_of)
    rows = connection.rows(query + "ORDER BY first", values)
    found = [one for row in rows for one in documents_of(vault, subject, DocumentBlock(*row))]
    return [one for one in found if (kinds is None or one.kind in kinds) and (as_of is None or one.recorded <= as_of)]


def document(connection: Connection, vault: Vault, kind: str, id: str) -> tuple[str, list[Document]] | None:
    """The subject of the last version and every version of a shared document, or None."""
    columns = ", ".join(f"b.{name}" for name in DocumentBlock._fields)
    rows = connection.rows(
        f"SELECT {columns}, s.id_key, s.id, s.blind FROM document_index i JOIN document_block b ON b.first = i.block "  # noqa: S608
        "LEFT JOIN subject s ON s.key = b.subject WHERE i.blind = ? ORDER BY b.first",
        (vault.document(kind, id),),
    )
    subject, versions = STORE, list[Document]()
    for row in rows:
        block, owner = DocumentBlock(*row[:-3]), row[-3:]
        subject = STORE if owner[0] is None else vault.subject_id(*owner)
        versions += [one for one in documents_of(vault, subject, block) if (one.kind, one.id) == (kind, id)]
    return (subject, versions) if versions else None


def waveforms(
    connection: Connection, vault: Vault, subject: str, code: str, span: tuple[Instant, Instant]
) -> list[Waveform]:
    """Stretches of a signal (code "": of every signal) that overlap after < t <= until, in order of time."""
    after, until = span
    key = vault.key(connection, subject)
    columns = "SELECT code, at, ends, key_id, payload FROM waveform WHERE subject = ? AND at <= ? AND ends > ? "
    if code:
        values = (key, until, after, vault.blind(subject, "waveform", code))
        rows = connection.rows(columns + "AND code = ? ORDER BY at, seq", values)
    else:
        rows = connection.rows(columns + "ORDER BY at, seq", (key, until, after))
    return [
        waveform_of(vault, subject, (key, blind, at, ends), key_id, payload)
        for blind, at, ends, key_id, payload in rows
    ]


def receipt(connection: Connection, vault: Vault, channel: str, id: str) -> Receipt | None:
    """What the sender of a message was told, or None."""
    blind = vault.receipt(channel, id)
    found = connection.row("SELECT key_id, payload FROM receipt WHERE blind = ?", (blind,))
    return None if found is None else vault.open(STORE, found[0], found[1], f"receipt/{blind.hex()}", Receipt)


def rejected(connection: Connection, vault: Vault, visible: Callable[[str], bool]) -> Iterator[Rejected]:
    """Rejected rows of visible subjects ("" for those of none), in order of arrival."""
    rows = connection.rows(
        "SELECT r.seq, r.key_id, r.payload, s.id_key, s.id, s.blind FROM rejected r "
        "LEFT JOIN subject s ON s.key = r.subject ORDER BY r.seq"
    )
    for seq, key_id, payload, *owner in rows:
        subject = STORE if owner[0] is None else vault.subject_id(*owner)
        if visible(subject):
            yield vault.open(subject, key_id, payload, f"rejected/{seq}", Rejected)


def rejected_of(connection: Connection, vault: Vault, subject: str) -> list[Rejected]:
    """Rejected rows of one subject ("": those of none), in order of arrival."""
    columns = "SELECT seq, key_id, payload FROM rejected WHERE subject"
    if subject == STORE:
        rows = connection.rows(columns + " IS NULL ORDER BY seq")
    else:
        rows = connection.rows(columns + " = ? ORDER BY seq", (vault.find(connection, subject) or 0,))
    return [vault.open(subject, key_id, payload, f"rejected/{seq}", Rejected) for seq, key_id, payload in rows]
