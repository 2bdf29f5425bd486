"""UCUM units of FHIR quantities, also where the sender wrote something else.

A quantity's UCUM code comes first, then its printed unit.  Common spellings outside UCUM are read by a table; a unit
that is in neither is refused, never guessed.  'U' is UCUM for the enzyme unit, but for a drug dosed in international
units it is how people write [IU], and is read so there.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from gemel.core.errors import UnitError
from gemel.core.units import parse

from .types import Quantity

__all__ = ["UCUM", "unit_of"]

UCUM = "http://unitsofmeasure.org"

_SPELLINGS: Mapping[str, str] = MappingProxyType(
    {
        # volumes and masses
        "mmhg": "mm[Hg]", "cmh2o": "cm[H2O]", "lb": "[lb_av]", "lbs": "[lb_av]", "pounds": "[lb_av]",
        "oz": "[oz_av]", "kgs": "kg", "kilograms": "kg", "grams": "g", "gram": "g", "gm": "g", "gms": "g",
        "mcg": "ug", "mcg/ml": "ug/mL", "mcg/l": "ug/L", "mcg/kg/min": "ug/kg/min", "mcg/min": "ug/min",
        "mcg/dl": "ug/dL", "cc": "mL", "inches": "[in_i]", "in": "[in_i]", "feet": "[ft_i]",
        # temperatures
        "°c": "Cel", "degc": "Cel", "deg c": "Cel", "degrees c": "Cel", "celsius": "Cel",
        "°f": "[degF]", "degf": "[degF]", "deg f": "[degF]", "degrees f": "[degF]",
        # rates of the body
        "bpm": "/min", "beats/min": "/min", "beats/minute": "/min", "breaths/min": "/min", "breaths/minute": "/min",
        "/minute": "/min", "per minute": "/min", "br/min": "/min",
        # numbers
        "percent": "%", "pct": "%", "(score)": "{score}", "score": "{score}", "ratio": "1",
        "count": "1", "x10^9/l": "10*9/L", "10^9/l": "10*9/L", "10e9/l": "10*9/L", "x10^12/l": "10*12/L",
        "m/ul": "10*6/uL", "10e3/ul": "10*3/uL", "x10^3/ul": "10*3/uL", "x10^6/ul": "10*6/uL",
        # amounts
        "meq/l": "meq/L", "meq": "meq", "mosm/kg": "mosm/kg", "mmol/mol creat": "mmol/mol",
        # units that are international
        "iu": "[IU]", "iu/l": "[IU]/L", "iu/ml": "[IU]/mL", "miu/l": "m[IU]/L", "miu/ml": "m[IU]/mL",
        "uiu/ml": "u[IU]/mL", "iu/h": "[IU]/h", "iu/hr": "[IU]/h",
        "[iu]": "[IU]", "[iu]/h": "[IU]/h",
        # time written out
        "ml/hr": "mL/h", "mg/hr": "mg/h", "g/hr": "g/h", "hr": "h", "hrs": "h", "hours": "h", "minutes": "min",
        "seconds": "s", "sec": "s", "years": "a", "days": "d",
    }
)  # fmt: skip

_MISREAD: Mapping[str, str] = MappingProxyType(
    {"C": "Cel", "F": "[degF]", "K/uL": "10*3/uL", "K/mm3": "10*3/mm3", "pH": "[pH]", "ft": "[ft_i]"}
)
"""What is UCUM for something nobody means in a chart: coulomb, farad, kelvin per microlitre, picohenry, femtotonne."""

_INTERNATIONAL: Mapping[str, str] = MappingProxyType(
    {
        "u": "[IU]", "unit": "[IU]", "units": "[IU]", "unt": "[IU]", "ie": "[IU]", "e": "[IU]", "{unit}": "[IU]",
        "u/h": "[IU]/h", "u/hr": "[IU]/h", "units/h": "[IU]/h", "units/hr": "[IU]/h", "unit/h": "[IU]/h",
        "u/min": "[IU]/min", "u/kg/h": "[IU]/kg/h", "u/kg": "[IU]/kg", "units/hour": "[IU]/h",
    }
)  # fmt: skip
"""How people write international units where the substance is dosed in them."""


def unit_of(quantity: Quantity, expected: str | None) -> str:
    """The UCUM unit of a quantity; '' where it has none.  UnitError when it is not to be read."""
    if quantity.code and (quantity.system == UCUM or not quantity.system):
        return _ucum(quantity.code, quantity.unit or "", expected)
    return _ucum(quantity.unit or quantity.code or "", "", expected)


@lru_cache(maxsize=4096)
def _ucum(code: str, printed: str, expected: str | None) -> str:
    international = expected is not None and "[IU]" in expected
    for text in (code.strip(), printed.strip()):
        if not text:
            continue
        if international and (meant := _INTERNATIONAL.get(text.casefold())):
            return meant
        if meant := _MISREAD.get(text):
            return meant
        try:
            return parse(text).text
        except UnitError:
            pass
        if meant := _SPELLINGS.get(text.casefold()):
            return meant
    if not code.strip() and not printed.strip():
        return ""
    raise UnitError(
        f"'{(code or printed)[:40]}' is neither UCUM nor a spelling known to gemel: correct it at the source"
    )
