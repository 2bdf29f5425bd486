"""`/api/subjects/{id}/requests`: what a patient asks for, and where each request stands; `/api/requests`: of everybody.

Never the only way to ask: the bell on the wall stays, and the answer that a request was taken says only that it is on
disk, not that somebody has seen it.
"""

from __future__ import annotations

import asyncio
from typing import Annotated
from uuid import uuid4

import msgspec
from fastapi import APIRouter, Path, Query
from msgspec import Meta
from starlette.requests import Request as Asked
from starlette.responses import Response

from ..answer import decoded, encoded, subject_of
from ..asked_for import (
    Category,
    Channel,
    Request,
    RequestView,
    State,
    Step,
    document_of,
    moved,
    requests_of,
    view,
)
from ..context import Service, caller_of, service_of
from ..openapi import documented
from ..problem import Missing

__all__ = ["router"]

router = APIRouter(tags=["requests"])
Id = Annotated[str, Path(min_length=1, max_length=200)]
EVENT = "request"


class NewRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked for, in which words (if any), and how it was made."""

    category: Category
    words: Annotated[str, Meta(max_length=500)] = ""
    channel: Channel = "touch"


class Moved(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of it, and who says so."""

    state: State
    by: Annotated[str, Meta(min_length=1, max_length=200)]


class Requests(msgspec.Struct, frozen=True, kw_only=True):
    """Requests, the newest first."""

    requests: list[RequestView]


@router.get("/api/subjects/{id}/requests", **documented(Requests, problems=(404,)))
async def list_requests(
    request: Asked, id: Id, open: Annotated[bool, Query(description="only those that wait")] = False
) -> Response:  # fmt: skip
    """What a patient has asked for, and where each request stands."""
    await subject_of(request, id)
    found = await asyncio.to_thread(requests_of, service_of(request).store, id, caller_of(request))
    return encoded(Requests(requests=[view(r) for r in found if r.open or not open]))


@router.post(
    "/api/subjects/{id}/requests",
    **documented(RequestView, status=201, body={"application/json": NewRequest}, problems=(404,)),
)
async def ask_for(request: Asked, id: Id) -> Response:
    """Ask for something; durable when answered, and told at once to whoever watches the stream (kind 'request').  That
    it was taken does not mean that somebody has seen it."""
    given, service = await decoded(request, NewRequest), service_of(request)
    await subject_of(request, id)
    now = service.site.now()
    made = Request(
        id=f"{id}.request-{uuid4()}", subject=id, category=given.category, words=given.words.strip(),
        channel=given.channel, steps=(Step(at=now, state="asked", by="patient"),),
    )  # fmt: skip
    return encoded(await _keep(request, service, made), 201)


@router.post(
    "/api/subjects/{id}/requests/{request_id}",
    **documented(RequestView, body={"application/json": Moved}, problems=(404, 409)),
)
async def move_request(request: Asked, id: Id, request_id: Id) -> Response:
    """Say that it was seen, that somebody is coming, that it is done, or that it is no longer wanted."""
    given, service = await decoded(request, Moved), service_of(request)
    await subject_of(request, id)
    found = await asyncio.to_thread(requests_of, service.store, id, caller_of(request))
    own = next((r for r in found if r.id == request_id), None)
    if own is None:
        raise Missing(f"subject '{id}' has made no request '{request_id}'")
    return encoded(await _keep(request, service, moved(own, given.state, given.by, service.site.now())))


async def _keep(request: Asked, service: Service, own: Request) -> RequestView:
    await service.inbox.put([document_of(own)], caller_of(request))
    told = view(own)
    service.hub.publish(EVENT, subject=own.subject, at=own.steps[-1].at, data=told)
    return told


@router.get("/api/requests", **documented(Requests))
async def list_all(request: Asked) -> Response:
    """Every request that waits, whoever made it, the longest waiting first."""
    service, caller = service_of(request), caller_of(request)

    def waiting() -> list[Request]:
        everybody = [s.id for s in service.store.subjects(caller) if s.kind == "person"]
        return [r for id in everybody for r in requests_of(service.store, id, caller) if r.open]

    found = sorted(await asyncio.to_thread(waiting), key=lambda r: r.steps[0].at)
    return encoded(Requests(requests=[view(r) for r in found]))
