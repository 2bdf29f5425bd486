"""A call of a CDS service as it comes, checked: CDS Hooks 2.0, "Calling a CDS Service", and the hooks' own contexts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from ...core.errors import GemelError

__all__ = ["Authorization", "Context", "HookError", "HookRequest", "read_request", "resources"]


class HookError(GemelError):
    """A call that breaks the specification."""


class Authorization(msgspec.Struct, frozen=True):
    """The client's leave to read from its FHIR server."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105 - the word of the standard, no secret
    expires_in: int = 0
    scope: str = ""
    subject: str = ""


class Context(msgspec.Struct, frozen=True):
    """What every hook here has in its context, and what the order hooks add."""

    userId: str
    patientId: str
    encounterId: str = ""
    selections: tuple[str, ...] = ()
    draftOrders: dict[str, Any] = {}


class HookRequest(msgspec.Struct, frozen=True):
    """A call.  `prefetch` maps keys to resources; a key with null says that the client would not or could not fetch."""

    hook: str
    hookInstance: str
    context: Context
    fhirServer: str = ""
    fhirAuthorization: Authorization | None = None
    prefetch: dict[str, msgspec.Raw] = {}

    def fetched(self, key: str) -> bytes | None:
        """A prefetched resource as JSON; None where there is none."""
        content = bytes(self.prefetch.get(key, b""))
        return None if content in (b"", b"null") else content


def read_request(body: bytes, hook: str) -> HookRequest:
    """The call of a service for this hook.  Raises HookError with what is wrong."""
    try:
        asked = msgspec.json.decode(body, type=HookRequest)
        UUID(asked.hookInstance)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise HookError(f"this is no CDS Hooks request: {error}") from error
    if asked.hook != hook:
        raise HookError(f"this service is for hook '{hook}', not '{asked.hook}'")
    if asked.fhirAuthorization is not None and not asked.fhirServer:
        raise HookError("cds-r-1: a request with 'fhirAuthorization' names its 'fhirServer', too")
    if not asked.context.patientId:
        raise HookError("'context.patientId' is empty")
    if hook in ("order-select", "order-sign") and asked.context.draftOrders.get("resourceType") != "Bundle":
        raise HookError(f"hook '{hook}' needs a Bundle in 'context.draftOrders'")
    if hook == "order-select" and not asked.context.selections:
        raise HookError("hook 'order-select' needs 'context.selections'")
    return asked


def resources(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    """The resources of a bundle."""
    entries: list[Any] = bundle.get("entry") or []
    found: list[Any] = [entry.get("resource") for entry in entries if isinstance(entry, dict)]  # pyright: ignore
    return [one for one in found if isinstance(one, dict)]
