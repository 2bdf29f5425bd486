"""A declared hospital as a `Model`: members run by the one kernel, seen through the census of every resource.

Members differ in how many patients come and how long they are served, as factors of what is declared, and in luck.  A
plan changes the units of a resource from the roster by a number, and the resource's own rule says what happens to those
under service.  Local time is that of the first segment; a change of the clocks is not followed.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt64

from ...core.array import Array, State
from ...core.card import Card
from ...core.clock import CLOCK, DAY, HOUR
from ...core.drive import Drive
from ...core.model import Assets, Fixed, Settings
from ...core.prior import JointPrior
from ...core.quantity import Noise, Prior, Quantity, Setting, Source
from ...numerics.des import layout as at
from ...numerics.des.laws import NAMES
from ...numerics.des.layout import States, Tables, fresh, repeated
from ...numerics.des.run import run
from .compiled import Compiled, compiled
from .files import read_hospital
from .pathway import Delay, Hospital

__all__ = ["HospitalModel", "model", "scaled"]

CHOSEN = Source("gemel:models/hospital/declared.py", "chosen: a declared rate or mean is trusted to a tenth; no data")
COUNT = Noise("poisson", CHOSEN)
SHAPES = {"lognormal": (), "gamma": (2,), "weibull": (1,), "empirical": (), "normal": (1, 2), "triangular": (1, 2, 3)}
"""Which numbers of a law's record a factor of time multiplies, where it is not the first three."""


@dataclass(frozen=True, eq=False)
class HospitalModel:
    """A hospital whose members share its declaration."""

    hospital: Hospital

    card = Card(
        title="Declared hospital",
        version="1.0.0",
        kind="hospital",
        intended_use="Forecasts of beds and waits, and what-ifs on beds and staff, of a hospital that was declared.",
        not_for="Decisions about a patient; a real hospital before it is fitted and its forecasts are scored.",
        population="The patients its sources declare; the registered example is invented and is nobody's.",
        causal="mechanistic",
        sources=(CHOSEN,),
        limits="Patients do not worsen while they wait; staff do not hurry; factors of demand and stay are constant.",
        statements=(
            ("users", "Operations leads, bed managers and planners; researchers and teachers."),
            ("how_to_use", "Declare it from its own records, compare its past with the simulated one, then ask."),
            ("question", "How many beds, waits and overdue patients will there be, and what would other rosters do?"),
            ("consequence", "A wrong plan can leave patients waiting or staff idle; it treats nobody."),
            ("risk", "Moderate where a plan follows the forecast without the people who run the wards."),
            ("inclusion", "No data of people in the registered example."),
        ),
    )
    parameters = (
        Quantity(
            "demand", "1", low=0.0, prior=Prior("lognormal", (0.0, 0.1), CHOSEN), about="times the declared rates"
        ),
        Quantity(
            "stay", "1", low=0.0, prior=Prior("lognormal", (0.0, 0.1), CHOSEN), about="times the declared durations"
        ),
    )
    prior = JointPrior(parameters)
    covariates: tuple[Quantity, ...] = ()
    smooth: tuple[Quantity, ...] = ()
    settings: tuple[Setting, ...] = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HospitalModel) and repr(self.hospital) == repr(other.hospital)

    def __hash__(self) -> int:
        return hash(repr(self.hospital))

    @property
    def observables(self) -> tuple[Quantity, ...]:
        """Units in use and patients waiting of every resource; patients who came and who left."""
        names = _identifiers(self.hospital)
        return (
            *(Quantity(f"{name}_in_use", "{units}", low=0.0, noise=COUNT) for name in names),
            *(Quantity(f"{name}_waiting", "{patients}", low=0.0, noise=COUNT) for name in names),
            Quantity("arrived", "{patients}", low=0.0, noise=COUNT, span="interval"),
            Quantity("left", "{patients}", low=0.0, noise=COUNT, span="interval"),
        )

    @property
    def inputs(self) -> tuple[Quantity, ...]:
        """Units of every resource beyond its roster, fewer if negative; a level, not an amount per hour."""
        return tuple(
            Quantity(f"extra_{name}", "{units}", low=-math.inf, about="units beyond the roster")
            for name in _identifiers(self.hospital)
        )

    def prepare(self, settings: Settings, assets: Assets) -> Fixed:
        """Nothing: the declaration is all."""
        return {}

    def init(
        self, theta: Float[Array, "r p"], covariates: Float[Array, "r k"], rate: Float[Array, "r m"], fixed: Fixed,
        key: UInt64[Array, "r"],
    ) -> State:  # fmt: skip
        """Empty hospitals that have not begun."""
        states = repeated(fresh(_compiled(self).tables), theta.shape[0])
        return {"s": np.asarray(states.s), "events": np.asarray(states.events)}

    def run(
        self, state: State, theta: Float[Array, "r p"], drive: Drive, fixed: Fixed, key: UInt64[Array, "r"]
    ) -> tuple[State, Float[Array, "r t c"]]:
        """All members through the drive; see `core.model.Model.run`."""
        own, rows = _compiled(self), theta.shape[0]
        s = np.array(state["s"])
        new, clock = s[:, at.BEGUN] == 0, np.asarray(drive.clock)[:, 0]
        day, hour = (np.broadcast_to(clock[:, CLOCK.index(name)], rows) for name in ("weekday", "hour"))
        s[:, at.ORIGIN] = np.where(new, (np.rint(day) * DAY + np.rint(hour * HOUR)).astype(np.int64), s[:, at.ORIGIN])
        cuts = s[:, at.NOW, None] + np.cumsum(np.rint(np.asarray(drive.dt)).astype(np.int64), axis=1)
        start = States(s, np.asarray(state["events"]), np.zeros((rows, 0, at.ENTRY), dtype=np.int64))
        extra = np.rint(np.asarray(drive.rate)).astype(np.int64)
        made = run(scaled(own, np.asarray(theta)), key, cuts, start=start, extra=extra, end=True)
        assert made.end is not None
        usage, people = np.asarray(made.usage), np.asarray(made.people)
        told = np.concatenate(
            [usage[..., 2], usage[..., 3], people[..., :1], people[..., :1] - people[..., 1:]], axis=2
        )
        output = np.broadcast_to(np.asarray(drive.output), (rows, drive.output.shape[1]))
        read = np.take_along_axis(told, output[:, :, None], axis=1).astype(np.float64)
        return {"s": np.asarray(made.end.s), "events": np.asarray(made.end.events)}, read


