"""The rows that a commit adds, table by table.

`subject` is a subject's surrogate number (None: nobody's); `first` and `last` number what a block holds.  What could
say who or what is sealed: the payloads, each under its key id, and the blind indexes.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from gemel.core.fact import Instant

__all__ = [
    "COLUMNS",
    "ORDER",
    "DocumentBlock",
    "DocumentIndex",
    "FactBlock",
    "IdentifierRow",
    "JournalBlock",
    "ReceiptRow",
    "RejectedRow",
    "SubjectRow",
    "WaveformRow",
    "insertion",
]


class SubjectRow(NamedTuple):
    """A subject; its id is sealed under the store's key, its description under its own."""

    key: int
    blind: bytes
    id_key: str
    id: bytes
    key_id: str
    payload: bytes


class IdentifierRow(NamedTuple):
    """From now on, this identifier leads to that subject."""

    blind: bytes
    subject: int


class FactBlock(NamedTuple):
    """Facts of one subject that became durable together, numbered from `first` to `last`.

    `recorded_top`: the latest recording of all the subject's facts so far.  `digests`: 8 bytes a fact, keyed.
    """

    subject: int
    first: int
    last: int
    at_low: Instant
    at_high: Instant
    recorded_low: Instant
    recorded_high: Instant
    recorded_top: Instant
    digests: bytes
    key_id: str
    payload: bytes


class RejectedRow(NamedTuple):
    """A rejected row, kept at this instant."""

    seq: int
    subject: int | None
    at: Instant
    key_id: str
    payload: bytes


class DocumentBlock(NamedTuple):
    """Documents of one write, numbered over the whole store from `first` to `last`."""

    first: int
    last: int
    subject: int | None
    recorded_low: Instant
    recorded_high: Instant
    key_id: str
    payload: bytes


class DocumentIndex(NamedTuple):
    """A shared document (blind of kind and id) has versions in the block that starts at this number."""

    blind: bytes
    block: int


class WaveformRow(NamedTuple):
    """A stretch of a signal (blind of its code) from its first sample to its last."""

    subject: int
    code: bytes
    at: Instant
    ends: Instant
    key_id: str
    payload: bytes


class ReceiptRow(NamedTuple):
    """What the sender of a message (blind of channel and id) was told."""

    blind: bytes
    key_id: str
    payload: bytes


class JournalBlock(NamedTuple):
    """Audit entries of one transaction, numbered from `first` to `last`; `record` is the last one's."""

    first: int
    last: int
    key_id: str
    payload: bytes
    record: bytes


COLUMNS: dict[str, tuple[str, ...]] = {
    "subject": SubjectRow._fields,
    "identifier": IdentifierRow._fields,
    "fact_block": FactBlock._fields,
    "rejected": RejectedRow._fields,
    "document_block": DocumentBlock._fields,
    "document_index": DocumentIndex._fields,
    "waveform": WaveformRow._fields,
    "receipt": ReceiptRow._fields,
    "twin": ("key", "subject", "blind", "key_id", "payload"),
    "checkpoint": ("seq", "twin", "at", "key_id", "payload"),
    "forecast": ("seq", "blind", "twin", "issued", "target", "key_id", "payload", "score_key", "score"),
    "score": ("seq", "twin", "at", "key_id", "payload"),
    "switch": ("seq", "at", "key_id", "payload"),
    "journal_block": JournalBlock._fields,
}
"""Columns of every table, in an order in which rows may refer to those before.  `identifier`, `waveform` and `receipt`
have a `seq` of the database's own besides: of several rows of one identifier the last holds."""

ORDER: dict[str, str] = {
    table: next(name for name in ("key", "first", "block", "seq") if name in columns or name == "seq")
    for table, columns in COLUMNS.items()
} | {"fact_block": "subject, first", "document_index": "block, blind"}
"""In which order the rows of each table were added, or may be added again."""


@cache
def insertion(table: str, rows: int = 1) -> str:
    """The statement that adds rows to a table, their values as '?'."""
    columns = COLUMNS[table]
    row = f"({', '.join('?' * len(columns))})"
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([row] * rows)}"  # noqa: S608
