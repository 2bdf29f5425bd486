"""Requests that come by the thousand skip the router: it costs more than what they ask for.

Their routes stand in the router as well, which describes them and answers whatever is not taken here.
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..core.errors import GemelError
from .problem import fault, problem_of
from .receive import receive_for

__all__ = ["Express"]


@dataclass(frozen=True, slots=True)
class Known:
    """A route as those who count requests know it."""

    path: str


BULK = Known("/api/bulk/observations")
SUBJECT = Known("/api/subjects/{subject}/observations")
_BEFORE, _, _AFTER = SUBJECT.path.partition("{subject}")


@final
class Express:
    """An ASGI app in front of the router: it takes what it knows and hands on the rest."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand on."""
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].endswith(_AFTER):
            return await self._app(scope, receive, send)
        path: str = scope["path"]
        if path == BULK.path:
            scope["route"], subject = BULK, ""
        elif path.startswith(_BEFORE) and "/" not in (subject := path[len(_BEFORE) : -len(_AFTER)]) and subject:
            scope["route"] = SUBJECT
        else:
            return await self._app(scope, receive, send)
        scope["app"] = self._app
        response = await _answered(receive_for(Request(scope, receive), subject), path)
        await response(scope, receive, send)


async def _answered(work: Awaitable[Response], path: str) -> Response:
    try:
        return await work
    except GemelError as error:
        return problem_of(error)
    except Exception as error:
        return fault(error, path)
