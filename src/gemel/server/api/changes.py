"""`/api/subjects/{id}/changes`: what was measured and given lately, beside the same time before."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from ...core.clock import HOUR, MINUTE, text
from ...core.fact import Fact, Instant, Intervention, Observation, bounds
from ...core.ports import Caller
from ...core.subject import Subject
from ...core.timeline import Timeline
from ...ingest.codes import table
from ..answer import encoded, subject_of
from ..context import Service, caller_of, service_of
from ..openapi import documented
from ..quality import OWN

__all__ = ["Changes", "GivenRow", "ReadRow", "changes_of", "router"]

router = APIRouter(prefix="/api/subjects", tags=["subjects"])


class ReadRow(msgspec.Struct, frozen=True, kw_only=True):
    """Readings of one code and unit: the last one with its age, and how many there were, their mean and range in the
    last hours and in as many before; null where there was none with a single value."""

    code: str
    title: str
    unit: str
    value: float | None
    at: str
    age_minutes: float
    n: int
    mean: float | None
    low: float | None
    high: float | None
    n_before: int
    mean_before: float | None


class GivenRow(msgspec.Struct, frozen=True, kw_only=True):
    """Doses of one code and unit: how many, how much in all, in the last hours and in as many before."""

    code: str
    title: str
    unit: str
    n: int
    total: float
    n_before: int
    total_before: float
    at: str
    age_minutes: float


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What was read and given in the last `hours` up to `at`, and in as many before, newest first."""

    subject: str
    zone: str
    at: str
    hours: float
    read: list[ReadRow]
    given: list[GivenRow]


@router.get("/{id}/changes", **documented(Changes, problems=(404,)))
async def read_changes(
    request: Request,
    id: Annotated[str, Path(min_length=1, max_length=200)],
    hours: Annotated[float, Query(gt=0, le=744, description="how far back, compared with as long before")] = 24.0,
) -> Response:
    """What has changed: what was read and given lately, beside as long a time before."""
    subject, service = await subject_of(request, id), service_of(request)
    return encoded(await asyncio.to_thread(_changes, service, caller_of(request), subject, hours))


def _changes(service: Service, caller: Caller, subject: Subject, hours: float) -> Changes:
    records = tuple(f for _, f in service.store.facts(subject.id, caller) if not f.code.startswith(OWN))
    return changes_of(subject, list(Timeline(subject, records)), service.site.now(), hours)


def changes_of(subject: Subject, facts: Sequence[Fact], now: Instant, hours: float) -> Changes:
    """The changes among facts that hold, in order."""
    span = round(hours * HOUR)
    groups: dict[tuple[str, str, bool], list[Fact]] = {}
    for fact in facts:
        dosed = isinstance(fact, Intervention)
        if now - 2 * span < fact.at <= now and not (dosed and fact.dose is None):
            groups.setdefault((fact.code, fact.unit, dosed), []).append(fact)
    read = [_read(own, now, span, subject.zone) for (_, _, dosed), own in groups.items() if not dosed]
    given = [_given(own, now, span, subject.zone) for (_, _, dosed), own in groups.items() if dosed]
    return Changes(
        subject=subject.id, zone=subject.zone, at=text(now, subject.zone), hours=hours,
        read=sorted(read, key=lambda r: r.age_minutes), given=sorted(given, key=lambda g: g.age_minutes),
    )  # fmt: skip


def _read(facts: Sequence[Fact], now: Instant, span: Instant, zone: str) -> ReadRow:
    pairs = [(f.at, _number(f)) for f in facts]
    late = [v for at, v in pairs if v is not None and at > now - span]
    early = [v for at, v in pairs if v is not None and at <= now - span]
    last = facts[-1]
    return ReadRow(
        code=last.code, title=table().title(last.code), unit=last.unit, value=pairs[-1][1], at=text(last.at, zone),
        age_minutes=(now - last.at) / MINUTE, n=sum(at > now - span for at, _ in pairs), mean=_mean(late),
        low=min(late, default=None), high=max(late, default=None), n_before=sum(at <= now - span for at, _ in pairs),
        mean_before=_mean(early),
    )  # fmt: skip


def _given(facts: Sequence[Fact], now: Instant, span: Instant, zone: str) -> GivenRow:
    doses = [(f.at, f.dose or 0.0) for f in facts if isinstance(f, Intervention)]
    late, early = [d for at, d in doses if at > now - span], [d for at, d in doses if at <= now - span]
    last = facts[-1]
    return GivenRow(
        code=last.code, title=table().title(last.code), unit=last.unit, n=len(late), total=sum(late),
        n_before=len(early), total_before=sum(early), at=text(last.at, zone), age_minutes=(now - last.at) / MINUTE,
    )  # fmt: skip


def _number(fact: Fact) -> float | None:
    low, high = bounds(fact.value) if isinstance(fact, Observation) else (0.0, 1.0)
    return low if low == high else None


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
