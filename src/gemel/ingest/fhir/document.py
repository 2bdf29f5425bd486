"""What a file of FHIR is: NDJSON, which streams line by line, or one JSON document, which is mapped or read whole."""

from __future__ import annotations

import mmap
from pathlib import Path

import msgspec

from gemel.core.errors import IngestError

from ..source import Source, first_bytes, lines, name_of, whole
from .types import Head

__all__ = ["HEAD", "UNREADABLE", "Buffer", "document", "is_lines"]

Buffer = bytes | memoryview | mmap.mmap

HEAD = msgspec.json.Decoder(Head)
UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)
"""What decoding text that is not the JSON it should be can raise."""


def is_lines(source: Source) -> bool:
    """Whether the source is NDJSON.  IngestError when it is no FHIR JSON at all."""
    name = name_of(source)
    head = first_bytes(source, 1 << 16).removeprefix(b"\xef\xbb\xbf")
    if name.lower().removesuffix(".gz").endswith((".ndjson", ".jsonl")):
        return True
    if not head.lstrip().startswith(b"{"):
        raise IngestError(f"'{name}' is no FHIR JSON: it starts with {head[:20]!r}")
    first, _, rest = head.partition(b"\n")
    if rest.strip():
        try:
            return bool(HEAD.decode(first).resourceType)
        except UNREADABLE:
            return False
    following = (line.data for line in lines(source) if line.number > 1)
    return any(data.strip() for data in following)


def document(source: Source) -> Buffer:
    """The bytes of a JSON document; a plain file is mapped, so that the system may drop its pages again."""
    if not isinstance(source, bytes) and first_bytes(source, 3)[:2] not in (b"\x1f\x8b", b"\xef\xbb"):
        with Path(source).open("rb") as stream:
            if stream.read(2) != b"\x1f\x8b":
                return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    return whole(source).removeprefix(b"\xef\xbb\xbf")
