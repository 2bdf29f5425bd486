"""The patient as a twin: the one that lives here, brought up to what was prefetched, or one made for this call alone.

A twin that lives here has a track record; what is prefetched and not yet known is looked at and not kept.  A twin made
for the call rests on the prefetched readings only, starts from the model's prior, and is gone afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ...core.clock import HOUR, MINUTE
from ...core.errors import GemelError
from ...core.fact import Exact, Fact, Instant, Observation, Rejected
from ...core.quantity import names
from ...core.registry import load_model
from ...core.subject import Subject
from ...core.timeline import Timeline
from ...core.twin import Twin
from ...ingest import fhir
from ...runtime import Site
from ...runtime.beginning import told_of
from ...runtime.coverage import covers
from ...runtime.ledger.record import TrackRecord
from ...verbs.create import twin as new_twin
from ...verbs.observe import observe
from .asked import HookRequest

__all__ = ["OLDEST", "Missed", "Present", "present"]

OLDEST: Final[Instant] = 30 * MINUTE
"""Age of the newest reading from which on nothing is forecast: a choice of this package."""
LEAST: Final[Instant] = HOUR
"""How long a time the readings of a twin made for one call must span at least."""
LEARN: Final[Instant] = 24 * HOUR
"""How much of what was prefetched a twin made for one call learns from."""
WEIGHT: Final = "loinc:29463-7"


class Missed(GemelError):
    """There is not enough to work with: neither a twin nor the data that was asked for (412)."""


@dataclass(frozen=True, slots=True)
class Present:
    """A patient's twin: its model's registered name and standing here, the track record of its forecasts, whether it
    lives here, and when the newest reading was made."""

    twin: Twin
    model: str
    standing: str
    record: tuple[TrackRecord, ...]
    lives: bool
    newest: Instant


def present(site: Site, asked: HookRequest, *, model: str, members: int) -> Present | None:
    """The patient's twin; None where nothing can be said: the data is too old or too little, or the card of the model
    does not cover the patient.  Raises Missed when nothing was sent and nothing is known."""
    facts = _fetched(asked, site)
    lives = _living(site, asked.context.patientId)
    if lives is None and not facts:
        sent = [key for key in ("glucose", "given") if asked.fetched(key) is not None]
        if sent:
            return None
        raise Missed(
            "there is no twin of this patient here, and no 'glucose' was prefetched: send what the discovery document "
            "asks for"
        )
    if site.status(model if lives is None else lives[1]).standing == "silent":
        return None
    found = _passing(site, asked, facts, model, members) if lives is None else _with_news(site, *lives, facts)
    return found if found is not None and site.now() - found.newest <= OLDEST else None


def _fetched(asked: HookRequest, site: Site) -> list[Fact]:
    """Facts of this patient among what was prefetched, in order; what cannot be read says nothing."""
    patient, facts = asked.context.patientId, list[Fact]()
    for key in ("glucose", "given"):
        content = asked.fetched(key)
        if content is not None:
            items = fhir.read(content, patient=patient)
            facts += [item for item in items if not isinstance(item, Rejected)]
    until = site.now()
    return [fact for fact in Timeline(Subject(id=patient), tuple(facts)) if fact.at <= until]


def _living(site: Site, patient: str) -> tuple[str, str] | None:
    """The twin of this patient that forecasts glucose, and its model's name."""
    subject = site.store.subject(patient, site.caller)
    while subject is not None and subject.merged_into:
        subject = site.store.subject(subject.merged_into, site.caller)
    if subject is None:
        return None
    for name in site.twins(subject.id):
        birth = site.standing(name).birth
        if "glucose" in names(load_model(birth.model).observables):
            return name, birth.model
    return None


def _with_news(site: Site, name: str, model: str, facts: Sequence[Fact]) -> Present | None:
    """The twin that lives here, brought to the present, and on past it by what only the caller has told."""
    (own,) = site.tick(name)
    held = site.held(name, own.now - LEARN, own.now)
    known = {(fact.code, fact.at) for fact in held}
    news = [fact for fact in facts if fact.at > own.now and (fact.code, fact.at) not in known]
    twin = observe(own, news, until=news[-1].at) if news else own
    newest = _newest(twin, [*held, *news])
    if newest is None:
        return None
    record = tuple(row for row in site.record(name) if row.observable == "glucose")
    return Present(twin, model, site.status(model).standing, record, True, newest)


def _passing(site: Site, asked: HookRequest, facts: Sequence[Fact], model: str, members: int) -> Present | None:
    """A twin for this call."""
    subject = _described(asked)
    chosen, now = load_model(model), facts[-1].at
    if covers(chosen.card, subject, site.now()).outside:
        return None
    weight = next(
        (
            f.value.value
            for f in facts
            if f.code == WEIGHT and isinstance(f, Observation) and isinstance(f.value, Exact)
        ),
        None,
    )
    covariates, rates = told_of(chosen, facts, weight)
    recent = [fact for fact in facts if fact.at > now - LEARN]
    begin = recent[0].at - 1
    twin = new_twin(chosen, subject, at=begin, covariates=covariates, rates=rates, members=members)
    newest = _newest(twin, recent)
    if newest is None or newest - begin < LEAST:
        return None
    return Present(observe(twin, recent, until=now), model, site.status(model).standing, (), False, newest)


def _described(asked: HookRequest) -> Subject:
    content = asked.fetched("patient")
    found = [] if content is None else fhir.read_patients(content)
    own = [subject for subject in found if subject.id == asked.context.patientId]
    return own[0] if own else Subject(id=asked.context.patientId)


def _newest(twin: Twin, facts: Sequence[Fact]) -> Instant | None:
    """When glucose was last read."""
    codes = {code for q in twin.model.observables if q.name == "glucose" for code in (*q.codes, q.name)}
    return max((fact.at for fact in facts if isinstance(fact, Observation) and fact.code in codes), default=None)
