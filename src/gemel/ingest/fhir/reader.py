"""Finding the resources in a source, and reading each by its type.

A file is a Bundle, a single resource or NDJSON (a resource a line); a folder is its .json and .ndjson files, also .gz.
NDJSON streams; a Bundle is one JSON document, mapped rather than copied when it is a plain file.
A resource of a type that gives no facts is counted as skipped; a malformed one is rejected, and the rest is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

import msgspec

from gemel.core.clock import zone as known_zone
from gemel.core.errors import IngestError

from ..codes import Codes, table
from ..feed import RAW_LENGTH, Feed, Item, content_id, reject
from ..source import Line, Source, lines, name_of
from .document import HEAD, UNREADABLE, Buffer, document, is_lines
from .kinds import bare, decoded, items, patient_of
from .sheet import Sheet
from .types import Bundle, Concept, Medication, Patient

__all__ = ["Reading", "producer", "read"]

_BUNDLE = msgspec.json.Decoder(Bundle)
_DEEPEST = 3  # bundles within bundles
_SUFFIXES = (".json", ".ndjson", ".jsonl", ".json.gz", ".ndjson.gz", ".jsonl.gz")


@dataclass(slots=True)
class Reading:
    """What holds for a whole feed: terms, the patient it is about, medications met so far, patients met."""

    feed: Feed
    zone: str
    codes: Codes
    patient: str | None
    chosen: bool = False
    medications: dict[str, Concept] = field(default_factory=lambda: {})
    patients: list[Patient] = field(default_factory=lambda: [])


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a resource stands: source, mark in it, full URL in its bundle, bundles around it, cut short or not."""

    name: str
    mark: str = ""
    url: str = ""
    depth: int = 0
    cut: bool = False


def read(source: Source, *, zone: str = "UTC", patient: str | None = None, codes: Codes | None = None) -> Feed:
    """The facts of one patient in a file, a folder or bytes.

    `patient` is the Patient's id; without it the feed is about the first patient met.  Resources about anyone else are
    skipped when `patient` is given, else rejected, so that two people's readings never mix.  `zone` places times
    without an offset.  Raises IngestError for a source that is missing, empty or no FHIR JSON.
    """
    known_zone(zone)

    def reading(feed: Feed) -> Reading:
        return Reading(feed, zone, codes or table(), bare(patient) if patient else None, bool(patient))

    if not isinstance(source, bytes) and Path(source).is_dir():
        files = [path for path in sorted(Path(source).iterdir()) if path.name.lower().endswith(_SUFFIXES)]
        if not files:
            raise IngestError(f"folder '{Path(source).name}' holds no {', '.join(_SUFFIXES)} file")
        return Feed(Path(source).name, lambda feed: _folder(files, reading(feed)))
    produce = producer(source)
    return Feed(name_of(source), lambda feed: produce(reading(feed)))


def _folder(files: list[Path], reading: Reading) -> Iterator[Item]:
    for path in files:
        try:
            produce = producer(path)
        except IngestError as error:
            reading.feed.items += 1
            yield reject("unreadable file", str(error), source=path.name, raw="")
            continue
        yield from produce(reading)


def producer(source: Source) -> Callable[[Reading], Iterator[Item]]:
    """What reads this file; a document is decoded here, so that an unreadable one is known at once."""
    name = name_of(source)
    if is_lines(source):
        return lambda reading: chain.from_iterable(_line(line, name, reading) for line in lines(source))
    content = document(source)
    try:
        bundle = _BUNDLE.decode(content)
    except msgspec.ValidationError as error:
        fault = str(error)
        return lambda reading: _resource(content, _Place(name), reading, fault)
    except UNREADABLE as error:
        raise IngestError(f"'{name}' is not JSON ({error}): it may be cut short") from error
    if bundle.resourceType == "Bundle":
        return lambda reading: _entries(bundle, _Place(name), reading)
    return lambda reading: _resource(content, _Place(name), reading)


