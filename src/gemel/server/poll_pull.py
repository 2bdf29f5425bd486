"""What a FHIR server has learnt since it was last asked, into the store.

Each patient is asked for by type, since most servers search within a patient only.  Everything goes the way of what is
POSTed to us: what is held already is not written again, what replaces a version withdraws the facts it no longer
gives.  A patient's cursor says up to when, by the server's own clock, all of theirs is durable here: it moves once
everything has been taken in, so that whatever breaks off is asked for again, and it moves only when something came.

A patient keeps the id of the server where nobody else here has it.  One who is known here by a record number is that
subject, under whatever id.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import msgspec

from ..core.clock import SECOND, instant
from ..core.errors import GemelError, IngestError, StoreError
from ..core.fact import Instant
from ..core.ports import Caller
from ..core.writing import Committed, Document, Receipt, Write
from ..ingest.feed import content_id, reject
from ..ingest.fhir.addressing import ID
from ..ingest.fhir.envelope import Action, Addressed, Envelope, start_of
from ..ingest.outbound.fhir_search import Page, found, read, searchable
from ..ingest.outbound.web import Web
from ..runtime.holdings import known
from .context import Service
from .fhir.outcome import FhirError
from .fhir.receiving import Parcel, receive
from .fhir.shelf import moment
from .inbox import Busy
from .poll_source import ALL, Source

__all__ = ["CURSOR", "Pulled", "pull"]

CURSOR: Final = "gemel/cursor"
"""The kind of document that a cursor is kept as."""
_MEDICATION = re.compile(rb'"reference":"(?:[^"]*/)?Medication/([A-Za-z0-9\-.]{1,64})"')


class Cursor(msgspec.Struct, frozen=True):
    """Everything of this patient that the server dated before `since` is here."""

    source: str
    patient: str
    since: Instant


@dataclass(slots=True)
class Pulled:
    """What came of it: resources by type, which of them were new or replaced a version; reasons of those refused; and
    what could not be asked, so that its cursor stays."""

    patients: int = 0
    resources: Counter[str] = field(default_factory=lambda: Counter())
    new: int = 0
    changed: int = 0
    refused: Counter[str] = field(default_factory=lambda: Counter())
    errors: dict[str, str] = field(default_factory=lambda: {})

    @property
    def news(self) -> int:
        """What was not here before, in whatever form it was kept."""
        return self.new + self.changed + self.refused.total()


@dataclass(frozen=True, slots=True)
class Pull:
    """One pull under way."""

    service: Service
    source: Source
    web: Web
    caller: Caller
    done: Pulled


async def pull(service: Service, source: Source, web: Web, caller: Caller) -> Pulled:
    """Take in all news.  IngestError when the server cannot be asked at all; what came before that is kept."""
    own = Pull(service, source, web, caller, Pulled())
    offered = await asyncio.to_thread(searchable, web)
    kinds = [kind for kind in source.types or ALL if not offered or kind in offered]
    for patient in source.patients or await asyncio.to_thread(_everybody, source, web):
        try:
            await _patient(own, patient, kinds)
        except GemelError as error:
            own.done.errors[patient] = str(error)
            if len(own.done.errors) > 20 and not own.done.patients:
                raise
        else:
            own.done.patients += 1
    return own.done


def _everybody(source: Source, web: Web) -> list[str]:
    pages = found(web, "Patient", [("_count", str(source.page))])
    return list(dict.fromkeys(r.about.id for page in pages for r in page.envelope.resources if r.about.id))


async def _patient(own: Pull, patient: str, kinds: list[str]) -> None:
    """Everything new of one patient, then their cursor."""
    if not ID.fullmatch(patient):
        raise IngestError(f"'{patient[:80]}' is no FHIR id")
    cursor = await asyncio.to_thread(_cursor, own, patient)
    envelope = await asyncio.to_thread(read, own.web, "Patient", patient)
    if envelope is None or not envelope.resources:
        raise IngestError(f"{own.source.base} has no Patient/{patient}")
    subject = await asyncio.to_thread(_subject, own, patient, envelope.resources[0])
    before = own.done.news
    await _keep(own, patient, subject, envelope)
    if await asyncio.to_thread(own.service.store.find, _name(own, patient), own.caller) != subject:
        await _put(own, Write(subject=subject, identifiers=(_name(own, patient),)))
    begun: Instant | None = None
    for kind in kinds:
        asked = [("patient", patient), ("_count", str(own.source.page))]
        if cursor is not None:
            asked.append(("_lastUpdated", f"ge{moment(cursor.since)}"))
        first = await _pages(own, (kind, asked), patient, subject)
        begun = first if begun is None else begun
    if begun is not None and (cursor is None or own.done.news > before):
        since = begun - round(own.source.overlap_s * SECOND)
        await _put(own, await asyncio.to_thread(_moved, own, patient, since))


async def _pages(own: Pull, search: tuple[str, list[tuple[str, str]]], patient: str, subject: str) -> Instant | None:
    """Take in what a search finds; when the server answered first.  IngestError where it told of more than it gave."""
    kind, asked = search
    pages = found(own.web, kind, asked)
    first: Instant | None = None
    seen: set[str] = set()
    total: int | None = None
    number = 0
    while (page := await asyncio.to_thread(_next, pages)) is not None:
        number += 1
        first = page.asked if number == 1 else first
        total = page.total if page.total is not None else total
        seen |= {r.about.id or str(len(seen)) for r in page.envelope.resources if r.kind == kind}
        seen |= {f"refused {number}/{one.number}" for one in page.envelope.refused}
        await _keep(own, patient, subject, page.envelope)
    if total is not None and len(seen) < total:
        raise IngestError(f"{kind}: {total} match, but the pages hold {len(seen)}: they changed while being read")
    return first


def _next(pages: Iterator[Page]) -> Page | None:
    return next(pages, None)


async def _keep(own: Pull, patient: str, subject: str, envelope: Envelope) -> None:
    """Make one page durable; entries that cannot be are kept as rejected rows."""
    await asyncio.to_thread(_completed, own, envelope)
    names = {f"Patient/{patient}": f"Patient/{subject}", f"{own.source.base}/Patient/{patient}": f"Patient/{subject}"}
    refused = [(one.kind, one.reason, one.raw) for one in envelope.refused]
    resources: dict[str, Addressed] = {}
    for resource in envelope.resources:
        own.done.resources[resource.kind] += 1
        if resource.kind == "Patient" and resource.about.id == patient:
            resource.action = Action("PUT", f"Patient/{subject}")
        resources[f"{resource.kind}/{resource.about.id}"] = resource  # one that stands twice on a page: the last
    begun = own.service.site.now()
    try:
        await _received(own, [*resources.values()], names, begun)
    except GemelError as error:
        if isinstance(error, StoreError):
            raise  # no resource is to blame: all of it comes again
        for one in resources.values():
            try:
                await _received(own, [one], names, begun)
            except FhirError as alone:
                refused.append((one.kind, str(alone), start_of(one.content)))
    for kind, reason, raw in refused:
        row = reject("not taken in", f"{kind}: {reason}", source=own.source.base, raw=raw.decode(errors="replace"))
        receipt = Receipt(channel=f"pull|{own.source.base}", id=content_id(kind, reason, raw), reply=b"")
        (kept,) = await _put(own, Write(subject=subject, rejected=(row,), receipt=receipt))
        if kept.receipt is None:
            own.done.refused[f"{kind or 'entry'}: {reason}"] += 1


async def _received(own: Pull, resources: list[Addressed], names: dict[str, str], begun: Instant) -> None:
    if not resources:
        return
    while True:
        try:
            envelope = Envelope("", list(resources), names=dict(names))
            results = await receive(own.service, own.caller, Parcel(envelope))
            break
        except Busy as busy:
            await asyncio.sleep(busy.after_s)
    own.done.new += sum(result.status == 201 for result in results)
    fresh = [r for r in results if r.status == 200 and r.document is not None and r.document.recorded >= begun]
    own.done.changed += len(fresh)


def _completed(own: Pull, envelope: Envelope) -> None:
    """Put in the medications that orders and doses name and nobody here knows."""
    named = {m.decode() for r in envelope.resources for m in _MEDICATION.findall(bytes(r.content))}
    given = {r.about.id for r in envelope.resources if r.kind == "Medication"}
    for id in sorted(named - given):
        if own.service.store.document("Medication", id, own.caller) is None:
            more = read(own.web, "Medication", id)
            envelope.resources += [] if more is None else more.resources


def _subject(own: Pull, patient: str, resource: Addressed) -> str:
    """Who this patient is here; known from now on by the server's address and their id there."""
    store, caller = own.service.store, own.caller
    for token in (_name(own, patient), *resource.about.tokens()):
        if subject := known(store, caller, store.find(token, caller) or ""):
            return subject
    return patient if store.subject(patient, caller) is None else content_id(own.source.base, patient)


def _name(own: Pull, patient: str) -> str:
    return f"{own.source.base}/Patient|{patient}"


def _cursor(own: Pull, patient: str) -> Cursor | None:
    """Where the last pull ended; at the first time what the source says."""
    _, held = own.service.store.document(CURSOR, content_id(own.source.base, patient), own.caller) or ("", [])
    if held:
        return msgspec.json.decode(held[-1].body, type=Cursor)
    since = own.source.since
    return Cursor(own.source.base, patient, instant(since)) if since else None


def _moved(own: Pull, patient: str, since: Instant) -> Write:
    """The cursor's next version."""
    id = content_id(own.source.base, patient)
    _, held = own.service.store.document(CURSOR, id, own.caller) or ("", [])
    body = msgspec.json.encode(Cursor(own.source.base, patient, since))
    version = held[-1].version + 1 if held else 1
    document = Document(
        kind=CURSOR, id=id, body=body, recorded=own.service.site.now(), version=version, shared=True
    )  # fmt: skip
    return Write(documents=(document,))


async def _put(own: Pull, write: Write) -> list[Committed]:
    while True:
        try:
            return await own.service.inbox.put([write], own.caller)
        except Busy as busy:
            await asyncio.sleep(busy.after_s)
