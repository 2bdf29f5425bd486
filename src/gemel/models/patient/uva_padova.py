"""The 13-compartment virtual patient with type 1 diabetes known as UVa/Padova (2008 structure), parameters by the user.

Structure: Dalla Man, Rizza and Cobelli 2007 (meal and insulin) with the gut of Dalla Man, Camilleri and Cobelli 2006
and the subcutaneous compartments of Kovatchev et al. 2009, as the open program simglucose 0.2.11 computes it.  Amounts
of glucose are mg/kg (mg in stomach and gut), of insulin pmol/kg, rates per minute; `field` is per hour.

    gut       x1' = meal - kmax x1;  x2' = kmax x1 - kgut x2;  x3' = kgut x2 - kabs x3;  Ra = f kabs x3 / BW
              kgut = kmin + (kmax - kmin)/2 (tanh(a (q - b D)) - tanh(c (q - d D)) + 2),  q = x1 + x2
              a = 5/(2 D (1 - b)),  c = 5/(2 D d);  kgut = kmax while D = 0
    glucose   x4' = EGP + Ra - Fsnc - E - k1 x4 + k2 x5;  EGP = max(kp1 - kp2 x4 - kp3 x9, 0);  E = ke1 max(x4 - ke2, 0)
              x5' = k1 x4 - k2 x5 - (Vm0 + Vmx x7) x5/(Km0 + x5);  x13' = ksc (x4 - x13);  G = x4/Vg, sensor x13/Vg
    insulin   x6' = m1 x10 + ka1 x11 + ka2 x12 - (m2 + m4) x6;  x10' = m2 x6 - (m1 + m30) x10;  I = x6/Vi
              x7' = p2u (I - Ib - x7);  x8' = ki (I - x8);  x9' = ki (x8 - x9)
              x11' = insulin - (ka1 + kd) x11;  x12' = kd x11 - ka2 x12

D is the size of the meal [mg]: what the stomach held when eating began and the grams taken since.  Glucagon and the
stronger response to lows of later versions are not in it.  No person comes with gemel: the well-known table of thirty
belongs to a licensed program.  `person` takes one row of such a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import factorial, isfinite
from types import MappingProxyType
from typing import Any, Final

from ...core.card import Card
from ...core.errors import SupportError
from ...core.prior import JointPrior
from ...core.quantity import Constant, Prior, Quantity, Source
from ...numerics.flow import Flow
from ...numerics.member import Env
from .glycaemia import GLUCOSE, INPUTS, MINUTES

__all__ = ["COMPARTMENTS", "EATING", "START", "TABLE", "UvaPadova", "basal", "person"]

MEAL_MODEL: Final = Source("doi:10.1109/TBME.2007.893506", "meal simulation model: glucose and insulin subsystems")
GUT: Final = Source("doi:10.1109/TBME.2006.883792", "gastric emptying that depends on the size of the meal")
IN_SILICO: Final = Source("doi:10.1177/193229680900300106", "type 1 diabetes: subcutaneous insulin and glucose")
PROGRAM: Final = Source(
    "simglucose 0.2.11, patient/t1dpatient.py (MIT)", "equations, units and conventions as computed"
)
GIVEN: Final = Source("the user's parameter table", "a row in the columns of simglucose's vpatient_params.csv")

EATING: Final = Constant(5.0, "g/min", PROGRAM)
"""A meal is eaten at this pace."""
PMOL_PER_UNIT: Final = Constant(6000.0, "pmol/[IU]", PROGRAM)
MG_PER_GRAM: Final = 1000.0
SHARPNESS: Final = Constant(5.0, "1", GUT)
"""How sharply emptying slows, and quickens again, as the stomach passes b D and d D."""

TABLE: Final[Mapping[str, str]] = MappingProxyType({
    "BW": "kg", "kabs": "/min", "kmax": "/min", "kmin": "/min", "b": "1", "d": "1", "f": "1",
    "Vg": "dL/kg", "k1": "/min", "k2": "/min", "Fsnc": "mg/kg/min", "ke1": "/min", "ke2": "mg/kg",
    "kp1": "mg/kg/min", "kp2": "/min", "kp3": "mg/kg/min/(pmol/L)",
    "Vm0": "mg/kg/min", "Vmx": "mg/kg/min/(pmol/L)", "Km0": "mg/kg", "p2u": "/min", "ki": "/min", "Ib": "pmol/L",
    "Vi": "L/kg", "m1": "/min", "m2": "/min", "m30": "/min", "m4": "/min",
    "ka1": "/min", "ka2": "/min", "kd": "/min", "ksc": "/min", "u2ss": "pmol/kg/min",
})  # fmt: skip
"""Unit of each column that is read, beside `START`."""

_AMOUNTS = (
    "mg",
    "mg",
    "mg",
    "mg/kg",
    "mg/kg",
    "pmol/kg",
    "pmol/L",
    "pmol/L",
    "pmol/L",
    "pmol/kg",
    "pmol/kg",
    "pmol/kg",
)
START: Final[Mapping[str, str]] = MappingProxyType({
    f"x0_{i:2d}": unit for i, unit in enumerate((*_AMOUNTS, "mg/kg"), start=1)
})  # fmt: skip
"""Unit of the columns that hold the state at the start: 'x0_ 1' ... 'x0_13'."""

STATES: Final = (
    Quantity("x1", "mg", about="food in the stomach, solid"),
    Quantity("x2", "mg", about="food in the stomach, liquid"),
    Quantity("x3", "mg", about="glucose in the gut"),
    Quantity("x4", "mg/kg", about="glucose in plasma and what exchanges fast with it"),
    Quantity("x5", "mg/kg", about="glucose in tissue"),
    Quantity("x6", "pmol/kg", about="insulin in plasma"),
    Quantity("x7", "pmol/L", about="insulin's action on use"),
    Quantity("x8", "pmol/L", about="insulin on its way to act on production"),
    Quantity("x9", "pmol/L", about="insulin's action on production"),
    Quantity("x10", "pmol/kg", about="insulin in the liver"),
    Quantity("x11", "pmol/kg", about="insulin under the skin, as injected"),
    Quantity("x12", "pmol/kg", about="insulin under the skin, dissolved"),
    Quantity("x13", "mg/kg", about="glucose under the skin"),
)
READINGS: Final = (GLUCOSE,)
COMPARTMENTS: Final = (
    *STATES,
    Quantity("sensor_glucose", "mg/dL", low=0.0, analyte="glucose", about="x13 / Vg"),
    Quantity("plasma_glucose", "mg/dL", low=0.0, analyte="glucose", about="x4 / Vg"),
)
"""What `person` can be asked to show instead of sensor glucose: every compartment, and both concentrations."""


@dataclass(frozen=True)
class UvaPadova:
    """One member: a row of the user's table as parameters, thirteen compartments and the size of the meal.

    `observables` is what is read: `READINGS`, or `COMPARTMENTS` for a look inside.
    """

    parameters: tuple[Quantity, ...]
    observables: tuple[Quantity, ...] = READINGS
    step: float = 1 / MINUTES
    covariates = ()
    smooth = (*STATES, Quantity("meal", "mg", about="size of the meal: in the stomach when it began, and eaten since"))
    inputs = (
        *INPUTS[:2],
        Quantity("first_bite", "g/h", low=0.0, dose_unit="g", code="gemel:first-bite",
                 about="grams by which a new meal's size begins; the food itself comes with the rate of carbs"),
        Quantity("bite", "g/h", low=0.0, dose_unit="g", code="gemel:bite",
                 about="grams by which the meal's size grows; the food itself comes with the rate of carbs"),
    )  # fmt: skip
    settings = ()
    card = Card(
        title="Virtual patient with type 1 diabetes, UVa/Padova structure",
        version="0.1.0",
        kind="patient",
        intended_use="Virtual persons whose parameters the user holds, beside other programs of this structure.",
        not_for="Forecasting or dosing a real person; exercise, illness, ketoacidosis, pregnancy.",
        population="Whom the user's parameter table describes; gemel ships none.",
        causal="mechanistic",
        sources=(MEAL_MODEL, GUT, IN_SILICO, PROGRAM),
        limits="2008 structure: no glucagon, no stronger response to lows, no time of day. Parameters are taken as "
        "given. A meal given as one dose is in the stomach at once. A person whose glucose falls to 0 stays there.",
    )

    @property
    def prior(self) -> JointPrior:
        """The row of the table, each value fixed; give a parameter another prior to learn it."""
        return JointPrior(self.parameters)

    def start(self, p: Any, u: Any, env: Env) -> dict[str, Any]:
        """The table's own state, whatever the rates `u`: rest under `basal` in the table it comes from."""
        start = {f"x{i}": getattr(p, f"x0_{i}") for i in range(1, len(STATES) + 1)}
        return start | {"meal": p.x0_1 + p.x0_2}

    def field(self, x: Any, p: Any, u: Any, env: Env) -> dict[str, Any]:
        """Change of each compartment per hour; a compartment that numerics bring below zero stays where it is.

        What no step changes stands in brackets of its own, so that it is computed once a segment.
        """
        xp, k = env.xp, _hourly(p)
        out, liquid = k["kmax"] * x.x1, _emptying(x, p, xp) * x.x2
        produced = xp.maximum(k["kp1"] - k["kp2"] * x.x4 - k["kp3"] * x.x9, 0.0)
        excreted = k["ke1"] * xp.maximum(x.x4 - p.ke2, 0.0)
        used = (k["Vm0"] + k["Vmx"] * x.x7) * x.x5 / (p.Km0 + x.x5)
        appearing = (p.f * k["kabs"] / p.BW) * x.x3
        there, back, level = k["k1"] * x.x4, k["k2"] * x.x5, (1.0 / p.Vi) * x.x6
        free = {
            "x1": MG_PER_GRAM * u.carbs - out,
            "x2": out - liquid,
            "x3": liquid - k["kabs"] * x.x3,
            "x7": k["p2u"] * (level - p.Ib - x.x7),
            "x8": k["ki"] * (level - x.x8),
            "x9": k["ki"] * (x.x8 - x.x9),
            "meal": 0.0,
        }
        dissolved, entering = k["kd"] * x.x11, k["ka2"] * x.x12
        stopped = {
            "x4": produced + appearing - k["Fsnc"] - excreted - there + back,
            "x5": there - back - used,
            "x6": k["m1"] * x.x10 + k["ka1"] * x.x11 + entering - (k["m2"] + k["m4"]) * x.x6,
            "x10": k["m2"] * x.x6 - (k["m1"] + k["m30"]) * x.x10,
            "x11": (PMOL_PER_UNIT.value / p.BW * u.insulin) - k["ka1"] * x.x11 - dissolved,
            "x12": dissolved - entering,
            "x13": k["ksc"] * (x.x4 - x.x13),
        }
        held = {name: xp.where(getattr(x, name) >= 0.0, rate, 0.0) for name, rate in stopped.items()}
        return free | held

    def dose(self, x: Any, p: Any, d: Any, env: Env) -> dict[str, Any]:
        """A bolus; a meal that is in the stomach at once; a bite's part in the size of the meal."""
        held = x.x1 + x.x2
        begun = d.carbs + d.first_bite
        size = env.xp.where(begun > 0.0, held + MG_PER_GRAM * begun, x.meal)
        return {
            "x1": x.x1 + MG_PER_GRAM * d.carbs,
            "x11": x.x11 + PMOL_PER_UNIT.value * d.insulin / p.BW,
            "meal": size + MG_PER_GRAM * d.bite,
        }

    def emit(self, x: Any, p: Any, env: Env) -> dict[str, Any]:
        """What is asked for in `observables`; glucose is what an error-free sensor reads [mg/dL]."""
        sensor = x.x13 / p.Vg
        seen = {q.name: getattr(x, q.name) for q in STATES}
        seen |= {"glucose": sensor, "sensor_glucose": sensor, "plasma_glucose": x.x4 / p.Vg}
        return {q.name: seen[q.name] for q in self.observables}


