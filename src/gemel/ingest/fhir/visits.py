"""Encounters of many patients in one source, for a census: whom each is about, and its movements as facts.

Of several versions of an Encounter the one updated last counts, else the one that comes last.  A patient is named as
HL7 v2 names them, 'authority:number', where an identifier of the subject or of their Patient is of the system
'hl7v2:<authority>'; else by the first identifier, else by the Patient's id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from gemel.core.clock import instant
from gemel.core.errors import TimelineError
from gemel.core.fact import Fact, Instant, Rejected

from ..codes import table
from ..feed import RAW_LENGTH, Feed, reject
from ..source import Source, lines, name_of
from .about import About, Identifier, Pointer
from .document import UNREADABLE, document, is_lines
from .envelope import Addressed, Envelope, line_of, opened
from .kinds import bare, decoded, items
from .sheet import Sheet

__all__ = ["Visits", "visits"]

_PORTION = 1000
_AUTHORITY = "hl7v2:"
_EARLIEST = -(2**63)


@dataclass(slots=True)
class Visits:
    """What a source holds: facts by (patient, encounter), and what was read, passed over and rejected."""

    facts: dict[tuple[str, str], tuple[Fact, ...]] = field(default_factory=dict[tuple[str, str], tuple[Fact, ...]])
    read: int = 0
    skipped: dict[str, int] = field(default_factory=dict[str, int])
    rejected: list[Rejected] = field(default_factory=list[Rejected])


@dataclass(slots=True)
class _Version:
    pointer: Pointer | None
    updated: Instant
    facts: tuple[Fact, ...]


def visits(source: Source, zone: str) -> Visits:
    """Read a Bundle, one Encounter, or NDJSON to its end.  IngestError for what is no FHIR JSON.

    `zone` is the IANA zone of times without offset.
    """
    found, latest, names = Visits(), dict[str, _Version](), dict[str, str]()
    feed = Feed(name_of(source), lambda _: iter(()))
    for envelope in _envelopes(source):
        for one in envelope.refused:
            raw = one.raw.decode(errors="replace")
            found.rejected.append(reject("malformed", one.reason, source=f"{feed.name}#{one.number}", raw=raw))
        for resource in envelope.resources:
            if resource.kind == "Patient":
                _learn(resource, names)
            elif resource.kind != "Encounter":
                feed.skip(resource.kind)
            else:
                found.read += 1
                _take(resource, latest, found, Sheet(
                    feed, table(), zone, feed.name, f"#{resource.number}", memoryview(resource.content), _name(resource)
                ))  # fmt: skip
    for name, version in latest.items():
        found.facts[_patient(version.pointer, names), name] = version.facts
    found.skipped = dict(feed.skipped)
    return found


def _envelopes(source: Source) -> Iterator[Envelope]:
    if not is_lines(source):
        yield opened(document(source))
        return
    stream = lines(source)
    while portion := list(islice(stream, _PORTION)):
        envelope = Envelope("")
        for line in portion:
            if line.data.strip():
                line_of(envelope, line.number, line.data.removeprefix(b"\xef\xbb\xbf"))
        yield envelope


def _take(resource: Addressed, latest: dict[str, _Version], found: Visits, sheet: Sheet) -> None:
    """Keep this version of an Encounter unless a later one is known."""
    try:
        visit: Any = decoded("Encounter", memoryview(resource.content))
    except UNREADABLE as error:
        raw = bytes(memoryview(resource.content)[: RAW_LENGTH + 1]).decode(errors="replace")
        found.rejected.append(reject("malformed", str(error), source=sheet.name + sheet.place, raw=raw))
        return
    told = list(items("Encounter", visit, sheet))
    refused = [item for item in told if isinstance(item, Rejected)]
    found.rejected += refused
    if refused:
        return
    updated, before = _updated(visit, sheet.zone), latest.get(sheet.id)
    if before is None or updated >= before.updated:
        facts = tuple(item for item in told if not isinstance(item, Rejected))
        latest[sheet.id] = _Version(resource.about.pointer, updated, facts)


def _updated(visit: Any, zone: str) -> Instant:
    stamp = visit.meta.lastUpdated if visit.meta is not None else None
    try:
        return instant(stamp, tz=zone) if stamp else _EARLIEST
    except TimelineError:
        return _EARLIEST


def _name(resource: Addressed) -> str:
    return f"Encounter/{resource.about.id or bare(resource.url) or resource.number}"


def _learn(resource: Addressed, names: dict[str, str]) -> None:
    """By which name a Patient of the source goes, under each way to point to them."""
    about: About = resource.about
    name = _number(about.identifier or ())
    for pointer in (about.id, bare(resource.url)):
        if pointer and name:
            names[pointer] = name


def _patient(pointer: Pointer | None, names: dict[str, str]) -> str:
    if pointer is None:
        return "nobody"
    own = bare(pointer.reference or "")
    return (_number((pointer.identifier,)) if pointer.identifier is not None else "") or names.get(own, own)


def _number(given: Iterable[Identifier]) -> str:
    known = [one for one in given if one.value]
    best = next((one for one in known if (one.system or "").startswith(_AUTHORITY)), known[0] if known else None)
    if best is None:
        return ""
    return f"{(best.system or '').removeprefix(_AUTHORITY)}:{best.value}".removeprefix(":")
