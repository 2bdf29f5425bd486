"""The small steps that many routes share: decode a body, find whom it is about, encode an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from ..core.errors import IngestError
from ..core.subject import Subject
from .context import caller_of, service_of
from .problem import Missing

__all__ = ["decoded", "encoded", "subject_of"]

T = TypeVar("T")


async def decoded(request: Request, kind: type[T]) -> T:
    """The JSON body as this type; IngestError says what is wrong and where."""
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise IngestError(f"the body is not what is expected: {error}") from error


def encoded(answer: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer as JSON."""
    return Response(msgspec.json.encode(answer), status, dict(headers or {}), "application/json")


async def subject_of(request: Request, subject: str) -> Subject:
    """The subject that a path names; Missing (404) when there is none."""
    found = await asyncio.to_thread(service_of(request).store.subject, subject, caller_of(request))
    if found is None:
        raise Missing(f"no subject '{subject}' here: enrol it with POST /api/subjects")
    return found
