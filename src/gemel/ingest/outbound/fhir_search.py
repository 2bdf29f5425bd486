"""Searching a FHIR R4 server, page by page (https://hl7.org/fhir/R4/search.html, http.html#paging).

A page leads to the next by its link 'next', which is followed as it is given, on the same server only, and never twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlencode, urljoin

import msgspec

from gemel.core.clock import instant
from gemel.core.errors import IngestError
from gemel.core.fact import Instant

from ..fhir.envelope import Envelope, opened
from .web import Answer, Web

__all__ = ["FHIR_JSON", "Page", "found", "read", "searchable", "server_time"]

FHIR_JSON: Final = "application/fhir+json"
_ASIDE: Final = frozenset({"OperationOutcome"})


@dataclass(frozen=True, slots=True)
class Page:
    """Some of what was found.  `total`: how many match in all, as the server says on this page; None: it does not.

    `asked` is when the server answered, by its own clock; None: it does not say.
    """

    envelope: Envelope
    total: int | None
    asked: Instant | None


class _Link(msgspec.Struct, frozen=True):
    relation: str = ""
    url: str = ""


class _Head(msgspec.Struct, frozen=True):
    resourceType: str = ""
    total: int | None = None
    link: list[_Link] | None = None


_HEAD = msgspec.json.Decoder(_Head)


def found(web: Web, kind: str, parameters: Sequence[tuple[str, str]]) -> Iterator[Page]:
    """The pages of a search.  IngestError when the server refuses, leads in a circle or away, or tells no Bundle."""
    url, seen = f"{web.base}/{kind}?{urlencode(parameters)}", set[str]()
    while url:
        if url in seen:
            raise IngestError(f"{web.base}/{kind}: the pages lead in a circle after {len(seen)}")
        seen.add(url)
        answer = web.get(url, FHIR_JSON)
        head = _headed(answer, kind)
        envelope = opened(answer.body)
        envelope.resources = [r for r in envelope.resources if r.kind not in _ASIDE]
        yield Page(envelope, head.total, server_time(answer.headers))
        following = next((link.url for link in head.link or () if link.relation == "next"), "")
        url = urljoin(answer.url, following) if following else ""


def _headed(answer: Answer, kind: str) -> _Head:
    try:
        head = _HEAD.decode(answer.body)
    except msgspec.MsgspecError as error:
        raise IngestError(f"the answer to a search of {kind} is no FHIR JSON: {error}") from error
    if head.resourceType != "Bundle":
        raise IngestError(f"the answer to a search of {kind} is a Bundle, got '{head.resourceType[:40]}'")
    return head


def read(web: Web, kind: str, id: str) -> Envelope | None:
    """One resource; None where there is none, or no more."""
    answer = web.get(f"{web.base}/{kind}/{id}", FHIR_JSON, absent=True)
    return opened(answer.body) if answer.status < 300 else None


class _Resource(msgspec.Struct, frozen=True):
    type: str = ""


class _Rest(msgspec.Struct, frozen=True):
    mode: str = "server"
    resource: list[_Resource] | None = None


class _Capability(msgspec.Struct, frozen=True):
    rest: list[_Rest] | None = None


def searchable(web: Web) -> frozenset[str]:
    """The resource types that a server says it has (its CapabilityStatement); none where it does not say."""
    answer = web.get(f"{web.base}/metadata", FHIR_JSON, absent=True)
    try:
        told = msgspec.json.decode(answer.body, type=_Capability)
    except msgspec.MsgspecError:
        return frozenset()
    return frozenset(r.type for rest in told.rest or () if rest.mode == "server" for r in rest.resource or ())


def server_time(headers: Mapping[str, str]) -> Instant | None:
    """What the server's clock shows."""
    try:
        moment = parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return None
    return instant(moment.replace(tzinfo=moment.tzinfo or UTC))
