"""The models there are, what each says about itself, and whether it may speak here."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request
from starlette.responses import Response

from ...core.registry import available
from ...runtime.answers import cards
from ...runtime.answers.card_shapes import CardShape, Models
from ...runtime.ledger.switchboard import Status
from ..answer import encoded
from ..context import service_of
from ..openapi import documented
from ..problem import Missing

__all__ = ["router"]

router = APIRouter(prefix="/api/models", tags=["models"])


@router.get("", **documented(Models))
async def models(request: Request) -> Response:
    """Every registered model; one that cannot be loaded says why."""
    return encoded(await asyncio.to_thread(cards.models))


@router.get("/{model}/card", **documented(CardShape, problems=(404,)))
async def card(request: Request, model: str) -> Response:
    """For whom, not for whom, on what grounds, how well it did, and every number it declares."""
    return encoded(await asyncio.to_thread(cards.card, _registered(model)))


@router.get("/{model}/status", **documented(Status, problems=(404,)))
async def status(request: Request, model: str) -> Response:
    """Whether it is silent or advisory here, since when and why."""
    return encoded(await asyncio.to_thread(service_of(request).site.status, _registered(model)))


def _registered(model: str) -> str:
    """Only registered names: 'module:attribute' would let anybody have anything imported."""
    if model not in available("models"):
        raise Missing(f"no model '{model}': there are {', '.join(sorted(available('models')))}")
    return model
