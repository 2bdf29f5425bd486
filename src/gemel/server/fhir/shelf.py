"""Finding what is kept: the versions of a resource by type and id, and how a version is shown."""

from __future__ import annotations

from collections.abc import Iterable
from email.utils import formatdate
from functools import lru_cache

import msgspec

from ...core.clock import text
from ...core.fact import Instant
from ...core.ports import Caller, Store
from ...core.writing import Document
from ...ingest.fhir.addressing import ID
from ...runtime.holdings import known
from .outcome import FhirError

__all__ = ["ID", "current", "headers", "held", "latest", "moment", "shown", "subject_named"]

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_RAW = msgspec.json.Encoder()


def subject_named(kind: str, id: str) -> str:
    """The subject that an id of ours leads to; '' where it leads to none."""
    return id if kind == "Patient" else id.rpartition(".")[0]


def held(store: Store, caller: Caller, kind: str, id: str) -> tuple[str, list[Document]]:
    """The subject and the versions of a resource, oldest first; ('', []) when there never was one."""
    subject = known(store, caller, subject_named(kind, id))
    if subject:
        found = [d for d in store.documents(subject, caller, kinds=frozenset({kind})) if d.id == id]
        if found:
            return subject, found
    return store.document(kind, id, caller) or ("", [])


def current(store: Store, caller: Caller, kind: str, id: str) -> Document:
    """The version that holds.  FhirError 404 when there never was one, 410 when it was deleted."""
    _, versions = held(store, caller, kind, id)
    if not versions:
        raise FhirError(404, "not-found", f"there is no {kind}/{id} here")
    if versions[-1].deleted:
        raise FhirError(410, "deleted", f"{kind}/{id} was deleted (version {versions[-1].version})")
    return versions[-1]


def latest(documents: Iterable[Document]) -> list[Document]:
    """The last version of each, in order of first arrival, without the deleted."""
    last: dict[tuple[str, str], Document] = {}
    for document in documents:
        last[document.kind, document.id] = document
    return [document for document in last.values() if not document.deleted]


def shown(document: Document) -> bytes:
    """The resource as it is told: with the version and time of this place in its meta."""
    parts = _OBJECT.decode(document.body)
    meta = _meta(parts.get("meta"))
    told = {"versionId": str(document.version), "lastUpdated": moment(document.recorded)}
    first = {
        "resourceType": document.kind,
        "id": document.id,
        "meta": told | {k: meta[k] for k in meta if k not in told},
    }
    return _RAW.encode(first | {key: parts[key] for key in parts if key not in first})


def _meta(given: msgspec.Raw | None) -> dict[str, msgspec.Raw]:
    try:
        return {} if given is None else _OBJECT.decode(given)
    except msgspec.ValidationError:
        return {}  # what is no object says nothing


def headers(document: Document) -> dict[str, str]:
    """ETag and Last-Modified of a version."""
    return {
        "ETag": f'W/"{document.version}"',
        "Last-Modified": formatdate(document.recorded / 1e6, usegmt=True),
    }


@lru_cache(maxsize=1024)
def moment(at: Instant) -> str:
    """An instant as FHIR writes it: milliseconds, UTC."""
    return f"{text(at)[:19]}.{at // 1000 % 1000:03d}Z"
