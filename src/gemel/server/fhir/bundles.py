"""A bundle POSTed to the server: a transaction, all or none in one commit, or a batch, each entry for itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

import msgspec
from starlette.responses import Response

from ...core.errors import GemelError
from ...core.ports import Caller
from ...ingest.fhir.envelope import Action, Envelope
from ..context import Service
from .intake import Removal, Result
from .kinds import TYPES
from .outcome import FhirError, outcome, refused
from .receiving import Parcel, receive
from .shelf import ID, moment

__all__ = ["Reader", "batch", "response_entry", "transaction"]

Reader = Callable[[str], Awaitable[Response]]
"""Answers a GET of an address below /fhir."""

TOGETHER = 32
"""Entries of a batch that are worked on at once."""


_WORDS = {200: "200 OK", 201: "201 Created", 204: "204 No Content"}


class _Response(msgspec.Struct, omit_defaults=True):
    """Bundle.entry.response."""

    status: str
    location: str = ""
    etag: str = ""
    lastModified: str = ""
    outcome: dict[str, Any] | None = None


class _Told(NamedTuple):
    number: int
    entry: dict[str, Any]


async def transaction(service: Service, caller: Caller, envelope: Envelope, reader: Reader) -> bytes:
    """Everything or nothing; reads see what was there when everything was written."""
    envelope.type = "transaction"
    for resource in envelope.resources:
        _check_write(resource.action, resource.kind, resource.number)
    removals = [_removal(number, action) for number, action in envelope.bare_actions if action.method == "DELETE"]
    gets = [(number, action) for number, action in envelope.bare_actions if action.method == "GET"]
    for number, action in envelope.bare_actions:
        if action.method not in ("DELETE", "GET"):
            raise FhirError(400, "required", f"entry {number}: {action.method or 'no method'} without a resource")
    results = await receive(service, caller, Parcel(envelope, removals))
    told = [_Told(result.number, response_entry(result)) for result in results]
    told += [_Told(number, await _read(action, reader)) for number, action in gets]
    return _bundle("transaction-response", told)


async def batch(service: Service, caller: Caller, envelope: Envelope, reader: Reader) -> bytes:
    """Each entry for itself: one that fails leaves the others as they are."""
    gate = asyncio.Semaphore(TOGETHER)

    async def one(number: int, work: Awaitable[dict[str, Any]]) -> _Told:
        async with gate:
            try:
                return _Told(number, await work)
            except GemelError as error:
                return _Told(number, _failed(error))

    jobs = [one(r.number, _alone(service, caller, Envelope("", [r]))) for r in envelope.resources]
    for number, action in envelope.bare_actions:
        jobs.append(one(number, _bare(service, caller, number, action, reader)))
    told = list(await asyncio.gather(*jobs))
    told += [_Told(r.number, _failed(FhirError(422, "structure", r.reason))) for r in envelope.refused]
    return _bundle("batch-response", told)


async def _alone(service: Service, caller: Caller, envelope: Envelope) -> dict[str, Any]:
    (resource,) = envelope.resources
    _check_write(resource.action, resource.kind, resource.number)
    (result,) = await receive(service, caller, Parcel(envelope))
    return response_entry(result)


async def _bare(service: Service, caller: Caller, number: int, action: Action, reader: Reader) -> dict[str, Any]:
    if action.method == "GET":
        return await _read(action, reader)
    if action.method != "DELETE":
        raise FhirError(400, "required", f"entry {number}: {action.method or 'no method'} without a resource")
    (result,) = await receive(service, caller, Parcel(Envelope(""), [_removal(number, action)]))
    return response_entry(result)


def _check_write(action: Action | None, kind: str, number: int) -> None:
    """FhirError for an entry that this server cannot write as it asks."""
    if action is None or action.method not in ("POST", "PUT"):
        method = action.method if action is not None else ""
        code = "not-supported" if method else "required"
        raise FhirError(400, code, f"entry {number}: request.method is POST, PUT, DELETE or GET, got '{method[:20]}'")
    path, search, _ = action.url.partition("?")
    if search:
        raise FhirError(400, "not-supported", f"entry {number}: conditional update is not offered: PUT to {kind}/[id]")
    wanted, _, id = path.strip("/").partition("/")
    if wanted != kind:
        raise FhirError(400, "invalid", f"entry {number}: a {kind} cannot be sent to '{action.url[:80]}'")
    if action.method == "PUT" and not ID.fullmatch(id):
        raise FhirError(400, "value", f"entry {number}: PUT needs {kind}/[id], got '{action.url[:80]}'")
    if action.ifNoneExist and not action.ifNoneExist.startswith("identifier="):
        raise FhirError(412, "not-supported", f"entry {number}: ifNoneExist is 'identifier=system|value' here")


def _removal(number: int, action: Action) -> Removal:
    kind, _, id = action.url.strip("/").partition("/")
    if kind not in TYPES or not ID.fullmatch(id):
        raise FhirError(400, "not-supported", f"entry {number}: DELETE needs [type]/[id], got '{action.url[:80]}'")
    return Removal(number, kind, id, action.ifMatch)


async def _read(action: Action, reader: Reader) -> dict[str, Any]:
    response = await reader(action.url)
    body = msgspec.Raw(bytes(response.body))
    told: dict[str, Any] = {"response": {"status": str(response.status_code)}}
    if response.status_code == 200:
        return {"resource": body} | told
    told["response"]["outcome"] = body
    return told


def response_entry(result: Result) -> dict[str, Any]:
    """What one entry is told."""
    document = result.document
    told = _Response(_WORDS[result.status])
    if document is not None:
        if result.status != 204:
            told.location = f"{document.kind}/{document.id}/_history/{document.version}"
        told.etag = f'W/"{document.version}"'
        told.lastModified = moment(document.recorded)
    if result.rejected:
        issues = [("warning", "incomplete", f"kept, but not read: {row.reason}") for row in result.rejected]
        told.outcome = outcome(issues)
    return {"response": told}


def _failed(error: GemelError) -> dict[str, Any]:
    response = refused(error)
    return {"response": {"status": str(response.status_code), "outcome": msgspec.Raw(bytes(response.body))}}


def _bundle(type: str, told: Sequence[_Told]) -> bytes:
    entries = [one.entry for one in sorted(told, key=lambda one: one.number)]
    return msgspec.json.encode({"resourceType": "Bundle", "type": type, "entry": entries})
