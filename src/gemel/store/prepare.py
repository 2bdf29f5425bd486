"""Writes made ready: everything that can be done before it is known what the store holds already.

A record must come back as it was, so each is read again here, and one that cannot be is refused with its whole write.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from gemel.core.errors import StoreError
from gemel.core.fact import Fact, Instant, Rejected
from gemel.core.subject import Subject
from gemel.core.writing import Document, Receipt, Write

from .packing import pack
from .signals import Stretch, stretch
from .vault import STORE, Vault, canonical

__all__ = ["DIGEST", "INT64", "Chunk", "Facts", "Prepared", "digests", "prepare"]

DIGEST = 8
"""Bytes of a fact's digest: of a subject's million facts two meet by chance once in 37 million."""

CHUNK = 4 << 20
"""Bodies that share a block of documents [bytes]."""

INT64 = range(-(2**63), 2**63)
"""What an integer of a database holds."""

_ENCODE = msgspec.msgpack.Encoder().encode
_FACTS = msgspec.msgpack.Decoder(list[Fact])
_DOCUMENTS = msgspec.msgpack.Decoder(list[Document])
_NO_FACTS: tuple[Fact, ...] = ()


class Facts(NamedTuple):
    """Facts as they will be read back, each with its msgpack and its digest."""

    facts: Sequence[Fact]
    clear: list[bytes]
    digests: list[bytes]


class Chunk(NamedTuple):
    """Documents that will be one block; `shared` are the blind indexes of those found without their subject."""

    number: int
    recorded_low: Instant
    recorded_high: Instant
    packed: bytes
    shared: tuple[bytes, ...]


class Prepared(NamedTuple):
    """A write made ready.  `content` fingerprints it for the audit trail, under the subject's key."""

    subject: str
    enrol: Subject | None
    identifiers: tuple[bytes, ...]
    facts: Facts
    recorded_low: Instant
    recorded_high: Instant
    rejected: list[bytes]
    chunks: list[Chunk]
    stretches: list[Stretch]
    receipt: tuple[bytes, Receipt] | None
    content: str


def prepare(vault: Vault, write: Write) -> Prepared:
    """A write made ready; StoreError for one that could not be read back, or that nobody can own."""
    _check_owner(write)
    key = vault.digest_key(write.subject)
    facts = _facts(write.facts, key)
    recorded = [fact.recorded for fact in facts.facts]
    chunks = _chunks(vault, write)
    stretches = [stretch(vault, write.subject, waveform) for waveform in write.waveforms]
    print_ = hashlib.blake2b(b"".join(facts.digests), digest_size=16, key=key)
    for packed in (*(chunk.packed for chunk in chunks), *(one.packed for one in stretches)):
        print_.update(packed)
    return Prepared(
        subject=write.subject,
        enrol=write.enrol and canonical([write.enrol], Subject)[0][0],
        identifiers=tuple([vault.blind(STORE, "identifier", word) for word in write.identifiers]),
        facts=facts,
        recorded_low=min(recorded, default=0),
        recorded_high=max(recorded, default=0),
        rejected=[clear for _, clear in canonical(write.rejected, Rejected)] if write.rejected else [],
        chunks=chunks,
        stretches=stretches,
        receipt=write.receipt and _receipt(vault, write.receipt),
        content=print_.hexdigest(),
    )


def digests(clear: Sequence[bytes], key: bytes) -> list[bytes]:
    """Keyed digests of facts: equal for equal facts of one subject, and for nothing else."""
    start = hashlib.blake2b(digest_size=DIGEST, key=key)
    found: list[bytes] = []
    for one in clear:
        digest = start.copy()
        digest.update(one)
        found.append(digest.digest())
    return found


def _check_owner(write: Write) -> None:
    if write.enrol is not None and not write.enrol.id:
        raise StoreError("a subject needs an id: the empty one stands for the store itself")
    if write.enrol is not None and write.enrol.id != write.subject:
        raise StoreError(f"a write about {write.subject!r} enrols {write.enrol.id!r}: make it two writes")
    if not write.subject and (write.facts or write.waveforms or write.identifiers):
        raise StoreError("facts, waveforms and identifiers are a subject's: name it in the write")


def _facts(facts: Sequence[Fact], key: bytes) -> Facts:
    if not facts:
        return Facts(_NO_FACTS, [], [])
    try:
        read = _FACTS.decode(_ENCODE(facts))
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError):
        canonical(facts, Fact)  # says which one and why
        raise
    for fact in read:
        if fact.at not in INT64 or fact.recorded not in INT64:
            raise StoreError(f"fact '{fact.id}' has a time beyond 64 bits: give microseconds UTC")
    clear = [_ENCODE(fact) for fact in read]
    return Facts(read, clear, digests(clear, key))


def _chunks(vault: Vault, write: Write) -> list[Chunk]:
    """The documents of a write, in blocks of about `CHUNK` bytes."""
    chunks: list[Chunk] = []
    some: list[Document] = []
    size = 0
    for document in write.documents:
        some.append(document)
        size += len(document.body)
        if size >= CHUNK:
            chunks.append(_chunk(vault, write.subject, some))
            some, size = [], 0
    if some:
        chunks.append(_chunk(vault, write.subject, some))
    return chunks


def _chunk(vault: Vault, subject: str, documents: Sequence[Document]) -> Chunk:
    try:
        clear = _ENCODE(documents)
        read = _DOCUMENTS.decode(clear)
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError):
        canonical(documents, Document)  # says which one and why
        raise
    times = [document.recorded for document in read]
    low, high = min(times), max(times)
    if low not in INT64 or high not in INT64:
        raise StoreError(f"document '{read[0].id}' or one beside it has a time beyond 64 bits: give microseconds UTC")
    shared = [one for one in read if one.shared or not subject]
    blinds = dict.fromkeys([vault.document(one.kind, one.id) for one in shared])
    return Chunk(len(read), low, high, pack(clear), tuple(blinds))


def _receipt(vault: Vault, receipt: Receipt) -> tuple[bytes, Receipt]:
    ((kept, _),) = canonical([receipt], Receipt)
    return vault.receipt(kept.channel, kept.id), kept
