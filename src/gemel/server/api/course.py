"""What the screen shows of one twin beyond the verbs: its course, its beliefs and priors, plans side by side."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from .. import believed as beliefs
from .. import course as courses
from .. import whatif as plans
from ..answer import decoded, encoded
from ..asking import known
from ..context import service_of
from ..openapi import documented

__all__ = ["router"]

router = APIRouter(prefix="/api/twins", tags=["twins"])


@router.get("/{twin}/course", **documented(courses.Course, problems=(404,)))
async def course(request: Request, twin: str, hours: Annotated[float, Query(gt=0, le=744)] = 12.0) -> Response:
    """What was read, given and forecast in the last hours, in the model's own quantities and units."""
    return encoded(await asyncio.to_thread(courses.course, service_of(request).site, twin, hours))


@router.get("/{twin}/believed", **documented(list[beliefs.Believed], problems=(404,)))
async def believed(request: Request, twin: str) -> Response:
    """Parameters and hidden states now, beside what was believed before any fact."""
    return encoded(await asyncio.to_thread(beliefs.believed, service_of(request).site, twin))


@router.get("/{twin}/utilities", **documented(list[plans.Utility], problems=(404,)))
async def utilities(request: Request, twin: str) -> Response:
    """What plans for this twin can be weighed by; the first is the usual one."""
    own = await asyncio.to_thread(known, service_of(request).site, twin)
    offered = plans.utilities(own.model.observables)
    return encoded([plans.Utility(name=d.name, unit=d.unit, about=d.about) for d in offered])


@router.post(
    "/{twin}/whatif", **documented(plans.WhatIf, body={"application/json": plans.WhatIfAsked}, problems=(404, 409))
)
async def whatif(request: Request, twin: str) -> Response:
    """Two to five plans at once: each one's course, the paired differences, and which is better; or no clear winner."""
    asked, service = await decoded(request, plans.WhatIfAsked), service_of(request)
    with service.instruments.span("whatif"):
        return encoded(await asyncio.to_thread(plans.whatif, service.site, twin, asked))
