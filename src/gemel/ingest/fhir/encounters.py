"""Encounter as movements: the same facts that an HL7 v2 admission, transfer and discharge leave (`core.movement`).

    admit        when the stay begins: Encounter.period.start, or where that is not given the first status of somebody
                 present; time planned (statusHistory) or before admission (classHistory) at its start is left out
    transfer     when Encounter.location names another place; a location without a time is that of the beginning
    discharge    when it ends; beside it, as `gemel:disposition`, hospitalization.dischargeDisposition

Locations of one instant are levels of one place, told apart by physicalType (wa, ro, bd); the first without a type is
the ward, and one that is left at that instant counts only by itself.  A location that ends before the next begins is
kept until then: nobody says where else the patient is.  On leave keeps the place.  A planned encounter is ORDERED, a
cancelled one and one entered in error are withdrawn.  Encounters elsewhere (virtual, at home, in the field) and before
admission give no movement.

FHIR R4: Encounter, encounter-status, encounter-location-status, location-physical-type; v3 ActEncounterCode.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gemel.core.errors import TimelineError
from gemel.core.fact import Instant, Level, Observation, Status
from gemel.core.movement import MOVEMENT, VISIT, VISIT_MARK, place

from ..codes import coded
from ..feed import Item
from .clinical_types import Encounter, Stay
from .sheet import Refusal, Sheet
from .times import effective
from .types import Concept, Period
from .walking import fields

__all__ = ["DISPOSITION", "visited"]

DISPOSITION = "gemel:disposition"

_STATUS = {
    "planned": Status.ORDERED, "unknown": Status.PRELIMINARY,
    **dict.fromkeys(("cancelled", "entered-in-error"), Status.ENTERED_IN_ERROR),
    **dict.fromkeys(("arrived", "triaged", "in-progress", "onleave", "finished"), Status.FINAL),
}  # fmt: skip
_PRESENT = ("arrived", "triaged", "in-progress", "onleave", "finished")
_ELSEWHERE = ("VR", "HH", "FLD", "PRENC")
_LEVELS = {"wa": 0, "ro": 1, "bd": 2}
_NOT_YET = ("planned", "reserved")

_Place = tuple[str, str, str]


class _Move(NamedTuple):
    mark: str
    kind: str
    at: Instant
    place: str | None


def visited(visit: Encounter, sheet: Sheet) -> Iterator[Item]:
    """The items of an encounter."""
    kind = _class(visit.class_)
    if kind in _ELSEWHERE:
        sheet.feed.skip(f"Encounter: {kind}, not in the house")
        return
    try:
        told = _told(visit, sheet)
    except Refusal as refusal:
        sheet.feed.items += 1
        yield sheet.refused(refusal)
    else:
        sheet.feed.items += len(told)
        yield from told


def _told(visit: Encounter, sheet: Sheet) -> list[Observation]:
    status = _STATUS.get(visit.status or "")
    if status is None:
        raise Refusal("bad status", f"Encounter status '{visit.status}'", MOVEMENT)
    try:
        recorded = sheet.known(None, visit.meta, changed=status is Status.ENTERED_IN_ERROR)
        moves = _moves(visit, sheet)
    except TimelineError as error:
        raise Refusal("bad time", str(error), MOVEMENT) from error
    if not moves and status is Status.ENTERED_IN_ERROR and recorded is not None:
        moves = [_Move("#in", "admit", recorded, None)]
    if not moves:
        raise Refusal("no time", "it does not say when", MOVEMENT)
    number = _number(visit)
    said = [(move.mark, MOVEMENT, move.kind, move.at, move.place) for move in moves]
    said += [(m.mark + VISIT_MARK, VISIT, number, m.at, None) for m in moves if number and m.kind != "transfer"]
    disposition = _word(visit.hospitalization.dischargeDisposition) if visit.hospitalization is not None else ""
    if disposition and moves[-1].kind == "discharge":
        said.append(("#disposition", DISPOSITION, disposition, moves[-1].at, None))
    return [
        Observation(
            id=sheet.id + mark, code=code, value=Level(level[:200]), unit="1", at=at,
            recorded=at if recorded is None else recorded, status=status, source=sheet.name, entity=where,
        )
        for mark, code, level, at, where in said
    ]  # fmt: skip


def _moves(visit: Encounter, sheet: Sheet) -> list[_Move]:
    """What happened, in order; none where no time is given."""
    start, end = _span(visit.period, sheet)
    places = _places(visit, start, sheet)
    start = _began(visit, start, sheet) if start is not None else _first_seen(visit, places, sheet)
    if start is None:
        return [] if end is None else [_Move("#out", "discharge", end, None)]
    if end is not None and end < start:
        raise TimelineError("the stay begins after it ends")
    first = places[0][1] if places else None
    here = next((where for at, where in reversed(places) if at is None or at <= start), first)
    moves = [_Move("#in", "admit", start, here)]
    for at, where in places:
        if at is None or at <= start or where == moves[-1].place:
            continue
        if end is not None and at >= end:
            sheet.feed.notes["locations after the end of their encounter"] += 1
            break
        moves.append(_Move(f"#{len(moves)}", "transfer", at, where))
    if end is not None:
        moves.append(_Move("#out", "discharge", end, moves[-1].place))
    return moves


def _began(visit: Encounter, start: Instant, sheet: Sheet) -> Instant:
    """When what was planned, or before admission, at its start was over."""
    outside = [one.period for one in visit.statusHistory or () if one.status == "planned"]
    outside += [one.period for one in visit.classHistory or () if _class(one.class_) in _ELSEWHERE]
    spans = [(a, b) for a, b in (_span(period, sheet) for period in outside) if a is not None and b is not None]
    for a, b in sorted(spans):
        start = b if a <= start < b else start
    return start


def _first_seen(visit: Encounter, places: list[tuple[Instant | None, str | None]], sheet: Sheet) -> Instant | None:
    """The first time at which the patient is said to have been there."""
    times = [_span(one.period, sheet)[0] for one in visit.statusHistory or () if one.status in _PRESENT]
    return min([at for at in (*times, *(at for at, _ in places)) if at is not None], default=None)


def _places(visit: Encounter, start: Instant | None, sheet: Sheet) -> list[tuple[Instant | None, str | None]]:
    """Where the patient was from when on; None: from the beginning, unless that is known."""
    planned = visit.status == "planned"
    groups: dict[Instant | None, list[Stay]] = {}
    passing: list[tuple[Instant | None, Stay]] = []
    for stay in visit.location or ():
        if planned or stay.status not in _NOT_YET:
            at, left = _span(stay.period, sheet)
            if at is not None and at == left:
                passing.append((at, stay))
            else:
                groups.setdefault(start if at is None else at, []).append(stay)
    for at, stay in passing:  # left at the instant it was entered: it counts where nothing else is said
        groups.setdefault(at, [stay])
    found: list[tuple[Instant | None, str | None]] = []
    here: _Place = ("", "", "")
    for at in sorted(groups, key=lambda at: (at is not None, at or 0)):
        here = _merged(here, groups[at])
        found.append((at, place(*here)))
    return found


def _merged(here: _Place, stays: list[Stay]) -> _Place:
    """The place after these were named; a new ward forgets room and bed, a new room the bed."""
    names: dict[int, str] = {}
    for stay in stays:
        if not (name := stay.location.name if stay.location is not None else ""):
            continue
        level = next((_LEVELS[c] for c in _codes(stay.physicalType) if c in _LEVELS), None)
        if level is None:
            names.setdefault(0, name)
        else:
            names[level] = name
    if 0 in names:
        return names[0], names.get(1, ""), names.get(2, "")
    if 1 in names:
        return here[0], names[1], names.get(2, "")
    return here[0], here[1], names.get(2, here[2])


def _span(period: Period | None, sheet: Sheet) -> tuple[Instant | None, Instant | None]:
    return effective(None, period, sheet.zone, day=True)


def _number(visit: Encounter) -> str:
    """The visit's number, by which HL7 v2 knows it too (HL7 table 0203, VN)."""
    return next((one.value for one in visit.identifier or () if one.value and "VN" in _codes(one.type)), "")


def _class(given: object) -> str:
    """The code of a Coding, as R4 has it; of anything else ''."""
    code = fields(given).get("code")
    return code if isinstance(code, str) else ""


def _codes(concept: Concept | None) -> list[str]:
    return [one.code for one in concept.coding or () if one.code] if concept is not None else []


def _word(concept: Concept | None) -> str:
    """The first coding as 'system:code', else the text."""
    if concept is None:
        return ""
    names = [coded(one.system, one.code) for one in concept.coding or () if one.code]
    return names[0] if names else (concept.text or "").strip()
