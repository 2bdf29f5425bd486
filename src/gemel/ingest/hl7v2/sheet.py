"""One message being read: who sent it and when, its segments cut, and a tally of what gives no fact."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from gemel.core.errors import TimelineError
from gemel.core.fact import Instant, Rejected

from ..codes import Codes
from ..feed import content_id, reject
from .message import Message, Separators, text_of
from .terms import Refusal, code_of
from .times import moment

__all__ = ["Fields", "Sheet", "entity", "sheet_of"]

Fields = list[bytes]
"""A segment cut into fields; number 0 is its name."""


@dataclass(slots=True)
class Sheet:
    """What every segment of a message is read with.

    `sender` is MSH-4 (else MSH-3), `feed` both; `sent` is MSH-7, and where that cannot be read when it was received;
    None: unknown, then a thing is known when it happens.  `items` counts what was looked at:
    items = facts + rejected + skipped.
    """

    marks: Separators
    codec: str
    codes: Codes
    zone: str
    sender: str
    feed: str
    control: str
    kind: str
    sent: Instant | None
    items: int = 0
    skipped: dict[str, int] = field(default_factory=dict[str, int])

    def fields(self, segment: bytes, at_least: int) -> Fields:
        """A segment's fields, filled up with empty ones."""
        found = segment.split(self.marks.field)
        missing = at_least + 1 - len(found)
        return found + [b""] * missing if missing > 0 else found

    def text(self, part: bytes) -> str:
        """First component of the first repetition as text; '' also for the HL7 null."""
        if not part or part == b'""':
            return ""
        first = part.partition(self.marks.repetition)[0].partition(self.marks.component)[0]
        return text_of(first, self.marks, self.codec).strip()

    def code(self, element: bytes) -> str:
        """The code of a coded element; Refusal where there is none."""
        return code_of(element, self.marks, self.codec, self.sender, self.codes)

    def time(self, *stamps: bytes) -> Instant | None:
        """The first of these times that is given; None where none is.  Raises Refusal for one that is no time."""
        for stamp in stamps:
            if not stamp or stamp == b'""':
                continue
            if not stamp.isdigit():
                stamp = stamp.partition(self.marks.repetition)[0].partition(self.marks.component)[0].strip()
                if not stamp:
                    continue
            try:
                return moment(stamp, self.zone)
            except TimelineError as error:
                raise Refusal("bad time", str(error)) from error
        return None

    def id(self, *parts: str) -> str:
        """An id made of what identifies a fact at its sender: the same in every message about it."""
        return content_id("\x1f".join(("hl7v2", self.sender, *parts)))

    def skip(self, reason: str) -> None:
        """Count one item that gives no fact."""
        self.items += 1
        self.skipped[reason] = self.skipped.get(reason, 0) + 1

    def refused(self, refusal: Refusal, segment: bytes) -> Rejected:
        """The refusal of a segment as an item."""
        name = segment[:3].decode("ascii", "replace")
        return reject(
            refusal.kind, refusal.detail, source=f"{self.feed} MSH-10 {self.control or '?'} {name}",
            raw=text_of(segment, self.marks, self.codec), code=refusal.code,
        )  # fmt: skip


def sheet_of(message: Message, zone: str, codes: Codes, received: Instant | None) -> Sheet:
    """The sheet of a message; a time of sending that cannot be read counts as missing."""
    head = message.header if len(message.header) > 9 else (*message.header, *[b""] * 10)
    marks, codec = message.separators, message.codec
    application, facility, kind = _sender(head[2], head[3], head[8], marks, codec)
    sheet = Sheet(
        marks=marks, codec=codec, codes=codes, zone=zone, sender=facility or application or "?",
        feed=f"{application}|{facility}", control=text_of(head[9], marks, codec), kind=kind, sent=received,
    )  # fmt: skip
    try:
        told = sheet.time(head[6])
    except Refusal:
        return sheet
    if told is not None:
        sheet.sent = told
    return sheet


@lru_cache(maxsize=1024)
def _sender(application: bytes, facility: bytes, kind: bytes, marks: Separators, codec: str) -> tuple[str, str, str]:
    """Names of application and facility, and type and trigger as 'ADT^A01'."""
    app, place = (text_of(f.partition(marks.component)[0], marks, codec).strip() for f in (application, facility))
    return app, place, "^".join(text_of(p, marks, codec) for p in kind.split(marks.component, 2)[:2]).strip("^")


def entity(sheet: Sheet, identifier: bytes) -> str:
    """An order number (EI) with its namespace; '' where it has no number."""
    parts = identifier.partition(sheet.marks.repetition)[0].split(sheet.marks.component)
    number = sheet.text(parts[0])
    return f"{number}^{sheet.text(parts[1])}" if number and len(parts) > 1 else number
