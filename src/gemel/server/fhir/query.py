"""A search request read: which tests it asks for, for which patient, how many at once, from which page on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from ...core.fact import Instant
from .kinds import COMMON, TYPES
from .matching import Test, test_of
from .outcome import FhirError

__all__ = ["MOST", "Query", "read_query"]

MOST = 1000
"""Resources of one page at most."""

USUAL = 50
_FORMAL = ("_format", "_pretty")
_CONTROL = ("_count", "_sort", "_page", "_total", "_summary")


@dataclass(slots=True)
class Query:
    """`used`: the parameters that were understood, in order; `ignored`: those that were not.

    `page` is 'instant.offset': what was recorded up to this instant, from this place on, so that pages stay whole while
    the record grows.
    """

    kind: str
    tests: list[Test] = field(default_factory=lambda: [])
    patients: list[str] = field(default_factory=lambda: [])
    ids: list[str] = field(default_factory=lambda: [])
    identifier: str = ""
    count: int = USUAL
    sort: str = ""
    page: tuple[Instant, int] | None = None
    only_count: bool = False
    used: list[tuple[str, str]] = field(default_factory=lambda: [])
    ignored: list[str] = field(default_factory=lambda: [])

    def link(self, page: str = "") -> str:
        """The request again, as understood, from this page on."""
        given = [(n, v) for n, v in self.used if n != "_page"]
        asked = urlencode([*given, ("_page", page)] if page else given)
        return f"{self.kind}?{asked}" if asked else self.kind


def read_query(kind: str, given: Sequence[tuple[str, str]], *, strict: bool, zone: str) -> Query:
    """The request of these parameters.  FhirError 400 for one that is wrong, and for an unknown one when `strict`."""
    known = {**COMMON, **TYPES[kind]}
    query = Query(kind)
    for name, value in given:
        bare = name.partition(":")[0]
        if bare in _FORMAL:
            continue
        if bare in _CONTROL:
            _control(query, bare, value)
        elif bare not in known:
            if strict:
                names = ", ".join(sorted(known))
                raise FhirError(400, "not-supported", f"'{name}' is no search parameter of {kind} here: use {names}")
            query.ignored.append(name)
            continue
        elif value:
            if not _narrow(query, name, value):
                query.tests.append(test_of(name, known[bare], value, zone))
        query.used.append((name, value))
    return query


def _narrow(query: Query, name: str, value: str) -> bool:
    """What makes a search cheap: the patient, the id, the identifier.  True where that is all there is to test: what
    is kept under a patient is about that patient."""
    if name == "_id":
        query.ids = value.split(",")
    elif name in ("patient", "subject", "patient:Patient", "subject:Patient"):
        if query.patients:
            raise FhirError(400, "not-supported", "name the patient once, by 'patient' or by 'subject'")
        query.patients = [one.rpartition("/")[2] for one in value.split(",")]
        return True
    elif name == "target":
        query.patients = [one.rpartition("/")[2].rpartition(".")[0] for one in value.split(",")]
    elif name == "identifier" and "|" in value and "," not in value:
        query.identifier = value
    return False


def _control(query: Query, name: str, value: str) -> None:
    if name == "_count":
        if not value.isdigit():
            raise FhirError(400, "invalid", f"_count is a whole number from 0, got '{value[:40]}'")
        query.count = min(int(value), MOST)
        query.only_count = query.only_count or query.count == 0
    elif name == "_summary":
        if value not in ("count", "false"):
            raise FhirError(400, "not-supported", f"_summary is 'count' or 'false' here, got '{value[:40]}'")
        query.only_count = value == "count"
    elif name == "_sort":
        if value.removeprefix("-") not in ("_lastUpdated", "date", "_id"):
            raise FhirError(
                400, "not-supported", f"_sort is [-]_lastUpdated, [-]date or [-]_id here, got '{value[:40]}'"
            )
        query.sort = value
    elif name == "_page":
        at, _, place = value.partition(".")
        if not (at.isdigit() and place.isdigit()):
            raise FhirError(400, "invalid", "_page comes from the 'next' link of a page: follow that")
        query.page = int(at), int(place)
