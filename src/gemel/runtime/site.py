"""A site: a store, a caller and a clock.  It keeps twins alive: facts in, ticks, refits, forecasts, scores.

A tick stands a twin at the last fact that happened.  Facts that come late, amended or withdrawn are noticed by the hash
of the facts a belief has used: the twin goes back to its last checkpoint whose facts are those that hold now, within a
budget of model time, and forward again; beyond the budget it is stale until refit, and every forecast says so.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from threading import RLock
from typing import final

from ..core.clock import HOUR
from ..core.errors import StoreError
from ..core.fact import Fact, Instant, Rejected
from ..core.ledger import IssuedForecast, Scores
from ..core.model import Engine, settle
from ..core.plan import Plan
from ..core.ports import Caller, Store
from ..core.prior import JointPrior
from ..core.registry import load, load_engine, load_model
from ..core.subject import Subject
from ..core.twin import Twin
from ..verbs.forecast import forecast_all
from .catch_up import catch_up
from .engines import tuned
from .fleet_outlook import Outlooks
from .fleets import Fleets
from .intake import take_in
from .issued import Issued
from .keeper import Keeper
from .ledger.desk import Desk
from .ledger.gate import ChangePlan, Judgement, read_plan
from .ledger.record import TrackRecord
from .ledger.rivals import Contest
from .ledger.rows import HORIZONS, RECALL, Origin, targets
from .ledger.switchboard import Status, challenge, close_drift, review, status
from .night import EVERY, Refitted, refit_due
from .records import codes_of
from .refit import WINDOW, rebuilt
from .standing import Birth, Standing, born
from .taken import Account, Taken

__all__ = ["Site", "wall_clock"]

BUDGET: Instant = 48 * HOUR
"""How much model time a late fact may make a twin replay, unless the site says otherwise."""


def wall_clock() -> Instant:
    """The present, by this machine."""
    return time.time_ns() // 1000


@final
class Site:
    """Twins of enrolled subjects on one store, for one caller.  Threads may share it; calls run one at a time."""

    def __init__(
        self,
        store: Store,
        *,
        caller: Caller,
        now: Callable[[], Instant] = wall_clock,
        budget: Instant = BUDGET,
        name: str = "local",
        plan: ChangePlan | None = None,
    ) -> None:
        self.store, self.caller, self.now, self.budget, self.name = store, caller, now, budget, name
        self.plan = plan or read_plan()
        self._keeper = Keeper(store, caller, budget)
        self._desk = Desk(store, caller, name, now)
        self._turn = RLock()
        self._fleets: Fleets | None = None

    @classmethod
    def open(
        cls,
        where: str | os.PathLike[str],
        *,
        caller: Caller | None = None,
        now: Callable[[], Instant] = wall_clock,
        budget: Instant = BUDGET,
        name: str = "local",
        plan: ChangePlan | None = None,
    ) -> Site:
        """A site on the embedded store at a path, or on a store 'scheme://...' of a registered scheme.

        `name` is where forecasts are shown: a model earns its standing at each site; `plan` is the change-control plan
        that says how (default: the one that ships).
        """
        scheme, found, _ = os.fspath(where).partition("://")
        store: Store = load("stores", scheme if found else "sqlite")(where)
        return cls(store, caller=caller or Caller(id="local"), now=now, budget=budget, name=name, plan=plan)

    def __enter__(self) -> Site:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    # subjects and facts

    def enrol(self, subject: Subject) -> None:
        """Add a subject, or replace its description."""
        with self._turn:
            self.store.enrol(subject, self.caller)
            self._keeper.forget(subject.id)
            if self._fleets is not None:
                self._fleets.forget(subject.id)

    def take_in(self, subject: str, stream: Iterable[Fact | Rejected]) -> Taken:
        """Keep facts and rejected rows; what is counted is durable.  StoreError for a subject that is not enrolled."""
        self._keeper.subject(subject)
        return take_in(self.store, self.caller, subject, stream)

    # twins

    def create(
        self,
        model: str,
        subject: str,
        *,
        at: Instant,
        covariates: Mapping[str, float] | None = None,
        rates: Mapping[str, float] | None = None,
        settings: Mapping[str, str | int | float] | None = None,
        engine: Engine | str = "enkf",
        refit: Engine | str | None = None,
        members: int = 512,
        seed: int = 0,
        prior: JointPrior | None = None,
        id: str | None = None,
    ) -> Twin:
        """A new twin, saved at once; options as of `gemel.twin`, `refit` the engine of `refit`.

        Facts up to `at` lie before it.  Raises StoreError when there is a twin of this id.
        """
        chosen = load_model(model)
        live, other = (load_engine(e) if isinstance(e, str) else e for e in (engine, refit))
        assert live is not None  # an engine or its name
        birth = Birth(
            model=model, at=at, settings=settle(chosen.settings, settings or {}), covariates=dict(covariates or {}),
            rates=dict(rates or {}), engine=tuned(live), refit=None if other is None else tuned(other),
            members=members, seed=seed, prior=prior,
        )  # fmt: skip
        with self._turn:
            name = id or f"{subject}:{chosen.card.title}"
            if self.store.latest(name, self.caller) is not None:
                raise StoreError(f"there is a twin '{name}' already: load it, or give the new one another id")
            standing = born(birth, self._keeper.subject(subject), name)
            last = self._keeper.records(subject).last
            standing = replace(standing, sequence=last, upto=-1 if self._keeper.ahead(standing) else last)
            if self._fleets is not None:
                self._fleets.expect(name, subject)
            return self._keeper.save(standing).twin

    def inherit(self, prior: str, survivor: str) -> list[Twin]:
        """Twins of the subject that another was merged into, one for each model of which only the other has a twin.

        Each begins as the other's did, and takes in what is known of both when it is next ticked.
        """
        with self._turn:
            known = {self._keeper.standing(name).birth.model for name in self.twins(survivor)}
            births = [self._keeper.standing(name).birth for name in self.twins(prior)]
            made: list[Twin] = []
            for birth in {birth.model: birth for birth in births if birth.model not in known}.values():
                name = f"{survivor}:{load_model(birth.model).card.title}"
                standing = born(birth, self._keeper.subject(survivor), name)
                standing = replace(standing, sequence=self._keeper.records(survivor).last)
                if self._fleets is not None:
                    self._fleets.expect(name, survivor)
                made.append(self._keeper.save(standing).twin)
            return made

    def load(self, twin: str) -> Twin:
        """The twin as it stands: as last ticked by this site, else as last saved.  StoreError if there is none."""
        return self.standing(twin).twin

    def standing(self, twin: str) -> Standing:
        """The twin with what the runtime knows of it: facts used, and why it is stale."""
        with self._turn:
            return self._keeper.standing(twin)

    def stale(self, twin: str) -> str:
        """Why the twin is stale; empty when it is not."""
        return self.standing(twin).stale

    def save(self, twin: Twin) -> None:
        """Keep a twin that stands elsewhere than the runtime left it, as having used the facts that now hold up to
        its present.  StoreError for a twin that this site did not create."""
        with self._turn:
            self._keeper.adopt(twin)

    def twins(self, subject: str | None = None) -> list[str]:
        """Ids of the twins of a subject, or of all."""
        return self.store.twins(self.caller, subject)

    def account(self, twin: str) -> Account:
        """How much of the subject's data the twin rests on."""
        with self._turn:
            return self._keeper.account(twin)

    def held(self, twin: str, after: Instant, until: Instant) -> list[Fact]:
        """The facts a twin can use that hold, with after < t <= until, in order."""
        with self._turn:
            own = self._keeper.standing(twin).twin
            return self._keeper.records(own.subject.id).held(codes_of(own.model), after, until)

    # time

    def fleets(self) -> Fleets:
        """The site's live twins, many at a time; a twin in a fleet comes back by itself when a verb asks for it."""
        with self._turn:
            if self._fleets is None:
                outlooks = Outlooks(self._keeper, self._desk, self.name)
                self._fleets = Fleets(self._keeper, outlooks, self._turn, now=self.now, tick=self.tick)
                self._keeper.elsewhere = self._fleets.give
            return self._fleets

    def tick(self, twins: str | Sequence[str], until: Instant | None = None) -> list[Twin]:
        """Twins after the facts that have come since and happened by `until` (default: by now).

        Twins of one kind whose facts fall alike go through the engine together.  Never raises for a fact: one that a
        model cannot use is kept as rejected; late ones are replayed, or make the twin stale (see `stale`).
        """
        ids = list(dict.fromkeys([twins] if isinstance(twins, str) else twins))
        end = self.now() if until is None else until
        with self._turn:
            standings = [self._keeper.settled(one) for one in ids]
            waiting = [self._keeper.due(standing, end) for standing in standings]
            last = {s.twin.id: w[-1].at if w else s.twin.now for s, w in zip(standings, waiting, strict=True)}
            after = catch_up(
                standings, waiting, refuse=self._keeper.refuse,
                keep=lambda before, now: self._keeper.keep(before, now, last[now.twin.id]),
            )  # fmt: skip
            return [self._keeper.hold(standing).twin for standing in after]

    def refit(self, twin: str, window: Instant = WINDOW) -> Twin:
        """The twin rebuilt from the facts of the last `window`, by its refit engine or else by its live one.

        It starts from the last checkpoint before the window whose facts hold, or else from the prior.  A belief that
        collapses on the way leaves it stale.
        """
        with self._turn:
            self._keeper.brought(twin)
            return self._keeper.save(rebuilt(self._keeper, twin, window, self.now())).twin

    def night(self, *, every: Instant = EVERY, window: Instant = WINDOW) -> list[Refitted]:
        """Refit every twin that is stale, or whose last refit is `every` or longer ago and that has a refit engine.

        Run it once a night, or as often as you like: a twin that is not due is left alone, one that cannot be refitted
        stays as it was and is told with its reason.
        """
        with self._turn:
            standings = [self._keeper.settled(name) for name in self.twins()]
            return refit_due(
                standings, lambda name: self._keeper.save(rebuilt(self._keeper, name, window, self.now())), every
            )

    def as_of(self, twin: str, recorded: Instant) -> Twin:
        """What the twin could know at `recorded`: from a checkpoint and the facts recorded by then.

        What it said then is in the ledger.  StoreError for a time before the twin.
        """
        with self._turn:
            return self._keeper.as_of(twin, recorded).twin

    def earlier(self, twin: str, at: Instant) -> Twin:
        """The twin as it would have stood at `at`, had it known what holds now: after the facts that had happened.

        StoreError for a time before the twin.
        """
        with self._turn:
            return self._keeper.earlier(twin, at).twin

    # forecasts

    def forecast(
        self, twin: str, until: Instant, plan: Plan | None = None, *, horizons: Sequence[Instant] = HORIZONS
    ) -> Issued:
        """Run the forecast and write it into the ledger, at the horizons from the twin's present or at its end.

        With it come its track record and whether its model may be shown.  Running totals are not in the ledger.
        PlanError as of `gemel.forecast`.
        """
        with self._turn:
            standing = self._keeper.standing(twin)
            own, now = standing.twin, standing.twin.now
            wanted, span = targets(now, until, horizons), until - now
            ahead = {*range(max(1, span // 48), span, max(1, span // 48)), *(at - now for at in wanted), span}
            made = forecast_all([own], span, [plan], ahead=sorted(ahead))[0]
            records = self._keeper.records(own.subject.id)
            paper = self._desk.issue(
                Origin(own, standing.birth.model, self.name, standing.facts_hash), made, plan, wanted=wanted,
                facts=records.held(codes_of(own.model), now - RECALL, now),
            )  # fmt: skip
            shown = status(self._desk, standing.birth.model).standing
            widths = self._desk.widths(twin, own.model.card.version)
            return Issued(made, paper.rows, standing.stale, paper.record, shown, widths)

    def ledger(self, twin: str) -> list[IssuedForecast]:
        """Every forecast issued, each with the last record of what became of it."""
        return self.store.ledger(twin, self.caller)

    def score(self, twin: str) -> Scores:
        """Settle the forecasts whose truth has come, or has changed; returns the new records."""
        with self._turn:
            standing = self._keeper.standing(twin)
            own = standing.twin
            records, codes = self._keeper.records(own.subject.id), codes_of(own.model)
            return self._desk.settle(
                twin, own.model, lambda after, until: records.held(codes, after, until),
                touched=lambda number: records.touched(codes, since=number), sequence=records.last,
                zone=own.subject.zone,
            )  # fmt: skip

    def record(self, twin: str) -> list[TrackRecord]:
        """How right a twin's forecasts have been, by observable and horizon."""
        with self._turn:
            return self._desk.record(twin, self._keeper.standing(twin).twin.subject.zone)

    def widths(self, twin: str) -> Mapping[tuple[str, Instant], float]:
        """By what factor the twin's bands are shown wider than its model's, by observable and horizon."""
        with self._turn:
            return self._desk.widths(twin, self._keeper.standing(twin).twin.model.card.version)

    def alarms(self, twin: str) -> dict[str, str]:
        """What each ringing drift alarm of a twin says, by observable."""
        with self._turn:
            return self._desk.alarms(twin)

    # who may speak

    def status(self, model: str) -> Status:
        """Whether the installed version of a model is silent or advisory here, since when and why."""
        return status(self._desk, model)

    def review(self, model: str) -> Judgement:
        """Judge a model by the records of all its twins here, under the plan; a change of standing is put on record."""
        with self._turn:
            return review(self._desk, self.plan, model)

    def challenge(self, champion: str, challenger: str) -> Contest:
        """Compare two models on the subjects that have twins of both; a challenger that has earned it is promoted."""
        with self._turn:
            return challenge(self._desk, self.plan, champion, challenger)

    def close_drift(self, twin: str, why: str) -> None:
        """Answer a twin's drift alarm: what was found and done.  The alarm starts anew."""
        with self._turn:
            close_drift(self._desk, self.plan, twin, why)