def _line(line: Line, name: str, reading: Reading) -> Iterator[Item]:
    data = line.data.removeprefix(b"\xef\xbb\xbf") if line.number == 1 else line.data
    place = _Place(name, f":{line.number}", cut=line.state == "open")
    if line.state in ("long", "broken"):
        reading.feed.items += 1
        kind, why = ("malformed", "over 16 MiB") if line.state == "long" else ("truncated", "the gzip file ends here")
        yield reject(kind, why, source=name + place.mark, raw=data[:RAW_LENGTH].decode(errors="replace"))
    elif not data.strip():
        reading.feed.skip("blank line")
    else:
        yield from _resource(data, place, reading)


def _entries(bundle: Bundle, place: _Place, reading: Reading) -> Iterator[Item]:
    entries = bundle.entry or []
    for entry in entries:  # a prescription may stand before the medication it points to
        if b'"Medication"' in memoryview(entry.resource)[:200].tobytes():
            with suppress(*UNREADABLE):
                _learn(decoded("Medication", memoryview(entry.resource)), entry.fullUrl or "", reading)
    for number, entry in enumerate(entries, 1):
        content = memoryview(entry.resource)
        if not content.nbytes:
            reading.feed.skip("bundle entry without a resource")
            continue
        inside = replace(place, mark=f"{place.mark}#{number}", url=entry.fullUrl or "")
        yield from _resource(content, inside, reading)


def _learn(resource: Medication, url: str, reading: Reading) -> None:
    if resource.code is not None:
        reading.medications[url] = resource.code
        if resource.id:
            reading.medications[f"Medication/{resource.id}"] = resource.code


def _resource(content: Buffer, place: _Place, reading: Reading, fault: str = "") -> Iterator[Item]:
    """The items of one resource, of whatever type."""
    feed = reading.feed
    kind = None
    try:
        kind = HEAD.decode(content).resourceType
        resource = decoded(kind or "", content)
    except KeyError:
        yield from _other(content, place, reading, kind or "")
        return
    except UNREADABLE as error:
        if kind:
            feed.kinds[kind] += 1
        yield from _unread(content, place, reading, kind or "", fault or str(error))
        return
    assert kind is not None  # it was found among the known kinds
    feed.kinds[kind] += 1
    if isinstance(resource, Patient):
        feed.skip(kind)
        reading.patients.append(resource)
        return
    if isinstance(resource, Medication):
        feed.skip(kind)
        _learn(resource, place.url, reading)
        return
    who = bare(patient_of(resource))
    if reading.patient is None and who:
        reading.patient = who
    if not who:
        feed.notes["resources that name no patient, taken to be this one's"] += 1
    elif who != reading.patient:
        yield from _stranger(place, reading)
        return
    name = f"{kind}/{resource.id or bare(place.url) or content_id(bytes(content))}"
    sheet = Sheet(feed, reading.codes, reading.zone, place.name, place.mark, content, name, reading.medications)
    yield from items(kind, resource, sheet)


def _stranger(place: _Place, reading: Reading) -> Iterator[Item]:
    """Somebody else's resource; nothing of it is kept."""
    if reading.chosen:
        reading.feed.skip("about another patient")
        return
    reading.feed.items += 1
    detail = "this feed is about the first patient met: read it again with patient=..."
    yield reject("another patient", detail, source=place.name + place.mark, raw="")


def _other(content: Buffer, place: _Place, reading: Reading, kind: str) -> Iterator[Item]:
    """A resource of a type that gives no facts, or a bundle inside."""
    fault = "bundles within bundles within bundles"
    if kind == "Bundle" and place.depth < _DEEPEST:
        try:
            bundle = _BUNDLE.decode(content)
        except UNREADABLE as error:
            fault = str(error)
        else:
            yield from _entries(bundle, replace(place, depth=place.depth + 1), reading)
            return
    if kind:
        reading.feed.kinds[kind] += 1
    if kind and kind != "Bundle":
        reading.feed.skip(kind)
    else:
        yield from _unread(content, place, reading, kind, fault if kind else "it has no resourceType")


def _unread(content: Buffer, place: _Place, reading: Reading, kind: str, fault: str) -> Iterator[Item]:
    """Something malformed."""
    reading.feed.items += 1
    text = bytes(content[: RAW_LENGTH + 1]).decode(errors="replace")
    where = place.name + place.mark
    if place.cut and not kind:
        yield reject("truncated", "the last line ends inside a resource", source=where, raw=text)
    else:
        yield reject("malformed", fault if kind else f"no FHIR resource: {fault}", source=where, raw=text)
