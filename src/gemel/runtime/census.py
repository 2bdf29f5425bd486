"""A census heard from feeds and stores: HL7 v2 ADT messages and FHIR Encounters say the same things in it.

Files are told apart by content.  A store is counted as it is known, or as it was known at an instant: the records that
came later are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..core.clock import zone as known_zone
from ..core.fact import Instant, Rejected
from ..core.ports import Caller, Store
from ..domains.hospital.census import Census
from ..domains.hospital.stays import Movement
from ..domains.hospital.told import movements
from ..ingest import hl7v2
from ..ingest.fhir.visits import visits
from ..ingest.sniff import sniff

__all__ = ["Heard", "hear", "held", "movement"]


@dataclass(slots=True)
class Heard:
    """What feeds held: their census, their messages, and what was rejected or says nothing about places."""

    census: Census = field(default_factory=Census)
    messages: int = 0
    ids: set[str] = field(default_factory=set[str])
    passed_over: Counter[str] = field(default_factory=Counter[str])
    rejected: list[Rejected] = field(default_factory=list[Rejected])
    newest: Instant | None = None

    def take(self, moves: Iterable[Movement]) -> None:
        """Count these in."""
        for move in moves:
            self.newest = move.at if self.newest is None else max(self.newest, move.at)
            self.census.add(move)


def hear(paths: Iterable[Path], zone: str) -> Heard:
    """Read feeds to their ends.  IngestError for one that cannot be read, TimelineError for no such zone.

    `zone` is the IANA zone of times without offset.
    """
    known_zone(zone)
    heard = Heard()
    for path in paths:
        (_hear_fhir if _is_fhir(path) else _hear_hl7)(heard, path, zone)
    return heard


def held(store: Store, caller: Caller, known: Instant | None = None) -> Heard:
    """The movements of everybody in a store, as known at an instant [us]; `messages` counts subjects with any."""
    heard = Heard()
    for subject in store.subjects(caller):
        if subject.merged_into:
            continue  # the survivor's records tell all that is known of the person
        moves = movements(subject.id, [fact for _, fact in store.facts(subject.id, caller, as_of=known)], known)
        heard.messages += len(moves)
        heard.ids.update(move.id for move in moves)
        heard.take(moves)
    return heard


def _is_fhir(path: Path) -> bool:
    """What is neither FHIR nor HL7 v2 is read as the latter, which says what is wrong with it."""
    return path.is_file() and path.stat().st_size > 0 and sniff(path).format == "fhir"


def _hear_fhir(heard: Heard, path: Path, zone: str) -> None:
    found = visits(path, zone)
    heard.messages += found.read
    heard.passed_over.update(found.skipped)
    heard.rejected += found.rejected
    for (patient, name), facts in found.facts.items():
        heard.ids.add(name)
        heard.take(movements(patient, facts))


def _hear_hl7(heard: Heard, path: Path, zone: str) -> None:
    for message in hl7v2.read(path):
        heard.messages += 1
        if isinstance(message, Rejected):
            heard.rejected.append(message)
            continue
        heard.ids.add(message.control_id)
        for event in hl7v2.adt_events(message, zone):
            _take(heard, event)


def _take(heard: Heard, event: hl7v2.AdtEvent | Rejected) -> None:
    if isinstance(event, Rejected):
        heard.rejected.append(event)
        return
    heard.newest = event.at if heard.newest is None else max(heard.newest, event.at)
    move = movement(event)
    if move is None:
        heard.passed_over[event.trigger] += 1
    else:
        heard.census.add(move)


def movement(event: hl7v2.AdtEvent) -> Movement | None:
    """What an ADT event does to where a patient is; None when that is nothing."""
    kind: Any = hl7v2.MOVEMENTS.get(event.trigger)
    if kind is None:
        return None
    return Movement(
        id=event.control, kind=kind, patient=event.patient, at=event.at, sent=event.sent, ward=event.ward,
        prior=event.prior_ward, visit=event.visit, merged=event.merged,
    )  # fmt: skip
