"""Acknowledgements: MSA and ERR, in the original or the enhanced mode (HL7 v2.5.1 sections 2.9.2 and 2.9.3).

Where MSH-15 and MSH-16 are both empty the answer is AA, AE or AR.  Where one is given, MSH-15 asks for CA, CE or CR
and MSH-16 for AA, AE or AR: always (AL), never (NE or empty), on success (SU) or on error (ER).  Errors are told by
HL7 table 0357, before v2.5 in the ERR of that time.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import lru_cache

import msgspec

from .message import Message, Separators

__all__ = ["ACCEPTED", "Verdict", "replies", "reply_to_garbage"]

_TEXTS = {
    101: "Required field missing", 102: "Data type error", 104: "Value too long", 200: "Unsupported message type",
    205: "Duplicate key identifier", 207: "Application internal error",
}  # fmt: skip
_USUAL = Separators(b"|", b"^", b"~", b"\\", b"&")


class Verdict(msgspec.Struct, frozen=True):
    """What became of a message.

    `letter` A accepted, E error in it, R refused; `error` of HL7 table 0357, at `place` ('PID^1^3'), in words `text`.
    An accepted message may carry a warning.
    """

    letter: str
    error: int = 0
    place: str = ""
    text: str = ""


ACCEPTED = Verdict("A")


def replies(message: Message, verdict: Verdict, id: str) -> list[bytes]:
    """The messages that answer this one, as it asked: none, one, or an accept and an application acknowledgement.

    `id` becomes MSH-10 of the answer.
    """
    head = [*message.header, *[b""] * (16 - len(message.header))]
    commit, application = head[14].strip(), head[15].strip()
    if not commit and not application:
        return [_reply(head, message.separators, "A", verdict, id)]
    asked = (("C", commit, id), ("A", application, f"{id}A" if commit else id))
    return [_reply(head, message.separators, mode, verdict, own) for mode, when, own in asked if _wanted(when, verdict)]


def reply_to_garbage(text: str, id: str, error: int = 102) -> bytes:
    """AR for something whose header cannot be read."""
    head = [b"MSH", b"^~\\&", *[b""] * 14]
    return _reply(head, _USUAL, "A", Verdict("R", error, "MSH^1", text), id)


def _wanted(when: bytes, verdict: Verdict) -> bool:
    return when == b"AL" or (when == b"SU" and verdict.letter == "A") or (when == b"ER" and verdict.letter != "A")


def _reply(head: Sequence[bytes], marks: Separators, mode: str, verdict: Verdict, id: str) -> bytes:
    """One acknowledgement; sender and receiver change places."""
    trigger = head[8].split(marks.component)[1:2]
    kind = marks.component.join([b"ACK", *trigger]) + (marks.component + b"ACK" if trigger else b"")
    fields = [b"MSH", head[1], head[4], head[5], head[2], head[3], _stamp(int(time.time())), b"", kind, id.encode(),
              head[10] or b"P", head[11] or b"2.5.1"]  # fmt: skip
    own = [b"MSA", (mode + verdict.letter).encode(), head[9]]
    lines = [fields, own]
    if verdict.error:
        old = head[11].partition(marks.component)[0] < b"2.5" and bool(head[11])
        if old:
            own.append(_plain(verdict.text, marks))
        lines.append(_error(verdict, marks, old=old))
    return b"".join(marks.field.join(line) + b"\r" for line in lines)


@lru_cache(maxsize=4)
def _stamp(second: int) -> bytes:
    """A time to the second as HL7 writes it, in UTC."""
    return time.strftime("%Y%m%d%H%M%S+0000", time.gmtime(second)).encode()


def _error(verdict: Verdict, marks: Separators, *, old: bool) -> list[bytes]:
    """ERR: since v2.5 place, code, severity and words each in a field; before, all in the first."""
    place = marks.component.join(part.encode() for part in verdict.place.split("^"))
    code = (str(verdict.error).encode(), _TEXTS.get(verdict.error, "").encode(), b"HL70357")
    if old:
        steps = [*place.split(marks.component), b"", b""][:3]
        return [b"ERR", marks.component.join([*steps, marks.subcomponent.join(code)])]
    severity = b"W" if verdict.letter == "A" else b"E"
    return [b"ERR", b"", place, marks.component.join(code), severity, b"", b"", b"", _plain(verdict.text, marks)]


def _plain(text: str, marks: Separators) -> bytes:
    """Words that can stand in a field: ASCII, separators and line ends left out."""
    raw = text.encode("ascii", "replace")[:250]
    own = (marks.field, marks.component, marks.repetition, marks.escape, marks.subcomponent)
    return raw.translate(None, b"".join(own) + b"\r\n\x0b\x1c")
