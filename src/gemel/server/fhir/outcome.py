"""What FHIR clients are told when something cannot be done: an OperationOutcome with the right status.

The issue codes are those of the R4 value set issue-type.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

import msgspec
from starlette.responses import Response

from ...core.errors import GemelError, StoreError
from ..inbox import Busy
from ..problem import TooLarge

__all__ = ["MEDIA_TYPE", "FhirError", "answer", "outcome", "refused"]

MEDIA_TYPE = "application/fhir+json; fhirVersion=4.0"


class FhirError(GemelError):
    """What a FHIR client asked cannot be done; `code` is of issue-type."""

    def __init__(self, status: int, code: str, diagnostics: str, *, at: str = "") -> None:
        super().__init__(diagnostics)
        self.status, self.code, self.at = status, code, at


def outcome(issues: Sequence[tuple[str, str, str]]) -> dict[str, Any]:
    """An OperationOutcome of (severity, code, diagnostics)."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": s, "code": c, "diagnostics": d} for s, c, d in issues],
    }


def refused(error: GemelError) -> Response:
    """An error as the answer to a FHIR request."""
    headers: dict[str, str] = {}
    match error:
        case FhirError():
            status, code = error.status, error.code
        case Busy():
            status, code = 429, "throttled"
            headers["Retry-After"] = str(ceil(error.after_s))
        case TooLarge():
            status, code = 413, "too-long"
        case StoreError():
            status, code = 503, "transient"
        case _:
            status, code = 422, "processing"
    told = outcome([("error", code, str(error))])
    if isinstance(error, FhirError) and error.at:
        told["issue"][0]["expression"] = [error.at]
    return answer(told, status, headers)


def answer(resource: dict[str, Any] | bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A resource as a response."""
    body = resource if isinstance(resource, bytes) else msgspec.json.encode(resource)
    return Response(body, status, dict(headers or {}), MEDIA_TYPE)
