"""Answers to GET: a resource, a version, a history, a page of a search, everything about a patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from ...core.clock import instant
from ...core.errors import TimelineError
from ...core.fact import Instant
from ...core.ports import Caller
from ...core.writing import Document
from ...runtime.holdings import known
from ..context import Service
from .forecasts import told_forecasts
from .kinds import TYPES
from .outcome import FhirError
from .query import MOST, read_query
from .searching import bundle, search
from .shelf import current, held, latest, moment, shown

__all__ = ["everything", "found", "history", "instance", "version"]


def instance(service: Service, caller: Caller, kind: str, id: str) -> Document:
    """The version of a resource that holds, a forecast's included."""
    made = told_forecasts(service, caller, kind, [id.rpartition(".")[0]]) if "." in id else []
    for document in made:
        if document.id == id:
            return document
    return current(service.store, caller, kind, id)


def version(service: Service, caller: Caller, kind: str, id: str, number: str) -> Document:
    """One version.  FhirError 404 when there is none of this number, 410 when it is a deletion."""
    _, versions = held(service.store, caller, kind, id)
    one = next((d for d in versions if str(d.version) == number), None)
    if one is None:
        raise FhirError(404, "not-found", f"there is no version {number[:20]} of {kind}/{id} here")
    if one.deleted:
        raise FhirError(410, "deleted", f"version {number} of {kind}/{id} is its deletion")
    return one


def found(
    service: Service, caller: Caller, kind: str, given: Sequence[tuple[str, str]], base: str, *, strict: bool
) -> bytes:
    """The page of a search."""
    query = read_query(kind, given, strict=strict, zone=service.settings.zone)
    subjects = query.patients or [id.rpartition(".")[0] for id in query.ids if "." in id]
    made = [shown(d) for d in told_forecasts(service, caller, kind, subjects)]
    return bundle(search(service.store, caller, query, service.site.now(), made), query, base)


def history(
    service: Service, caller: Caller, kind: str, id: str, given: Mapping[str, str], base: str
) -> dict[str, Any]:
    """The versions of one resource, or of a type within a patient, newest first."""
    count, since = _count(given), _since(given)
    if id:
        versions = held(service.store, caller, kind, id)[1]
        if not versions:
            raise FhirError(404, "not-found", f"there is no {kind}/{id} here")
    else:
        patient = given.get("patient", given.get("subject", "")).rpartition("/")[2]
        patient = known(service.store, caller, patient)
        if not patient:
            raise FhirError(400, "too-costly", f"name a patient who is known here: {kind}/_history?patient=...")
        versions = service.store.documents(patient, caller, kinds=frozenset({kind}))
    wanted = [d for d in reversed(versions) if d.recorded >= since]
    return {
        "resourceType": "Bundle",
        "type": "history",
        "total": len(wanted),
        "link": [{"relation": "self", "url": f"{base}/{kind}/{id}/_history" if id else f"{base}/{kind}/_history"}],
        "entry": [_past(d, base) for d in wanted[:count]],
    }


def _past(document: Document, base: str) -> dict[str, Any]:
    name = f"{document.kind}/{document.id}"
    method = "DELETE" if document.deleted else "POST" if document.version == 1 else "PUT"
    status = {"DELETE": "204 No Content", "POST": "201 Created", "PUT": "200 OK"}[method]
    told: dict[str, Any] = {
        "fullUrl": f"{base}/{name}",
        "request": {"method": method, "url": document.kind if method == "POST" else name},
        "response": {
            "status": status, "etag": f'W/"{document.version}"', "lastModified": moment(document.recorded),
        },
    }  # fmt: skip
    return told if document.deleted else told | {"resource": msgspec.Raw(shown(document))}


def everything(service: Service, caller: Caller, id: str, given: Mapping[str, str], base: str) -> dict[str, Any]:
    """All that is kept about one patient, and nothing about anybody else."""
    current(service.store, caller, "Patient", id)
    kinds = frozenset(given["_type"].split(",")).intersection(TYPES) if "_type" in given else None
    now = service.site.now()
    as_of, start = _page(given.get("_page"), now)
    since, count = _since(given), _count(given)
    subject = known(service.store, caller, id)
    documents = service.store.documents(subject, caller, kinds=kinds, as_of=as_of)
    own = [d for d in latest(documents) if "/" not in d.kind and d.recorded >= since]
    own.sort(key=lambda d: d.kind != "Patient")
    links = [{"relation": "self", "url": f"{base}/Patient/{id}/$everything"}]
    if start + count < len(own):
        asked = "".join(f"&{name}={given[name]}" for name in ("_type", "_since", "_count") if name in given)
        links.append(
            {"relation": "next", "url": f"{base}/Patient/{id}/$everything?_page={as_of}.{start + count}{asked}"}
        )
    entries = [
        {"fullUrl": f"{base}/{d.kind}/{d.id}", "resource": msgspec.Raw(shown(d)), "search": {"mode": "match"}}
        for d in own[start : start + count]
    ]
    return {"resourceType": "Bundle", "type": "searchset", "total": len(own), "link": links, "entry": entries}


def _page(text: str | None, now: Instant) -> tuple[Instant, int]:
    at, _, place = (text or f"{now}.0").partition(".")
    if not (at.isdigit() and place.isdigit()):
        raise FhirError(400, "invalid", "_page comes from the 'next' link of a page: follow that")
    return int(at), int(place)


def _count(given: Mapping[str, str]) -> int:
    text = given.get("_count", str(MOST))
    if not text.isdigit():
        raise FhirError(400, "invalid", f"_count is a whole number from 0, got '{text[:40]}'")
    return min(int(text), MOST)


def _since(given: Mapping[str, str]) -> Instant:
    text = given.get("_since")
    if text is None:
        return -(2**63)
    try:
        return instant(text.replace(" ", "+"), tz="UTC")
    except TimelineError as error:
        raise FhirError(400, "invalid", f"_since: {error}") from error
