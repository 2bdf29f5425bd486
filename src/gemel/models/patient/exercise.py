"""Glucose and insulin during exercise and after it (Roy and Parker, J. Diabetes Sci. Technol. 1:371, 2007).

Bergman's minimal model for type 1 diabetes with insulin and glucose into a vein, and what the paper adds for exercise
of u3 per cent of the highest oxygen uptake.  Rates are per minute as in the paper; `field` is per hour.

    effort    V' = 0.8 (u3 - V)                                                                                 (eq. 4)
    insulin   I' = p4 u1 - n I - Ie;  X' = p3 (I - Ib) - p2 X                                                   (5, 6)
    glucose   G' = p1 (Gb - G) - X G + W/VolG (Gprod - Ggly - Gup) + u2/VolG                                       (7)
    exercise  Gprod' = a1 V - a2 Gprod;  Gup' = a3 V - a4 Gup;  Ie' = a5 V - a6 Ie                             (8 - 10)
    long      A' = u3;  Ggly' = k once A > ATH = 87.471 u3 - 1.1521 u3^2, 0 before, -Ggly/T1 at rest          (13 - 15)

Production rises a little less than uptake, and fails when exercise lasts: that is where hypoglycaemia comes from.
The paper starts Ggly at once and sets A to 0 when exercise stops; here the first takes five minutes about the paper's,
the second fades within minutes.  Nobody loses insulin that is not there.
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
from .glycaemia import MINUTES

__all__ = ["PUBLISHED", "Exercise", "model"]

PAPER: Final = Source("doi:10.1177/193229680700100305", "values as LoopInsighT1 (MIT) transcribes them")
OURS: Final = Source("gemel:assumption", "resting glucose and basal insulin of adults; no data")
LABS: Final = Source("gemel:assumption", "order of a blood glucose meter's error")

PUBLISHED: Final[Mapping[str, Constant]] = MappingProxyType({
    "n": Constant(0.142, "/min", PAPER), "p1": Constant(0.035, "/min", PAPER), "p2": Constant(0.05, "/min", PAPER),
    "p3": Constant(0.000028, "mL/u[IU]/min2", PAPER), "p4": Constant(0.098e-3, "/mL", PAPER),
    "VolG": Constant(117.0, "dL", PAPER), "W": Constant(70.0, "kg", PAPER),
    "a1": Constant(0.00158, "mg/kg/min2", PAPER), "a2": Constant(0.056, "/min", PAPER),
    "a3": Constant(0.00195, "mg/kg/min2", PAPER), "a4": Constant(0.0485, "/min", PAPER),
    "a5": Constant(0.00125, "u[IU]/mL/min", PAPER), "a6": Constant(0.075, "/min", PAPER),
    "k": Constant(0.0108, "mg/kg/min2", PAPER), "T1": Constant(6.0, "min", PAPER),
    "effort": Constant(0.8, "/min", PAPER), "linear": Constant(87.471, "min", PAPER),
    "square": Constant(1.1521, "min/%", PAPER),
})  # fmt: skip
"""The paper's values, for a person of 70 kg."""
MICRO: Final = 1e6
RAMP: Final = Constant(5.0, "min", Source("gemel:assumption", "time in which the liver fails, about ATH"))
FADE: Final = Constant(1.0, "min", Source("gemel:assumption", "how fast exercise is forgotten once it stops"))


