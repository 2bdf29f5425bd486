"""`/api/quality`: how good the data is that comes in, of everybody and of one subject."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from ...core.clock import DAY
from ...core.fact import Instant
from ...core.ports import Caller, Store
from ...ingest.quality import Quality, quality
from ..answer import encoded
from ..context import caller_of, service_of
from ..openapi import documented
from ..problem import Missing
from ..quality import OWN, Arrivals, QualityWatch

__all__ = ["router"]

router = APIRouter(tags=["quality"])


@router.get("/api/quality", **documented(Arrivals, problems=(404,)))
async def read_quality(
    request: Request,
    most: Annotated[int, Query(ge=1, le=1000, description="subjects and unmapped codes at most")] = 50,
) -> Response:
    """What has come in since the service started: by source, with delays and reasons; codes nobody mapped; the subjects
    of whom most was rejected.  Instants are microseconds since 1970, UTC; delays are in minutes."""
    for part in request.app.state.parts:
        if isinstance(part, QualityWatch):
            return encoded(part.told(most))
    raise Missing("this service was started without its part 'quality'")


@router.get("/api/subjects/{id}/quality", **documented(Quality, problems=(404,)))
async def read_subject_quality(
    request: Request,
    id: Annotated[str, Path(min_length=1, max_length=200)],
    days: Annotated[float | None, Query(gt=0, le=36_600, description="only facts of the last days")] = None,
    gap_hours: Annotated[float, Query(gt=0, le=8784, description="longer without a reading is a gap")] = 1.0,
    late_minutes: Annotated[float, Query(ge=0, le=527_040, description="more delay than this is late")] = 60.0,
) -> Response:
    """Completeness, plausibility, timeliness and provenance of all facts of one subject that the store holds."""
    service, caller = service_of(request), caller_of(request)
    start = -(2**62) if days is None else service.site.now() - round(days * DAY)
    found = await asyncio.to_thread(_quality, service.store, id, caller, start, gap_hours, late_minutes)
    return encoded(found)


def _quality(
    store: Store, id: str, caller: Caller, start: Instant, gap_hours: float, late_minutes: float
) -> Quality:  # fmt: skip
    subject = store.subject(id, caller)
    if subject is None:
        raise Missing(f"no subject '{id}' here")
    records = [f for _, f in store.facts(id, caller) if f.at >= start and not f.code.startswith(OWN)]
    return quality(subject, records, store.rejected(caller, id), gap_hours=gap_hours, late_minutes=late_minutes)
