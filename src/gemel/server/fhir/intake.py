"""Taking resources in: which are new, which replace what is held, which say nothing new, and what becomes of facts.

A resource equal to the version held is not written again.  One that replaces a version withdraws the facts that it no
longer gives; a deleted one withdraws all.  What replaces was learnt now, whatever time it states.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import final

import msgspec

from ...core.fact import Fact, Instant, Rejected, Status
from ...core.ports import Caller, Store
from ...core.writing import Document, Write
from ...ingest.feed import Feed
from ...ingest.fhir.entered import Entered, Place, facts_of, writes
from ...ingest.fhir.envelope import Action
from ...ingest.fhir.kinds import decoded
from ...ingest.fhir.types import Concept
from ...runtime.holdings import Holdings
from .outcome import FhirError
from .shelf import held

__all__ = ["Medications", "Removal", "Result", "Taken", "removal", "taken"]

_VERSION = re.compile(r'(?:W/)?"(\d+)"')


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one entry: `status` as of HTTP, the version that holds now (None where nothing was there to
    delete), and what of it could not be read."""

    number: int
    status: int
    document: Document | None
    rejected: tuple[Rejected, ...] = ()


@dataclass(slots=True)
class Taken:
    """What there is to write, and what each entry will be told once it is durable."""

    writes: list[Write]
    results: list[Result]


@final
class Medications(Mapping[str, Concept]):
    """What the medications kept here are, by 'Medication/id'; looked up when asked for."""

    def __init__(self, store: Store, caller: Caller) -> None:
        self._store, self._caller = store, caller

    def __getitem__(self, name: str) -> Concept:
        kind, _, id = name.partition("/")
        found = self._store.document(kind, id, self._caller) if kind == "Medication" and id else None
        code = None if found is None or found[1][-1].deleted else decoded(kind, found[1][-1].body).code
        if code is None:
            raise KeyError(name)
        return code

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


@dataclass(frozen=True, slots=True)
class Removal:
    """A resource to delete."""

    number: int
    kind: str
    id: str
    if_match: str | None = None


def taken(
    entries: Sequence[tuple[Entered, Action]], removals: Sequence[Removal], place: Place, store: Store, caller: Caller
) -> Taken:
    """What to write for these resources.  FhirError for an entry that cannot be taken: then none is."""
    holdings = Holdings(store, caller)
    enrolled = {one.subject for one, _ in entries if one.enrol is not None}
    results: list[Result] = []
    changed: list[Entered] = []
    for removed in removals:
        one = removal(removed, place, store, caller)
        results.append(Result(removed.number, 204, one.document if one is not None else None))
        if one is not None:
            changed.append(one)
    for one, action in entries:
        _check_known(one, holdings, enrolled)
        result = _result(one, action, _versions(one, holdings), place)
        results.append(result)
        if result.status != 304:
            changed.append(one)
    _check_once(changed)
    return Taken(writes(changed), [_told(result) for result in results])


def _versions(one: Entered, holdings: Holdings) -> list[Document]:
    """Those of this resource; FhirError when they are about somebody else."""
    owner, versions = holdings.versions(one.subject, one.document)
    own = holdings.owner(one.subject) if one.subject else ""
    if versions and owner != own and not versions[-1].deleted:
        name = f"{one.document.kind}/{one.document.id}"
        raise FhirError(422, "business-rule", f"{name} is about another patient here: give it a new id")
    return versions


def _check_known(one: Entered, holdings: Holdings, enrolled: set[str]) -> None:
    if one.subject and one.subject not in enrolled and not holdings.owner(one.subject):
        raise FhirError(422, "not-found", f"there is no Patient/{one.subject} here: send the Patient first")
    survivor = one.enrol.merged_into if one.enrol is not None else ""
    if survivor and survivor not in enrolled and not holdings.owner(survivor):
        raise FhirError(422, "not-found", f"there is no Patient/{survivor} here that could replace: send it first")


def _result(one: Entered, action: Action, versions: Sequence[Document], place: Place) -> Result:
    """How an entry relates to what is held; 304 stands for a version that holds already."""
    last = versions[-1] if versions else None
    _check_match(action.ifMatch, last, one.document)
    if last is not None and not last.deleted and (last.body == one.document.body or action.ifNoneExist):
        return Result(one.number, 304, last)
    _check_structure(one)
    if last is None:
        return Result(one.number, 201, one.document, one.rejected)
    one.document = msgspec.structs.replace(one.document, version=last.version + 1, recorded=place.now)
    one.facts = (*(_known_now(fact, place.now) for fact in one.facts), *_withdrawn(last, one.facts, place))
    return Result(one.number, 201 if last.deleted else 200, one.document, one.rejected)


def _told(result: Result) -> Result:
    return Result(result.number, 200, result.document) if result.status == 304 else result


def removal(removed: Removal, place: Place, store: Store, caller: Caller) -> Entered | None:
    """A deletion; None where nothing is there to delete."""
    subject, versions = held(store, caller, removed.kind, removed.id)
    last = versions[-1] if versions else None
    gone = Document(kind=removed.kind, id=removed.id, body=b"{}", recorded=place.now, deleted=True)
    _check_match(removed.if_match, last, gone)
    if last is None or last.deleted:
        return None
    document = msgspec.structs.replace(gone, version=last.version + 1, shared=last.shared)
    return Entered(removed.number, subject, document, facts=tuple(_withdrawn(last, (), place)))


def _withdrawn(last: Document, facts: Sequence[Fact], place: Place) -> Iterator[Fact]:
    """Facts of a former version that hold no longer."""
    if last.deleted:
        return
    kept = {fact.id for fact in facts}
    for item in facts_of(last, "", place.medications, place, Feed("fhir", lambda _: iter(()))):
        if not isinstance(item, Rejected) and item.id not in kept:
            yield msgspec.structs.replace(
                item, status=Status.ENTERED_IN_ERROR, recorded=max(item.recorded, place.now)
            )  # fmt: skip


def _known_now(fact: Fact, now: Instant) -> Fact:
    return fact if fact.recorded >= now else msgspec.structs.replace(fact, recorded=now)


def _check_match(asked: str | None, last: Document | None, document: Document) -> None:
    if asked is None:
        return
    found = _VERSION.fullmatch(asked.strip())
    if found is None:
        raise FhirError(400, "invalid", f"If-Match is a version such as W/\"3\", got '{asked[:40]}'")
    if last is None or int(found[1]) != last.version:
        stands = "is not there" if last is None else f"stands at version {last.version}"
        name = f"{document.kind}/{document.id}"
        raise FhirError(412, "conflict", f"{name} {stands}, not at {found[1]}: read it again and repeat the change")


def _check_structure(one: Entered) -> None:
    for row in one.rejected:
        if row.reason.startswith("malformed"):
            name = f"{one.document.kind}/{one.document.id}"
            raise FhirError(
                422, "structure", f"{name}: {row.reason.partition(': ')[2]}", at=f"Bundle.entry[{one.number - 1}]"
            )


def _check_once(changed: Iterable[Entered]) -> None:
    seen: set[tuple[str, str]] = set()
    for one in changed:
        name = one.document.kind, one.document.id
        if name in seen:
            raise FhirError(
                400, "duplicate", f"{name[0]}/{name[1]} is written twice in one transaction: send one of them"
            )
        seen.add(name)
