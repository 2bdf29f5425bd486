"""`/api/subjects/{id}/body`: a person's organs, each with status, risks, live readings and open alerts."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from ...core.errors import GemelError, SupportError
from ...core.fact import Fact, Instant
from ...core.ports import Caller
from ...core.registry import load_model
from ...core.subject import Subject
from ...core.timeline import Timeline
from ...ingest.codes import table
from ...ingest.fhir.chart import read_chart
from ...runtime.answers.body_shapes import BodyAlert, BodyShape, LiveRow
from ..alerts.view import view
from ..alerts.watch import AlertWatch
from ..answer import encoded, subject_of
from ..context import Service, caller_of, service_of
from ..fhir.shelf import latest
from ..openapi import documented
from ..problem import Missing

__all__ = ["router"]

router = APIRouter(prefix="/api/subjects", tags=["subjects"])
_KINDS = frozenset(
    {"Patient", "Condition", "MedicationRequest", "MedicationStatement", "Medication", "FamilyMemberHistory"}
)


@router.get("/{id}/body", **documented(BodyShape, problems=(404,)))
async def read_body(request: Request, id: Annotated[str, Path(min_length=1, max_length=200)]) -> Response:
    """A person's body, region by region: what was measured and how old it is, risks with their intervals, what twins
    follow, open alerts, and what to measure next.  Grey regions were not measured, which is not the same as well."""
    subject, service, caller = await subject_of(request, id), service_of(request), caller_of(request)
    if subject.kind != "person":
        raise Missing(f"no body of subject '{subject.id}': a body map is of a person, and it is a {subject.kind}")
    watch = next((part for part in request.app.state.parts if isinstance(part, AlertWatch)), None)
    alerts, watched = _told(watch, subject.id)
    return encoded(await asyncio.to_thread(_body, service, caller, subject, alerts, watched))


def _told(watch: AlertWatch | None, subject: str) -> tuple[list[tuple[str, BodyAlert]], frozenset[str]]:
    """A subject's open alerts with a code of what they are about, and the codes that some rule has limits for."""
    if watch is None:
        return [], frozenset()
    codes = {rule.name: rule.codes for rule in watch.rules.rule}
    found: list[tuple[str, BodyAlert]] = []
    for alert in watch.desk.book:
        if alert.subject == subject and alert.open and not alert.silent:
            own = view(alert)
            brief = BodyAlert(
                id=own.id, title=own.title, severity=own.severity, state=own.state, reason=own.reason,
                raised=own.raised, twin=own.twin,
            )  # fmt: skip
            found.append((next(iter(codes.get(alert.rule, ())), ""), brief))
    return found, frozenset(c for rule in watch.rules.rule if rule.kind == "reading" for c in rule.codes)


def _body(
    service: Service, caller: Caller, subject: Subject, alerts: list[tuple[str, BodyAlert]], watched: frozenset[str]
) -> BodyShape:
    from ...domains.health.healthmap import health_map
    from ...runtime.answers.body import Found, body
    from ...runtime.answers.health_record import record_of

    now = service.site.now()
    facts = [f for _, f in service.store.facts(subject.id, caller)]
    documents = latest(service.store.documents(subject.id, caller, kinds=_KINDS))
    bundle = {"resourceType": "Bundle", "entry": [{"resource": msgspec.Raw(d.body)} for d in documents]}
    chart = read_chart(msgspec.json.encode(bundle), subject.id, zone=subject.zone)
    live = _live(service, subject, facts, now)
    try:
        found = health_map(record_of(subject, facts, chart), at=now)
    except SupportError as error:
        return body(subject, Found(None, str(error), live, alerts, watched), now)
    return body(subject, Found(found, "", live, alerts, watched), now)


def _live(service: Service, subject: Subject, facts: list[Fact], now: Instant) -> list[LiveRow]:
    """The newest reading of all that the subject's twins follow."""
    from ...runtime.answers.body import Seen, live_row

    site, held = service.site, list(Timeline(subject, tuple(facts)))
    rows: list[LiveRow] = []
    for twin in site.twins(subject.id):
        try:
            standing = site.standing(twin)
        except GemelError:  # one that cannot be loaded any more must not hide the others
            continue
        name = standing.birth.model
        voice = site.status(name).standing
        rows += [
            live_row(
                Seen(twin, name, voice, standing.stale, q.name, q.code, table().title(q.code)), held, now, subject.zone
            )
            for q in load_model(name).observables if q.code
        ]  # fmt: skip
    return rows