@dataclass(frozen=True)
class Exercise:
    """One member: a resting glucose, and nine compartments."""

    parameters = (
        Quantity("Gb", "mg/dL", 60.0, 300.0, prior=Prior("lognormal", (log(100.0), 0.2), OURS), about="rest glucose"),
    )
    prior = JointPrior(parameters)
    covariates = (
        Quantity("basal", "[IU]/h", 0.0, 5.0, code="gemel:usual-basal-insulin",
                 prior=Prior("lognormal", (0.0, 0.3), OURS), about="insulin into the vein under which glucose is Gb"),
    )  # fmt: skip
    smooth = (
        Quantity("glucose", "mg/dL", 0.0, about="in plasma"),
        Quantity("insulin", "u[IU]/mL", about="in plasma"),
        Quantity("action", "/min", about="insulin action above that of the basal rate"),
        Quantity("effort", "%", about="oxygen uptake above rest, in per cent of the highest"),
        Quantity("production", "mg/kg/min", about="more glucose from the liver"),
        Quantity("uptake", "mg/kg/min", about="more glucose into muscle"),
        Quantity("removal", "u[IU]/mL/min", about="more insulin leaving plasma"),
        Quantity("spent", "%.min", about="exercise done in this bout"),
        Quantity("failing", "mg/kg/min", about="what the liver no longer makes, its glycogen being low"),
    )
    observables = (
        Quantity("glucose", "mg/dL", low=0.0, code="loinc:2345-7", also=("loinc:2339-0", "loinc:15074-8"),
                 analyte="glucose", noise=Noise("normal", LABS, sd=5.0), about="glucose in plasma"),
    )  # fmt: skip
    inputs = (
        Quantity("insulin", "[IU]/h", low=0.0, dose_unit="[IU]", code="gemel:intravenous-insulin",
                 about="insulin into a vein"),
        Quantity("exercise", "%", low=0.0, high=75.0, code="gemel:exercise-intensity",
                 about="oxygen uptake above rest, in per cent of the highest; a level, not an amount per hour"),
        Quantity("glucose", "mg/h", low=0.0, dose_unit="mg", code="gemel:intravenous-glucose",
                 about="glucose into a vein"),
    )  # fmt: skip
    settings = ()
    step = 1 / MINUTES
    card = Card(
        title="Glucose in exercise, type 1 diabetes",
        version="0.1.0",
        kind="patient",
        intended_use="To show what exercise of some intensity and length does to glucose and insulin, for study.",
        not_for="Advice on exercise, dosing or snacks; meals, insulin under the skin, sprints, late effects at night.",
        population="The young healthy subjects whose published averages the paper fitted; 70 kg.",
        causal="mechanistic",
        sources=(PAPER,),
        limits="One weight, one set of rates, insulin and glucose into a vein only. No raised insulin sensitivity in "
        "the hours after exercise and no adrenaline, which hard exercise brings. The spread of Gb is ours.",
        statements=(
            ("users", "Researchers, teachers, developers."),
            ("question", "How far does glucose fall during this exercise, and how fast does it come back?"),
            ("consequence", "A wrong answer can mislead a study; no treatment rests on it."),
            ("risk", "Low while no decision about a person rests on it, which it is not for."),
            ("inclusion", "No data of people were used here."),
        ),
    )

    def start(self, p: Any, u: Any, env: Env) -> dict[str, Any]:
        """Rest under the rates `u`, before any exercise."""
        c = _values()
        kept = _raised(c) / c["n"]
        insulin = kept * u.insulin
        action = c["p3"] / c["p2"] * (insulin - kept * p.basal)
        given = u.glucose / MINUTES / c["VolG"]
        zero = 0.0 * insulin
        return {
            "glucose": (c["p1"] * p.Gb + given) / (c["p1"] + action), "insulin": insulin, "action": action,
            "effort": zero, "production": zero, "uptake": zero, "removal": zero, "spent": zero, "failing": zero,
        }  # fmt: skip

    def field(self, x: Any, p: Any, u: Any, env: Env) -> dict[str, Any]:
        """Change per hour."""
        c, xp = _values(), env.xp
        moving = u.exercise > 0.0
        threshold = c["linear"] * u.exercise - c["square"] * u.exercise**2
        past = (x.spent - threshold) / (RAMP.value * xp.where(moving, u.exercise, 1.0))
        worn = c["k"] * xp.minimum(xp.maximum(past + 0.5, 0.0), 1.0)
        usual = (_raised(c) / c["n"]) * p.basal
        burnt = c["W"] / c["VolG"] * (x.production - x.failing - x.uptake)
        removed = xp.where(x.insulin > 0.0, x.removal, 0.0)
        per_minute = {
            "glucose": c["p1"] * (p.Gb - x.glucose) - x.action * x.glucose + burnt + u.glucose / MINUTES / c["VolG"],
            "insulin": _raised(c) * u.insulin - c["n"] * x.insulin - removed,
            "action": c["p3"] * (x.insulin - usual) - c["p2"] * x.action,
            "effort": c["effort"] * (u.exercise - x.effort),
            "production": c["a1"] * x.effort - c["a2"] * x.production,
            "uptake": c["a3"] * x.effort - c["a4"] * x.uptake,
            "removal": c["a5"] * x.effort - c["a6"] * x.removal,
            "spent": xp.where(moving, u.exercise, -x.spent / FADE.value),
            "failing": xp.where(moving, worn, -x.failing / c["T1"]),
        }
        return {name: MINUTES * rate for name, rate in per_minute.items()}

    def dose(self, x: Any, p: Any, d: Any, env: Env) -> dict[str, Any]:
        """Glucose or insulin into a vein at once."""
        c = _values()
        return {"glucose": x.glucose + d.glucose / c["VolG"], "insulin": x.insulin + d.insulin * MICRO * c["p4"]}

    def emit(self, x: Any, p: Any, env: Env) -> dict[str, Any]:
        """Glucose in plasma [mg/dL]."""
        return {"glucose": x.glucose}


def _values() -> dict[str, float]:
    return {name: constant.value for name, constant in PUBLISHED.items()}


def _raised(c: Mapping[str, float]) -> float:
    """How fast 1 [IU]/h raises plasma insulin [u[IU]/mL/min]."""
    return c["p4"] * MICRO / MINUTES


model = Flow(Exercise())
