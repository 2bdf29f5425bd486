"""Resources as they are kept: the body with the ids of this place, the facts it gives, and writes by subject.

A body is the sender's own JSON without the white space between its parts: numbers keep their digits and nothing is left
out.  References to other resources of the same message lead to their new ids.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, cast

import msgspec

from gemel.core.fact import Fact, Instant, Rejected
from gemel.core.subject import Subject
from gemel.core.writing import Document, Write

from ..codes import Codes, table
from ..feed import RAW_LENGTH, Feed, reject
from .document import UNREADABLE
from .envelope import Addressed, Envelope, Refused
from .kinds import FACTUAL, bare, decoded, items
from .sheet import Sheet
from .types import Concept, Patient

__all__ = ["POINTER", "Entered", "Place", "entered", "facts_of", "pointing", "refusal", "writes"]

POINTER = "gemel/identifier"
"""Kind of the documents by which a resource about nobody is found by its identifier."""

_REFERENCE = b'"reference":"'
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Place:
    """Where resources are kept: the instant, the zone of local times, the codes and medications known, the source."""

    now: Instant
    zone: str = "UTC"
    codes: Codes = field(default_factory=table)
    name: str = "fhir"
    medications: Mapping[str, Concept] = field(default_factory=lambda: MappingProxyType({}))


class Entered(msgspec.Struct):
    """A resource as it is kept.  `enrol` and `identifiers` come of a Patient."""

    number: int
    subject: str
    document: Document
    facts: tuple[Fact, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    identifiers: tuple[str, ...] = ()
    enrol: Subject | None = None


def entered(envelope: Envelope, place: Place, feed: Feed) -> list[Entered]:
    """Every addressed resource of a message; `feed` counts what gave no fact."""
    names = {old.encode(): new.encode() for old, new in envelope.names.items()}
    medications = ChainMap(_medications(envelope), cast("dict[str, Concept]", place.medications))
    return [_entered(resource, names, medications, place, feed) for resource in envelope.resources]


def _entered(
    resource: Addressed, names: Mapping[bytes, bytes], medications: Mapping[str, Concept], place: Place, feed: Feed
) -> Entered:
    kind, id, subject = resource.kind, resource.id, resource.subject
    body = _identified(_pointed(bytes(resource.content), names), resource)
    shared = kind != "Patient" and subject != "" and not id.startswith(f"{subject}.")
    document = Document(kind=kind, id=id, body=body, recorded=place.now, shared=shared)
    done = Entered(resource.number, subject, document)
    feed.kinds[kind] += 1
    if kind == "Patient":
        done.identifiers = resource.about.tokens()
        done.enrol = _subject(id, body, place)
        feed.skip(kind)
    elif kind not in FACTUAL:
        if not subject:
            done.identifiers = resource.about.tokens()
        feed.skip(kind)
    else:
        _read(done, medications, place, feed)
    return done


def _read(done: Entered, medications: Mapping[str, Concept], place: Place, feed: Feed) -> None:
    """Put in the facts."""
    if not done.subject:
        feed.skip(f"{done.document.kind}: about nobody")
        return
    found = facts_of(done.document, f"#{done.number}", medications, place, feed)
    done.facts = tuple([item for item in found if not isinstance(item, Rejected)])
    done.rejected = tuple([item for item in found if isinstance(item, Rejected)])


def facts_of(
    document: Document, mark: str, medications: Mapping[str, Concept], place: Place, feed: Feed
) -> tuple[Fact | Rejected, ...]:
    """The items of a resource as it is kept."""
    kind, body = document.kind, document.body
    if kind not in FACTUAL:
        return ()
    sheet = Sheet(feed, place.codes, place.zone, place.name, mark, body, f"{kind}/{document.id}", medications)
    try:
        resource: Any = decoded(kind, body)
    except UNREADABLE as error:
        feed.items += 1
        raw = body[: RAW_LENGTH + 1].decode(errors="replace")
        return (reject("malformed", str(error), source=place.name + mark, raw=raw),)
    return tuple(items(kind, resource, sheet))


def refusal(refused: Refused, place: Place) -> Rejected:
    """A refused entry as a row that is kept."""
    raw = refused.raw.decode(errors="replace")
    kind, _, detail = refused.reason.partition(": ") if refused.reason.startswith("no FHIR") else ("", "", "")
    reason = ("malformed", f"{kind}: {detail}") if kind else ("no patient", refused.reason)
    return reject(*reason, source=f"{place.name}#{refused.number}", raw=raw)


def writes(done: Iterable[Entered]) -> list[Write]:
    """One write for each subject, in order of appearance; resources about nobody in one of their own."""
    by_subject: dict[str, list[Entered]] = {}
    for one in done:
        by_subject.setdefault(one.subject, []).append(one)
    return [_write(subject, group) for subject, group in by_subject.items()]


def _write(subject: str, group: list[Entered]) -> Write:
    documents = [one.document for one in group]
    if not subject:
        documents += [pointer for one in group for pointer in pointing(one)]
    return Write(
        subject=subject,
        enrol=next((one.enrol for one in reversed(group) if one.enrol is not None), None),
        identifiers=tuple(dict.fromkeys(i for one in group for i in one.identifiers)) if subject else (),
        facts=tuple(fact for one in group for fact in one.facts),
        rejected=tuple(row for one in group for row in one.rejected),
        documents=tuple(documents),
    )


def pointing(one: Entered) -> list[Document]:
    """Documents by which a resource about nobody is found by each of its identifiers."""
    kind, id, recorded = one.document.kind, one.document.id, one.document.recorded
    return [
        Document(kind=POINTER, id=f"{kind}|{token}", body=id.encode(), recorded=recorded) for token in one.identifiers
    ]


def _pointed(body: bytes, names: Mapping[bytes, bytes]) -> bytes:
    """The body with references to resources of the same message led to their new ids."""
    parts = body.split(_REFERENCE)
    for place, part in enumerate(parts[1:], 1):
        end = part.find(b'"')
        new = names.get(part[:end])
        if new is not None:
            parts[place] = new + part[end:]
    return _REFERENCE.join(parts)


def _identified(body: bytes, resource: Addressed) -> bytes:
    """The body with the id of this place."""
    old = resource.about.id
    if old == resource.id:
        return body
    begin = b'{"resourceType":"%s",' % resource.kind.encode()
    if old is not None and body.startswith(start := begin + b'"id":%s' % _ENCODER.encode(old)):
        return begin + b'"id":"%s"' % resource.id.encode() + body[len(start) :]
    if old is None and body.startswith(begin):
        return begin + b'"id":"%s",' % resource.id.encode() + body[len(begin) :]
    parts = _OBJECT.decode(body)
    first: dict[str, Any] = {"resourceType": resource.kind, "id": resource.id}
    return _ENCODER.encode(first | {key: value for key, value in parts.items() if key not in first})


def _subject(id: str, body: bytes, place: Place) -> Subject:
    """Who a Patient is: date of birth, gender and the patient they turned out to be; never name or record number."""
    try:
        patient: Patient = decoded("Patient", body)
    except UNREADABLE:
        return Subject(id=id, zone=place.zone)
    try:
        born = date.fromisoformat(patient.birthDate or "")
    except ValueError:
        born = None  # FHIR allows a year or a month
    replaced = (link.other.reference for link in patient.link or () if link.type == "replaced-by" and link.other)
    survivor = next((bare(reference) for reference in replaced if reference), "")
    return Subject(id=id, zone=place.zone, born=born, sex=patient.gender, merged_into=survivor)


def _medications(envelope: Envelope) -> dict[str, Concept]:
    """What each Medication of the message is, by the name it will have."""
    found: dict[str, Concept] = {}
    for resource in envelope.resources:
        if resource.kind == "Medication":
            try:
                code = decoded("Medication", memoryview(resource.content)).code
            except UNREADABLE:
                continue
            if code is not None:
                found[resource.name] = code
    return found
