"""Many messages in one file or stream: one after the other, in MLLP frames, or in batches with FHS and BHS.

An MLLP frame is <VT> message <FS><CR> (HL7 v2.5.1, chapter 2, appendix C).  The file is read piece by piece, so memory
does not grow with it.  What is no message is yielded as a `Rejected` with its reason and place.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedIOBase
from pathlib import Path

from gemel.core.errors import IngestError
from gemel.core.fact import Rejected

from ..feed import reject
from .message import Message, parse

__all__ = ["messages", "read", "split"]

_PIECE = 1 << 20
"""Bytes read at a time."""
_BATCH = (b"FHS", b"BHS", b"BTS", b"FTS")
_BLANK = b"\r \t\x00"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def read(path: Path) -> Iterator[Message | Rejected]:
    """The messages of a file in order.  Raises IngestError when it cannot be opened."""
    try:
        with path.open("rb") as file:
            yield from messages(file, path.name)
    except OSError as error:
        raise IngestError(f"'{path}' cannot be read: {error.strerror}") from error


def messages(stream: BufferedIOBase, name: str) -> Iterator[Message | Rejected]:
    """The messages of a stream; `name` stands before the number of a message that is rejected."""
    number = 0
    for raw in _pieces(stream):
        number += 1
        try:
            yield parse(raw)
        except IngestError as error:
            yield reject("HL7 message", str(error), source=f"{name}#{number}", raw=raw.decode("utf-8", "replace"))


def split(data: bytes) -> list[bytes]:
    """The messages in these bytes, without frames and batch segments; bytes before the first message come first."""
    if data[:2] in _UTF16:
        data = data.decode("utf-16").encode()
    data = data.removeprefix(b"\xef\xbb\xbf")
    if b"\n" in data:
        data = data.replace(b"\r\n", b"\r").replace(b"\n", b"\r")
    if b"\x0b" in data or b"\x1c" in data:
        data = data.replace(b"\x0b", b"\r").replace(b"\x1c", b"\r")
    head, *rest = (b"\r" + data).split(b"\rMSH")
    found = [b"MSH" + part.rstrip(_BLANK) for part in rest]
    before = head.strip(_BLANK)
    found = [before, *found] if before else found
    return _without_batch(found) if any(b"\r" + mark in b"\r" + data for mark in _BATCH) else found


def _without_batch(found: list[bytes]) -> list[bytes]:
    """Messages without the batch segments around them."""
    kept = (b"\r".join(line for line in raw.split(b"\r") if line[:3] not in _BATCH).strip(_BLANK) for raw in found)
    return [raw for raw in kept if raw]


def _pieces(stream: BufferedIOBase) -> Iterator[bytes]:
    """Message by message; what may be unfinished at the end of a piece waits for the next."""
    first = stream.read(_PIECE)
    if first[:2] in _UTF16:  # no line end can be found byte by byte
        yield from split(first + stream.read())
        return
    held = first
    while piece := stream.read(_PIECE):
        held += piece
        cut = max(held.rfind(b"\rMSH"), held.rfind(b"\nMSH"), held.rfind(b"\x0bMSH"))
        if cut > 0:
            yield from split(held[:cut])
            held = held[cut:]
    yield from split(held)
