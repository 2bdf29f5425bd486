"""`/api/alerts`: which alerts there are, why, what people did about them, and what alerting costs."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Path, Query
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from ...core.clock import DAY, MINUTE, text
from ...core.fact import Instant
from ..alerts.burden import Burden
from ..alerts.counting import count
from ..alerts.desk import CALLER, Act
from ..alerts.keeping import alerts_of
from ..alerts.life import Alert
from ..alerts.rules import Rules
from ..alerts.view import AlertView, view
from ..alerts.watch import AlertWatch
from ..answer import decoded, encoded
from ..context import service_of
from ..openapi import documented
from ..problem import Missing
from ..rows import instant_of

__all__ = ["router"]

When = Annotated[
    str,
    Query(
        description="ISO 8601 with offset; with subject: as it stood then", json_schema_extra={"format": "date-time"}
    ),
]
LAST = "9999-12-31T23:59:59Z"
router = APIRouter(prefix="/api/alerts", tags=["alerts"])

State = Literal["open", "closed", "all", "raised", "acknowledged", "escalated", "snoozed", "resolved", "expired"]
Id = Annotated[str, Path(min_length=1, max_length=200, description="as listed")]


class Done(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who did it and why; for how many minutes, where it is snoozed."""

    by: Annotated[str, Meta(min_length=1, max_length=200)]
    why: Annotated[str, Meta(max_length=2000)] = ""
    minutes: Annotated[float, Meta(gt=0, le=1440)] | None = None


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """Alerts at an instant: the first of `total`."""

    at: str
    total: int
    alerts: list[AlertView]


class Figures(msgspec.Struct, frozen=True, kw_only=True, rename={"start": "from"}):
    """What alerting cost in a time: of all rules together, then of each."""

    start: str
    until: str
    figures: list[Burden]


@router.get("", **documented(Listing))
async def list_alerts(
    request: Request,
    state: State = "open",
    subject: Annotated[str | None, Query(max_length=200, description="whose; with it also those of long ago")] = None,
    severity: Literal["info", "warning", "critical"] | None = None,
    rule: Annotated[str | None, Query(max_length=200)] = None,
    silent: Annotated[bool, Query(description="also entries of models that may not speak here")] = False,
    as_of: When = LAST,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> Response:
    """Alerts, the newest first.  Without `subject`: the open ones, and those that ended within a week."""
    watch, now = _watch(request), service_of(request).site.now()
    moment = None if as_of == LAST else instant_of(as_of)
    found = await _of(request, subject, moment) if subject is not None else list(watch.desk.book)
    kept = [
        a for a in found
        if _in(a, state) and (silent or not a.silent) and severity in (None, a.severity) and rule in (None, a.rule)
    ]  # fmt: skip
    kept.sort(key=lambda a: (-a.raised, a.id))
    told = {
        "at": text(now if moment is None else moment),
        "total": len(kept),
        "alerts": [view(a) for a in kept[:limit]],
    }
    return encoded(told)


@router.get("/rules", **documented(Rules))
async def list_rules(request: Request) -> Response:
    """The rules in force, with the sources of their limits and what the site has chosen itself."""
    return encoded(_watch(request).rules)


@router.get("/burden", **documented(Figures))
async def read_burden(
    request: Request,
    days: Annotated[float, Query(gt=0, le=366, description="how far back")] = 7.0,
    subject: Annotated[str | None, Query(max_length=200)] = None,
    soon_minutes: Annotated[float, Query(gt=0, le=1440, description="what counts as soon answered")] = 5.0,
) -> Response:
    """What alerting costs those who are called, and how often it was right: of all rules together, then of each."""
    watch, service = _watch(request), service_of(request)
    now = service.site.now()
    start = now - round(days * DAY)
    figures = await asyncio.to_thread(
        count, service.store, watch.rules, watch.days(), start, now,
        site=service.settings.site, subject=subject, soon_minutes=soon_minutes,
    )  # fmt: skip
    return encoded(Figures(start=text(start), until=text(now), figures=figures))


@router.get("/{id}", **documented(AlertView, problems=(404,)))
async def read_alert(request: Request, id: Id) -> Response:
    """One alert: its reason in words, the evidence, and every step with who and why."""
    return encoded(view(await _watch(request).desk.find(id)))


@router.post("/{id}/{action}", **documented(AlertView, body={"application/json": Done}, problems=(404, 409)))
async def act_on_alert(
    request: Request, id: Id, action: Literal["acknowledge", "escalate", "snooze", "resolve"]
) -> Response:
    """Acknowledge, escalate, snooze or resolve; durable when answered."""
    watch, now, done = _watch(request), service_of(request).site.now(), await decoded(request, Done)
    until = None if done.minutes is None else now + round(done.minutes * MINUTE)
    act = Act(action=action, by=done.by, why=done.why, until=until)
    return encoded(view(await watch.desk.act(id, act, now)))


def _watch(request: Request) -> AlertWatch:
    for part in request.app.state.parts:
        if isinstance(part, AlertWatch):
            return part
    raise Missing("this service was started without its part 'alerts'")


async def _of(request: Request, subject: str, as_of: Instant | None) -> list[Alert]:
    return await asyncio.to_thread(alerts_of, service_of(request).store, subject, CALLER, as_of=as_of)


def _in(alert: Alert, state: State) -> bool:
    match state:
        case "all":
            return True
        case "open":
            return alert.open
        case "closed":
            return not alert.open
        case _:
            return alert.state == state
