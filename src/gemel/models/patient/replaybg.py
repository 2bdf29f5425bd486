"""Glucose of one person with type 1 diabetes, personalisable from sensor, insulin and meal data.

The model of ReplayBG (Cappon et al., IEEE TBME 70:3227, 2023), with one gut for all meals and insulin sensitivity SI by
time of day as in its multi-meal variant.  Amounts are per kg, rates per minute as in the papers; `field` is per hour.

    insulin   wait' = u - wait/tau;  sub1' = wait/tau + long - kd sub1;  sub2' = kd sub1 - ka2 sub2     (Schiavon 2018)
              plasma_insulin' = ka2 sub2 - ke plasma_insulin
    meals     stomach1' = m - kempt stomach1;  stomach2' = kempt (stomach1 - stomach2)                  (Dalla Man 2006)
              gut' = kempt stomach2 - kabs gut;  Ra = f kabs gut
    action    action' = -p2 (action - SI/VI (plasma_insulin - plasma_insulin at usual basal))
    glucose   glucose' = SG Gb - (SG + risk action) glucose + meal Ra/VG + flux                         (Bergman 1979)
    sensor    interstitial' = (glucose - interstitial)/alpha
    risk      1 + 10 r1 (ln(g)^r2 - ln(Gb)^r2)^2,  g = glucose held between 60 mg/dL and Gb             (Dalla Man 2014)

At the usual basal insulin (`basal`: a pump's mean rate, or the daily long-acting dose / 24 h) glucose rests at Gb.
Differences from ReplayBG: the delay tau is one compartment of the same mean instead of a pure delay; a meal has no
personal delay; parameters drift (day to day), because this twin lives for months rather than for one fitted day; `meal`
is the share of logged carbohydrate that acts; and what nobody logged is a state of its own, the flux

    flux = unexplained glucose / (glucose + 15 mg/dL),   unexplained' = -unexplained / 27 min + white noise,

which gives a forecast its momentum and most of its width.  Its size and memory were found by maximum likelihood of a
two-state linear model on the first 70 % of four T1D-UOM records (tau 20 to 26 min in three, sd 190 to 240 mg/dL/h per
root hour), where that model alone forecasts as well as ridge regression.

Two sets of priors.  `careful` logs: the published ones; what a dose does is what it does in the body, so plans can be
compared.  `everyday` logs: a logged gram or unit counts for about a tenth, because in daily life it comes early, late,
wrong or with others that were not logged, and the flux is larger; this forecasts real records better and says nothing
about what a dose causes, so `compare` refuses it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Any, Final, Literal

import numpy as np

from ...core.card import Card
from ...core.prior import JointPrior
from ...core.quantity import Constant, Drift, Prior, Quantity, Source
from ...numerics.flow import Flow
from ...numerics.member import Env
from .glycaemia import (
    GLUCOSE,
    INPUTS,
    INSULIN_CV_DAY,
    INSULIN_CV_NIGHT,
    LONG_HALF_LIFE,
    MINUTES,
    STATEMENTS,
    WEIGHT,
    per_kg,
)

__all__ = ["ReplayBG", "everyday", "model"]

CAPPON: Final = Source("doi:10.1109/TBME.2023.3286856", "value read in py_replay_bg 1.4.0 by the same authors")
SCHIAVON: Final = Source("doi:10.1109/TBME.2017.2784101", "value read in py_replay_bg 1.4.0")
DALLA_MAN: Final = Source("doi:10.1177/1932296813514502", "risk of hypoglycaemia; value read in py_replay_bg 1.4.0")
TUNED: Final = Source("gemel:assumption drift", "sd of SI: doi:10.2337/dc15-2623; the rest assumed")
FOUND: Final = Source("doi:10.5281/zenodo.15196914", "fitted to the first 70 % of subjects 2301, 2309, 2314, 2401")
USUAL: Final = Source("gemel:assumption", "about 0.26 [IU]/kg a day; state the person's own: Gb belongs to it")

VG: Final = Constant(1.45, "dL/kg", CAPPON)
VI: Final = Constant(0.135, "L/kg", SCHIAVON)
KE: Final = Constant(0.127, "/min", SCHIAVON)
TAU: Final = Constant(8.0, "min", SCHIAVON)
F: Final = Constant(0.9, "1", Source("doi:10.1109/TBME.2007.893506", "fraction of meal glucose that reaches plasma"))
ALPHA: Final = Constant(7.0, "min", CAPPON)
R1: Final = Constant(1.4407, "1", DALLA_MAN)
R2: Final = Constant(0.8124, "1", DALLA_MAN)
RISK_SCALE: Final = Constant(10.0, "1", DALLA_MAN)
RISK_FLOOR: Final = Constant(60.0, "mg/dL", DALLA_MAN)
MORNING: Final = Constant(4.0, "h", CAPPON)
DAY: Final = Constant(11.0, "h", CAPPON)
NIGHT: Final = Constant(17.0, "h", CAPPON)
CEILING: Final = Constant(600.0, "mg/dL", Source("gemel:assumption", "rest under too little insulin"))
GRID: Final = Constant(0.25, "h", TUNED)
DAY_LONG: Final = Constant(24.0, "h", TUNED)
MEMORY: Final = Constant(0.45, "h", FOUND)
FLUX: Final = Constant(180.0, "mg/dL/h", FOUND)
FLUX_CAREFUL: Final = Constant(110.0, "mg/dL/h", Source("gemel:assumption", "six tenths of what everyday logs leave"))
CEILING_OF_FIT: Final = Constant(350.0, "mg/dL", Source("structure", "upper bound of Gb, where _log_power ends"))
HALF: Final = Constant(15.0, "mg/dL", Source("gemel:assumption", "the flux fades below this, so glucose stays above 0"))
TERMS: Final = 12  # structure: degree of the polynomial in _log_power
CENTRE: Final = Constant(145.0, "mg/dL", Source("structure", "geometric middle of 60 and 350 mg/dL, for _log"))


Logs = Literal["careful", "everyday"]


def _sensitivity(name: str, hours: str, cv: Constant, prior: Prior) -> Quantity:
    drift = Drift("ou", sd=cv.value, every=GRID.value, tau=DAY_LONG.value, source=TUNED)
    return Quantity(name, "L/m[IU]/min", 0.0, prior=prior, drift=drift, about=f"insulin sensitivity, {hours} local")


def _rate(name: str, prior: Prior, about: str) -> Quantity:
    return Quantity(name, "/min", 0.0, 1.0, prior=prior, about=about)


def _parameters(si: Prior, meal: Prior, kabs: Prior) -> tuple[Quantity, ...]:
    """The numbers in which persons differ, with these priors of what insulin and meals do."""
    return (
        Quantity("Gb", "mg/dL", 60.0, 350.0, about="resting glucose", prior=Prior("normal", (150.0, 30.0), FOUND),
                 drift=Drift("ou", sd=0.5, every=GRID.value, tau=DAY_LONG.value, source=TUNED)),
        _rate("SG", Prior("lognormal", (-4.09, 0.1), FOUND), "glucose effectiveness"),
        _rate("p2", Prior("sqrtnormal", (0.11, 0.004), CAPPON), "pace of insulin action"),
        _sensitivity("SI_morning", "04-11 h", INSULIN_CV_DAY, si),
        _sensitivity("SI_day", "11-17 h", INSULIN_CV_DAY, si),
        _sensitivity("SI_night", "17-04 h", INSULIN_CV_NIGHT, si),
        _rate("ka2", Prior("lognormal", (-4.2875, 0.4274), CAPPON), "insulin from tissue to plasma"),
        _rate("kd", Prior("lognormal", (-3.5090, 0.6187), CAPPON), "insulin from injection site to tissue"),
        _rate("kempt", Prior("lognormal", (-1.9646, 0.7069), CAPPON), "emptying of the stomach"),
        _rate("kabs", kabs, "absorption from the gut"),
        Quantity("meal", "1", 0.0, prior=meal, about="share of logged carbohydrate that acts",
                 drift=Drift("ou", sd=0.05, every=GRID.value, tau=DAY_LONG.value, source=TUNED)),
        LONG_HALF_LIFE,
    )  # fmt: skip


def _smooth(flux: float) -> tuple[Quantity, ...]:
    """The compartments; `flux` is the size of what nobody logged [mg/dL/h per root hour]."""
    return (
        Quantity("glucose", "mg/dL", 0.0, about="in plasma",
                 drift=Drift("walk", sd=0.11, every=GRID.value, source=FOUND)),
        Quantity("interstitial", "mg/dL", 0.0, about="glucose under the skin"),
        Quantity("action", "/min", about="insulin action above that of the usual basal"),
        Quantity("plasma_insulin", "m[IU]/kg"),
        Quantity("sub2", "m[IU]/kg", about="insulin in tissue"),
        Quantity("sub1", "m[IU]/kg", about="insulin at the injection site"),
        Quantity("wait", "m[IU]/kg", about="insulin not yet absorbable (delay tau)"),
        Quantity("depot", "m[IU]/kg", about="long-acting insulin"),
        Quantity("stomach1", "mg/kg", about="solid meal"),
        Quantity("stomach2", "mg/kg", about="ground meal"),
        Quantity("gut", "mg/kg"),
        Quantity("unexplained", "mg/dL/h", about="glucose gained or lost for reasons nobody logged",
                 drift=Drift("walk", sd=flux, every=GRID.value, source=FOUND)),
    )  # fmt: skip


ORDER: Final = (("ka2", "kd"), ("kabs", "kempt"))
PARAMETERS: Final[dict[Logs, tuple[Quantity, ...]]] = {
    "careful": _parameters(
        si=Prior("gamma", (3.3, 5e-4 / VG.value), CAPPON),
        meal=Prior("lognormal", (0.0, 0.3), Source("gemel:assumption", "carbohydrate counts are right within a third")),
        kabs=Prior("lognormal", (-5.4591, 1.4396), CAPPON),
    ),
    "everyday": _parameters(
        si=Prior("lognormal", (-9.2, 0.5), FOUND),
        meal=Prior("lognormal", (-2.3, 0.5), FOUND),
        kabs=Prior("lognormal", (-3.5, 0.5), FOUND),
    ),
}
SMOOTH: Final[dict[Logs, tuple[Quantity, ...]]] = {
    "careful": _smooth(FLUX_CAREFUL.value),
    "everyday": _smooth(FLUX.value),
}
PRIORS: Final[dict[Logs, JointPrior]] = {logs: JointPrior(q, order=ORDER) for logs, q in PARAMETERS.items()}

LIMITS: Final = (
    "No exercise, glucagon, alcohol, fat or protein. One gut for all meals; announced carbohydrate counts as eaten. "
    "Sensor error is white here, real error is correlated (doi:10.1109/TBME.2013.2284023, doi:10.3390/s19235320). One "
    "first-order depot for every long-acting insulin, the drift sizes and the prior of `basal` are engineering "
    "assumptions. With far too little insulin no rest exists: the start is then 600 mg/dL, glucose grows without end, "
    "and a member above 5600 mg/dL, more than anybody outlived, counts as failed."
)
SOURCES: Final = (CAPPON, SCHIAVON, DALLA_MAN, Source("doi:10.1109/TBME.2006.883792", "oral glucose absorption"), FOUND)
CARDS: Final[dict[Logs, Card]] = {
    "careful": Card(
        title="ReplayBG-class glucose twin",
        version="0.1.0",
        kind="patient",
        intended_use="Forecast sensor glucose for hours and compare insulin and meal plans for one person, for study.",
        not_for="Dosing without a clinician; pregnancy, ketoacidosis, illness, exercise; insulin of one's own.",
        population="Adults with type 1 diabetes on a pump or injections, with a sensor and carefully logged meals.",
        causal="mechanistic",
        sources=SOURCES,
        limits=LIMITS,
        statements=STATEMENTS,
    ),
    "everyday": Card(
        title="ReplayBG-class glucose forecaster for everyday logs",
        version="0.1.0",
        kind="patient",
        intended_use="Forecast sensor glucose for hours from a sensor and everyday logs, for study.",
        not_for="Comparing plans or dosing: its effects of insulin and meals are associations in logs, not causes.",
        population="Adults with type 1 diabetes on a pump or injections, with a sensor and logs of any quality.",
        causal="association",
        sources=SOURCES,
        limits=LIMITS,
        statements=STATEMENTS,
    ),
}


@dataclass(frozen=True)
class ReplayBG:
    """One member: twelve numbers in which persons differ, twelve compartments."""

    logs: Logs = "careful"

    @property
    def parameters(self) -> tuple[Quantity, ...]:
        """What differs between persons."""
        return PARAMETERS[self.logs]

    @property
    def smooth(self) -> tuple[Quantity, ...]:
        """The compartments an engine may move."""
        return SMOOTH[self.logs]

    @property
    def prior(self) -> JointPrior:
        """How likely each kind of person is."""
        return PRIORS[self.logs]

    @property
    def card(self) -> Card:
        """What it is for, and not for."""
        return CARDS[self.logs]

    covariates = (
        WEIGHT,
        Quantity("basal", "[IU]/h", 0.0, 20.0, code="gemel:usual-basal-insulin",
                 prior=Prior("lognormal", (log(0.8), 0.5), USUAL),
                 about="usual basal insulin: mean pump rate, or daily long-acting dose / 24 h"),
    )  # fmt: skip
    observables = (GLUCOSE,)
    inputs = INPUTS
    settings = ()
    step = 1 / MINUTES

    def start(self, p: Any, u: Any, env: Env) -> dict[str, Any]:
        """Rest under the rates `u` without meals, at the clock of `env`; with no insulin in force, rest under the usual
        basal given as long-acting insulin."""
        xp, zero = env.xp, 0.0 * p.weight
        usual = per_kg(p.basal, p.weight) / MINUTES
        rapid, given = (per_kg(rate, p.weight) / MINUTES for rate in (u.insulin, u.long_acting))
        slow = xp.where(rapid + given > 0.0, given, usual)
        inflow = rapid + slow
        action = _si(p, env) / VI.value * (inflow - usual) / KE.value
        glucose = _resting(action, p, xp)
        return {
            "glucose": glucose, "interstitial": glucose, "action": action, "plasma_insulin": inflow / KE.value,
            "sub2": inflow / p.ka2, "sub1": inflow / p.kd, "wait": rapid * TAU.value,
            "depot": slow * MINUTES * p.long_half_life / log(2.0), "stomach1": zero, "stomach2": zero, "gut": zero,
            "unexplained": zero,
        }  # fmt: skip

    def field(self, x: Any, p: Any, u: Any, env: Env) -> dict[str, Any]:
        """Change of each compartment per hour."""
        rapid, given, eaten = (per_kg(rate, p.weight) / MINUTES for rate in (u.insulin, u.long_acting, u.carbs))
        usual = per_kg(p.basal, p.weight) / MINUTES / KE.value
        slow = log(2.0) / (MINUTES * p.long_half_life) * x.depot
        risk, _ = _risk(x.glucose, p, env.xp)
        appearing = p.meal * F.value * p.kabs * x.gut / VG.value
        flux = x.unexplained / MINUTES * x.glucose / (x.glucose + HALF.value)
        per_minute = {
            "glucose": p.SG * p.Gb - (p.SG + risk * x.action) * x.glucose + appearing + flux,
            "interstitial": (x.glucose - x.interstitial) / ALPHA.value,
            "action": p.p2 * (_si(p, env) / VI.value * (x.plasma_insulin - usual) - x.action),
            "plasma_insulin": p.ka2 * x.sub2 - KE.value * x.plasma_insulin,
            "sub2": p.kd * x.sub1 - p.ka2 * x.sub2,
            "sub1": x.wait / TAU.value + slow - p.kd * x.sub1,
            "wait": rapid - x.wait / TAU.value,
            "depot": given - slow,
            "stomach1": eaten - p.kempt * x.stomach1,
            "stomach2": p.kempt * (x.stomach1 - x.stomach2),
            "gut": p.kempt * x.stomach2 - p.kabs * x.gut,
            "unexplained": -x.unexplained / (MINUTES * MEMORY.value),
        }
        return {name: MINUTES * rate for name, rate in per_minute.items()}

    def dose(self, x: Any, p: Any, d: Any, env: Env) -> dict[str, Any]:
        """A bolus, a meal (in the stomach at once: eating takes minutes, absorption hours), a long-acting injection."""
        return {
            "wait": x.wait + per_kg(d.insulin, p.weight),
            "stomach1": x.stomach1 + per_kg(d.carbs, p.weight),
            "depot": x.depot + per_kg(d.long_acting, p.weight),
        }

    def emit(self, x: Any, p: Any, env: Env) -> dict[str, Any]:
        """What an error-free sensor under the skin reads [mg/dL]."""
        return {"glucose": x.interstitial}


def _si(p: Any, env: Env) -> Any:
    """Insulin sensitivity [L/m[IU]/min] now; the switch is sharp, insulin action follows it at the pace p2."""
    day = env.xp.where(env.hour < NIGHT.value, p.SI_day, p.SI_night)
    return env.xp.where(env.hour < MORNING.value, p.SI_night, env.xp.where(env.hour < DAY.value, p.SI_morning, day))


def _risk(glucose: Any, p: Any, xp: Any) -> tuple[Any, Any]:
    """How much stronger insulin acts below Gb, and d(risk)/d(ln glucose)."""
    held = xp.minimum(xp.maximum(glucose, RISK_FLOOR.value), p.Gb)
    power = _log_power(held)
    depth = power - _log_power(p.Gb)
    slope = 2.0 * RISK_SCALE.value * R1.value * depth * R2.value * power / xp.log(held)
    return 1.0 + RISK_SCALE.value * R1.value * depth**2, xp.where(glucose > RISK_FLOOR.value, slope, 0.0)


def _fit() -> tuple[float, ...]:
    """Polynomial for ln(g)^r2 in v = (g - c)/(g + c), c = 145 mg/dL, through Chebyshev nodes of 60 to 350 mg/dL."""
    edge = (CEILING_OF_FIT.value - CENTRE.value) / (CEILING_OF_FIT.value + CENTRE.value)
    v = edge * np.cos(np.pi * (np.arange(4 * TERMS) + 0.5) / (4 * TERMS))
    logs = np.log(CENTRE.value * (1.0 + v) / (1.0 - v)) ** R2.value
    fitted = np.polynomial.Chebyshev.fit(v, logs, TERMS).convert(kind=np.polynomial.Polynomial)
    return tuple(float(c) for c in fitted.coef)


POWERS: Final = _fit()


def _log_power(glucose: Any) -> Any:
    """ln(glucose)^r2 between 60 and 350 mg/dL to 1e-8, in arithmetic that runs on many members at once, where a
    double-precision logarithm goes one by one."""
    v = (glucose - CENTRE.value) / (glucose + CENTRE.value)
    total = POWERS[-1]
    for c in reversed(POWERS[:-1]):
        total = total * v + c
    return total


def _resting(action: Any, p: Any, xp: Any) -> Any:
    """Glucose at which (SG + risk action) glucose = SG Gb: halving, then Newton, which also carries the derivative."""
    low, high = 0.0 * action, 0.0 * action + CEILING.value
    for _ in range(20):
        middle = 0.5 * (low + high)
        over = (p.SG + _risk(middle, p, xp)[0] * action) * middle > p.SG * p.Gb
        low, high = xp.where(over, low, middle), xp.where(over, middle, high)
    glucose = 0.5 * (low + high)
    for _ in range(3):
        risk, bend = _risk(glucose, p, xp)
        slope = xp.maximum(p.SG + action * (risk + bend), p.SG / 1000.0)
        glucose = glucose - ((p.SG + risk * action) * glucose - p.SG * p.Gb) / slope
    return xp.minimum(glucose, CEILING.value)


SURVIVED: Final = Constant(5600.0, "mg/dL", Source("Diabetes Care 13:181, 1990", "highest that anybody outlived"))
"""Far below the usual basal insulin nothing in the equations bounds glucose: a member beyond this has failed."""

model = Flow(ReplayBG(), warm_up=24.0, limits=(("glucose", SURVIVED.value),))
everyday = Flow(ReplayBG("everyday"), warm_up=24.0, limits=(("glucose", SURVIVED.value),))