HOURLY: Final = (
    "kabs", "kmax", "kmin", "k1", "k2", "Fsnc", "ke1", "kp1", "kp2", "kp3", "Vm0", "Vmx", "p2u", "ki",
    "m1", "m2", "m30", "m4", "ka1", "ka2", "kd", "ksc",
)  # fmt: skip
"""Columns that are rates."""


def _hourly(p: Any) -> dict[str, Any]:
    """The rates of the table per hour."""
    return {name: MINUTES * getattr(p, name) for name in HOURLY}


def _emptying(x: Any, p: Any, xp: Any) -> Any:
    """Rate constant kgut at which the stomach empties [/h]: slow while the meal is half way through.

    With (1 + tanh z)/2 = 1/(1 + exp(-2 z)) the published law is kmin + (kmax - kmin) (1/(1 + u) + 1/(1 + v)), where
    u = exp(2 a (b D - q)) and v = exp(2 c (q - d D)).
    """
    known = x.meal > 0.0
    left = (x.x1 + x.x2) / xp.where(known, x.meal, 1.0)  # the part of the meal that is still in the stomach
    rising, falling = SHARPNESS.value / (1.0 - p.b), SHARPNESS.value / p.d
    u = _exp(rising * (p.b - left), xp)
    v = _exp(falling * (left - p.d), xp)
    slowed = MINUTES * p.kmin + (MINUTES * (p.kmax - p.kmin)) * ((2.0 + u + v) / ((1.0 + u) * (1.0 + v)))
    return xp.where(known, slowed, MINUTES * p.kmax)


