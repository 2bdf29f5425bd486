"""Alerts as facts: every step is an Observation 'gemel:alert' of the subject, its who, why and evidence a document.

    fact       code gemel:alert, value Level(state), entity = the alert's id, at = recorded = when it happened
    document   kind gemel/alert, id = the alert's id, one version a step: the whole alert as it then stood
    register   facts of a subject of kind 'site', by which the alerts of a site are found without reading everybody:
               gemel:alert-opened and gemel:alert-closed, Level(alert id) with entity = subject;
               gemel:alert-watched, Count(subjects watched) of a day

A step and its entry in the register are committed together.  So history and as-of come from the store.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from ...core.clock import DAY
from ...core.fact import Count, Instant, Level, Observation, Status
from ...core.ports import Caller, Store
from ...core.subject import Subject
from ...core.writing import Document, Write
from .life import Alert

__all__ = [
    "CODE",
    "KIND",
    "Register",
    "alerts_of",
    "founded",
    "name",
    "owner",
    "read_register",
    "register_of",
    "watched",
    "writes",
]

CODE: Final = "gemel:alert"
KIND: Final = "gemel/alert"
OPENED, CLOSED, WATCHED = "gemel:alert-opened", "gemel:alert-closed", "gemel:alert-watched"
_MARK = ".alert-"


@dataclass(frozen=True, slots=True)
class Register:
    """What a site's register says: subjects by alert, alerts that have not closed, when each was opened, and how many
    subjects were watched on each day (days since 1970, UTC)."""

    subjects: dict[str, str]
    opened: dict[str, Instant]
    open: frozenset[str]
    watched: dict[int, int]


def name(subject: str, unique: str) -> str:
    """The id of a new alert: it leads to its subject."""
    return f"{subject}{_MARK}{unique}"


def owner(alert: str) -> str:
    """The subject that an alert's id leads to; empty for something that is no alert's id."""
    return alert.rpartition(_MARK)[0]


def register_of(site: str) -> str:
    """The subject that holds a site's register; no patient's id can be the same, as theirs have no colon."""
    return f"gemel:alerts:{site}"


def founded(site: str, zone: str) -> Write:
    """What a site's register begins with."""
    home = register_of(site)
    return Write(subject=home, enrol=Subject(id=home, kind="site", zone=zone))


def writes(alert: Alert, known: int, site: str) -> list[Write]:
    """What makes the alert durable whose first `known` steps are."""
    facts = tuple(_fact(alert, k) for k in range(known, len(alert.steps)))
    documents = tuple(_document(alert, k) for k in range(known, len(alert.steps)))
    made = [Write(subject=alert.subject, facts=facts, documents=documents)]
    entries = [_entry(alert, OPENED, alert.raised)] if known == 0 else []
    entries += [] if alert.open else [_entry(alert, CLOSED, alert.now.at)]
    if entries:
        made.append(Write(subject=register_of(site), facts=tuple(entries)))
    return made


def watched(site: str, day: int, subjects: int, now: Instant) -> Write:
    """How many subjects have been watched so far on a day (days since 1970, UTC)."""
    at = day * DAY
    fact = Observation(
        id=f"watched/{day}", code=WATCHED, value=Count(subjects), unit="1", at=at, recorded=max(now, at),
        status=Status.AMENDED, source="gemel",
    )  # fmt: skip
    return Write(subject=register_of(site), facts=(fact,))


def alerts_of(store: Store, subject: str, caller: Caller, *, as_of: Instant | None = None) -> list[Alert]:
    """Every alert of a subject as it stood at `as_of` (default: now), oldest first."""
    known = store.subject(subject, caller)
    while known is not None and known.merged_into:
        subject = known.merged_into
        known = store.subject(subject, caller)
    if known is None:
        return []
    last = {d.id: d for d in store.documents(subject, caller, kinds=frozenset({KIND}), as_of=as_of)}
    found = [msgspec.json.decode(document.body, type=Alert) for document in last.values()]
    return sorted(found, key=lambda alert: (alert.raised, alert.id))


def read_register(store: Store, site: str, caller: Caller) -> Register:
    """The register of a site."""
    subjects: dict[str, str] = {}
    opened: dict[str, Instant] = {}
    still: set[str] = set()
    days: dict[int, int] = {}
    known = store.subject(register_of(site), caller) is not None
    for _, fact in store.facts(register_of(site), caller) if known else ():
        match fact:
            case Observation(code="gemel:alert-opened", value=Level(id), entity=str(subject)):
                subjects[id], opened[id] = subject, fact.at
                still.add(id)
            case Observation(code="gemel:alert-closed", value=Level(id)):
                still.discard(id)
            case Observation(code="gemel:alert-watched", value=Count(n)):
                days[fact.at // DAY] = max(n, days.get(fact.at // DAY, 0))
            case _:
                pass
    return Register(subjects, opened, frozenset(still), days)


def _fact(alert: Alert, k: int) -> Observation:
    step = alert.steps[k]
    return Observation(
        id=f"{alert.id}/{k + 1}", code=CODE, value=Level(step.state), unit="1", at=step.at, recorded=step.at,
        source=f"gemel/{alert.rule}", entity=alert.id,
    )  # fmt: skip


def _document(alert: Alert, k: int) -> Document:
    then = msgspec.structs.replace(alert, steps=alert.steps[: k + 1])
    return Document(kind=KIND, id=alert.id, body=msgspec.json.encode(then), recorded=alert.steps[k].at, version=k + 1)


def _entry(alert: Alert, code: str, at: Instant) -> Observation:
    return Observation(
        id=f"{alert.id}/{code}", code=code, value=Level(alert.id), unit="1", at=at, recorded=at, source="gemel",
        entity=alert.subject,
    )  # fmt: skip
