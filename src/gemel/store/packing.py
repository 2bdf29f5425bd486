"""Bytes made smaller where that pays, by Zstandard (RFC 8878): the first byte says whether it was."""

from __future__ import annotations

import threading

import zstandard

from gemel.core.errors import StoreError

__all__ = ["pack", "unpack"]

LEVEL = 1
"""Higher levels cost several times the work for a tenth fewer bytes, on facts and on FHIR JSON alike."""

WORTHWHILE = 256
"""Shorter bytes are left as they are [bytes]: one fact does not shrink."""

LONGEST = 1 << 30
"""A block that says it is longer than this is damaged [bytes]."""

_PLAIN, _SMALLER = b"\x00", b"\x01"


class _Compressors(threading.local):
    """One for each thread: they take 200 times as long to make as to use, and cannot be shared."""

    def __init__(self) -> None:
        self.own = zstandard.ZstdCompressor(level=LEVEL)


_COMPRESSORS = _Compressors()


def pack(clear: bytes) -> bytes:
    """The bytes, smaller if they can be."""
    if len(clear) >= WORTHWHILE:
        smaller = _COMPRESSORS.own.compress(clear)
        if len(smaller) < len(clear):
            return _SMALLER + smaller
    return _PLAIN + clear


def unpack(packed: bytes) -> bytes:
    """What `pack` was given; StoreError for bytes that it did not make."""
    form, rest = packed[:1], packed[1:]
    if form == _PLAIN:
        return rest
    if form != _SMALLER:
        raise StoreError(f"a block of {len(packed)} bytes is of unknown form {form!r}: damaged; restore a copy")
    try:
        if not 0 <= zstandard.frame_content_size(rest) <= LONGEST:
            raise StoreError(f"a block says it holds more than {LONGEST} bytes: damaged; restore a copy")
        return zstandard.ZstdDecompressor().decompress(rest)
    except zstandard.ZstdError as error:
        raise StoreError(f"a block cannot be unpacked ({error}): damaged; restore a copy") from error
