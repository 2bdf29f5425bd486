"""Search: the resources that match, page by page.

A search of a type about patients names a patient or an id; without one it would read the whole store, and is refused.
Patients are scanned in portions: a page may hold few or none and yet have a 'next' link.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple
from uuid import uuid4

import msgspec

from ...core.fact import Instant
from ...core.ports import Caller, Store
from ...core.writing import Document
from ...ingest.fhir.walking import fields
from ...runtime.holdings import known
from .kinds import ABOUT_NOBODY, TYPES
from .outcome import FhirError
from .query import Query
from .shelf import held, latest, shown

__all__ = ["Found", "bundle", "search"]

PORTION = 200
"""Patients that are looked at for one page of a search without a name of any."""


class Found(NamedTuple):
    """A page: shown resources with type and id, how many match in all (None: not counted), and the next page."""

    resources: list[tuple[str, str, bytes]]
    total: int | None
    following: str = ""


def search(store: Store, caller: Caller, query: Query, now: Instant, made: Iterable[bytes] = ()) -> Found:
    """The page that a query asks for; `made` are further resources of the type, made on the spot."""
    as_of = query.page[0] if query.page else now
    start = query.page[1] if query.page else 0
    if query.kind == "Patient" and not query.ids and not query.identifier:
        return _patients(store, caller, query, as_of, start)
    candidates = [(d.kind, d.id, shown(d)) for d in _candidates(store, caller, query, as_of)]
    candidates += [(query.kind, msgspec.json.decode(one)["id"], one) for one in made]
    hits = _matching(candidates, query)
    page = hits[start : start + query.count]
    more = start + query.count < len(hits) and not query.only_count
    following = f"{as_of}.{start + query.count}" if more else ""
    return Found([] if query.only_count else page, len(hits), following)


def _matching(candidates: Iterable[tuple[str, str, bytes]], query: Query) -> list[tuple[str, str, bytes]]:
    hits: list[tuple[Any, tuple[str, str, bytes]]] = []
    key = _order(query)
    for candidate in candidates:
        resource = msgspec.json.decode(candidate[2])
        if all(test(resource) for test in query.tests):
            hits.append((key(resource), candidate))
    if query.sort:
        hits.sort(key=lambda hit: hit[0], reverse=query.sort.startswith("-"))
    return [candidate for _, candidate in hits]


def _order(query: Query) -> Callable[[Any], str]:
    match query.sort.removeprefix("-"):
        case "_lastUpdated":
            return lambda resource: str(resource["meta"]["lastUpdated"])
        case "_id":
            return lambda resource: str(resource["id"])
        case "date":
            date = TYPES[query.kind].get("date")
            if date is None:
                raise FhirError(400, "not-supported", f"{query.kind} has no 'date' to sort by here")
            return lambda resource: next((_begin(resource[p]) for p in date.paths if p in resource), "")
        case _:
            return lambda _: ""


def _begin(value: Any) -> str:
    period = fields(value)
    return str(period.get("start") or period.get("end") or "") if period else str(value)


def _candidates(store: Store, caller: Caller, query: Query, as_of: Instant) -> list[Document]:
    kinds = frozenset({query.kind})
    if query.ids:
        found = [held(store, caller, query.kind, id)[1] for id in query.ids]
        return [d for versions in found for d in latest(v for v in versions if v.recorded <= as_of)]
    if query.identifier:
        return _identified(store, caller, query, as_of)
    if query.patients:
        return _of_patients(store, caller, query, as_of)
    if query.kind in ABOUT_NOBODY:
        return latest(store.documents("", caller, kinds=kinds, as_of=as_of))
    raise FhirError(400, "too-costly", f"name a patient or an _id to search {query.kind}: {query.kind}?patient=...")


def _of_patients(store: Store, caller: Caller, query: Query, as_of: Instant) -> list[Document]:
    kinds = frozenset({query.kind})
    found = dict.fromkeys(known(store, caller, patient) for patient in query.patients)
    return [d for p in found if p for d in latest(store.documents(p, caller, kinds=kinds, as_of=as_of))]


def _identified(store: Store, caller: Caller, query: Query, as_of: Instant) -> list[Document]:
    if query.kind == "Patient":
        id = known(store, caller, store.find(query.identifier, caller) or "")
    elif query.kind in ABOUT_NOBODY:
        _, pointers = store.document("gemel/identifier", f"{query.kind}|{query.identifier}", caller) or ("", [])
        id = pointers[-1].body.decode() if pointers else None
    elif query.patients:
        return _of_patients(store, caller, query, as_of)
    else:
        raise FhirError(400, "too-costly", f"name a patient too: {query.kind}?patient=...&identifier=...")
    if not id:
        return []
    return latest(d for d in held(store, caller, query.kind, id)[1] if d.recorded <= as_of)


def _patients(store: Store, caller: Caller, query: Query, as_of: Instant, start: int) -> Found:
    """Patients by what only their own resource says, a portion of the subjects at a time."""
    everybody = sorted(subject.id for subject in store.subjects(caller) if subject.kind == "person")
    kinds = frozenset({"Patient"})
    hits: list[tuple[str, str, bytes]] = []
    place = start
    for subject in everybody if query.only_count else everybody[start : start + PORTION]:
        place += 1
        found = latest(store.documents(subject, caller, kinds=kinds, as_of=as_of))
        hits += _matching([(d.kind, d.id, shown(d)) for d in found], query)
        if len(hits) >= query.count and not query.only_count:
            break
    ended = place >= len(everybody)
    total = len(hits) if ended and not start else None
    return Found([] if query.only_count else hits, total, "" if ended else f"{as_of}.{place}")


def bundle(found: Found, query: Query, base: str) -> bytes:
    """A page as a searchset; resources are put in as they are, without another pass through a codec."""
    links = [{"relation": "self", "url": f"{base}/{query.link(_page(query))}"}]
    if found.following:
        links.append({"relation": "next", "url": f"{base}/{query.link(found.following)}"})
    told: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "link": links}
    if found.total is not None:
        told["total"] = found.total
    entries = [
        {"fullUrl": f"{base}/{kind}/{id}", "resource": msgspec.Raw(body), "search": {"mode": "match"}}
        for kind, id, body in found.resources
    ]
    if query.ignored:
        text = f"not understood and left aside: {', '.join(query.ignored)}"
        issue = {"severity": "warning", "code": "not-supported", "diagnostics": text}
        aside = msgspec.Raw(msgspec.json.encode({"resourceType": "OperationOutcome", "issue": [issue]}))
        entries.append({"fullUrl": "urn:uuid:" + str(uuid4()), "resource": aside, "search": {"mode": "outcome"}})
    if entries:
        told["entry"] = entries
    return msgspec.json.encode(told)


def _page(query: Query) -> str:
    return f"{query.page[0]}.{query.page[1]}" if query.page else ""
