"""The UCUM unit atoms and prefixes that medicine uses, as data for `ucum`.

Values: Unified Code for Units of Measure 2.2 (https://ucum.org, case-sensitive symbols); each group names its table.
A definition is "number term" or a term.  Left out, because a factor and an offset cannot express them: the levels of
table 20 (bel, neper), homeopathic potencies, prism dioptres.

Three departures, each one refusing a conversion that UCUM allows: mol and eq are dimensions of their own, because mass
to amount needs a molar mass and amount to charge a valence (UCUM: the Avogadro number, and 1 mol); [pH] is a scale of
its own (UCUM: a logarithm of mol/L, though an activity is measured); and every arbitrary or procedure-defined unit is a
dimension of its own (UCUM section 24, which leaves [HPF], [NTU], [FNU] and [hnsf'U] plain numbers).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["AXES", "METRIC", "NON_METRIC", "OFFSETS", "PREFIXES", "SPELLINGS"]

PREFIXES: Final[Mapping[str, str]] = MappingProxyType(  # table 1
    {
        "Y": "1e24", "Z": "1e21", "E": "1e18", "P": "1e15", "T": "1e12", "G": "1e9", "M": "1e6", "k": "1e3",
        "h": "1e2", "da": "1e1", "d": "1e-1", "c": "1e-2", "m": "1e-3", "u": "1e-6", "n": "1e-9", "p": "1e-12",
        "f": "1e-15", "a": "1e-18", "z": "1e-21", "y": "1e-24",
    }
)  # fmt: skip

_METRIC_AXES = ("m", "s", "g", "rad", "K", "C", "cd", "mol", "eq", "[iU]")  # table 2, then table 19
_COUNTED_AXES = (  # table 19, arbitrary units: commensurable with nothing but themselves
    "[arb'U]", "[USP'U]", "[anti'Xa'U]", "[beth'U]", "[GPL'U]", "[MPL'U]", "[APL'U]", "[todd'U]", "[tb'U]", "[CFU]",
    "[PFU]", "[FFU]", "[CCID_50]", "[TCID_50]", "[EID_50]", "[AU]", "[BAU]", "[PNU]", "[Lf]", "[FEU]", "[ELU]", "[EU]",
    "[HPF]", "[NTU]", "[FNU]", "[hnsf'U]", "[pH]",
)  # fmt: skip
AXES: Final = (*_METRIC_AXES, *_COUNTED_AXES)
"""One axis of the dimension vector each; the first seven are UCUM's base units, in UCUM's order."""

METRIC: Final[Mapping[str, str]] = MappingProxyType(
    dict.fromkeys(_METRIC_AXES, "")
    | {
        # table 4, SI units
        "sr": "rad2", "Hz": "s-1", "N": "kg.m/s2", "Pa": "N/m2", "J": "N.m", "W": "J/s", "A": "C/s", "V": "J/C",
        "F": "C/V", "Ohm": "V/A", "S": "Ohm-1", "Wb": "V.s", "Cel": "K", "T": "Wb/m2", "H": "Wb/A", "lm": "cd.sr",
        "lx": "lm/m2", "Bq": "s-1", "Gy": "J/kg", "Sv": "J/kg",
        # table 5, units used with the SI
        "l": "dm3", "L": "l", "ar": "100 m2", "t": "1e3 kg", "bar": "1e5 Pa", "u": "1.66053906660e-24 g",
        "eV": "1.602176634e-19 J",
        # table 6, natural units: standard gravity
        "[g]": "9.80665 m/s2",
        # table 7, CGS units
        "dyn": "g.cm/s2", "erg": "dyn.cm", "P": "dyn.s/cm2", "St": "cm2/s", "G": "1e-4 T", "Ci": "37e9 Bq",
        "R": "2.58e-4 C/kg", "RAD": "100 erg/g", "REM": "RAD",
        # table 17, heat
        "cal_IT": "4.1868 J", "cal_th": "4.184 J", "cal": "cal_th",
        # table 18, clinical medicine
        "m[H2O]": "9.80665 kPa", "m[Hg]": "133.3220 kPa",
        # table 19, chemistry and biochemistry
        "osm": "mol", "g%": "g/dl", "kat": "mol/s", "U": "umol/min", "[IU]": "[iU]",
        # table 22, information
        "bit": "1", "By": "8 bit", "Bd": "/s",
    }
)  # fmt: skip

NON_METRIC: Final[Mapping[str, str]] = MappingProxyType(
    dict.fromkeys(_COUNTED_AXES, "")
    | {
        # table 3, dimensionless
        "10*": "10", "10^": "10", "[pi]": "3.1415926535897932384626433832795 1", "%": "1e-2 1", "[ppth]": "1e-3 1",
        "[ppm]": "1e-6 1", "[ppb]": "1e-9 1", "[pptr]": "1e-12 1",
        # table 5, angles and times; a is the Julian year, mo a twelfth of it
        "gon": "0.9 deg", "deg": "2 [pi].rad/360", "'": "deg/60", "''": "'/60", "min": "60 s", "h": "60 min",
        "d": "24 h", "wk": "7 d", "a_t": "365.24219 d", "a_j": "365.25 d", "a_g": "365.2425 d", "a": "a_j",
        "mo_s": "29.53059 d", "mo_j": "a_j/12", "mo_g": "a_g/12", "mo": "mo_j",
        # tables 7, 8, 11, 13 and 15, customary units (international inch, avoirdupois pound, US gallon)
        "atm": "101325 Pa",
        "[in_i]": "2.54 cm", "[ft_i]": "12 [in_i]", "[yd_i]": "3 [ft_i]", "[mi_i]": "5280 [ft_i]",
        "[sin_i]": "[in_i]2", "[sft_i]": "[ft_i]2", "[cin_i]": "[in_i]3", "[gal_us]": "231 [in_i]3",
        "[qt_us]": "[gal_us]/4", "[pt_us]": "[qt_us]/2", "[foz_us]": "[pt_us]/16", "[tbs_us]": "[foz_us]/2",
        "[tsp_us]": "[tbs_us]/3", "[cup_us]": "16 [tbs_us]", "[foz_m]": "30 mL", "[cup_m]": "240 mL",
        "[tsp_m]": "5 mL", "[tbs_m]": "15 mL", "[gr]": "64.79891 mg", "[lb_av]": "7000 [gr]", "[oz_av]": "[lb_av]/16",
        "[stone_av]": "14 [lb_av]", "[dr_ap]": "60 [gr]", "[oz_ap]": "8 [dr_ap]",
        # table 17, heat
        "[degF]": "5 K/9", "[degR]": "5 K/9", "[Cal]": "kcal_th",
        # table 18, clinical medicine
        "[in_i'H2O]": "m[H2O].[in_i]/m", "[in_i'Hg]": "m[Hg].[in_i]/m", "[PRU]": "mm[Hg].s/ml",
        "[wood'U]": "mm[Hg].min/L", "[diop]": "/m", "[Ch]": "mm/3", "[drp]": "ml/20",
        "[MET]": "3.5 mL/min/kg",
        # table 19, chemistry and biochemistry
        "[S]": "1e-13 s", "[LPF]": "100 [HPF]",
        # table 21, miscellaneous
        "Ao": "0.1 nm", "[psi]": "[lb_av].[g]/[in_i]2",
    }
)  # fmt: skip

OFFSETS: Final[Mapping[str, str]] = MappingProxyType({"Cel": "273.15", "[degF]": "459.67"})
"""Scales with a zero of their own: base = (value + offset) x factor (tables 4 and 17)."""

SPELLINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "IU": "[IU]", "iu": "[IU]", "mIU": "m[IU]", "uIU": "u[IU]", "mmHg": "mm[Hg]", "cmH": "cm[H2O]", "mcg": "ug",
        "mEq": "meq", "Eq": "eq", "mOsm": "mosm", "Osm": "osm", "cc": "mL", "bpm": "/min", "degC": "Cel", "gm": "g",
        "degF": "[degF]", "lb": "[lb_av]", "lbs": "[lb_av]", "oz": "[oz_av]", "in": "[in_i]", "hr": "h",
        "sec": "s", "day": "d", "week": "wk", "yr": "a", "ppm": "[ppm]", "CFU": "[CFU]",
    }
)  # fmt: skip
"""What people write, and the UCUM for it: a hint in error messages, never a meaning."""
