"""Conversion: published values, laws over all units of a kind, pint as oracle, refusals that say what is missing."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.core.analytes import ANALYTES
from gemel.core.errors import UnitError
from gemel.core.units import Unit, convert, equal_dimension, factor, parse


def test_a_unit_states_what_it_was_read_as() -> None:
    unit = parse("mg/dL")
    # 1 mg/dL is 10 g/m3; the axes are m, s, g, rad, K, C, cd, mol, eq, [iU], ...
    assert (unit.text, unit.factor, unit.offset, unit.dimension[:10]) == (
        "mg/dL", 10.0, 0.0, (-3, 0, 1, 0, 0, 0, 0, 0, 0, 0),
    )  # fmt: skip
    assert parse("mg/dL") is unit
    with pytest.raises(dataclasses.FrozenInstanceError):
        unit.factor = 1.0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "offset", "scale"), [("Cel", 273.15, 1.0), ("[degF]", 459.67, 5 / 9), ("mCel", 273150.0, 0.001)]
)
def test_a_temperature_scale_states_its_offset(text: str, offset: float, scale: float) -> None:
    assert parse(text) == Unit(text, scale, offset, parse("K").dimension)


@pytest.mark.parametrize(
    ("value", "source", "expected", "target"),
    [
        (37.0, "Cel", 98.6, "[degF]"), (98.6, "[degF]", 37.0, "Cel"), (-40.0, "Cel", -40.0, "[degF]"),
        (0.0, "K", -273.15, "Cel"), (-459.67, "[degF]", 0.0, "K"), (36.6, "Cel", 309.75, "K"),
        (309.75, "K", 36.6, "Cel{oral}"), (36600.0, "mCel", 36.6, "Cel"), (491.67, "[degR]", 0.0, "Cel"),
    ],
)  # fmt: skip
def test_temperatures_convert_with_their_zero(value: float, source: str, expected: float, target: str) -> None:
    # 1e-12 absolute: one rounding of a product of about 500
    assert convert(value, source, target) == pytest.approx(expected, rel=0, abs=1e-12)


@pytest.mark.parametrize(
    ("value", "source", "expected", "target"),
    [
        (120.0, "mm[Hg]", 15.99864, "kPa"), (10.0, "cm[H2O]", 7.355612727, "mm[Hg]"),
        (1.0, "U/L", 16.666666667, "nkat/L"), (5.0, "10*3/uL", 5.0, "10*9/L"), (72.0, "{beats}/min", 1.2, "Hz"),
        (1200.0, "dyn.s/cm5", 15.0012751084, "[wood'U]"), (90.0, "mL/min", 1.5, "mL/s"), (7.0, "%", 0.07, "1"),
        (154.0, "[lb_av]", 69.85322498, "kg"), (70.0, "[in_i]", 177.8, "cm"), (0.5, "m[IU]/L", 0.5, "u[IU]/mL"),
        (2.0, "mg/kg/h", 33.333333333, "ug/kg/min"), (285.0, "mosm/kg", 285.0, "mmol/kg"), (1.0, "g%", 10.0, "g/L"),
        (1.0, "[ppm]", 1e-6, "1"), (20.0, "[drp]", 1.0, "mL"), (250.0, "[Cal]", 1046.0, "kJ"),
        (1.0, "a", 12.0, "mo"), (3.0, "[MET]", 0.175, "mL/s/kg"), (1.0, "Sv", 100.0, "REM"),
    ],
)  # fmt: skip
def test_clinical_conversions(value: float, source: str, expected: float, target: str) -> None:
    # 1e-9: the expected values are printed to ten figures
    assert convert(value, source, target) == pytest.approx(expected, rel=1e-9)
    assert factor(source, target) * value == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("source", "target", "exact"),
    [("mg", "g", 0.001), ("dm3", "L", 1.0), ("mL", "L", 0.001), ("ug/mL", "mg/L", 1.0), ("Cel", "K", 1.0)],
)
def test_a_factor_is_the_nearest_float_to_the_true_one(source: str, target: str, exact: float) -> None:
    assert convert(1.0, source, target) - convert(0.0, source, target) == exact


KINDS = [
    ["g", "mg", "ug", "kg", "[lb_av]", "[oz_av]", "[gr]", "t", "[stone_av]", "u"],
    ["m", "cm", "um", "[in_i]", "[ft_i]", "[mi_i]", "Ao"],
    ["s", "ms", "min", "h", "d", "wk", "mo", "a"],
    ["L", "mL", "uL", "m3", "[gal_us]", "[foz_us]", "[pt_us]", "[cup_us]", "[tbs_us]", "[tsp_us]"],
    ["Pa", "kPa", "bar", "atm", "[psi]", "dyn/cm2"],
    ["J", "kcal", "eV", "erg", "W.h", "cal_IT"],
    ["mol/L", "mmol/L", "umol/mL", "pmol/dL"],
    ["kat", "U", "mU", "umol/h"],
    ["g/L", "mg/dL", "ug/mL", "kg/m3"],
    ["L/min", "mL/s", "L/h", "m3/s"],
    ["Bq", "Ci", "/min", "MBq"],
    ["rad", "deg"],
    ["K", "Cel", "[degF]"],
]
PINT = {
    "[lb_av]": "pound", "[oz_av]": "ounce", "[gr]": "grain", "[stone_av]": "stone", "u": "unified_atomic_mass_unit",
    "[in_i]": "inch", "[ft_i]": "foot", "[mi_i]": "mile", "Ao": "angstrom", "d": "day", "wk": "week", "mo": "month",
    "a": "julian_year", "m3": "m**3", "[gal_us]": "gallon", "[foz_us]": "fluid_ounce", "[pt_us]": "pint",
    "t": "metric_ton", "[cup_us]": "cup", "[tbs_us]": "tablespoon", "[tsp_us]": "teaspoon", "[psi]": "psi",
    "dyn/cm2": "dyne/cm**2", "W.h": "W*h", "cal_IT": "international_calorie", "kat": "katal", "U": "enzyme_unit",
    "mU": "millienzyme_unit", "kg/m3": "kg/m**3", "m3/s": "m**3/s", "/min": "1/min", "Cel": "degC", "[degF]": "degF",
    "deg": "degree",
}  # fmt: skip


def test_every_pair_of_units_of_a_kind_agrees_with_pint() -> None:
    pint: Any = pytest.importorskip("pint", reason="pint, the oracle, is in the test dependency group")
    registry = pint.UnitRegistry()
    pairs = [pair for kind in KINDS for pair in itertools.permutations(kind, 2)]
    assert len(pairs) > 300
    for source, target in pairs:
        theirs = registry.Quantity(3.7, PINT.get(source, source)).to(PINT.get(target, target)).magnitude
        # 3e-9: pint holds the unified mass unit of CODATA 2022, UCUM that of 2018; all others agree to 1e-12
        tolerance = 3e-9 if "u" in (source, target) else 1e-12
        assert convert(3.7, source, target) == pytest.approx(theirs, rel=tolerance), (source, target)


@given(st.sampled_from(KINDS).flatmap(lambda kind: st.tuples(*[st.sampled_from(kind)] * 3)), st.floats(-1e6, 1e6))
def test_a_round_trip_returns_and_a_detour_changes_nothing(units: tuple[str, str, str], value: float) -> None:
    a, b, c = units
    # 1e-9 absolute covers temperatures near their zero, where a relative error means nothing
    assert convert(convert(value, a, b), b, a) == pytest.approx(value, rel=1e-12, abs=1e-9)
    assert convert(convert(value, a, b), b, c) == pytest.approx(convert(value, a, c), rel=1e-12, abs=1e-9)
    assert equal_dimension(a, b)


@given(st.sampled_from(sorted(ANALYTES)), st.floats(1e-6, 1e6))
def test_an_analyte_goes_to_amount_and_back(analyte: str, value: float) -> None:
    amount = convert(value, "mg/dL", "mmol/L", analyte)
    assert amount == pytest.approx(value * 10 / ANALYTES[analyte].molar_mass, rel=1e-12)
    assert convert(amount, "mmol/L", "mg/dL", analyte) == pytest.approx(value, rel=1e-12)


def test_no_two_kinds_convert() -> None:
    for one, other in itertools.permutations([*KINDS, ["[IU]"], ["[arb'U]"], ["[CFU]"], ["[pH]"], ["eq"], ["1"]], 2):
        assert not equal_dimension(one[0], other[0])
        with pytest.raises(UnitError, match="cannot convert"):
            convert(1.0, one[0], other[0])


@pytest.mark.parametrize(
    ("value", "source", "expected", "target", "analyte"),
    [
        (100.0, "mg/dL", 5.550744910, "mmol/L", "glucose"), (1.0, "mmol/L", 18.0156, "mg/dL", "glucose"),
        (2.0, "mg/kg/min", 11.10148982, "umol/kg/min", "glucose"), (1.0, "mg/mmol", 8.840169731, "mg/g", "creatinine"),
        (30.0, "mg/g", 3.3936, "mg/mmol", "creatinine"), (5.0, "meq/L", 2.5, "mmol/L", "calcium"),
        (10.0, "mg/dL", 4.990269, "meq/L", "calcium"), (1.0, "[IU]/h", 6.0, "nmol/h", "insulin"),
        (60.0, "pmol/L", 10.0, "m[IU]/L", "insulin"), (1.0, "mL/min/[IU]", 166.666667, "L/min/mmol", "insulin"),
        (1.0, "mg/dL", 10.0, "mg/L", "glucose"), (37.0, "Cel", 310.15, "K", "glucose"),
    ],
)  # fmt: skip
def test_an_analyte_ties_mass_amount_charge_and_units(
    value: float, source: str, expected: float, target: str, analyte: str
) -> None:
    # 1e-6: the expected values are printed to seven figures or more
    assert convert(value, source, target, analyte) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("source", "target", "analyte", "message"),
    [
        (
            "mg/dL",
            "mmol/L",
            None,
            "cannot convert 'mg/dL' to 'mmol/L' without an analyte: mass and amount of substance",
        ),
        ("mg/dL", "mmol/L", None, "pass analyte='glucose' (known: 3-hydroxybutyrate, albumin, aldosterone, "),
        ("[IU]", "mg", None, "without an analyte"),
        ("meq/L", "mmol/L", None, "without an analyte"),
        ("mg/dL", "mmol/L", "Glucose", "unknown analyte 'Glucose' (known: 3-hydroxybutyrate, "),
        ("mg", "g", "nonsense", "unknown analyte 'nonsense'"),
        ("mg/dL", "mm[Hg]", None, "cannot convert 'mg/dL' to 'mm[Hg]': one is m-3.g, the other m-1.s-2.g"),
        ("mg/dL", "mmol", "glucose", "cannot convert 'mg/dL' to 'mmol': one is m-3.g, the other mol"),
        ("U/L", "[IU]/L", None, "UCUM 'U' is the enzyme unit umol/min, and units of insulin or heparin are '[IU]'"),
        ("U/L", "[IU]/L", "insulin", "one is m-3.s-1.mol, the other m-3.[iU]"),
        ("1", "m", None, "one is a plain number, the other m"),
        ("mg/dL", "meq/L", "glucose", "cannot convert 'mg/dL' to 'meq/L': analyte 'glucose' has no charge of one size"),
        ("[IU]", "mol", "sodium", "cannot convert '[IU]' to 'mol': analyte 'sodium' has no international unit"),
        ("mg", "furlong", None, "'furlong' is not UCUM: no unit 'furlong' at position 0"),
        ("10*99.10*99", "10*-99.10*-99", None, "beyond the range of floating point"),
    ],
)
def test_a_refusal_names_the_units_and_the_way_out(source: str, target: str, analyte: str | None, message: str) -> None:
    for attempt in (lambda: factor(source, target, analyte), lambda: convert(1.0, source, target, analyte)):
        with pytest.raises(UnitError) as refusal:
            attempt()
        assert message in str(refusal.value)


def test_only_a_clash_of_activity_and_enzyme_units_speaks_of_them() -> None:
    with pytest.raises(UnitError) as refusal:
        convert(1.0, "[IU]/L", "[IU]")
    assert "enzyme" not in str(refusal.value)


@pytest.mark.parametrize(("source", "target"), [("Cel", "K"), ("K", "[degF]"), ("Cel", "Cel")])
def test_a_temperature_scale_has_no_factor(source: str, target: str) -> None:
    with pytest.raises(UnitError, match="has a zero of its own, so no factor converts it: use convert"):
        factor(source, target)


def test_arrays_convert_elementwise_and_keep_shape_type_and_gaps() -> None:
    values = np.array([[90.0, np.nan], [180.156, 0.0]])
    result = convert(values, "mg/dL", "mmol/L", "glucose")
    np.testing.assert_allclose(result, [[4.9956704, np.nan], [10.0, 0.0]], rtol=1e-7)
    np.testing.assert_allclose(convert(np.array([0.0, 100.0]), "Cel", "[degF]"), [32.0, 212.0], rtol=1e-15)
    assert convert(np.ones(3, np.float32), "g", "mg").dtype == np.float32
    assert convert(np.array([1, 2]), "L", "mL").tolist() == [1000.0, 2000.0]
    assert values[0, 0] == 90.0
    assert convert(2, "g", "mg") == 2000.0
