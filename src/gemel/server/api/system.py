"""Is it alive, is it ready, what does it measure."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from ...core.errors import GemelError
from ..context import Part, caller_of, service_of

__all__ = ["router"]

router = APIRouter(tags=["system"])
_log = logging.getLogger("gemel.server")


@router.get("/healthz", response_model=dict[str, str])
async def healthz() -> dict[str, str]:
    """Alive: it answers."""
    return {"status": "alive"}


@router.get("/readyz", responses={503: {"description": "Something does not do its work"}})
async def readyz(request: Request) -> Response:
    """Ready: the store answers and every part does its work; 503 with the reasons when not."""
    parts: list[Part] = request.app.state.parts
    told: dict[str, dict[str, Any]] = {
        part.name: {"fine": health.fine, "detail": health.detail} for part in parts for health in [part.health()]
    }
    told["store"] = await _store(request)
    fine = all(one["fine"] for one in told.values()) and not service_of(request).stopping.is_set()
    body = msgspec.json.encode({"ready": fine, "parts": told})
    return Response(body, 200 if fine else 503, media_type="application/json")


@router.get("/metrics", response_class=Response)
async def metrics(request: Request) -> Response:
    """Figures for Prometheus, in the OpenMetrics form."""
    return Response(generate_latest(service_of(request).instruments.registry), media_type=CONTENT_TYPE_LATEST)


async def _store(request: Request) -> dict[str, Any]:
    service = service_of(request)
    try:
        await asyncio.to_thread(service.store.receipt, "readyz", "", caller_of(request))
    except GemelError as error:
        _log.warning("the store does not answer", extra={"reason": str(error)})
        return {"fine": False, "detail": str(error)}
    return {"fine": True, "detail": f"{service.inbox.waiting} items wait"}
