"""Twins, and the verbs: what is believed, what will happen, which plan is better, why, and how right it has been."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import Annotated, Literal, TypeVar

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from ...core.errors import CardError
from ...core.fact import Instant
from ...core.ledger import IssuedForecast
from ...core.registry import available
from ...runtime.answers.shapes import ComparisonShape, ExplanationShape, ForecastShape
from ...runtime.ledger.record import TrackRecord
from .. import asking
from ..answer import decoded, encoded, subject_of
from ..asked import LONGEST_HOURS, ComparisonAsked, ForecastAsked, NewTwin, Planned
from ..asking import TwinShape
from ..context import caller_of, service_of
from ..live_news import BeliefNews
from ..openapi import documented
from ..problem import Missing

__all__ = ["router"]

T = TypeVar("T")
router = APIRouter(prefix="/api/twins", tags=["twins"])
Hours = Annotated[float, Query(gt=0, le=LONGEST_HOURS)]


class TwinRow(msgspec.Struct, frozen=True, kw_only=True):
    """A twin as last saved: where it stood then [us since 1970 UTC]."""

    id: str
    subject: str
    model: str
    model_version: str
    at: Instant


class TwinPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some twins in order of id; `next` goes into `after` for those that follow, null at the end."""

    twins: list[TwinRow]
    next: str | None


class LedgerPage(msgspec.Struct, frozen=True, kw_only=True):
    """Forecasts that were issued, the newest first."""

    forecasts: list[IssuedForecast]


