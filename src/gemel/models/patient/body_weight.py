"""Body weight over months and years after a change of what is eaten (Hall et al., Lancet 378:826, 2011).

Energy in kJ, rates per day as in the paper; `field` is per hour.  D is the change of intake, EI = PAL RMR + D.

    glycogen  rhoG G' = share EI - kG G^2
    fluid     Na ECF' = sodium - zNa (ECF - ECF0) - zCI (1 - EI/(PAL RMR))
    tissue    rhoF F' = (1 - p) X,  rhoL L' = p X,  p = C/(C + F),  X = EI - EE - rhoG G'                (Forbes 1987)
    spent     EE = K + gF F + gL L + delta W + bTEF D + AT + etaF F' + etaL L';  tau AT' = bAT D - AT
    weight    W = F + L + ECF + 3.7 G
    at start  RMR by Mifflin 1990, F by Jackson 2002 from age, height and sex; K such that nothing changes without D

`EE` holds F' and L', so X is solved for.  One open program (bw 1.0) leaves rhoG out of X; here it stands in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final

from ...core.card import Card
from ...core.prior import JointPrior
from ...core.quantity import Constant, Noise, Prior, Quantity, Source
from ...numerics.flow import Flow
from ...numerics.member import Env

__all__ = ["BodyWeight", "model"]

HALL: Final = Source("doi:10.1016/S0140-6736(11)60812-X", "equations and values as bw 1.0 (MIT) transcribes them")
MIFFLIN: Final = Source("doi:10.1093/ajcn/51.2.241", "resting metabolic rate, as in bw 1.0")
JACKSON: Final = Source("doi:10.1038/sj.ijo.0802006", "fat from body mass index, age and sex, as in bw 1.0")
FLUID: Final = Source("doi:10.1016/S0140-6736(11)60812-X", "extracellular fluid at the start, as in bw 1.0")
RANGE: Final = Source("doi:10.1016/S0140-6736(11)60812-X", "bw 1.0: activity levels between 1.4 and 2.4")
SCALES: Final = Source("gemel:assumption", "a day's swing on household scales")

HOURS_PER_DAY: Final = 24.0
CM_PER_M: Final = 100.0
PERCENT: Final = 100.0
KJ_PER_KCAL: Final = Constant(4.184, "kJ/kcal", Source("thermochemical calorie", "exact by definition"))

RHO_G: Final = Constant(17600.0, "kJ/kg", HALL)
RHO_F: Final = Constant(39500.0, "kJ/kg", HALL)
RHO_L: Final = Constant(7600.0, "kJ/kg", HALL)
GAMMA_F: Final = Constant(13.0, "kJ/kg/d", HALL)
GAMMA_L: Final = Constant(92.0, "kJ/kg/d", HALL)
ETA_F: Final = Constant(750.0, "kJ/kg", HALL)
ETA_L: Final = Constant(960.0, "kJ/kg", HALL)
BETA_TEF: Final = Constant(0.1, "1", HALL)
BETA_AT: Final = Constant(0.14, "1", HALL)
TAU_AT: Final = Constant(14.0, "d", HALL)
FORBES: Final = Constant(10.4, "kg", HALL)
GLYCOGEN: Final = Constant(0.5, "kg", HALL)
WITH_WATER: Final = Constant(3.7, "1", HALL)
SHARE: Final = Constant(0.5, "1", Source("bw 1.0 (MIT)", "part of energy eaten as carbohydrate"))
SODIUM: Final = Constant(3220.0, "mg/L", HALL)
ZETA_NA: Final = Constant(3000.0, "mg/L/d", HALL)
ZETA_CI: Final = Constant(4000.0, "mg/d", HALL)

RESTING: Final = (
    Constant(9.99, "kcal/d/kg", MIFFLIN), Constant(6.25, "kcal/d/cm", MIFFLIN), Constant(-4.92, "kcal/d/a", MIFFLIN),
)  # fmt: skip
"""Energy spent at rest by weight, height and age, and what men and women have beside it."""
RESTING_MAN: Final = Constant(5.0, "kcal/d", MIFFLIN)
RESTING_WOMAN: Final = Constant(-161.0, "kcal/d", MIFFLIN)
FLUID_MAN: Final = (
    Constant(0.025, "L/a", FLUID), Constant(9.57, "L/m", FLUID), Constant(0.191, "L/kg", FLUID),
    Constant(-12.4, "L", FLUID),
)  # fmt: skip
FLUID_WOMAN: Final = (
    Constant(0.0, "L/a", FLUID), Constant(5.98, "L/m", FLUID), Constant(0.167, "L/kg", FLUID),
    Constant(-4.0, "L", FLUID),
)  # fmt: skip
FAT_MAN: Final = (Constant(0.14, "%/a", JACKSON), Constant(37.31, "%", JACKSON), Constant(-103.94, "%", JACKSON))
FAT_WOMAN: Final = (Constant(0.14, "%/a", JACKSON), Constant(39.96, "%", JACKSON), Constant(-102.01, "%", JACKSON))
"""Body fat by age and by the logarithm of the body mass index."""


@dataclass(frozen=True)
class BodyWeight:
    """One member: how active a person is, and five compartments."""

    parameters = (
        Quantity("activity", "1", 1.0, 3.0, prior=Prior("uniform", (1.4, 2.4), RANGE),
                 about="physical activity level PAL: energy spent over energy spent at rest"),
    )  # fmt: skip
    prior = JointPrior(parameters)
    covariates = (
        Quantity("weight", "kg", 30.0, 250.0, code="gemel:weight-at-start", about="body weight at the start"),
        Quantity("height", "cm", 120.0, 230.0, code="loinc:8302-2", about="body height"),
        Quantity("age", "a", 18.0, 100.0, code="gemel:age-at-start", about="age at the start"),
        Quantity("female", "1", 0.0, 1.0, code="gemel:female", about="1 for the formulas for women, 0 for men"),
    )
    smooth = (
        Quantity("fat", "kg", 0.0),
        Quantity("lean", "kg", 0.0, about="without extracellular fluid and glycogen"),
        Quantity("glycogen", "kg", 0.0),
        Quantity("fluid", "L", 0.0, about="extracellular; a litre weighs a kilogram"),
        Quantity("thermogenesis", "kJ/d", about="energy that the body spends or saves by adapting"),
    )
    observables = (
        Quantity("body_weight", "kg", low=0.0, code="loinc:29463-7", noise=Noise("normal", SCALES, sd=0.5),
                 about="on scales"),
        Quantity("fat_mass", "kg", low=0.0, code="gemel:fat-mass", noise=Noise("normal", SCALES, sd=1.0),
                 about="as body composition is measured"),
    )  # fmt: skip
    inputs = (
        Quantity("energy_change", "kcal/h", code="gemel:energy-intake-change",
                 about="energy eaten beyond what is usual; -500 kcal a day is -20.8"),
        Quantity("sodium_change", "mg/h", code="gemel:sodium-intake-change", about="sodium eaten beyond what is usual"),
    )  # fmt: skip
    settings = ()
    step = 6.0  # structure: fluid settles within a day
    card = Card(
        title="Body weight after a change of diet",
        version="0.1.0",
        kind="patient",
        intended_use="How an adult's weight follows a lasting change of energy intake, for study and conversation.",
        not_for="Children, pregnancy, illness, surgery or drugs for weight; prescribing a diet.",
        population="Adults in energy balance at the start, of the populations of the cited formulas.",
        causal="mechanistic",
        sources=(HALL, MIFFLIN, JACKSON),
        limits="The person is taken to be in balance at the start and to keep their activity and their share of "
        "carbohydrate. Age stands still. Body fat at the start is that of a regression. What people eat is never known "
        "as well as the model assumes.",
        statements=(
            ("users", "Clinicians, dietitians, teachers, researchers."),
            ("question", "How does weight move over months under this change of intake?"),
            ("consequence", "A wrong forecast can disappoint; no dose rests on it."),
            ("risk", "Low: weight changes slowly and is measured; eating disorders are a reason not to use it."),
            ("inclusion", "No data of people were used here."),
        ),
    )

    def start(self, p: Any, u: Any, env: Env) -> dict[str, Any]:
        """The person's own balance, whatever change `u` begins now."""
        rest = _balance(p, env.xp)
        return {
            "fat": rest.fat, "lean": rest.lean, "glycogen": GLYCOGEN.value + 0.0 * rest.fat, "fluid": rest.fluid,
            "thermogenesis": 0.0 * rest.fat,
        }  # fmt: skip

    def field(self, x: Any, p: Any, u: Any, env: Env) -> dict[str, Any]:
        """Change per hour."""
        rest = _balance(p, env.xp)
        more = u.energy_change * HOURS_PER_DAY * KJ_PER_KCAL.value
        carbs, usual = SHARE.value * (rest.energy + more), SHARE.value * rest.energy
        stored = carbs - usual * (x.glycogen / GLYCOGEN.value) ** 2
        salt = u.sodium_change * HOURS_PER_DAY - ZETA_NA.value * (x.fluid - rest.fluid)
        lean_share = _lean_share(x.fat)
        left = rest.energy + more - stored - _spent(x, rest, more)
        cost = ETA_L.value * lean_share / RHO_L.value + ETA_F.value * (1.0 - lean_share) / RHO_F.value
        kept = left / (1.0 + cost)
        per_day = {
            "fat": (1.0 - lean_share) * kept / RHO_F.value,
            "lean": lean_share * kept / RHO_L.value,
            "glycogen": stored / RHO_G.value,
            "fluid": (salt - ZETA_CI.value * (1.0 - carbs / usual)) / SODIUM.value,
            "thermogenesis": (BETA_AT.value * more - x.thermogenesis) / TAU_AT.value,
        }
        return {name: rate / HOURS_PER_DAY for name, rate in per_day.items()}

    def dose(self, x: Any, p: Any, d: Any, env: Env) -> dict[str, Any]:
        """Nothing is given at once."""
        return {}

    def emit(self, x: Any, p: Any, env: Env) -> dict[str, Any]:
        """What scales would read, and fat."""
        return {"body_weight": _weight(x), "fat_mass": x.fat}


