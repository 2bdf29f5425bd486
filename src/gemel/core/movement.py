"""The words in which any feed says where a patient is: what an HL7 v2 ADT message and a FHIR Encounter both leave.

    gemel:movement     Level: admit, transfer, reclass, discharge, or one of these taken back; entity the place
    gemel:visit        Level: the visit's number, under the movement's id with the mark `VISIT_MARK`
    gemel:prior-ward   Level: the ward before, under the movement's id with the mark `PRIOR_MARK`

A place is 'ward/room/bed' as far as it is known.  A movement is what happened at `at`; who is where is counted from all
of them (`gemel census`).
"""

from __future__ import annotations

__all__ = ["MOVEMENT", "PRIOR", "PRIOR_MARK", "VISIT", "VISIT_MARK", "place", "ward_of"]

MOVEMENT, VISIT, PRIOR = "gemel:movement", "gemel:visit", "gemel:prior-ward"
VISIT_MARK, PRIOR_MARK = "#visit", "#prior"


def place(ward: str, room: str = "", bed: str = "") -> str | None:
    """'ward/room/bed', a stroke within a name written '-'; None where nothing is known."""
    return "/".join([name.replace("/", "-") for name in (ward, room, bed)]).rstrip("/") or None


def ward_of(place: str | None) -> str:
    """The ward of a place; '' where it is not known."""
    return (place or "").partition("/")[0]
