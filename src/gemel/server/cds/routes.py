"""`/cds-services`: discovery, calls and feedback.  Addresses, bodies and codes are those of CDS Hooks 2.0."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path as File
from typing import Annotated, Any, final

import msgspec
from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from ...core.errors import GemelError
from ...core.registry import load_model
from ..alerts.rules import read_rules
from ..answer import encoded
from ..context import Health, Service, caller_of, service_of
from ..openapi import documented
from ..problem import Missing, problem, problem_of
from . import outlook, whatif
from .asked import HookError, HookRequest, read_request
from .cards import Card, Cards
from .feedback import Feedback, kept, read_feedback, remembered
from .fetching import fetched
from .present import Missed, Present, present
from .services import FORECAST, SERVICES, Discovery, service_for
from .trust import Gate, Untrusted, read_settings

__all__ = ["CdsDesk", "router"]

router = APIRouter(prefix="/cds-services", tags=["CDS Hooks"])
_log = logging.getLogger("gemel.server.cds")
Id = Annotated[str, Path(min_length=1, max_length=100)]
_CALL = documented(Cards, body={"application/json": HookRequest}, problems=(400, 401, 404, 412))
_TELL = documented(dict[str, int], body={"application/json": dict[str, tuple[Feedback, ...]]}, problems=(400, 401, 404))


@final
class CdsDesk:
    """Who may call, and by which rules a card is urgent."""

    name = "cds"

    def __init__(self, service: Service) -> None:
        path = service.settings.alerts
        self.settings = read_settings(service.settings.cds)
        self.rules = read_rules(None if path is None else File(path))
        self.gate = Gate(self.settings)
        self._service = service

    async def start(self) -> None:
        """Say whom it answers."""
        if self.gate.open:
            _log.warning("CDS Hooks answers everybody who reaches the port: no client list was given")

    async def stop(self) -> None:
        """Nothing is left to do."""

    def health(self) -> Health:
        """It answers."""
        return Health(fine=True, detail="open to all" if self.gate.open else f"{len(self.settings.client)} clients")

    def admit(self, request: Request) -> str:
        """The client that calls.  Raises Untrusted."""
        address = (self.settings.base or str(request.base_url).rstrip("/")) + request.url.path
        return self.gate.admit(request.headers.get("authorization", ""), address, self._service.site.now())

    def cards(self, id: str, asked: HookRequest, base: str) -> tuple[str, tuple[Card, ...]]:
        """The cards of a call and the subject they are kept with ("": nobody known here).  Runs models."""
        site = self._service.site
        here = present(site, asked, model=self.settings.model, members=self.settings.members)
        if here is None:
            return "", ()
        subject = here.twin.subject.id if here.lives else ""
        if id == FORECAST:
            return subject, (outlook.card_of(site, here, self.rules, base),)
        return subject, self._whatif(here, asked, base)

    def _whatif(self, here: Present, asked: HookRequest, base: str) -> tuple[Card, ...]:
        model, site = load_model(here.model), self._service.site
        if model.card.causal == "association":
            return ()
        wanted = whatif.drafts(asked, model.inputs, max(site.now(), here.twin.now))
        return tuple(whatif.card_of(site, here, draft, self.rules, base) for draft in wanted)


@router.get("", **documented(Discovery, problems=(401,)))
async def discover(request: Request) -> Response:
    """The services there are."""
    try:
        _desk(request).admit(request)
    except Untrusted as error:
        return _refused(error)
    return encoded(SERVICES)


@router.post("/{id}", **_CALL)
async def call(request: Request, id: Id) -> Response:
    """Cards for what the clinician is looking at or about to order; none where there is nothing to say."""
    desk, service = _desk(request), service_of(request)
    try:
        client = desk.admit(request)
        asked = _asked(id, await request.body())
        asked = await fetched(asked, SERVICES.services[0].prefetch, desk.settings.fhir_servers)
        base = desk.settings.base or str(request.base_url).rstrip("/")
        subject, cards = await asyncio.to_thread(desk.cards, id, asked, base)
    except (Untrusted, HookError, Missed) as error:
        return _refused(error)
    made = remembered(cards, asked, subject, client, service.site.now())
    if made:
        await service.inbox.put(made, caller_of(request))
    return encoded(Cards(cards=cards))


@router.post("/{id}/feedback", **_TELL)
async def tell(request: Request, id: Id) -> Response:
    """What became of cards; durable when answered."""
    desk, service, caller = _desk(request), service_of(request), caller_of(request)
    try:
        client = desk.admit(request)
        if not any(one.id == id for one in SERVICES.services):
            raise Missing(f"no service '{id}': see /cds-services")
        told = read_feedback(await request.body())
    except (Untrusted, HookError) as error:
        return _refused(error)
    async with service.turns.of([one.card for one in told]):
        made = await asyncio.to_thread(kept, service.store, told, client, service.site.now(), caller)
        if made:
            await service.inbox.put(made, caller)
    return encoded({"kept": len(made)})


def _asked(id: str, body: bytes) -> HookRequest:
    """The call, checked.  Raises HookError, and Missing for a service that is not there."""
    try:
        hook = msgspec.json.decode(body, type=dict[str, Any]).get("hook", "")
    except (msgspec.MsgspecError, RecursionError) as error:
        raise HookError(f"the body is no JSON object: {error}") from error
    found = service_for(id, hook if isinstance(hook, str) else "")
    if found is None:
        raise Missing(f"no service '{id}': see /cds-services")
    return read_request(body, found.hook)


def _desk(request: Request) -> CdsDesk:
    for part in request.app.state.parts:
        if isinstance(part, CdsDesk):
            return part
    raise Missing("this service was started without its part 'cds'")


def _refused(error: GemelError) -> Response:
    match error:
        case Untrusted():
            return problem(401, str(error), headers={"WWW-Authenticate": "Bearer"})
        case HookError():
            return problem(400, str(error))
        case Missed():
            return problem(412, str(error))
        case _:
            return problem_of(error)