def _weight(x: Any) -> Any:
    """Body weight [kg]."""
    return x.fat + x.lean + x.fluid + WITH_WATER.value * x.glycogen


def _lean_share(fat: Any) -> Any:
    """Part p of the energy kept or lost that is lean tissue: the less fat there is, the more [1]."""
    forbes = FORBES.value * RHO_L.value / RHO_F.value
    return forbes / (forbes + fat)


def _spent(x: Any, rest: Any, more: Any) -> Any:
    """Energy spent [kJ/d], but for what building tissue costs; K is what the person's own balance leaves."""

    def tissue(y: Any) -> Any:
        return GAMMA_F.value * y.fat + GAMMA_L.value * y.lean

    usual = rest.energy - tissue(rest) - rest.moving * rest.weight
    return usual + tissue(x) + rest.moving * _weight(x) + BETA_TEF.value * more + x.thermogenesis


def _balance(p: Any, xp: Any) -> Any:
    """The person before the change: energy eaten [kJ/d], delta [kJ/kg/d], fat, lean [kg] and fluid [L]."""
    metres = p.height / CM_PER_M
    own = _mix(p, RESTING_MAN.value, RESTING_WOMAN.value)
    resting = KJ_PER_KCAL.value * (_sum(RESTING, (p.weight, p.height, p.age)) + own)
    size = (p.age, metres, p.weight, 1.0)
    fluid = _mix(p, _sum(FLUID_MAN, size), _sum(FLUID_WOMAN, size))
    build = (p.age, xp.log(p.weight / metres**2), 1.0)
    fat = p.weight / PERCENT * _mix(p, _sum(FAT_MAN, build), _sum(FAT_WOMAN, build))
    return SimpleNamespace(
        energy=p.activity * resting,
        moving=((1.0 - BETA_TEF.value) * p.activity - 1.0) * resting / p.weight,
        weight=p.weight,
        fat=fat,
        lean=p.weight - fluid - fat - WITH_WATER.value * GLYCOGEN.value,
        fluid=fluid,
    )


def _sum(weights: tuple[Constant, ...], values: tuple[Any, ...]) -> Any:
    """A regression: the sum of each value by its weight."""
    return sum(weight.value * value for weight, value in zip(weights, values, strict=True))


def _mix(p: Any, man: Any, woman: Any) -> Any:
    """The formula for women or for men."""
    return man + p.female * (woman - man)


model = Flow(BodyWeight())
