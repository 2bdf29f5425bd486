"""Every request counted, timed and, where asked for, traced and logged; without a word of what it was about."""

from __future__ import annotations

import logging
from time import perf_counter
from typing import final

from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .observe import Instruments

__all__ = ["Observed"]

_log = logging.getLogger("gemel.requests")


@final
class Observed:
    """An ASGI app that watches another; paths are told as their route's pattern, never as they came."""

    def __init__(self, app: ASGIApp, instruments: Instruments) -> None:
        self._app, self._instruments = app, instruments
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on, and note what came back."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        if self._instruments.open_span is None:
            return await self._timed(scope, receive, send)
        with self._instruments.span("request", **{"http.request.method": str(scope["method"])}) as span:
            await self._timed(scope, receive, send)
            span.set_attribute("http.route", route_of(scope))

    async def _timed(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun, status = perf_counter(), 500

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            route, spent = route_of(scope), perf_counter() - begun
            count, duration = self._of(scope["method"], route, status)
            count.inc()
            duration.observe(spent)
            if _log.isEnabledFor(logging.DEBUG):
                told = {"method": scope["method"], "route": route, "status": status, "ms": round(1000 * spent, 3)}
                _log.debug("request", extra=told)

    def _of(self, method: str, route: str, status: int) -> tuple[Counter, Histogram]:
        """The metrics of a kind of request."""
        known = self._known.get((method, route, status))
        if known is None:
            told = self._instruments
            known = told.requests.labels(method, route, str(status)), told.durations.labels(route)
            self._known[method, route, status] = known
        return known


def route_of(scope: Scope) -> str:
    """The pattern of the route that a request took."""
    return getattr(scope.get("route"), "path", "unmatched")