FLAT: Final = 24.0  # structure: 1/(1 + exp(z)) is 0 or 1 beyond, to 4e-11
SQUARINGS: Final = 5
TAYLOR: Final = tuple(1.0 / factorial(n) for n in range(7))  # structure: series of exp


def _exp(z: Any, xp: Any) -> Any:
    """exp(z) for 1/(1 + exp(z)), which it makes exact to 2e-10 [1]: by seven terms of the series at z/32, squared five
    times, in arithmetic that runs on many members at once; z is held within `FLAT`, so nothing overflows."""
    w = xp.minimum(xp.maximum(z, -FLAT), FLAT) / 2**SQUARINGS
    total = TAYLOR[-1]
    for c in reversed(TAYLOR[:-1]):
        total = total * w + c
    for _ in range(SQUARINGS):
        total = total * total
    return total


def person(
    params: Mapping[str, float], *, observables: tuple[Quantity, ...] = READINGS, step: float = 1 / MINUTES
) -> Flow:
    """The model of one person: `params` by column name, `TABLE` and `START`; other columns are not read.

    `observables` as for `UvaPadova`; `step` is the longest solver step [h].  Raises SupportError for a column that is
    missing, or whose value no person can have.
    """
    missing = [column for column in (*TABLE, *START) if column not in params]
    if missing:
        raise SupportError(f"the parameter table lacks {missing}: it needs every column of {[*TABLE, *START]}")
    return Flow(UvaPadova(tuple(_given(params, c) for c in (*TABLE, *START)), observables, step))


def basal(params: Mapping[str, float]) -> float:
    """Insulin rate [[IU]/h] under which the table's state rests: u2ss BW."""
    return params["u2ss"] * params["BW"] / PMOL_PER_UNIT.value * MINUTES


POSITIVE: Final = ("BW", "Vg", "Vi", "Km0", "b", "d")
"""Columns that are divided by, or that split a meal."""


def _given(params: Mapping[str, float], column: str) -> Quantity:
    """The column as a parameter that is known."""
    value = float(params[column])
    low = 0.0
    if not isfinite(value) or value < low or (column in POSITIVE and value == low) or (column == "b" and value >= 1.0):
        limit = "between 0 and 1" if column == "b" else "above 0" if column in POSITIVE else "0 or more"
        raise SupportError(f"column '{column}' is {value:g}, but must be {limit}: correct the parameter table")
    unit = TABLE[column] if column in TABLE else START[column]
    return Quantity(column.replace(" ", ""), unit, prior=Prior("fixed", (value,), GIVEN), about="as given")
