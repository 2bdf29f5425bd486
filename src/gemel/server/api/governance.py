"""`/api/governance/models`: the registry for those who answer for it: standing, evidence, drift, what is stated."""

from __future__ import annotations

import asyncio

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from ...core.clock import text
from ...core.errors import GemelError
from ...core.ledger import Switch
from ...core.registry import available
from ...runtime import Site
from ...runtime.answers import cards
from ...runtime.ledger.record import TrackRecord
from ...runtime.ledger.switchboard import Status
from ..answer import encoded
from ..context import service_of
from ..openapi import documented
from ..problem import Missing

__all__ = ["router"]

router = APIRouter(prefix="/api/governance", tags=["governance"])


class StatedRow(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a framework's form a card answers."""

    form: str
    title: str
    stated: int
    of: int


class GovernedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A registered model: its standing here, validated figures, forms, twins, and twins whose drift alarm rings.
    `problem` says why one cannot be loaded; then the rest is empty."""

    name: str
    kind: str
    title: str
    version: str
    problem: str | None
    standing: Status | None
    figures: int
    forms: list[StatedRow]
    twins: int
    drifting: int


class Governed(msgspec.Struct, frozen=True, kw_only=True):
    """Every registered model, as it stands at this site."""

    site: str
    models: list[GovernedRow]


class SwitchRow(msgspec.Struct, frozen=True, kw_only=True):
    """A change on record: of standing, of champion, of a drift alarm (then of `twin`)."""

    at: str
    event: str
    before: str
    after: str
    why: str
    by: str
    version: str
    plan: str
    twin: str


class WatchedTwin(msgspec.Struct, frozen=True, kw_only=True):
    """A twin of the model: its record by observable and horizon, and what its drift alarm hears, by observable."""

    twin: str
    subject: str
    stale: str
    drift: dict[str, str]
    record: list[TrackRecord]


class GovernedModel(msgspec.Struct, frozen=True, kw_only=True):
    """How one model fares here: its standing, every change on record (newest first), its first twins of `total`."""

    model: str
    standing: Status
    switches: list[SwitchRow]
    total: int
    twins: list[WatchedTwin]


MOST = 50
"""Twins whose records are told."""


@router.get("/models", **documented(Governed))
async def read_registry(request: Request) -> Response:
    """Every registered model: standing here and why, evidence, forms stated, twins and drift alarms."""
    return encoded(await asyncio.to_thread(_registry, service_of(request).site))


@router.get("/models/{model}", **documented(GovernedModel, problems=(404,)))
async def read_governed(request: Request, model: str) -> Response:
    """How one model fares here: standing, changes on record, and its twins with their records and drift alarms."""
    if model not in available("models"):
        raise Missing(f"no model '{model}': there are {', '.join(sorted(available('models')))}")
    return encoded(await asyncio.to_thread(_governed, service_of(request).site, model))


def _registry(site: Site) -> Governed:
    twins = _by_model(site)
    return Governed(site=site.name, models=[_row(site, row.name, twins) for row in cards.models().models])


def _by_model(site: Site) -> dict[str, list[str]]:
    """Twins by model, as last saved."""
    found: dict[str, list[str]] = {}
    for twin in sorted(site.twins()):
        saved = site.store.latest(twin, site.caller)
        if saved is not None:
            found.setdefault(saved.model, []).append(twin)
    return found


def _row(site: Site, name: str, twins: dict[str, list[str]]) -> GovernedRow:
    own = twins.get(name, [])
    try:
        card = cards.card(name)
    except GemelError as error:
        return GovernedRow(
            name=name, kind="", title="", version="", problem=str(error), standing=None, figures=0, forms=[],
            twins=len(own), drifting=0,
        )  # fmt: skip
    forms = [
        StatedRow(form=key, title=form.title, stated=form.stated, of=len(form.items))
        for key, form in card.frameworks.items()
    ]  # fmt: skip
    return GovernedRow(
        name=name, kind=card.kind, title=card.title, version=card.version, problem=None, standing=site.status(name),
        figures=len(card.validated), forms=forms, twins=len(own), drifting=sum(bool(site.alarms(t)) for t in own),
    )  # fmt: skip


def _governed(site: Site, model: str) -> GovernedModel:
    twins = _by_model(site).get(model, [])
    changes = [s for s in site.store.switches(site.caller) if s.site == site.name and s.model == model]
    return GovernedModel(
        model=model, standing=site.status(model), switches=[_switch(s) for s in reversed(changes)], total=len(twins),
        twins=[_watched(site, twin) for twin in twins[:MOST]],
    )  # fmt: skip


def _switch(s: Switch) -> SwitchRow:
    return SwitchRow(
        at=text(s.at), event=s.event, before=s.before, after=s.after, why=s.why, by=s.by, version=s.version,
        plan=s.plan, twin=s.twin,
    )  # fmt: skip


def _watched(site: Site, twin: str) -> WatchedTwin:
    saved = site.store.latest(twin, site.caller)
    return WatchedTwin(
        twin=twin, subject="" if saved is None else saved.subject, stale=site.stale(twin),
        drift=site.alarms(twin), record=site.record(twin),
    )  # fmt: skip
