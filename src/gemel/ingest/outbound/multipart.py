"""multipart/related (RFC 2387, RFC 2046): files in one message, as DICOMweb sends them; nothing is decoded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from uuid import uuid4

from gemel.core.errors import IngestError

__all__ = ["joined", "parts"]

_BOUNDARY = re.compile(r';\s*boundary=(?:"([^"]+)"|([^;\s]+))', re.IGNORECASE)


def joined(files: Sequence[bytes], media: str) -> tuple[str, bytes]:
    """Content-Type and body of a message with these files."""
    boundary = f"gemel-{uuid4()}"
    begin = f"--{boundary}\r\nContent-Type: {media}\r\n\r\n".encode()
    body = b"".join(begin + file + b"\r\n" for file in files) + f"--{boundary}--\r\n".encode()
    return f'multipart/related; type="{media}"; boundary={boundary}', body


def parts(content_type: str, body: bytes) -> Iterator[tuple[str, bytes]]:
    """Content-Type and content of each part.  IngestError for a message without boundary, or one that is cut short."""
    told = _BOUNDARY.search(content_type)
    if told is None:
        raise IngestError(f"'{content_type[:80]}' names no boundary between its parts")
    mark = b"\r\n--" + (told[1] or told[2]).encode()
    whole = b"\r\n" + body  # the first mark may stand at the very beginning
    place = whole.find(mark)
    while place >= 0:
        start = place + len(mark)
        if whole.startswith(b"--", start):
            return
        place = whole.find(mark, start)
        if place < 0:
            break
        yield _part(whole[start:place])
    raise IngestError("the multipart message is cut short: ask for it again")


def _part(content: bytes) -> tuple[str, bytes]:
    """The lines up to the first empty one are headers; white space may follow the boundary."""
    headers, empty, file = content.partition(b"\r\n\r\n")
    if not empty:
        raise IngestError("a part of the multipart message does not end its headers")
    for line in headers.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-type":
            return value.strip().decode("latin-1"), file
    return "", file