def _identifiers(hospital: Hospital) -> list[str]:
    """Names of resources as words without spaces."""
    return [re.sub(r"\W+", "_", r.name) for r in hospital.resources]


@lru_cache(maxsize=16)
def _compiled(model: HospitalModel) -> Compiled:
    return compiled(model.hospital)


def scaled(own: Compiled, theta: Float[Array, "r p"]) -> Tables:
    """Tables in which every member has rates and durations of its own: theta is factors of demand and stay."""
    f = np.repeat(np.asarray(own.tables.f), len(theta), axis=0)
    for source, place in zip(own.hospital.sources, own.places.rates, strict=True):
        f[:, place : place + len(source.rates)] *= theta[:, :1]
    for law in _services(own):
        name = NAMES[int(f[0, law])]
        if name == "lognormal":
            f[:, law + 1] += np.log(theta[:, 1])
        elif name == "empirical":
            first, last = int(f[0, law + 1]), int(f[0, law + 2])
            f[:, first + 1 : last : 2] *= theta[:, 1:]
        else:
            for number in SHAPES.get(name, (1, 2, 3)):
                f[:, law + number] *= theta[:, 1]
    return Tables(own.tables.t, f, own.tables.member, own.tables.events)


def _services(own: Compiled) -> list[int]:
    """Places of the laws of all delays, each once."""
    t, found = np.asarray(own.tables.t), set[int]()
    for step, place in zip(own.hospital.steps, own.places.steps, strict=True):
        if isinstance(step, Delay):
            found |= {int(t[place + at.FIRST_LAW + 2 * k]) for k in range(len(own.classes))}
    return sorted(found - {-1})


model = HospitalModel(read_hospital(Path(__file__).with_name("data") / "general.json"))
