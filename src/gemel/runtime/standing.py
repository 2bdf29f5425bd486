"""A twin with its place in the runtime, and how the twin was born."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np

from ..core.clock import HOUR, text
from ..core.drive import input_events
from ..core.fact import Exact, Fact, Instant, Intervention, Observation
from ..core.model import Model
from ..core.prior import JointPrior
from ..core.quantity import names
from ..core.registry import load_model
from ..core.subject import Subject
from ..core.twin import Inference, Twin
from ..core.units import convert
from ..verbs.create import twin as new_twin
from .engines import Tuned
from .fault import fault
from .records import start_hash

__all__ = ["Birth", "Standing", "born", "reborn"]


class Birth(msgspec.Struct, frozen=True, kw_only=True):
    """Everything `twin` was called with, so that the twin can be born again: from the prior, on the same draws."""

    model: str
    at: Instant
    settings: Mapping[str, str | int | float]
    covariates: Mapping[str, float]
    rates: Mapping[str, float]
    engine: Tuned
    refit: Tuned | None
    members: int
    seed: int
    prior: JointPrior | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A twin as a site keeps it.

    `since`: facts up to this instant lie before the twin.  `sequence`: the subject's last record that was looked at.
    `facts_hash`: the chain over the facts the belief has used.  `missed`: why facts that hold are not in the belief;
    `collapsed`: why it went no further.  A twin with either is stale until refit.  `lineage` counts refits by an engine
    that looks at a whole window: checkpoints from before one cannot stand in for it.  `refitted` is where the twin
    stood when it was last refitted, or its birth.  `upto`: every record up to this number is in the belief or can never
    be (-1: not known).
    """

    twin: Twin
    birth: Birth
    since: Instant
    sequence: int
    facts_hash: str
    missed: str = ""
    collapsed: str = ""
    lineage: int = 0
    refitted: Instant = 0
    upto: int = -1

    def __post_init__(self) -> None:
        if self.twin.stale != self.stale:  # so that a forecast made of the bare twin says it too
            object.__setattr__(self, "twin", replace(self.twin, stale=self.stale))

    @property
    def stale(self) -> str:
        """Why the twin is stale; empty when it is not."""
        return "; ".join(reason for reason in (self.missed, self.collapsed) if reason)

    def missing(self, at: Instant, budget: Instant) -> Standing:
        """The same twin, marked: facts of `at` or later than hold now were not known when it went by."""
        when = text(at, self.twin.subject.zone)
        return replace(
            self,
            missed=f"facts of {when} came late or were changed, and replaying them needs more than "
            f"{budget / HOUR:g} h of model time: stale until refit",
        )


def born(birth: Birth, subject: Subject, name: str, model: Model | None = None) -> Standing:
    """The twin at its birth: members from the prior, no facts used."""
    chosen = model or load_model(birth.model)
    engine = birth.engine.build()
    twin = new_twin(
        chosen, subject, at=birth.at, covariates=birth.covariates, rates=birth.rates, settings=birth.settings,
        engine=engine, members=birth.members, seed=birth.seed, prior=birth.prior, id=name,
    )  # fmt: skip
    if birth.refit is not None:
        twin = replace(twin, inference=Inference(engine, birth.refit.build()))
    return Standing(twin, birth, birth.at, 0, start_hash(birth.at), refitted=birth.at)


def reborn(birth: Birth, subject: Subject, name: str, at: Instant, earlier: Sequence[Fact]) -> Standing:
    """The twin from the prior at a later instant, under the rates and with the covariates that earlier facts tell."""
    if at <= birth.at:
        return born(birth, subject, name)
    model = load_model(birth.model)
    known = [fact for fact in earlier if not fault(model, fact)]
    rates = np.array([birth.rates.get(q.name, 0.0) for q in model.inputs])
    events, _ = input_events(model.inputs, [f for f in known if isinstance(f, Intervention)], rates)
    for event in events:
        if event.rate is not None and event.at < at:
            rates[event.input] = event.rate
    by_code = {word: q for q in model.covariates for word in (*q.codes, q.name)}
    covariates = dict(birth.covariates)
    for fact in known:
        q = by_code.get(fact.code)
        if q is not None and isinstance(fact, Observation) and isinstance(fact.value, Exact):
            covariates[q.name] = convert(fact.value.value, fact.unit, q.unit, q.analyte)
    now = msgspec.structs.replace(
        birth, at=at, covariates=covariates, rates=dict(zip(names(model.inputs), rates.tolist(), strict=True))
    )
    new = born(now, subject, name, model)
    later = tuple(event for event in events if event.rate is not None and event.at >= at)
    twin = replace(new.twin, cursor=replace(new.twin.cursor, pending=later))
    return replace(new, twin=twin, birth=birth)
