"""What is asked of a twin, answered: the work of the twins' routes, in worker threads, never on the event loop."""

from __future__ import annotations

from typing import Final

import msgspec

from ..core.clock import DAY, HOUR, MINUTE, text
from ..core.errors import CardError, StoreError
from ..core.fact import Instant, Observation
from ..core.ports import Caller
from ..core.quantity import names
from ..core.registry import load_model
from ..core.subject import Subject
from ..core.twin import Twin
from ..core.writing import Document, Write
from ..runtime import Site
from ..runtime.answers.shapes import ComparisonShape, DataShape, ExplanationShape, ForecastShape, Observed
from ..runtime.answers.twins import Noted, compared, explained, forecasted, observed, utility_of
from ..runtime.beginning import told_of
from ..runtime.coverage import Coverage, covers
from ..runtime.ledger.rows import HORIZONS
from .asked import ComparisonAsked, ForecastAsked, NewTwin, end_of, horizons_of, schedule_of
from .problem import Conflict, Missing
from .rows import instant_of

__all__ = ["Overridden", "TwinShape", "compare", "create", "explain", "forecast", "look", "overridden"]

RECENT: Final[Instant] = DAY
"""How far before a twin's present its newest reading is looked for."""


class TwinShape(msgspec.Struct, frozen=True, kw_only=True):
    """A twin: what it is of, and what it believes.  `standing`: whether its model may speak here, silent or advisory.
    `unchecked`: what of its model's card could not be checked when it was made."""

    id: str
    subject: str
    model: str
    standing: str
    believed: Observed
    unchecked: list[str] = []


class Overridden(msgspec.Struct, frozen=True, kw_only=True):
    """A twin was made of a subject its model's card does not cover: why it is not covered, why it was made, by whom."""

    twin: str
    model: str
    outside: list[str]
    reason: str
    by: str


def known(site: Site, twin: str) -> Twin:
    """The twin with everything that has come; Missing (404) when there is none."""
    if site.store.latest(twin, site.caller) is None:
        raise Missing(f"no twin '{twin}' here: make it with POST /api/twins")
    (own,) = site.tick(twin)
    return own


def look(site: Site, twin: str, unchecked: tuple[str, ...] = ()) -> TwinShape:
    """What the twin believes now."""
    own = known(site, twin)
    model = site.standing(twin).birth.model
    return TwinShape(
        id=twin, subject=own.subject.id, model=model, standing=site.status(model).standing,
        believed=observed(own, data_of(site, own), None), unchecked=list(unchecked),
    )  # fmt: skip


def data_of(site: Site, twin: Twin) -> DataShape:
    """How much of the subject's data the twin rests on, and how old the newest reading is."""
    account = site.account(twin.id)
    recent = site.held(twin.id, twin.now - RECENT, twin.now)
    newest = max((f.at for f in recent if isinstance(f, Observation)), default=None)
    return DataShape(
        source="store", used=account.used, rejected=account.refused, repeated=0, skipped=account.others, reasons={},
        newest_reading=None if newest is None else text(newest, twin.subject.zone),
        age_minutes=None if newest is None else (site.now() - newest) / MINUTE,
    )  # fmt: skip


def forecast(site: Site, twin: str, asked: ForecastAsked) -> ForecastShape:
    """Forecast, and write it into the ledger."""
    own = known(site, twin)
    plan = None if asked.plan is None else schedule_of(asked.plan, own)
    issued = site.forecast(twin, end_of(asked, own.now), plan, horizons=horizons_of(asked, HORIZONS))
    noted = Noted(list(issued.record), issued.widths, site.status(site.standing(twin).birth.model))
    return forecasted(issued.forecast, own, data_of(site, own), None, noted)


def compare(site: Site, twin: str, asked: ComparisonAsked) -> ComparisonShape:
    """Weigh plans against each other."""
    from ..verbs.compare import compare as run

    own = known(site, twin)
    utility = utility_of(asked.utility, names(own.model.observables))
    plans = [schedule_of(plan, own) for plan in asked.plans]
    return compared(run(own, plans, end_of(asked, own.now), utility), own, data_of(site, own))


def explain(site: Site, twin: str, target: str | None, *, hours: float, since: float) -> ExplanationShape:
    """Why a forecast says what it says; what the facts of the last `since` hours did, where the twin is older."""
    from ..verbs.explain import explain as run

    own = known(site, twin)
    wanted = target or names(own.model.observables)[0]
    before = own.now - round(since * HOUR)
    try:
        earlier = site.earlier(twin, before)
    except StoreError:  # the twin is younger than that
        news = None
    else:
        facts = site.held(twin, earlier.now, own.now)
        news = (earlier, facts) if facts else None
    return explained(run(own, own.now + round(hours * HOUR), wanted, since=news), own, data_of(site, own))


def overridden(site: Site, asked: NewTwin, subject: Subject, caller: Caller) -> tuple[Coverage, Write | None]:
    """Hold the subject against the model's card: what is to be written before the twin is made, where it is made all
    the same; CardError where it may not be."""
    found = covers(load_model(asked.model).card, subject, site.now())
    if not found.outside:
        return found, None
    if not asked.override_reason.strip():
        raise CardError(
            f"the card of '{asked.model}' does not cover subject '{subject.id}': {'; '.join(found.outside)}; choose "
            "another model, or give 'override_reason', which goes on record"
        )
    told = Overridden(
        twin=name_of(asked), model=asked.model, outside=list(found.outside), reason=asked.override_reason, by=caller.id
    )
    document = Document(
        kind="gemel/card-override", id=f"{subject.id}.override-{name_of(asked)}", body=msgspec.json.encode(told),
        recorded=site.now(),
    )  # fmt: skip
    return found, Write(subject=subject.id, documents=(document,))


def name_of(asked: NewTwin) -> str:
    """What the new twin is called."""
    return asked.id or f"{asked.subject}.{asked.model}"


def create(site: Site, asked: NewTwin, members: int) -> Twin:
    """Make the twin and let it observe what has come since it begins; Conflict (409) when there is one of its name."""
    name, model = name_of(asked), load_model(asked.model)
    if site.store.latest(name, site.caller) is not None:
        raise Conflict(f"there is a twin '{name}' already: give the new one another id")
    facts = [fact for _, fact in site.store.facts(asked.subject, site.caller)]
    newest = max((fact.at for fact in facts), default=site.now())
    at = newest - round(asked.days * DAY) if asked.at is None else instant_of(asked.at)
    first = min((fact.at for fact in facts), default=at)
    begin = max(at, min(first, newest)) if asked.at is None and facts else at
    covariates, rates = told_of(model, [fact for fact in facts if fact.at <= newest])
    known_of = {*covariates, *asked.covariates}
    if needed := [q.name for q in model.covariates if q.prior is None and q.name not in known_of]:
        raise Conflict(f"'{asked.model}' assumes nothing about {needed}: give them under 'covariates'")
    site.create(
        asked.model, asked.subject, at=begin, covariates={**covariates, **asked.covariates},
        rates={**rates, **asked.rates}, settings=dict(asked.settings), engine=asked.engine,
        members=int(asked.members or members), seed=int(asked.seed), id=name,
    )  # fmt: skip
    return known(site, name)
