"""What was not prefetched, fetched from the client's FHIR server with the leave that it sent.

Only from servers that the settings name: a caller cannot make this service call an address of its choice.  A server
that does not answer in time leaves the call as it came; the service then says 412 if it has nothing to work with.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from ...core.extra import require
from .asked import HookRequest

__all__ = ["fetched"]

PATIENCE: Final = 0.4
"""Seconds for all of it: the whole answer should take half a second."""
_log = logging.getLogger("gemel.server.cds")


async def fetched(asked: HookRequest, templates: Mapping[str, str], servers: Sequence[str]) -> HookRequest:
    """The call with what was missing, as far as it may and can be fetched."""
    missing = {key: template for key, template in templates.items() if asked.fetched(key) is None}
    base = asked.fhirServer.rstrip("/")
    if not missing or base not in {server.rstrip("/") for server in servers}:
        return asked
    httpx = require("httpx", "serve")
    leave = asked.fhirAuthorization
    headers = {"Accept": "application/fhir+json"}
    if leave is not None:
        headers["Authorization"] = f"Bearer {leave.access_token}"
    try:
        async with asyncio.timeout(PATIENCE), httpx.AsyncClient(headers=headers, follow_redirects=False) as client:
            patient = asked.context.patientId
            paths = [f"{base}/{t.replace('{{context.patientId}}', patient)}" for t in missing.values()]
            found = await asyncio.gather(*(_get(client, path) for path in paths))
    except (TimeoutError, httpx.HTTPError) as error:
        _log.warning("the client's FHIR server did not answer", extra={"server": base, "reason": type(error).__name__})
        return asked
    more = {key: msgspec.Raw(body) for key, body in zip(missing, found, strict=True) if body is not None}
    return msgspec.structs.replace(asked, prefetch={**asked.prefetch, **more})


async def _get(client: Any, path: str) -> bytes | None:
    """A resource, or a page of a search; None where there is none."""
    answer = await client.get(path)
    return answer.content if answer.status_code == 200 else None
