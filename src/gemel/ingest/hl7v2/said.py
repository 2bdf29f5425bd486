"""What a message says, patient by patient: who, facts, what was rejected or passed over, and the message itself.

One message may be about several patients (a merge, a swap of beds, results of several); each gets the segments that are
about them and no other's.  What stands in a message about nobody is rejected, so that it is not lost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b

import msgspec

from gemel.core.fact import Fact, Instant, Rejected

from ..codes import Codes, table
from ..feed import Item, reject
from .adt import MOVEMENTS, AdtEvent, adt_events
from .message import Message
from .movements import appointment, moved
from .orders import given, ordered
from .persons import Person, identifiers, person
from .results import Order, observed, order_of
from .sheet import Fields, Sheet, sheet_of
from .terms import Refusal

__all__ = ["MERGES", "NOBODY", "Said", "said"]

NOBODY = Person(identifiers=())
MERGES = frozenset(trigger for trigger, kind in MOVEMENTS.items() if kind == "merge")
"""Trigger events by which the patient of MRG turns out to be that of PID."""

_ORDERS = {
    **dict.fromkeys(("ORM", "OMP", "ORR", "ORP"), (b"OBR", b"RXO")), "RDE": (b"RXE",),
    **dict.fromkeys(("OML", "OMG", "OMI", "ORL"), (b"OBR",)),
}  # fmt: skip
"""The segments that say what is ordered, by message type."""
_TELLING = frozenset((b"ORC", b"OBR", b"RXO", b"RXE", b"RXA", b"SCH"))
"""Segments that may state a fact or begin an order, besides OBX."""
_NO_COMMON: Fields = [b""] * 16


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a message says about one patient.

    `kind` is MSH-9 ('ADT^A40'), `body` the message without other patients' segments; `merged` identifies a patient who
    turned out to be this one; `changes`: what is said of the person replaces what was known (ADT), else fills gaps.
    items = facts + rejected + the sum of `skipped`.
    """

    person: Person
    kind: str
    control: str
    feed: str
    sent: Instant | None
    body: bytes
    facts: tuple[Fact, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    skipped: Mapping[str, int] = {}
    items: int = 0
    merged: tuple[str, ...] = ()
    changes: bool = False

    @property
    def id(self) -> str:
        """Names the message by its content: equal ones get equal ids (96 bits)."""
        return blake2b(self.body, digest_size=12).hexdigest()


def said(
    message: Message, *, zone: str = "UTC", codes: Codes | None = None, received: Instant | None = None
) -> list[Said]:
    """What a message says: one entry a patient, in order; one about nobody where it names none.

    `zone` is the IANA zone of times without offset, `received` when the message came.
    """
    codes = codes or table()
    common, groups = _groups(message)
    found: list[Said] = []
    events: list[AdtEvent | Rejected] = []
    for number, group in enumerate(groups):
        sheet = sheet_of(message, zone, codes, received)
        if not number:
            events = _events(message, sheet.kind, zone)
        event = events[number] if number < len(events) else None
        body = b"\r".join([*common, *group]) + b"\r"
        found.append(_said(group, event, number, sheet, body))
    return found


def _groups(message: Message) -> tuple[Sequence[bytes], list[Sequence[bytes]]]:
    """The segments about the message and those of each patient; without a PID all but the header are nobody's."""
    segments = message.segments
    starts = [place for place, segment in enumerate(segments) if segment[:3] == b"PID"]
    if not starts:
        return segments[:1], [segments[1:]]
    return segments[: starts[0]], [segments[a:b] for a, b in zip(starts, [*starts[1:], None], strict=True)]


def _events(message: Message, kind: str, zone: str) -> list[AdtEvent | Rejected]:
    if kind[:3] != "ADT":
        return []
    return adt_events(message, zone) if (kind[4:] or message.get("EVN-1")) in MOVEMENTS else []


def _said(group: Sequence[bytes], event: AdtEvent | Rejected | None, number: int, sheet: Sheet, body: bytes) -> Said:
    marks, codec = sheet.marks, sheet.codec
    who = person(group[0], marks, codec, sheet.sender) if group and group[0][:3] == b"PID" else NOBODY
    items = _items(group, event, number, sheet)
    if not who.identifiers:
        items = [_about_nobody(item, sheet) for item in items]
        if not items:
            items = [_about_nobody(None, sheet)]
            sheet.items += 1
    kind, _, trigger = sheet.kind.partition("^")
    merged = _merged(group, sheet) if trigger in MERGES else ()
    rejected = [item for item in items if type(item) is Rejected]
    return Said(
        person=who, kind=sheet.kind, control=sheet.control, feed=sheet.feed, sent=sheet.sent, body=body,
        facts=tuple([item for item in items if not isinstance(item, Rejected)]), rejected=tuple(rejected),
        skipped=sheet.skipped, items=sheet.items,
        merged=tuple([name for name in merged if name not in who.identifiers]), changes=kind == "ADT",
    )  # fmt: skip


def _merged(group: Sequence[bytes], sheet: Sheet) -> tuple[str, ...]:
    """The identifiers of every MRG."""
    merged: tuple[str, ...] = ()
    for segment in group:
        if segment[:3] == b"MRG":
            merged += identifiers(sheet.fields(segment, 1)[1], sheet.marks, sheet.codec, sheet.sender)
    return merged


def _about_nobody(item: Item | None, sheet: Sheet) -> Rejected:
    if isinstance(item, Rejected):
        return item
    what = "the message" if item is None else f"a fact of {item.code}"
    detail = f"{sheet.kind or 'a message'} names nobody in PID-3 or PID-2"
    code = "" if item is None else item.code
    return reject("no patient", detail, source=f"{sheet.feed} MSH-10 {sheet.control or '?'}", raw=what, code=code)


def _items(group: Sequence[bytes], event: AdtEvent | Rejected | None, number: int, sheet: Sheet) -> list[Item]:
    """Facts and rejected items of a patient's segments, in order."""
    items: list[Item] = []
    if isinstance(event, Rejected):
        sheet.items += 1
        items.append(event)
    elif event is not None:
        items += moved(event, number, sheet)
    common, order = _NO_COMMON, Order()
    for segment in group:
        name = segment[:3]
        if name == b"OBX":
            observed(segment, order, sheet, items)
            continue
        if name not in _TELLING:
            continue
        if name == b"ORC":
            common = sheet.fields(segment, 15)
        elif name == b"OBR":
            order = order_of(sheet.fields(segment, 25), sheet, common)
        try:
            fact = _fact(segment, common, group, sheet)
        except Refusal as refusal:
            sheet.items += 1
            items.append(sheet.refused(refusal, segment))
        else:
            if fact is not None:
                items.append(fact)
    return items


def _fact(segment: bytes, common: Fields, group: Sequence[bytes], sheet: Sheet) -> Fact | None:
    """The order, the dose given or the appointment that a segment of this message type states, if any."""
    kind, _, trigger = sheet.kind.partition("^")
    name = segment[:3]
    if name in _ORDERS.get(kind, ()):
        return ordered(common, sheet.fields(segment, 25), sheet)
    if name == b"RXA" and kind == "RAS":
        return given(sheet.fields(segment, 21), common, sheet)
    if name == b"SCH" and kind == "SIU":
        service = next((one for one in group if one[:3] == b"AIS"), b"AIS")
        return appointment(trigger, sheet.fields(segment, 11), sheet.fields(service, 4), sheet)
    return None
