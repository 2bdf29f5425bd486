"""The addresses below /fhir, and how requests and answers look there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from urllib.parse import parse_qsl, urlsplit

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from ...core.errors import GemelError
from ...core.writing import Document
from ...ingest.fhir.envelope import Action, Envelope
from ..context import caller_of, service_of
from .bundles import batch, transaction
from .capability import capability
from .intake import Removal, Result
from .kinds import TYPES
from .outcome import FhirError, answer, refused
from .reading import everything, found, history, instance, version
from .receiving import Parcel, opened_body, receive
from .shelf import ID, headers, shown

__all__ = ["router"]

router = APIRouter(prefix="/fhir", include_in_schema=False)

_Endpoint = Callable[[Request], Awaitable[Response]]


def _told(endpoint: _Endpoint) -> _Endpoint:
    """Every error as an OperationOutcome."""

    @wraps(endpoint)
    async def guarded(request: Request) -> Response:
        try:
            _check_form(request)
            return await endpoint(request)
        except GemelError as error:
            return refused(error)

    return guarded


def _check_form(request: Request) -> None:
    """FhirError for a client that speaks or wants XML or Turtle."""
    sent = request.headers.get("content-type", "")
    if "xml" in sent or "turtle" in sent:
        raise FhirError(415, "not-supported", f"'{sent[:60]}' is not read here: send application/fhir+json")
    wanted = request.query_params.get("_format") or request.headers.get("accept", "")
    if any(form in wanted for form in ("xml", "turtle", "ttl")) and "json" not in wanted and "*/*" not in wanted:
        raise FhirError(406, "not-supported", f"'{wanted[:60]}' is not told here: ask for application/fhir+json")


def base_of(request: Request) -> str:
    """The address of this server's FHIR side."""
    return f"{str(request.base_url).rstrip('/')}/fhir"


def _kind(request: Request) -> str:
    kind = request.path_params["kind"]
    if kind not in TYPES:
        raise FhirError(404, "not-supported", f"'{kind[:60]}' is none of the types here: see /fhir/metadata")
    return kind


def _id(request: Request) -> str:
    id = request.path_params["id"]
    if not ID.fullmatch(id):
        raise FhirError(404, "value", f"'{id[:80]}' is no FHIR id: up to 64 of A-Z a-z 0-9 - .")
    return id


async def _metadata(request: Request) -> Response:
    return answer(capability(base_of(request)))


async def _read(request: Request) -> Response:
    service, caller = service_of(request), caller_of(request)
    document = await asyncio.to_thread(instance, service, caller, _kind(request), _id(request))
    told = headers(document)
    if request.headers.get("if-none-match") == told["ETag"]:
        return Response(status_code=304, headers=told)
    return answer(shown(document), 200, told)


async def _vread(request: Request) -> Response:
    service, caller = service_of(request), caller_of(request)
    number = request.path_params["version"]
    document = await asyncio.to_thread(version, service, caller, _kind(request), _id(request), number)
    return answer(shown(document), 200, headers(document))


async def _search(request: Request) -> Response:
    given = parse_qsl(request.url.query, keep_blank_values=True)
    if request.method == "POST":
        given += parse_qsl((await request.body()).decode(errors="replace"), keep_blank_values=True)
    strict = "handling=strict" in request.headers.get("prefer", "")
    service, caller = service_of(request), caller_of(request)
    body = await asyncio.to_thread(found, service, caller, _kind(request), given, base_of(request), strict=strict)
    return answer(body)


async def _history(request: Request) -> Response:
    service, caller, kind = service_of(request), caller_of(request), _kind(request)
    id = _id(request) if "id" in request.path_params else ""
    given = dict(request.query_params)
    return answer(await asyncio.to_thread(history, service, caller, kind, id, given, base_of(request)))


async def _everything(request: Request) -> Response:
    service, caller, given = service_of(request), caller_of(request), dict(request.query_params)
    return answer(await asyncio.to_thread(everything, service, caller, _id(request), given, base_of(request)))


async def _create(request: Request) -> Response:
    kind, condition = _kind(request), request.headers.get("if-none-exist")
    if condition and not condition.startswith("identifier="):
        raise FhirError(412, "not-supported", "If-None-Exist is 'identifier=system|value' here")
    action = Action("POST", kind, None, condition)
    return await _written(request, kind, action, "")


async def _update(request: Request) -> Response:
    kind, id = _kind(request), _id(request)
    action = Action("PUT", f"{kind}/{id}", request.headers.get("if-match"))
    return await _written(request, kind, action, id)


