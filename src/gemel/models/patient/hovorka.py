"""The Cambridge virtual patient with type 1 diabetes (Hovorka et al., Physiol. Meas. 25:905, 2004).

Independent of ReplayBG in structure and data, so it can stand for a person whom the other model does not know.
Amounts are per kg of body weight, rates per minute as in the paper; `field` is per hour.

    insulin   s1' = u + long - ka s1;  s2' = ka (s1 - s2);  insulin' = ka s2 / VI - ke insulin      (ka = 1/tmaxI)
    actions   x1' = ka1 (St insulin - x1);  x2' = ka2 (Sd insulin - x2);  x3' = ka3 (Se insulin - x3)
    meals     d1' = AG m - d1/tmaxG;  d2' = (d1 - d2)/tmaxG;  UG = d2/tmaxG
    glucose   q1' = UG + EGP0 (1 - x3) - F01c - FR - x1 q1 + k12 q2;  q2' = x1 q1 - (k12 + x2) q2;  G = q1/VG
              F01c = F01 min(G/4.5, 1);  FR = 0.003 max(G - 9, 0) VG
    sensor    interstitial' = kint (G - interstitial)                                                (Wilinska 2010)

The body's own production is held at zero where the paper's 1 - x3 would turn negative.  `MEAN` is the published mean
subject; the priors are log-normal laws through the six subjects of Hovorka et al. 2002, within their range.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from types import MappingProxyType
from typing import Any, Final

from ...core.analytes import ANALYTES
from ...core.card import Card
from ...core.prior import JointPrior
from ...core.quantity import Constant, Prior, Quantity, Source
from ...numerics.flow import Flow
from ...numerics.member import Env
from .glycaemia import GLUCOSE, INPUTS, LONG_HALF_LIFE, MINUTES, STATEMENTS, WEIGHT, per_kg

__all__ = ["MEAN", "Hovorka", "model"]

PAPER: Final = Source("doi:10.1088/0967-3334/25/4/010", "mean subject; values read in LoopInsightT1 (MIT)")
SIX: Final = Source(
    "doi:10.1152/ajpendo.00304.2001",
    "six subjects, read in two programs that transcribe the table; arithmetic means agree with the 2004 paper and "
    "geometric means with Wilinska 2010",
)
SPREAD: Final = Source("doi:10.1177/193229681000400117", "law and limits as three independent programs transcribe them")
UNSURE: Final = Source(
    "doi:10.1152/ajpendo.00304.2001",
    "mean of the 2004 paper; sd from programs that quote the table, not seen (Se: their error 125e-4 times root 6)",
)

MEAN: Final[Mapping[str, Constant]] = MappingProxyType({
    "k12": Constant(0.066, "/min", PAPER), "ka1": Constant(0.006, "/min", PAPER), "ka2": Constant(0.06, "/min", PAPER),
    "ka3": Constant(0.03, "/min", PAPER), "St": Constant(51.2e-4, "L/m[IU]/min", PAPER),
    "Sd": Constant(8.2e-4, "L/m[IU]/min", PAPER), "Se": Constant(520e-4, "L/m[IU]", PAPER),
    "EGP0": Constant(0.0161, "mmol/kg/min", PAPER), "F01": Constant(0.0097, "mmol/kg/min", PAPER),
    "VG": Constant(0.16, "L/kg", PAPER), "VI": Constant(0.12, "L/kg", PAPER), "ke": Constant(0.138, "/min", PAPER),
    "ka": Constant(1 / 55, "/min", PAPER), "AG": Constant(0.8, "1", PAPER), "tmaxG": Constant(40.0, "min", PAPER),
})  # fmt: skip
"""The mean subject of the paper (its sensor lag is not in it: see `kint`)."""

SATURATION: Final = Constant(4.5, "mmol/L", PAPER)
LEAST: Final = Constant(1.0, "mmol/L", Source("doi:10.1172/JCI31669", "our choice: lasting glucose below this kills"))
"""Nobody rests lower: their body, or somebody, would have stepped in."""
RENAL_THRESHOLD: Final = Constant(9.0, "mmol/L", PAPER)
RENAL_RATE: Final = Constant(0.003, "/min", PAPER)
MG_PER_MMOL: Final = ANALYTES["glucose"].molar_mass
"""mg of glucose in a mmol."""
PER_DECILITRE: Final = MG_PER_MMOL / 10.0
"""mg/dL in a mmol/L."""


def _parameter(name: str, unit: str, limits: tuple[float, float], prior: Prior, about: str) -> Quantity:
    return Quantity(name, unit, *limits, prior=prior, about=about)


@dataclass(frozen=True)
class Hovorka:
    """One member: sixteen numbers and a depot's half-life in which persons differ, twelve compartments."""

    parameters = (
        _parameter("k12", "/min", (0.0343, 0.0968), Prior("lognormal", (log(0.0595), 0.463), SIX), "return to plasma"),
        _parameter("ka1", "/min", (0.0007, 0.0157), Prior("lognormal", (log(0.00338), 1.119), SIX), "pace of x1"),
        _parameter("ka2", "/min", (0.0231, 0.1631), Prior("lognormal", (log(0.0555), 0.700), SIX), "pace of x2"),
        _parameter("ka3", "/min", (0.003, 0.1), Prior("lognormal", (log(0.0241), 0.684), UNSURE), "pace of x3"),
        _parameter("St", "L/m[IU]/min", (18.7e-4, 86.1e-4), Prior("lognormal", (log(41.8e-4), 0.728), SIX),
                   "insulin's effect on transport"),
        _parameter("Sd", "L/m[IU]/min", (0.9e-4, 20.1e-4), Prior("lognormal", (log(5.09e-4), 1.170), SIX),
                   "insulin's effect on disposal"),
        _parameter("Se", "L/m[IU]", (100e-4, 1000e-4), Prior("lognormal", (log(448e-4), 0.546), UNSURE),
                   "insulin's effect on the liver's production"),
        _parameter("EGP0", "mmol/kg/min", (0.009, 0.025), Prior("normal", (0.0161, 0.0039), UNSURE),
                   "production without insulin"),
        _parameter("F01", "mmol/kg/min", (0.0071, 0.0121), Prior("lognormal", (log(0.00948), 0.227), SIX),
                   "use that needs no insulin"),
        _parameter("VG", "L/kg", (0.09, 0.25), Prior("lognormal", (log(0.15), 0.23), SPREAD), "volume of glucose"),
        _parameter("VI", "L/kg", (0.08, 0.18), Prior("normal", (0.12, 0.012), SPREAD), "volume of insulin"),
        _parameter("ke", "/min", (0.05, 0.30), Prior("normal", (0.14, 0.035), SPREAD), "loss of plasma insulin"),
        _parameter("ka", "/min", (0.005, 0.06), Prior("normal", (0.018, 0.0045), SPREAD), "insulin under the skin"),
        _parameter("AG", "1", (0.7, 1.2), Prior("uniform", (0.7, 1.2), SPREAD),
                   "glucose reaching plasma per carbohydrate announced; above 1 the meal was under-counted"),
        _parameter("tmaxG", "min", (28.5, 50.0), Prior("lognormal", (3.689, 0.25), SPREAD), "time of peak absorption"),
        _parameter("kint", "/min", (0.03, 0.3), Prior("lognormal", (-2.372, 1.092), SPREAD),
                   "plasma to sensor; the limits (lags of 3 to 33 min) are ours"),
        LONG_HALF_LIFE,
    )  # fmt: skip
    prior = JointPrior(parameters, order=(("F01", "EGP0"),))
    covariates = (WEIGHT,)
    smooth = (
        Quantity("q1", "mmol/kg", 0.0, about="glucose in plasma and what exchanges fast with it"),
        Quantity("q2", "mmol/kg", about="glucose in tissue"),
        Quantity("interstitial", "mmol/L", 0.0, about="glucose under the skin"),
        Quantity("x1", "/min", about="action on transport"),
        Quantity("x2", "/min", about="action on disposal"),
        Quantity("x3", "1", about="action on production"),
        Quantity("insulin", "m[IU]/L", about="in plasma"),
        Quantity("s2", "m[IU]/kg"),
        Quantity("s1", "m[IU]/kg", about="insulin under the skin"),
        Quantity("depot", "m[IU]/kg", about="long-acting insulin"),
        Quantity("d1", "mmol/kg", about="glucose in the stomach"),
        Quantity("d2", "mmol/kg", about="glucose in the gut"),
    )
    observables = (GLUCOSE,)
    inputs = INPUTS
    settings = ()
    step = 1 / MINUTES
    card = Card(
        title="Cambridge virtual patient with type 1 diabetes",
        version="0.1.0",
        kind="patient",
        intended_use="A virtual person, independent of the forecaster, on whom methods and plans are tried.",
        not_for="Forecasting or dosing a real person; pregnancy, exercise, ketoacidosis, children.",
        population="Adults with type 1 diabetes without insulin of their own: six clamped subjects (2002) and priors.",
        causal="mechanistic",
        sources=(PAPER, SIX, SPREAD),
        limits="No exercise, glucagon, time of day or day-to-day change. The spreads of EGP0, ka3 and Se come "
        "second-hand; independent draws include persons rarer than the six. The long-acting depot is our addition.",
        statements=STATEMENTS,
    )

    def start(self, p: Any, u: Any, env: Env) -> dict[str, Any]:
        """Rest under the rates `u` without meals, exact: glucose balance is piecewise linear in G.

        Under more insulin than their production stands, a member rests at no glucose at all: such a one starts at
        `LEAST`, falling.
        """
        xp, zero = env.xp, 0.0 * p.weight
        rapid, slow = (per_kg(rate, p.weight) / MINUTES for rate in (u.insulin, u.long_acting))
        insulin = (rapid + slow) / (p.ke * p.VI)
        x1, x2, x3 = p.St * insulin, p.Sd * insulin, p.Se * insulin
        made = p.EGP0 * xp.maximum(1.0 - x3, 0.0)
        used = xp.maximum(p.VG * x1 * x2 / (p.k12 + x2), 1e-15)
        renal = RENAL_RATE.value * p.VG
        low = made / (used + p.F01 / SATURATION.value)
        middle = (made - p.F01) / used
        high = (made - p.F01 + renal * RENAL_THRESHOLD.value) / (used + renal)
        glucose = xp.where(low <= SATURATION.value, low, xp.where(middle <= RENAL_THRESHOLD.value, middle, high))
        glucose = xp.maximum(glucose, LEAST.value)
        q1 = p.VG * glucose
        return {
            "q1": q1, "q2": x1 * q1 / (p.k12 + x2), "interstitial": glucose, "x1": x1, "x2": x2, "x3": x3,
            "insulin": insulin, "s2": (rapid + slow) / p.ka, "s1": (rapid + slow) / p.ka,
            "depot": slow * MINUTES * p.long_half_life / log(2.0), "d1": zero, "d2": zero,
        }  # fmt: skip

    def field(self, x: Any, p: Any, u: Any, env: Env) -> dict[str, Any]:
        """Change of each compartment per hour."""
        xp = env.xp
        rapid, given, eaten = (per_kg(rate, p.weight) / MINUTES for rate in (u.insulin, u.long_acting, u.carbs))
        slow = log(2.0) / (MINUTES * p.long_half_life) * x.depot
        glucose = x.q1 / p.VG
        made = p.EGP0 * xp.maximum(1.0 - x.x3, 0.0)
        used = p.F01 * xp.minimum(glucose / SATURATION.value, 1.0)
        renal = RENAL_RATE.value * xp.maximum(glucose - RENAL_THRESHOLD.value, 0.0) * p.VG
        per_minute = {
            "q1": x.d2 / p.tmaxG + made - used - renal - x.x1 * x.q1 + p.k12 * x.q2,
            "q2": x.x1 * x.q1 - (p.k12 + x.x2) * x.q2,
            "interstitial": p.kint * (glucose - x.interstitial),
            "x1": p.ka1 * (p.St * x.insulin - x.x1),
            "x2": p.ka2 * (p.Sd * x.insulin - x.x2),
            "x3": p.ka3 * (p.Se * x.insulin - x.x3),
            "insulin": p.ka * x.s2 / p.VI - p.ke * x.insulin,
            "s2": p.ka * (x.s1 - x.s2),
            "s1": rapid + slow - p.ka * x.s1,
            "depot": given - slow,
            "d1": p.AG * eaten / MG_PER_MMOL - x.d1 / p.tmaxG,
            "d2": (x.d1 - x.d2) / p.tmaxG,
        }
        return {name: MINUTES * rate for name, rate in per_minute.items()}

    def dose(self, x: Any, p: Any, d: Any, env: Env) -> dict[str, Any]:
        """A bolus, a meal (in the stomach at once), a long-acting injection."""
        return {
            "s1": x.s1 + per_kg(d.insulin, p.weight),
            "d1": x.d1 + p.AG * per_kg(d.carbs, p.weight) / MG_PER_MMOL,
            "depot": x.depot + per_kg(d.long_acting, p.weight),
        }

    def emit(self, x: Any, p: Any, env: Env) -> dict[str, Any]:
        """What an error-free sensor under the skin reads [mg/dL]."""
        return {"glucose": PER_DECILITRE * x.interstitial}

    def basal(self, p: Any, glucose: Any, xp: Any) -> Any:
        """Insulin rate [[IU]/h] under which `glucose` [mg/dL] rests; 0 where production cannot keep up with use."""
        level = glucose / PER_DECILITRE
        kidneys = RENAL_RATE.value * xp.maximum(level - RENAL_THRESHOLD.value, 0.0) * p.VG
        spare = p.EGP0 - p.F01 * xp.minimum(level / SATURATION.value, 1.0) - kidneys
        a = p.Sd * (p.EGP0 * p.Se + level * p.VG * p.St)
        b = spare * p.Sd - p.EGP0 * p.Se * p.k12
        c = xp.maximum(spare, 0.0) * p.k12
        insulin = (b + xp.sqrt(b * b + 4.0 * a * c)) / (2.0 * a)
        return insulin * p.ke * p.VI * p.weight * MINUTES / 1000.0


model = Flow(Hovorka())
