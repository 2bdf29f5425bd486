"""ADT messages as plain event records: what happened to which patient, where, when, and when we were told.

Occurrence is EVN-6, where that is empty EVN-2, and MSH-7 at last; sent is EVN-2, else MSH-7.  HL7 wants EVN-6 of a
cancellation to be the time of the event that is cancelled (v2.5.1 section 3.4.1.6); many senders give the time of the
cancellation, so the reader of these records must allow for both.  A patient is PID-3 (the repetition of type MR, else
the first; PID-2 where it is empty) within its assigning authority.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

import msgspec

from gemel.core.errors import TimelineError
from gemel.core.fact import Instant, Rejected

from ..feed import reject
from .message import NULL, Message, Separators, text_of
from .times import timestamp

__all__ = ["MOVEMENTS", "AdtEvent", "adt_events", "events"]

MOVEMENTS = {
    "A01": "admit", "A04": "admit", "A02": "transfer", "A17": "transfer", "A06": "reclass", "A07": "reclass",
    "A03": "discharge", "A11": "cancel-admit", "A12": "cancel-transfer", "A13": "cancel-discharge",
    **dict.fromkeys(("A18", "A30", "A34", "A36", "A39", "A40", "A47"), "merge"),
}  # fmt: skip
"""What a trigger event (HL7 table 0003) does to where a patient is; those that are not here do nothing to it."""


class AdtEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One event of one patient.

    `trigger` A01 to A62; `control` MSH-10; `at` occurrence and `sent` [us]; `patient` as authority:id; `visit`
    PV1-19.1; `patient_class` PV1-2; `ward`, `room`, `bed` PV1-3.1 to .3; `prior_ward` PV1-6.1; `merged`: the patient of
    MRG-1, who is from now on `patient`.  '' where the message says nothing.
    """

    trigger: str
    control: str
    patient: str
    at: Instant
    sent: Instant
    visit: str = ""
    patient_class: str = ""
    ward: str = ""
    room: str = ""
    bed: str = ""
    prior_ward: str = ""
    merged: str = ""


def events(items: Iterable[Message | Rejected], zone: str = "UTC") -> Iterator[AdtEvent | Rejected]:
    """Every event of every ADT message; what was rejected before passes through, other message types are rejected."""
    for item in items:
        if isinstance(item, Rejected):
            yield item
        else:
            yield from adt_events(item, zone)


def adt_events(message: Message, zone: str = "UTC") -> list[AdtEvent | Rejected]:
    """The events of a message: one, but one per patient where it swaps beds or merges several (A17, A40).

    `zone` is the IANA zone of times without offset.
    """
    header, marks = message.header, message.separators
    kind = (header[8] if len(header) > 8 else b"").split(marks.component)
    if kind[0] != b"ADT":
        return [_rejected(message, f"type '{message.text(kind[0])}' is no ADT message")]
    event, groups = _groups(message)
    told = header[6] if len(header) > 6 else b""
    try:
        sent = _first(zone, _field(event, 2), told)
        at = _first(zone, _field(event, 6), _field(event, 2), told)
    except TimelineError as error:
        return [_rejected(message, str(error))]
    trigger = message.text(kind[1] if len(kind) > 1 else _field(event, 1))
    control = message.text(header[9]) if len(header) > 9 else ""
    if not control or not groups:
        return [_rejected(message, "no MSH-10" if groups else "no PID segment")]
    codec, found = message.codec, list[AdtEvent | Rejected]()
    for person, visit, merge in groups:
        patient = _identity(_field(person, 3), marks, codec) or _identity(_field(person, 2), marks, codec)
        if not patient:
            found.append(_rejected(message, "no patient id in PID-3 or PID-2"))
            continue
        ward, room, bed = _place(_field(visit, 3), marks, codec)
        found.append(AdtEvent(
            trigger=trigger, control=control, patient=patient, at=at, sent=sent,
            visit=_text(_field(visit, 19), marks, codec), patient_class=_text(_field(visit, 2), marks, codec),
            ward=ward, room=room, bed=bed, prior_ward=_place(_field(visit, 6), marks, codec)[0],
            merged=_merged(_field(merge, 1), patient, marks, codec),
        ))  # fmt: skip
    return found


Fields = list[bytes]


def _groups(message: Message) -> tuple[Fields, list[tuple[Fields, Fields, Fields]]]:
    """Fields of EVN, and of PID, PV1 and MRG patient by patient."""
    bar = message.separators.field
    event: Fields = []
    groups: list[tuple[Fields, Fields, Fields]] = []
    for segment in message.segments:
        name = segment[:3]
        if name == b"PV1":
            if groups:
                groups[-1][1][:] = segment.split(bar, 20)
        elif name == b"PID":
            groups.append((segment.split(bar, 4), [], []))
        elif name == b"EVN":
            event = segment.split(bar)
        elif name == b"MRG" and groups:
            groups[-1][2][:] = segment.split(bar)
    return event, groups


def _field(fields: Fields, number: int) -> bytes:
    return fields[number] if number < len(fields) else b""


def _first(zone: str, *stamps: bytes) -> Instant:
    """The first time given; TimelineError when there is none or it cannot be read."""
    for stamp in stamps:
        if stamp and stamp != b'""':
            return timestamp(stamp.partition(b"^")[0], zone)
    raise TimelineError("no time in EVN-6, EVN-2 or MSH-7")


def _text(value: bytes, marks: Separators, codec: str) -> str:
    """First component, without its subcomponents, of the first repetition."""
    if not value:
        return ""
    first = value.partition(marks.repetition)[0].partition(marks.component)[0].partition(marks.subcomponent)[0]
    text = text_of(first, marks, codec)
    return "" if text == NULL else text.strip()


@lru_cache(maxsize=65536)
def _place(place: bytes, marks: Separators, codec: str) -> tuple[str, str, str]:
    """Ward, room and bed of a location."""
    ward, room, bed = (*place.partition(marks.repetition)[0].split(marks.component, 3), b"", b"")[:3]
    return _text(ward, marks, codec), _text(room, marks, codec), _text(bed, marks, codec)


def _merged(value: bytes, patient: str, marks: Separators, codec: str) -> str:
    """The patient of MRG-1; where it names no authority, that of the surviving one."""
    given = _identity(value, marks, codec)
    return given if not given or ":" in given or ":" not in patient else f"{patient.partition(':')[0]}:{given}"


@lru_cache(maxsize=65536)
def _identity(value: bytes, marks: Separators, codec: str) -> str:
    """authority:id of an identifier list, by preference the medical record number; '' for none."""
    lists = [one.split(marks.component) for one in value.split(marks.repetition)]
    parts = next((one for one in lists if len(one) > 4 and one[4] == b"MR"), lists[0])
    own = _text(parts[0], marks, codec)
    authority = _text(parts[3], marks, codec) if len(parts) > 3 else ""
    return f"{authority}:{own}" if own and authority else own


def _rejected(message: Message, detail: str) -> Rejected:
    raw = b"\r".join(message.segments).decode("utf-8", "replace")
    control = message.text(message.header[9]) if len(message.header) > 9 else ""
    return reject("ADT message", detail, source=f"MSH-10 {control or '?'}", raw=raw)
