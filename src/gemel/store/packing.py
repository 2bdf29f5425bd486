"""Bytes made smaller where that pays: the first byte says whether and how.

By Zstandard (RFC 8878) where its package is installed (the extra `serve` brings it), else by DEFLATE (RFC 1951), which
every Python has and which costs several times the work.  What either wrote is read where its package is there.
"""

from __future__ import annotations

import threading
import zlib
from importlib.util import find_spec
from typing import Any

from gemel.core.errors import StoreError
from gemel.core.extra import require

__all__ = ["pack", "unpack"]

LEVEL = 1
"""Higher levels cost several times the work for a tenth fewer bytes, on facts and on FHIR JSON alike."""

WORTHWHILE = 256
"""Shorter bytes are left as they are [bytes]: one fact does not shrink."""

LONGEST = 1 << 30
"""A block that says it is longer than this is damaged [bytes]."""

_PLAIN, _SMALLER, _DEFLATED = b"\x00", b"\x01", b"\x02"
_HAS_ZSTANDARD = find_spec("zstandard") is not None


class _Compressors(threading.local):
    """One for each thread, made when first used: making takes 200 times as long as using, and none can be shared."""

    made: Any = None

    def compress(self, clear: bytes) -> bytes:
        """The bytes as a Zstandard frame."""
        if self.made is None:
            self.made = require("zstandard", "serve").ZstdCompressor(level=LEVEL)
        return self.made.compress(clear)


_COMPRESSORS = _Compressors()


def pack(clear: bytes) -> bytes:
    """The bytes, smaller if they can be."""
    if len(clear) >= WORTHWHILE:
        form, smaller = (
            (_SMALLER, _COMPRESSORS.compress(clear)) if _HAS_ZSTANDARD else (_DEFLATED, zlib.compress(clear, LEVEL))
        )
        if len(smaller) < len(clear):
            return form + smaller
    return _PLAIN + clear


def unpack(packed: bytes) -> bytes:
    """What `pack` was given; StoreError for bytes that it did not make."""
    form, rest = packed[:1], packed[1:]
    if form == _PLAIN:
        return rest
    if form == _DEFLATED:
        return _inflated(rest)
    if form != _SMALLER:
        raise StoreError(f"a block of {len(packed)} bytes is of unknown form {form!r}: damaged; restore a copy")
    zstandard = require("zstandard", "serve")
    try:
        if not 0 <= zstandard.frame_content_size(rest) <= LONGEST:
            raise StoreError(f"a block says it holds more than {LONGEST} bytes: damaged; restore a copy")
        return zstandard.ZstdDecompressor().decompress(rest)
    except zstandard.ZstdError as error:
        raise StoreError(f"a block cannot be unpacked ({error}): damaged; restore a copy") from error


def _inflated(rest: bytes) -> bytes:
    try:
        stream = zlib.decompressobj()
        clear = stream.decompress(rest, LONGEST)
    except zlib.error as error:
        raise StoreError(f"a block cannot be unpacked ({error}): damaged; restore a copy") from error
    if not stream.eof or stream.unused_data:
        raise StoreError(f"a block is cut short, runs on, or holds more than {LONGEST} bytes: damaged; restore a copy")
    return clear
