"""Bytes of a source: plain or gzip, a path or in memory, line by line in bounded memory.

Only a source that cannot be read at all raises IngestError; a compressed file that breaks off says so in its last line.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import Literal, NamedTuple

from gemel.core.errors import IngestError

__all__ = ["Line", "Source", "Stream", "first_bytes", "lines", "name_of", "stream_of", "whole"]

Source = Path | str | bytes
"""A path, or the content itself."""

_BLOCK = 1 << 20  # bytes per read: large enough to be fast, small enough not to matter
_LONGEST_LINE = 1 << 24  # bytes: 16 MiB, far beyond any table row and most single FHIR resources
_LARGEST_DOCUMENT = 1 << 30  # bytes of one decompressed JSON document: 1 GiB, against decompression bombs


class Line(NamedTuple):
    """A line without its end.  `open`: the source stops in it; `long`: cut at 16 MiB; `broken`: damaged gzip."""

    number: int
    data: bytes
    state: Literal["whole", "open", "long", "broken"]


def name_of(source: Source) -> str:
    """What to call a source in messages: the file's name, never its folder."""
    return "bytes" if isinstance(source, bytes) else Path(source).name


class _Gzip(gzip.GzipFile):
    """A gzip stream that closes what it reads from."""

    def __init__(self, raw: BufferedReader | BytesIO) -> None:
        super().__init__(fileobj=raw, mode="rb")
        self._raw = raw

    def close(self) -> None:
        """Close both."""
        super().close()
        self._raw.close()


Stream = BufferedReader | BytesIO | _Gzip


def stream_of(source: Source) -> Stream:
    """An open stream of its bytes, decompressed where it is gzip; IngestError when it cannot be opened."""
    try:
        raw = BytesIO(source) if isinstance(source, bytes) else Path(source).open("rb")
    except (OSError, ValueError) as error:
        reason = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
        raise IngestError(
            f"'{name_of(source)}' cannot be opened ({reason}): check the path and its permissions"
        ) from error
    if raw.read(2) != b"\x1f\x8b":
        raw.seek(0)
        return raw
    raw.seek(0)
    return _Gzip(raw)


def first_bytes(source: Source, count: int = 4096) -> bytes:
    """The first bytes; IngestError when there are none or they cannot be read."""
    stream = stream_of(source)
    head = b""
    try:
        while len(head) < count and (block := stream.read1(count)):
            head += block
    except (OSError, EOFError, zlib.error) as error:
        if not head:
            raise IngestError(f"'{name_of(source)}' is a damaged gzip file: {error}") from error
    finally:
        stream.close()
    if not head:
        raise IngestError(f"'{name_of(source)}' is empty (0 bytes): ask for it again")
    return head


def whole(source: Source) -> bytes:
    """All bytes of one document, decompressed; IngestError when unreadable or beyond 1 GiB."""
    stream = stream_of(source)
    try:
        content = stream.read(_LARGEST_DOCUMENT + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise IngestError(f"'{name_of(source)}' is cut short or damaged: {error}") from error
    finally:
        stream.close()
    if len(content) > _LARGEST_DOCUMENT:
        raise IngestError(f"'{name_of(source)}' is a document of more than 1 GiB: send it as NDJSON, a resource a line")
    return content


def lines(source: Source) -> Iterator[Line]:
    """Every line, numbered from 1; memory is one block and one line."""
    stream = stream_of(source)
    try:
        yield from _split(stream)
    finally:
        stream.close()


def _split(stream: Stream) -> Iterator[Line]:
    number, rest, overlong, broken = 1, b"", False, False
    while True:
        try:
            block = stream.read1(_BLOCK)  # what a damaged file still yields comes before its error
        except (OSError, EOFError, zlib.error):
            block, broken = b"", True
        if not block:
            break
        *complete, rest = (rest + block).split(b"\n")
        for data in complete:
            yield Line(number, data.removesuffix(b"\r"), "long" if overlong else "whole")
            number, overlong = number + 1, False
        if len(rest) > _LONGEST_LINE:
            rest, overlong = rest[:_BLOCK], True
    if rest or broken:
        yield Line(number, rest, "broken" if broken else "long" if overlong else "open")