async def _written(request: Request, kind: str, action: Action, id: str) -> Response:
    """Take one resource and answer with it."""
    body = await request.body()
    envelope = opened_body(body) if len(body) < 65_536 else await asyncio.to_thread(opened_body, body)
    if envelope.type or len(envelope.resources) != 1 or envelope.resources[0].kind != kind:
        sent = envelope.type or next((r.kind for r in envelope.resources), "no resource")
        why = f": {envelope.refused[0].reason}" if envelope.refused else ""
        raise FhirError(400, "invalid", f"a {kind} is expected, got {sent[:60]}{why}")
    (resource,) = envelope.resources
    if id and resource.about.id != id:
        raise FhirError(400, "invalid", f"the resource's id is '{resource.about.id}', but it was sent to {kind}/{id}")
    resource.action = action
    (result,) = await receive(service_of(request), caller_of(request), Parcel(envelope))
    return _answered(request, result)


def _answered(request: Request, result: Result) -> Response:
    document = result.document
    assert document is not None  # only a deletion has none
    told = headers(document)
    if result.status == 201:
        told["Location"] = f"{base_of(request)}/{_name(document)}"
    if "return=minimal" in request.headers.get("prefer", ""):
        return Response(status_code=result.status, headers=told)
    return answer(shown(document), result.status, told)


def _name(document: Document) -> str:
    return f"{document.kind}/{document.id}/_history/{document.version}"


async def _delete(request: Request) -> Response:
    removed = Removal(1, _kind(request), _id(request), request.headers.get("if-match"))
    (result,) = await receive(service_of(request), caller_of(request), Parcel(Envelope(""), [removed]))
    version = {"ETag": f'W/"{result.document.version}"'} if result.document is not None else {}
    return Response(status_code=204, headers=version)


async def _bundle(request: Request) -> Response:
    """A transaction or a batch."""
    envelope = await asyncio.to_thread(opened_body, await request.body())
    service, caller = service_of(request), caller_of(request)

    async def reader(address: str) -> Response:
        return await _below(request, address)

    match envelope.type:
        case "transaction":
            return answer(await transaction(service, caller, envelope, reader))
        case "batch":
            return answer(await batch(service, caller, envelope, reader))
        case other:
            raise FhirError(400, "invalid", f"a Bundle of type transaction or batch is expected, got '{other[:40]}'")


async def _below(request: Request, address: str) -> Response:
    """The answer to a GET of an address below /fhir, for an entry of a bundle."""
    parts = urlsplit(address)
    path = parts.path.strip("/")
    scope: dict[str, object] = {**request.scope, "method": "GET", "query_string": parts.query.encode(), "headers": []}
    names = path.split("/")
    match names:
        case ["metadata"]:
            endpoint, given = _metadata, {}
        case [kind]:
            endpoint, given = _search, {"kind": kind}
        case [kind, "_history"]:
            endpoint, given = _history, {"kind": kind}
        case ["Patient", id, "$everything"]:
            endpoint, given = _everything, {"id": id}
        case [kind, id]:
            endpoint, given = _read, {"kind": kind, "id": id}
        case [kind, id, "_history"]:
            endpoint, given = _history, {"kind": kind, "id": id}
        case [kind, id, "_history", number]:
            endpoint, given = _vread, {"kind": kind, "id": id, "version": number}
        case _:
            return refused(FhirError(404, "not-found", f"there is no '{address[:80]}' here"))
    return await _told(endpoint)(Request({**scope, "path_params": given}, request.receive))


for _path, _methods, _endpoint in (
    ("", ["POST"], _bundle),
    ("/", ["POST"], _bundle),
    ("/metadata", ["GET"], _metadata),
    ("/Patient/{id}/$everything", ["GET"], _everything),
    ("/{kind}/_search", ["POST"], _search),
    ("/{kind}/_history", ["GET"], _history),
    ("/{kind}", ["GET"], _search),
    ("/{kind}", ["POST"], _create),
    ("/{kind}/{id}", ["GET"], _read),
    ("/{kind}/{id}", ["PUT"], _update),
    ("/{kind}/{id}", ["DELETE"], _delete),
    ("/{kind}/{id}/_history", ["GET"], _history),
    ("/{kind}/{id}/_history/{version}", ["GET"], _vread),
):
    router.add_route("/fhir" + _path, _told(_endpoint), methods=_methods, include_in_schema=False)
