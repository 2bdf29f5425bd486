"""Many readings at once, of any subjects: NDJSON, JSON or MessagePack rows, or columns."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from ..batch import Table
from ..openapi import documented, rows_of
from ..receive import Taken, receive
from ..rows import Row

__all__ = ["router"]

router = APIRouter(prefix="/api/bulk", tags=["facts"])
_BODY = rows_of(Row, Table)


@router.post("/observations", **documented(Taken, rows=_BODY, problems=(409,)))
async def observations(request: Request) -> Response:
    """Readings and what was given, durable when answered; each row that cannot be a fact comes back by its number with
    the reason, and is kept."""
    return await receive(request)