@router.get("", **documented(TwinPage))
async def twins(
    request: Request, subject: Annotated[str | None, Query(max_length=256)] = None,
    after: Annotated[str, Query(max_length=512)] = "", limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:  # fmt: skip
    """Every twin, or those of a subject."""
    site = service_of(request).site

    def page() -> TwinPage:
        ordered = sorted(name for name in site.twins(subject) if name > after)
        found = [(name, site.store.latest(name, site.caller)) for name in ordered[:limit]]
        rows = [
            TwinRow(id=name, subject=c.subject, model=c.model, model_version=c.model_version, at=c.at)
            for name, c in found
            if c is not None
        ]
        return TwinPage(twins=rows, next=ordered[limit - 1] if len(ordered) > limit else None)

    return encoded(await asyncio.to_thread(page))


@router.post("", **documented(TwinShape, status=201, body={"application/json": NewTwin}, problems=(404, 409)))
async def create(request: Request) -> Response:
    """Make a twin of a subject.

    Refused where the model's card does not cover the subject, unless `override_reason` says why it is made all the
    same; the reason then goes on the subject's record before the twin is made.
    """
    asked, service = await decoded(request, NewTwin), service_of(request)
    _registered("models", asked.model)
    _registered("engines", asked.engine)
    subject, caller = await subject_of(request, asked.subject), caller_of(request)
    if subject.merged_into:
        raise CardError(f"subject '{subject.id}' turned out to be '{subject.merged_into}': make the twin of that one")
    coverage, write = await asyncio.to_thread(asking.overridden, service.site, asked, subject, caller)
    if write is not None:
        await service.inbox.put([write], caller)
    own = await asyncio.to_thread(asking.create, service.site, asked, service.settings.members)
    shape = await asyncio.to_thread(asking.look, service.site, own.id, coverage.unchecked)
    told = BeliefNews(
        model=asked.model, present=own.now, used=shape.believed.facts_used, failed=shape.believed.failed,
        stale=shape.believed.stale,
    )  # fmt: skip
    service.hub.publish("belief", subject=asked.subject, twin=own.id, at=service.site.now(), data=told)
    return encoded(shape, 201, {"Location": f"/api/twins/{own.id}"})


@router.get("/{twin}", **documented(TwinShape, problems=(404,)))
async def read(request: Request, twin: str) -> Response:
    """What the twin believes, how old its newest reading is, and why it is stale if it is."""
    return encoded(await asyncio.to_thread(asking.look, service_of(request).site, twin))


@router.get("/{twin}/forecast", **documented(ForecastShape, problems=(404, 409)))
async def forecast(
    request: Request, twin: str, hours: Hours = 4.0, plan: Annotated[str | None, Query(max_length=4000)] = None
) -> Response:
    """What will happen, and how sure are we?  Quantiles, the track record of its like, and whether its model may speak.

    `plan` as on the command line: 'as planned: insulin=4@+0, carbs=50@+15min'.  The forecast goes into the ledger.
    """
    return await _forecast(request, twin, ForecastAsked(hours=hours, plan=plan))


@router.post(
    "/{twin}/forecast", **documented(ForecastShape, body={"application/json": ForecastAsked}, problems=(404, 409))
)
async def forecast_under(request: Request, twin: str) -> Response:
    """The same under a plan with actions, until a time, with horizons of your own."""
    return await _forecast(request, twin, await decoded(request, ForecastAsked))


@router.get("/{twin}/compare", **documented(ComparisonShape, problems=(404, 409)))
async def compare(
    request: Request, twin: str, plan: Annotated[list[str], Query(min_length=2, max_length=5)], hours: Hours = 4.0,
    utility: Annotated[str, Query(max_length=128)] = "glucose-risk",
) -> Response:  # fmt: skip
    """Which of two to five plans is better, by how much, with what probability; or no clear winner."""
    plans: list[Planned | str] = [*plan]
    return await _compare(request, twin, ComparisonAsked(plans=plans, hours=hours, utility=utility))


@router.post(
    "/{twin}/compare", **documented(ComparisonShape, body={"application/json": ComparisonAsked}, problems=(404, 409))
)
async def compare_plans(request: Request, twin: str) -> Response:
    """The same for plans with actions."""
    return await _compare(request, twin, await decoded(request, ComparisonAsked))


@router.get("/{twin}/explain", **documented(ExplanationShape, problems=(404, 409)))
async def explain(
    request: Request, twin: str, target: Annotated[str | None, Query(max_length=128)] = None, hours: Hours = 2.0,
    since: Annotated[float, Query(ge=0.1, le=168)] = 4.0,
) -> Response:  # fmt: skip
    """What makes a forecast uncertain, which facts moved it, and what to measure next."""
    site = service_of(request).site
    return encoded(await asyncio.to_thread(asking.explain, site, twin, target, hours=hours, since=since))


@router.get("/{twin}/record", **documented(list[TrackRecord], problems=(404,)))
async def record(request: Request, twin: str) -> Response:
    """How right forecasts of this twin have been, by observable and horizon."""
    site = service_of(request).site
    return encoded(await asyncio.to_thread(_of_known, request, twin, lambda: site.record(twin)))


@router.get("/{twin}/ledger", **documented(LedgerPage, problems=(404,)))
async def ledger(request: Request, twin: str, limit: Annotated[int, Query(ge=1, le=10_000)] = 100) -> Response:
    """The forecasts that were issued of it, and what became of each."""
    site = service_of(request).site
    rows = await asyncio.to_thread(_of_known, request, twin, lambda: site.ledger(twin))
    return encoded(LedgerPage(forecasts=rows[::-1][:limit]))


def _registered(kind: Literal["models", "engines"], name: str) -> None:
    """Only registered names: 'module:attribute' would let anybody have anything imported."""
    if name not in available(kind):
        raise Missing(f"no {kind} named '{name}': there are {', '.join(sorted(available(kind)))}")


def _of_known(request: Request, twin: str, work: Callable[[], T]) -> T:
    """The work, if there is such a twin."""
    site = service_of(request).site
    if site.store.latest(twin, site.caller) is None:
        raise Missing(f"no twin '{twin}' here: make it with POST /api/twins")
    return work()


async def _forecast(request: Request, twin: str, asked: ForecastAsked) -> Response:
    service, begun = service_of(request), perf_counter()
    with service.instruments.span("forecast"):
        shape = await asyncio.to_thread(asking.forecast, service.site, twin, asked)
    service.instruments.forecasts.observe(perf_counter() - begun)
    return encoded(shape)


async def _compare(request: Request, twin: str, asked: ComparisonAsked) -> Response:
    with service_of(request).instruments.span("compare"):
        return encoded(await asyncio.to_thread(asking.compare, service_of(request).site, twin, asked))
