"""The models every law is tried on, registered and made up, each with what a twin of it needs and facts it can meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import gemel
from gemel.core.clock import HOUR, instant
from gemel.core.fact import Below, Count, Exact, Fact, Instant, Intervention, Observation, Value
from gemel.core.model import Model
from gemel.core.plan import Action, Schedule
from gemel.core.registry import load_model
from gemel.core.subject import Subject
from gemel.core.twin import Twin
from gemel.engines.particle import TemperedParticle
from gemel.numerics.flow import Flow
from gemel.numerics.jump import Jump
from tests.laws.conformance import census, coupled, hazard, history, implant, lag, linear, scores, ward

START: Instant = instant("2026-03-02T06:00:00Z")
MEMBERS = 64
POINTS = np.array([[0.0, 0.0, 0.0], [40.0, 0.0, 0.0], [0.0, 30.0, 10.0], [5.0, 5.0, 5.0]])
LENIENT = TemperedParticle(floor=0.0)
"""Laws run 64 members, too few for the floor that guards a belief someone acts on."""


def at(hours: float) -> Instant:
    return START + round(hours * HOUR)


def read(
    code: str, hours: float, value: Value | float, unit: str = "1", entity: str | None = None, **more: Any
) -> Observation:
    told = Exact(value) if isinstance(value, float | int) else value
    name = f"{code}@{hours:g}{entity or ''}"
    return Observation(
        id=name, code=code, value=told, unit=unit, at=at(hours), recorded=at(hours), entity=entity, **more
    )


def give(code: str, hours: float, unit: str, **more: Any) -> Intervention:
    return Intervention(id=f"{code}@{hours:g}", code=code, at=at(hours), recorded=at(hours), unit=unit, **more)


@dataclass(frozen=True)
class Case:
    """`most`: the largest rate and dose a random plan gives of each input; `facts` may be observed over six hours."""

    name: str
    model: Model
    facts: tuple[Fact, ...]
    most: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    engine: Any = "enkf"
    covariates: Mapping[str, float] = field(default_factory=dict)
    rates: Mapping[str, float] = field(default_factory=dict)
    assets: Mapping[str, Any] = field(default_factory=dict)

    @property
    def lifted(self) -> bool:
        """Whether a lifter runs it, which promises that cuts change no bit."""
        return isinstance(self.model, Flow | Jump)

    def twin(self, members: int = MEMBERS, seed: int = 5, **more: Any) -> Twin:
        return gemel.twin(
            self.model, Subject(id=f"s{seed}"), at=START, members=members, seed=seed,
            **{"covariates": self.covariates, "rates": self.rates, "assets": self.assets, "engine": self.engine} | more,
        )  # fmt: skip

    def plan(self, seed: int, hours: float = 6.0, name: str = "random") -> Schedule:
        """Up to four rates and doses of every input, on whole half hours."""
        luck = np.random.default_rng(seed)
        actions: list[Action] = []
        for q, (rate, dose) in self.most.items():
            for begin in np.sort(luck.choice(np.arange(0.0, hours, 0.5), 4, replace=False)):
                if dose and luck.random() < 0.5:
                    actions.append(Action(at(begin), q, dose=float(luck.uniform(0.0, dose))))
                elif rate:
                    actions.append(Action(at(begin), q, rate=float(luck.uniform(0.0, rate)), until=at(hours)))
        return Schedule(name, tuple(actions))


MEAL = (
    give("gemel:carbohydrate", 0.5, "g", dose=40.0), give("gemel:rapid-insulin", 0.5, "[IU]", dose=3.0),
    read("loinc:99504-3", 1.0, 150.0, "mg/dL"), read("loinc:99504-3", 2.0, 190.0, "mg/dL"),
    read("loinc:99504-3", 2.5, 10.5, "mmol/L"),
)  # fmt: skip
EATEN = {"carbs": (60.0, 60.0), "insulin": (1.5, 4.0)}
KNOWN = {"weight": 70.0, "basal": 0.8}
"""Far below a usual basal that nobody told, some members run away and fail, as they should."""

CASES = (
    Case("linear", linear.model,
         (read("test:y", 1, 1.4), give("test:push", 1.5, "1", dose=0.5), read("test:y", 2, 1.1),
          read("test:y", 2, 1.2, entity="second"), read("test:y", 3.5, Below(1.0))), {"push": (1.0, 2.0)}),
    Case("lag", lag.model,
         (give("test:pill", 0.5, "mg", dose=10.0), read("test:drug", 2, 6.0, "mg"),
          read("test:drug", 4, 4.0, "mg")), {"pill": (0.0, 20.0)}),
    Case("ward", ward.model,
         (read("test:census", 1, 2, "{patients}"), read("test:admitted", 2, Count(4), "1"),
          read("test:census", 4, 5, "{patients}")), {"referrals": (4.0, 0.0)}, engine=LENIENT),
    Case("census", census.model,
         (read("test:admission", 0.5, 5.0, "h", "ann"), read("test:admission", 0.5, 1.0, "d", "bob"),
          read("test:admission", 2, 0.0, "h", "cid"), read("test:discharge", 3, 0.0, "1", "ann")), engine=LENIENT),
    Case("scores", scores.model, (read("test:pressure", 1, 150.0, "mm[Hg]"),), engine=LENIENT),
    Case("history", history.model,
         (read("test:glucose", 1, 120.0, "mg/dL"), read("test:glucose", 1.5, 150.0, "mg/dL")), engine=LENIENT),
    Case("hazard", hazard.model,
         (read("test:event", 2, Count(0)), read("test:event", 4, Count(1))), engine=LENIENT),
    Case("implant", implant.model,
         tuple(read(f"test:mark{n}{a}", 0, float(POINTS[n, k] + 2.0), "mm")
               for n in range(3) for k, a in enumerate("xyz")), assets={"points": POINTS}),
    Case("coupled", coupled.model,
         (read("test:prevalence", 2, 0.012), read("test:census", 4, 5, "{patients}")), engine=LENIENT),
    Case("replaybg", load_model("replaybg"), MEAL, EATEN, covariates=KNOWN, rates={"insulin": 0.8}),
    Case("replaybg-everyday", load_model("replaybg-everyday"), MEAL, EATEN, covariates=KNOWN, rates={"insulin": 0.8}),
    Case("hovorka", load_model("hovorka"), MEAL, EATEN, covariates={"weight": 70.0}, rates={"insulin": 0.5}),
    Case("exercise", load_model("exercise"), (read("loinc:2345-7", 1.0, 90.0, "mg/dL"),),
         {"insulin": (2.0, 0.3), "exercise": (60.0, 0.0), "glucose": (6000.0, 5000.0)},
         covariates={"basal": 1.0}, rates={"insulin": 1.0}),
    Case("topp", load_model("topp"),
         (read("loinc:20448-7", 1.0, 12.0, "m[IU]/L"), read("loinc:4548-4", 2.0, 5.4, "%")),
         {"resistance": (1.0, 0.0)}),
    Case("body-weight", load_model("body-weight"),
         (read("loinc:29463-7", 6.0, 80.2, "kg"), read("gemel:fat-mass", 6.0, 24.0, "kg")),
         {"energy_change": (20.0, 0.0), "sodium_change": (100.0, 0.0)},
         covariates={"weight": 80.0, "height": 175.0, "age": 45.0, "female": 1.0}),
    Case("mmc", load_model("mmc"),
         (read("census", 2, Count(7), "{patients}"), read("admitted", 4, Count(30), "1")),
         {"surge": (0.0, 5.0)}, engine=LENIENT, rates={"beds": 10.0}),
    Case("hospital", load_model("hospital"),
         (read("ward_in_use", 2, Count(8), "{units}"), read("arrived", 4, Count(30), "{patients}")),
         {"extra_doctor": (3.0, 0.0)}, engine=LENIENT),
)  # fmt: skip
BY_NAME = {case.name: case for case in CASES}
