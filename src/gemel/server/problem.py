"""Errors as the web tells them: `application/problem+json` (RFC 9457), with the message of the GemelError as detail.

    404 Missing    409 Conflict, StaleError, CollapseError    413 TooLarge    429 Busy (with Retry-After)
    501 MissingExtraError    503 StoreError    422 every other GemelError: what was asked cannot be done as asked

Anything else is a fault of ours: 500, without a word of what it was; the log has it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from http import HTTPStatus
from math import ceil
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ..core.errors import CollapseError, GemelError, MissingExtraError, StaleError, StoreError
from .inbox import Busy

__all__ = ["Conflict", "Missing", "Problem", "TooLarge", "answer_problems", "fault", "problem", "problem_of"]

MEDIA_TYPE = "application/problem+json"


class Missing(GemelError):
    """There is no such subject, twin or model."""


class Conflict(GemelError):
    """What was asked for contradicts what is there."""


class TooLarge(GemelError):
    """A request body is larger than this service takes."""


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem as told; `errors` names the parts of the request that are wrong."""

    title: str
    status: int
    detail: str = ""
    type: str = "about:blank"
    errors: list[dict[str, Any]] = []


STATUS: tuple[tuple[type[GemelError], int], ...] = (
    (Busy, 429),
    (Missing, 404),
    (Conflict, 409),
    (TooLarge, 413),
    (StaleError, 409),
    (CollapseError, 409),
    (MissingExtraError, 501),
    (StoreError, 503),
    (GemelError, 422),
)
"""The first that fits holds."""


def status_of(error: GemelError) -> int:
    """The status that an error is answered with."""
    return next(status for kind, status in STATUS if isinstance(error, kind))


def problem(
    status: int, detail: str, *, errors: list[dict[str, Any]] | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """A problem as a response."""
    told = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=errors or [])
    return Response(msgspec.json.encode(told), status, dict(headers or {}), MEDIA_TYPE)


def problem_of(error: GemelError) -> Response:
    """An error as a response."""
    if isinstance(error, Busy):
        return problem(429, str(error), headers={"Retry-After": str(ceil(error.after_s))})
    return problem(status_of(error), str(error))


def fault(error: Exception, path: str) -> Response:
    """A fault of ours: logged, and told without a word of what it was."""
    logging.getLogger("gemel.server").error("fault", exc_info=error, extra={"path": path})
    return problem(500, "the service failed at this request; its log says why")


def answer_problems(app: FastAPI) -> None:
    """Make an app answer every error so."""
    app.add_exception_handler(GemelError, _gemel)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _fault)


async def _gemel(request: Request, error: Exception) -> Response:
    assert isinstance(error, GemelError)  # it is registered for these
    return problem_of(error)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    wrong = [{"at": ".".join(map(str, e["loc"])), "reason": str(e["msg"])} for e in error.errors()]
    return problem(422, "; ".join(f"{e['at']}: {e['reason']}" for e in wrong), errors=wrong)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED and (known := _methods(request)):
        headers["Allow"] = ", ".join(known)
    return problem(error.status_code, str(error.detail), headers=headers)


def _methods(request: Request) -> list[str]:
    """Every method that the path is described for: a router names those of one of its routes only."""
    found: set[str] = set()
    for template, methods in request.app.openapi()["paths"].items():
        pattern = "".join("[^/]+" if part[:1] == "{" else re.escape(part) for part in re.split(r"(\{\w+\})", template))
        if re.fullmatch(pattern, request.url.path):
            found |= {method.upper() for method in methods}
    return sorted(found)


async def _fault(request: Request, error: Exception) -> Response:
    return fault(error, request.url.path)
