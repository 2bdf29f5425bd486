"""Resources that arrive: read, given their ids, checked against what is held, committed, answered.

Reading happens in a worker thread, so that a large bundle does not hold up others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from ...core.errors import IngestError
from ...core.ports import Caller, Store
from ...ingest.feed import Feed
from ...ingest.fhir.addressing import address
from ...ingest.fhir.entered import POINTER, Entered, Place, entered
from ...ingest.fhir.envelope import Action, Envelope, opened
from ...runtime.holdings import known
from ..context import Service
from .intake import Medications, Removal, Result, Taken, taken
from .outcome import FhirError
from .shelf import ID

__all__ = ["Parcel", "finder", "opened_body", "receive"]


class Parcel(NamedTuple):
    """What one request wants done together, all or none."""

    envelope: Envelope
    removals: Sequence[Removal] = ()


def opened_body(body: bytes) -> Envelope:
    """The resources of a request.  FhirError 400 for what is no JSON."""
    try:
        return opened(body)
    except IngestError as error:
        raise FhirError(400, "structure", str(error)) from error


async def receive(service: Service, caller: Caller, parcel: Parcel) -> list[Result]:
    """Durable when it returns.  FhirError when any of it cannot be taken; then none of it is."""
    place = Place(
        service.site.now(), service.settings.zone, name="fhir", medications=Medications(service.store, caller)
    )
    read = await asyncio.to_thread(_entered, parcel.envelope, place, service.store, caller)
    names = {one.subject or f"{one.document.kind}/{one.document.id}" for one, _ in read}
    names |= {_turn(removed) for removed in parcel.removals}
    async with service.turns.of(names):
        place = replace(place, now=service.site.now())
        found: Taken = await asyncio.to_thread(taken, read, parcel.removals, place, service.store, caller)
        if found.writes:
            await service.inbox.put(found.writes, caller)
    return found.results


def _turn(removed: Removal) -> str:
    named = removed.id if removed.kind == "Patient" else removed.id.rpartition(".")[0]
    return named or f"{removed.kind}/{removed.id}"


def _entered(envelope: Envelope, place: Place, store: Store, caller: Caller) -> list[tuple[Entered, Action]]:
    address(envelope, finder(store, caller))
    if envelope.refused:
        first = min(envelope.refused, key=lambda one: one.number)
        code = "structure" if not first.kind else "not-found"
        raise FhirError(422, code, f"entry {first.number}: {first.reason}", at=f"Bundle.entry[{first.number - 1}]")
    for resource in envelope.resources:
        if not ID.fullmatch(resource.id):
            raise FhirError(400, "value", f"entry {resource.number}: '{resource.id[:80]}' is no FHIR id")
    feed = Feed("fhir", lambda _: iter(()))
    done = entered(envelope, place, feed)
    return [(one, r.action or Action()) for one, r in zip(done, envelope.resources, strict=True)]


def finder(store: Store, caller: Caller) -> Callable[[str, str], str | None]:
    """Leads a type and an identifier to the id of the resource that has it."""

    def find(kind: str, token: str) -> str | None:
        if kind == "Patient":
            return known(store, caller, store.find(token, caller) or "") or None
        _, pointers = store.document(POINTER, f"{kind}|{token}", caller) or ("", [])
        return pointers[-1].body.decode() if pointers else None

    return find
