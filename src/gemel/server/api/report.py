"""Reports for the record: provenance as data, and self-contained HTML files of a twin and of a comparison of plans."""

from __future__ import annotations

import asyncio
import re
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from ..answer import decoded, encoded
from ..asked import LONGEST_HOURS
from ..context import service_of
from ..openapi import documented
from ..provenance import Provenance
from ..provenance import provenance as source_of
from ..report_plans import plans_report
from ..report_twin import twin_report
from ..whatif import WhatIfAsked

__all__ = ["POLICY", "router"]

POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""The file's one style is inline; it may run nothing and ask for nothing."""

router = APIRouter(prefix="/api/twins", tags=["twins"])


def _file(**asked: Any) -> dict[str, Any]:
    """What a route that answers with a file says of itself."""
    told = documented(str, problems=(404, 409), **asked)
    told["responses"][200] = {"description": "The file", "content": {"text/html": {"schema": {"type": "string"}}}}
    return told


@router.get("/{twin}/provenance", **documented(Provenance, problems=(404,)))
async def provenance(request: Request, twin: str) -> Response:
    """Software, model, facts, draws and ledger entries that what is said of this twin rests on."""
    return encoded(await asyncio.to_thread(source_of, service_of(request).site, twin))


@router.get("/{twin}/report", **_file())
async def report(
    request: Request, twin: str, back: Annotated[float, Query(gt=0, le=LONGEST_HOURS)] = 6.0,
    hours: Annotated[float, Query(gt=0, le=LONGEST_HOURS)] = 4.0,
) -> Response:  # fmt: skip
    """The twin as it stands, in one file: course, forecast, reasons, beliefs, record, limits, provenance."""
    made = await asyncio.to_thread(twin_report, service_of(request).site, twin, back=back, hours=hours)
    return _page(made, f"twin-{twin}")


@router.post("/{twin}/report", **_file(body={"application/json": WhatIfAsked}))
async def report_plans(request: Request, twin: str) -> Response:
    """A comparison of plans in one file."""
    asked = await decoded(request, WhatIfAsked)
    return _page(await asyncio.to_thread(plans_report, service_of(request).site, twin, asked), f"plans-{twin}")


def _page(html: str, name: str) -> Response:
    """The file, to be saved rather than opened; its name holds nothing that a file name may not."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name)
    headers = {
        "Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="gemel-{safe}.html"',
    }  # fmt: skip
    return Response(html, media_type="text/html; charset=utf-8", headers=headers)
