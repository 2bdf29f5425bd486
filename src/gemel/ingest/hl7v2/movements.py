"""Where a patient is and when they are expected: ADT movements and SIU appointments as facts.

Movements are written in the words of `core.movement`, as FHIR's Encounters are.
"""

from __future__ import annotations

from gemel.core.fact import Level, Observation, Status
from gemel.core.movement import MOVEMENT, PRIOR, PRIOR_MARK, VISIT, VISIT_MARK, place

from .adt import MOVEMENTS, AdtEvent
from .sheet import Fields, Sheet, entity
from .terms import Refusal

__all__ = ["APPOINTMENT", "MOVEMENT", "PRIOR", "VISIT", "appointment", "moved"]

APPOINTMENT = "gemel:appointment"

_BOOKED = {
    "S12": ("booked", Status.FINAL), **dict.fromkeys(("S13", "S14"), ("booked", Status.AMENDED)),
    **dict.fromkeys(("S15", "S16", "S17"), ("cancelled", Status.ENTERED_IN_ERROR)), "S26": ("no show", Status.AMENDED),
}  # fmt: skip
"""Trigger events of SIU (HL7 v2.5.1 section 10.4): new, rescheduled or modified, cancelled or deleted, did not come."""


def moved(event: AdtEvent, number: int, sheet: Sheet) -> list[Observation]:
    """The facts of an event; `number` is that of the patient in the message."""
    kind = MOVEMENTS.get(event.trigger, "merge")
    if kind == "merge":
        return []
    name = sheet.id("movement", event.control, str(number))
    said = [(MOVEMENT, kind, "", place(event.ward, event.room, event.bed))]
    if event.visit:
        said.append((VISIT, event.visit, VISIT_MARK, None))
    if event.prior_ward:
        said.append((PRIOR, event.prior_ward, PRIOR_MARK, None))
    sheet.items += len(said)
    return [
        Observation(
            id=name + mark, code=code, value=Level(level), unit="1", at=event.at, recorded=event.sent,
            source=sheet.feed, entity=entity_of,
        )
        for code, level, mark, entity_of in said
    ]  # fmt: skip


def appointment(trigger: str, schedule: Fields, services: Fields, sheet: Sheet) -> Observation | None:
    """The appointment of a SCH (at least 11 fields) at the start that it or its AIS (at least 4) gives.

    None for a trigger that says nothing about one.  Raises Refusal.
    """
    known = _BOOKED.get(trigger)
    if known is None:
        sheet.skip(f"SIU^{trigger}")
        return None
    number = entity(sheet, schedule[2]) or entity(sheet, schedule[1])
    if not number:
        raise Refusal("no appointment number", "SCH-1 and SCH-2 are empty", APPOINTMENT)
    timing = schedule[11].split(sheet.marks.component)
    at = sheet.time(timing[3] if len(timing) > 3 else b"", services[4])
    told = sheet.sent
    if at is None and known[1] is Status.ENTERED_IN_ERROR:
        at = told
    if at is None:
        raise Refusal("no time", "neither SCH-11.4 nor AIS-4", APPOINTMENT)
    sheet.items += 1
    return Observation(
        id=sheet.id("appointment", number), code=APPOINTMENT, value=Level(known[0]), unit="1", at=at,
        recorded=at if told is None else told, status=known[1], source=sheet.feed,
    )  # fmt: skip
