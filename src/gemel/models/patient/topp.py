"""Beta cells, insulin and glucose over months and years (Topp et al., J. Theor. Biol. 206:605, 2000).

The slow layer under the hours that the other glucose models tell: how beta cells make up for insulin resistance, and
how they are lost.  Rates are per day as in the paper; `field` is per hour.

    glucose   G' = R0 - (E + S I) G,  S = SI/(1 + resistance)
    insulin   I' = secretion B G^2/(a + G^2) - k I
    beta      B' = (-d0 + r1 G - r2 G^2) B
    HbA1c     (G + 46.7)/28.7                                                                         (ADAG, 2008)

Beta cells neither grow nor shrink at the two roots of r2 G^2 - r1 G + d0: 100 mg/dL, where a person rests, and
250 mg/dL, beyond which the cells die, to end without any at R0/E = 600 mg/dL.  `resistance` is what a plan changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from types import MappingProxyType
from typing import Any, Final

from ...core.card import Card
from ...core.prior import JointPrior
from ...core.quantity import Constant, Noise, Prior, Quantity, Source
from ...numerics.flow import Flow
from ...numerics.member import Env

__all__ = ["PUBLISHED", "Topp", "model"]

PAPER: Final = Source("doi:10.1006/jtbi.2000.2150", "published parameters, as three open programs transcribe them")
ADAG: Final = Source("doi:10.2337/dc08-0545", "estimated average glucose = 28.7 HbA1c - 46.7")
OURS: Final = Source("gemel:assumption", "insulin sensitivity differs by a factor of two between people; no data")
LABS: Final = Source("gemel:assumption", "order of a laboratory's error and of fasting values from day to day")

HOURS_PER_DAY: Final = 24.0
PUBLISHED: Final[Mapping[str, Constant]] = MappingProxyType({
    "R0": Constant(864.0, "mg/dL/d", PAPER), "E": Constant(1.44, "/d", PAPER), "SI": Constant(0.72, "L/m[IU]/d", PAPER),
    "secretion": Constant(43.2, "m[IU]/L/mg/d", PAPER), "a": Constant(20000.0, "mg2/dL2", PAPER),
    "k": Constant(432.0, "/d", PAPER), "d0": Constant(0.06, "/d", PAPER), "r1": Constant(0.84e-3, "dL/mg/d", PAPER),
    "r2": Constant(0.24e-5, "dL2/mg2/d", PAPER),
})  # fmt: skip
"""The paper's values."""
ADAG_SLOPE: Final = Constant(28.7, "mg/dL/%", ADAG)
ADAG_OFFSET: Final = Constant(46.7, "mg/dL", ADAG)


@dataclass(frozen=True)
class Topp:
    """One member: a person's insulin sensitivity, and three compartments."""

    parameters = (
        Quantity("SI", "L/m[IU]/d", 0.0, prior=Prior("lognormal", (log(PUBLISHED["SI"].value), log(2.0)), OURS),
                 about="insulin sensitivity; its median is the paper's value"),
    )  # fmt: skip
    prior = JointPrior(parameters)
    covariates = ()
    smooth = (
        Quantity("glucose", "mg/dL", 0.0, about="in plasma, over the day"),
        Quantity("insulin", "m[IU]/L", 0.0, about="in plasma, over the day"),
        Quantity("beta", "mg", 0.0, about="mass of beta cells"),
    )
    observables = (
        Quantity("glucose", "mg/dL", low=0.0, code="loinc:1558-6", analyte="glucose",
                 noise=Noise("normal", LABS, sd=5.0), about="fasting glucose"),
        Quantity("insulin", "m[IU]/L", low=0.0, code="loinc:20448-7", analyte="insulin",
                 noise=Noise("normal", LABS, sd=1.0), about="fasting insulin"),
        Quantity("hba1c", "%", low=0.0, code="loinc:4548-4",
                 noise=Noise("normal", LABS, sd=0.2), about="the HbA1c to which this glucose leads when it lasts"),
        Quantity("beta", "mg", low=0.0, code="gemel:beta-cell-mass", about="mass of beta cells; nobody can read it"),
    )  # fmt: skip
    inputs = (
        Quantity("resistance", "1", low=0.0, code="gemel:insulin-resistance",
                 about="SI is divided by 1 + this; a level, not an amount per hour"),
    )  # fmt: skip
    settings = ()
    step = 1 / 30  # structure: insulin is cleared at 18/h, which a solver must resolve
    card = Card(
        title="Beta-cell mass, insulin and glucose over years",
        version="0.1.0",
        kind="patient",
        intended_use="To show how beta cells make up for insulin resistance or fail, for teaching and as a slow layer.",
        not_for="Predicting whether or when a person gets diabetes; dosing; type 1 diabetes; meals within a day.",
        population="One average adult of the paper; the spread of insulin sensitivity is our assumption.",
        causal="mechanistic",
        sources=(PAPER, ADAG),
        limits="One glucose for the whole day. HbA1c follows glucose at once, here, and by weeks in a body. Growth and "
        "death of beta cells come from rodents. No treatment is in it but a change of insulin resistance.",
        statements=(
            ("users", "Teachers, students, researchers, developers."),
            ("question", "Do beta cells make up for this much insulin resistance, and what happens where they do not?"),
            ("consequence", "A wrong answer can mislead a study; no treatment rests on it."),
            ("risk", "Low while no decision about a person rests on it, which it is not for."),
            ("inclusion", "No data of people were used here."),
        ),
    )

    def start(self, p: Any, u: Any, env: Env) -> dict[str, Any]:
        """Rest at the lower root, 100 mg/dL, under the given resistance."""
        c, xp = {name: constant.value for name, constant in PUBLISHED.items()}, env.xp
        glucose = (c["r1"] - (c["r1"] ** 2 - 4.0 * c["r2"] * c["d0"]) ** 0.5) / (2.0 * c["r2"])
        insulin = (c["R0"] / glucose - c["E"]) / _sensitivity(p, u)
        beta = c["k"] * insulin * (c["a"] + glucose**2) / (c["secretion"] * glucose**2)
        return {"glucose": glucose * xp.ones_like(insulin), "insulin": insulin, "beta": beta}

    def field(self, x: Any, p: Any, u: Any, env: Env) -> dict[str, Any]:
        """Change per hour."""
        c = {name: constant.value for name, constant in PUBLISHED.items()}
        square = x.glucose * x.glucose
        per_day = {
            "glucose": c["R0"] - (c["E"] + _sensitivity(p, u) * x.insulin) * x.glucose,
            "insulin": c["secretion"] * x.beta * square / (c["a"] + square) - c["k"] * x.insulin,
            "beta": (-c["d0"] + c["r1"] * x.glucose - c["r2"] * square) * x.beta,
        }
        return {name: rate / HOURS_PER_DAY for name, rate in per_day.items()}

    def dose(self, x: Any, p: Any, d: Any, env: Env) -> dict[str, Any]:
        """Nothing is given at once."""
        return {}

    def emit(self, x: Any, p: Any, env: Env) -> dict[str, Any]:
        """What a laboratory would read, without error, and the mass of beta cells."""
        hba1c = (x.glucose + ADAG_OFFSET.value) / ADAG_SLOPE.value
        return {"glucose": x.glucose, "insulin": x.insulin, "hba1c": hba1c, "beta": x.beta}


def _sensitivity(p: Any, u: Any) -> Any:
    """Insulin sensitivity under the given resistance [L/m[IU]/d]."""
    return p.SI / (1.0 + u.resistance)


model = Flow(Topp())
