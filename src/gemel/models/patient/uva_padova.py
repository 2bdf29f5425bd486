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
from math import isfinite
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
        """Change of each compartment per hour; a compartment that numerics bring below zero stays where it is."""
        xp = env.xp
        insulin = PMOL_PER_UNIT.value / MINUTES / p.BW * u.insulin
        emptying = _emptying(x, p, xp)
        produced = xp.maximum(p.kp1 - p.kp2 * x.x4 - p.kp3 * x.x9, 0.0)
        excreted = p.ke1 * xp.maximum(x.x4 - p.ke2, 0.0)
        used = (p.Vm0 + p.Vmx * x.x7) * x.x5 / (p.Km0 + x.x5)
        appearing = p.f * p.kabs / p.BW * x.x3
        level = 1.0 / p.Vi * x.x6
        free = {
            "x1": MG_PER_GRAM / MINUTES * u.carbs - p.kmax * x.x1,
            "x2": p.kmax * x.x1 - emptying * x.x2,
            "x3": emptying * x.x2 - p.kabs * x.x3,
            "x7": p.p2u * (level - p.Ib - x.x7),
            "x8": p.ki * (level - x.x8),
            "x9": p.ki * (x.x8 - x.x9),
            "meal": 0.0 * x.meal,
        }
        stopped = {
            "x4": produced + appearing - p.Fsnc - excreted - p.k1 * x.x4 + p.k2 * x.x5,
            "x5": p.k1 * x.x4 - p.k2 * x.x5 - used,
            "x6": p.m1 * x.x10 + p.ka1 * x.x11 + p.ka2 * x.x12 - (p.m2 + p.m4) * x.x6,
            "x10": p.m2 * x.x6 - (p.m1 + p.m30) * x.x10,
            "x11": insulin - (p.ka1 + p.kd) * x.x11,
            "x12": p.kd * x.x11 - p.ka2 * x.x12,
            "x13": p.ksc * (x.x4 - x.x13),
        }
        held = {name: xp.where(getattr(x, name) >= 0.0, rate, 0.0) for name, rate in stopped.items()}
        return {name: MINUTES * rate for name, rate in (free | held).items()}

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


def _emptying(x: Any, p: Any, xp: Any) -> Any:
    """Rate constant kgut at which the stomach empties [/min]: slow while the meal is half way through."""
    known = x.meal > 0.0
    left = (x.x1 + x.x2) / xp.where(known, x.meal, 1.0)  # the part of the meal that is still in the stomach
    rising = SHARPNESS.value / (2.0 * (1.0 - p.b)) * (left - p.b)
    falling = SHARPNESS.value / (2.0 * p.d) * (left - p.d)
    half = (p.kmax - p.kmin) / 2.0
    return xp.where(known, p.kmin + half * (xp.tanh(rising) - xp.tanh(falling) + 2.0), p.kmax)


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
