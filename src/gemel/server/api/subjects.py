"""Subjects and their facts."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import date
from typing import Annotated
from uuid import uuid4
from zoneinfo import available_timezones

import msgspec
from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from ...core.fact import Fact, Instant
from ...core.subject import Subject
from ...core.timeline import Timeline
from ...core.writing import Write
from ..answer import decoded, encoded, subject_of
from ..batch import Table
from ..context import caller_of, service_of
from ..openapi import documented, rows_of
from ..problem import Conflict
from ..receive import Taken, receive_for
from ..rows import Row, exactly, instant_of

__all__ = ["router"]

router = APIRouter(prefix="/api/subjects", tags=["subjects"])
_ROWS = rows_of(Row, Table)

Limit = Annotated[int, Query(ge=1, le=10_000)]
When = Annotated[str, Query(description="ISO 8601 with offset", json_schema_extra={"format": "date-time"})]


Zone = Annotated[str, msgspec.Meta(extra_json_schema={"enum": sorted(available_timezones())})]

FIRST, LAST = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"


class NewSubject(msgspec.Struct, frozen=True, kw_only=True):
    """Who is to be enrolled.  `id` is opaque, and made here unless it is given; `identifiers` are 'system|value'."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9\-.]{1,64}$")] | None = None
    zone: Zone | None = None
    kind: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] = "person"
    born: date | None = None
    sex: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    identifiers: list[Annotated[str, msgspec.Meta(pattern=r"^[^|]+\|.+$", max_length=512)]] = []


class SubjectPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some subjects in order of id; `next` goes into `after` for those that follow, null at the end."""

    subjects: list[Subject]
    next: str | None


class Numbered(msgspec.Struct, frozen=True, kw_only=True):
    """A record and its number among the subject's."""

    number: int
    fact: Fact


class FactPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some records in order of arrival; `next` goes into `after` for those that follow, null at the end."""

    facts: list[Numbered]
    next: int | None


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """The facts that hold, in order of when they happened; `next` goes into `after` for those that follow, null at the
    end."""

    facts: list[Fact]
    next: str | None


class Holdings(msgspec.Struct, frozen=True, kw_only=True):
    """What there is of a subject: records by code, rejected rows, documents by kind (versions counted), twins."""

    records: int
    codes: dict[str, int]
    first: Instant | None
    last: Instant | None
    rejected: int
    documents: dict[str, int]
    twins: list[str]


@router.get("", **documented(SubjectPage))
async def enrolled(request: Request, after: Annotated[str, Query(max_length=256)] = "", limit: Limit = 100) -> Response:
    """Who is enrolled."""
    found = await asyncio.to_thread(service_of(request).store.subjects, caller_of(request))
    ordered = sorted((s for s in found if s.id > after), key=lambda s: s.id)
    page = ordered[:limit]
    return encoded(SubjectPage(subjects=page, next=page[-1].id if len(ordered) > limit else None))


@router.post("", **documented(Subject, status=201, body={"application/json": NewSubject}, problems=(409,)))
async def enrol(request: Request) -> Response:
    """Enrol a subject; 409 when there is one of this id, or an identifier leads to another already."""
    given, service, caller = await decoded(request, NewSubject), service_of(request), caller_of(request)
    own = Subject(
        id=given.id or str(uuid4()), zone=given.zone or service.settings.zone, kind=given.kind, born=given.born,
        sex=given.sex,
    )  # fmt: skip
    if await asyncio.to_thread(service.store.subject, own.id, caller) is not None:
        raise Conflict(f"there is a subject '{own.id}' already: choose another id, or leave it out")
    for identifier in given.identifiers:
        if (other := await asyncio.to_thread(service.store.find, identifier, caller)) is not None:
            raise Conflict(f"identifier '{identifier}' leads to subject '{other}' already")
    await service.inbox.put([Write(subject=own.id, enrol=own, identifiers=tuple(given.identifiers))], caller)
    return encoded(own, 201, {"Location": f"/api/subjects/{own.id}"})


@router.get("/{subject}", **documented(Subject, problems=(404,)))
async def read(request: Request, subject: str) -> Response:
    """Who it is."""
    return encoded(await subject_of(request, subject))


@router.get("/{subject}/holdings", **documented(Holdings, problems=(404,)))
async def holdings(request: Request, subject: str) -> Response:
    """What there is of a subject."""
    await subject_of(request, subject)
    return encoded(await asyncio.to_thread(_holdings, request, subject))


@router.get("/{subject}/facts", **documented(FactPage, problems=(404,)))
async def facts(
    request: Request, subject: str, after: Annotated[int, Query(ge=0, le=2**62)] = 0, as_of: When = LAST,
    limit: Limit = 1000,
) -> Response:  # fmt: skip
    """Records in order of arrival, amended and withdrawn ones among them; `as_of`: those known by then."""
    await subject_of(request, subject)
    known, service, caller = instant_of(as_of), service_of(request), caller_of(request)
    found = await asyncio.to_thread(service.store.facts, subject, caller, after=after, as_of=known)
    page = [Numbered(number=number, fact=fact) for number, fact in found[:limit]]
    return encoded(FactPage(facts=page, next=page[-1].number if len(found) > limit else None))


@router.get("/{subject}/timeline", **documented(Course, problems=(404,)))
async def timeline(
    request: Request, subject: str, after: When = FIRST, until: When = LAST, as_of: When = LAST,
    code: Annotated[list[str], Query()] = [], limit: Limit = 1000,  # noqa: B006 - FastAPI copies it
) -> Response:  # fmt: skip
    """The facts that hold, after < t <= until; amendments resolved, orders and withdrawn ones left out."""
    own, service = await subject_of(request, subject), service_of(request)
    known = await asyncio.to_thread(service.store.facts, subject, caller_of(request), as_of=instant_of(as_of))
    start, end = instant_of(after), instant_of(until)
    course = Timeline(own, tuple(fact for _, fact in known))
    held = [
        fact for fact in course
        if start < fact.at <= end and (not code or fact.code in code)
    ]  # fmt: skip
    page = held[:limit]
    while page and len(held) > len(page) and held[len(page)].at == page[-1].at:  # never between facts of one instant
        page.append(held[len(page)])
    return encoded(Course(facts=page, next=exactly(page[-1].at) if len(held) > len(page) else None))


@router.post("/{subject}/observations", **documented(Taken, rows=_ROWS, problems=(404, 409)))
async def observations(
    request: Request, subject: str, idempotency_key: Annotated[str | None, Header(max_length=255)] = None
) -> Response:
    """Readings and what was given, one or many, durable when answered.

    One: a JSON object; 422 when it cannot be a fact.  Many: an array, columns or NDJSON; those that cannot be facts
    come back by their number with the reason.  Either way they are kept.
    """
    return await receive_for(request, subject)


def _holdings(request: Request, subject: str) -> Holdings:
    store, caller = service_of(request).store, caller_of(request)
    records = [fact for _, fact in store.facts(subject, caller)]
    return Holdings(
        records=len(records), codes=dict(Counter(fact.code for fact in records)),
        first=min((fact.at for fact in records), default=None), last=max((fact.at for fact in records), default=None),
        rejected=len(store.rejected(caller, subject)),
        documents=dict(Counter(document.kind for document in store.documents(subject, caller))),
        twins=store.twins(caller, subject),
    )  # fmt: skip
