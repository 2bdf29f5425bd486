"""MLLP frames taken out of a stream as it comes, in pieces of any size (HL7 v2.5.1, chapter 2, appendix C).

A frame is <VT> message <FS><CR>; the CR may be missing.  What is no frame comes out as `Broken`, with its first bytes
and the reason: bytes outside any frame, a frame that another one interrupts, one that grows beyond the limit.
"""

from __future__ import annotations

from typing import NamedTuple, final

__all__ = ["Broken", "Frames"]

START, END = b"\x0b", b"\x1c"
_BLANK = b"\r\n\x00 "
_SHOWN = 200


class Broken(NamedTuple):
    """Bytes that are no frame: how they begin, and why.  `framed`: a sender waits for an answer."""

    head: bytes
    reason: str
    framed: bool


@final
class Frames:
    """The frames of one connection.  Memory is one message of at most `limit` bytes and one piece."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = bytearray()
        self._seen = 0
        self._inside = self._noisy = self._overlong = False

    @property
    def open(self) -> bool:
        """Whether a frame has begun that has not ended."""
        return self._inside or self._overlong

    def feed(self, piece: bytes) -> list[bytes | Broken]:
        """The messages, without their frames, and broken pieces that this piece completes, in order."""
        self._held += piece
        found: list[bytes | Broken] = []
        while self._step(found):
            pass
        return found

    def close(self) -> list[Broken]:
        """What is left at the end of the stream."""
        left = [Broken(bytes(self._held[:_SHOWN]), "the frame is cut off", framed=True)] if self._inside else []
        self._held.clear()
        self._inside = self._overlong = False
        self._seen = 0
        return left

    def _step(self, found: list[bytes | Broken]) -> bool:
        """Take one thing out of what is held; False when more must come."""
        if self._overlong:
            return self._pass_over()
        return self._message(found) if self._inside else self._begin(found)

    def _begin(self, found: list[bytes | Broken]) -> bool:
        start = self._held.find(START)
        before = bytes(self._held if start < 0 else self._held[:start]).strip(_BLANK)
        if before and not self._noisy:
            found.append(Broken(before[:_SHOWN], "bytes outside a frame", framed=False))
        self._noisy = (self._noisy or bool(before)) and start < 0
        if start < 0:
            self._held.clear()
            return False
        del self._held[: start + 1]
        self._inside, self._seen = True, 0
        return True

    def _message(self, found: list[bytes | Broken]) -> bool:
        end = self._held.find(END, self._seen)
        again = self._held.find(START, self._seen, end if end >= 0 else len(self._held))
        if again >= 0:
            found.append(Broken(bytes(self._held[: min(again, _SHOWN)]), "a frame begins inside it", framed=True))
            del self._held[: again + 1]
            self._seen = 0
            return True
        length = end if end >= 0 else len(self._held)
        if length > self._limit:
            reason = f"the message is longer than {self._limit} bytes"
            found.append(Broken(bytes(self._held[:_SHOWN]), reason, framed=True))
            self._inside, self._overlong = False, True
            return True
        if end < 0:
            self._seen = len(self._held)
            return False
        found.append(bytes(self._held[:end]))
        del self._held[: end + 1]
        self._inside = False
        return True

    def _pass_over(self) -> bool:
        end = self._held.find(END)
        if end < 0:
            self._held.clear()
            return False
        del self._held[: end + 1]
        self._overlong = False
        return True
