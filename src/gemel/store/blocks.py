"""Blocks of facts and of documents: from msgpack to a row and back.

A block is bound to everything that stands in clear in its row, so no cipher opens one whose numbers, times or digests
were altered.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from gemel.core.errors import StoreError
from gemel.core.fact import Fact, Instant
from gemel.core.writing import Document

from .packing import pack, unpack
from .prepare import Chunk, Facts
from .rows import DocumentBlock, FactBlock
from .vault import Vault

__all__ = ["LONGEST", "documents_of", "documents_row", "facts_of", "facts_row"]

R = TypeVar("R")

LONGEST = 4096
"""Facts of one block, at most: what is read to find one fact."""

_FACTS = msgspec.msgpack.Decoder(list[Fact])
_DOCUMENTS = msgspec.msgpack.Decoder(list[Document])


def facts_row(vault: Vault, subject: str, key: int, first: int, facts: Facts, top: Instant) -> FactBlock:
    """The row of these facts, numbered from `first`; `top` is the latest recording before them."""
    at = [fact.at for fact in facts.facts]
    recorded = [fact.recorded for fact in facts.facts]
    high = max(recorded)
    ends = (first, first + len(at) - 1, min(at), max(at), min(recorded), high, max(top, high))
    digests = b"".join(facts.digests)
    clear = pack(_array_of(len(at)) + b"".join(facts.clear))
    sealed = vault.cipher.seal(subject, clear, _facts_bound(key, *ends, digests))
    return FactBlock(key, *ends, digests, *sealed)


def facts_of(vault: Vault, subject: str, row: FactBlock) -> list[Fact]:
    """The facts of a row; StoreError if they cannot be read."""
    *clear, key_id, payload = row
    place = f"facts {row.first} to {row.last}"
    return _opened(vault, subject, key_id, payload, _facts_bound(*clear), _FACTS, row.last - row.first + 1, place)


def documents_row(vault: Vault, subject: str, key: int | None, first: int, chunk: Chunk) -> DocumentBlock:
    """The row of a chunk of documents, numbered from `first`."""
    ends = (first, first + chunk.number - 1, key, chunk.recorded_low, chunk.recorded_high)
    return DocumentBlock(*ends, *vault.cipher.seal(subject, chunk.packed, _documents_bound(*ends)))


def documents_of(vault: Vault, subject: str, row: DocumentBlock) -> list[Document]:
    """The documents of a row; StoreError if they cannot be read."""
    *ends, key_id, payload = row
    place = f"documents {row.first} to {row.last}"
    bound = _documents_bound(*ends)
    return _opened(vault, subject, key_id, payload, bound, _DOCUMENTS, row.last - row.first + 1, place)


def _opened(
    vault: Vault, subject: str, key_id: str, payload: bytes, bound: bytes,
    decoder: msgspec.msgpack.Decoder[list[R]], count: int, place: str,
) -> list[R]:  # fmt: skip
    try:
        found = decoder.decode(unpack(vault.cipher.open(subject, key_id, payload, bound)))
    except (msgspec.MsgspecError, ValueError) as error:
        raise StoreError(f"{place} cannot be read ({error}): damaged; restore a copy") from error
    if len(found) != count:
        raise StoreError(f"{place} are {len(found)}: damaged; restore a copy")
    return found


def _array_of(count: int) -> bytes:
    """Start of an array in msgpack (its specification, 'array format family')."""
    if count < 16:
        return bytes([0x90 | count])
    return b"\xdc" + count.to_bytes(2, "big")  # LONGEST < 65,536


def _facts_bound(*ends: Any) -> bytes:
    *numbers, digests = ends
    return b"fact_block/" + "/".join(map(str, numbers)).encode() + b"/" + digests


def _documents_bound(*ends: int | None) -> bytes:
    return b"document_block/" + "/".join(map(str, ends)).encode()
