"""The web application: every router, what they share, and the parts that run beside it for as long as it does."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path

from fastapi import FastAPI
from starlette.types import ASGIApp

from .. import __version__
from ..core.ports import Caller
from ..runtime import Site
from ..runtime.merging import Merged
from .context import Service
from .enrolled import Enrolled
from .express import Express
from .hub import Hub
from .inbox import Inbox
from .limits import Bounded
from .observe import Instruments, instruments
from .observe_requests import Observed
from .observe_traces import opened
from .parts import running, wanted
from .problem import answer_problems
from .settings import Settings

__all__ = ["ROUTERS", "create_app", "front", "open_site"]

ROUTERS = (
    "gemel.server.api.system",
    "gemel.server.api.home",
    "gemel.server.api.bulk",
    "gemel.server.api.subjects",
    "gemel.server.api.models",
    "gemel.server.api.twins",
    "gemel.server.api.course",
    "gemel.server.api.report",
    "gemel.server.api.stream",
    "gemel.server.fhir.routes",
    "gemel.server.api.alerts",
    "gemel.server.api.quality",
    "gemel.server.cds.routes",
    "gemel.server.api.bodymap",
    "gemel.server.api.changes",
    "gemel.server.api.goals",
    "gemel.server.api.requests",
    "gemel.server.api.governance",
    "gemel.server.api.board",
    "gemel.server.api.screen",
)
"""Modules with a `router`; the first that knows a path answers."""

ABOUT = (
    "Digital twins in healthcare, kept current: records in, what the twin believes, what will happen, which plan is "
    "better. For research and development; not a medical device."
)
_log = logging.getLogger("gemel.server")


def open_site(settings: Settings) -> Site:
    """The site on the store that the settings name; a folder is made when absent, and holds 'gemel.db'."""
    caller = Caller(id="gemel-service", role="service")
    if "://" in settings.data:
        return Site.open(settings.data, caller=caller, name=settings.site)
    folder = Path(settings.data)
    folder.mkdir(parents=True, exist_ok=True)
    return Site.open(folder / "gemel.db", caller=caller, name=settings.site)


def create_app(
    settings: Settings,
    *,
    parts: Sequence[str] | None = None,
    site: Callable[[Settings], Site] = open_site,
    told: Instruments | None = None,
) -> FastAPI:
    """The application; its store is opened, and its parts started, when its lifespan begins.

    `parts` replaces those that the settings ask for.  `app.state.service` and `app.state.parts` are there while it
    lives.
    """
    made = told or instruments(opened(os.environ))
    names = wanted(settings) if parts is None else parts

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        with site(settings) as own:
            inbox = Inbox(own.store, settings.waiting, made, Merged.of(own.store, own.caller))
            service = Service(settings, own.store, own, inbox, Hub(), made)
            async with running(service, names) as started:
                app.state.service, app.state.parts, app.state.enrolled = service, started, Enrolled(own.store)
                _log.info("ready", extra={"parts": len(started)})
                yield
                service.stopping.set()
                await inbox.drain()
        _log.info("stopped")

    app = FastAPI(
        title="gemel", version=__version__, description=ABOUT, lifespan=lifespan, docs_url=None, redoc_url=None
    )  # FastAPI's own pages would fetch scripts from elsewhere
    answer_problems(app)
    for name in ROUTERS:
        app.include_router(import_module(name).router)
    app.state.settings, app.state.instruments = settings, made
    return app


def front(app: FastAPI) -> ASGIApp:
    """The application as it is served: bodies bounded, requests counted, the frequent ones not routed."""
    return Observed(Bounded(Express(app), app.state.settings.most_bytes), app.state.instruments)
