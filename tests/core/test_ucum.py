"""The grammar and the atoms, against UCUM 2.2: what is read, what it is worth, and what is refused where."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemel.core.atoms import AXES, METRIC, NON_METRIC, PREFIXES, SPELLINGS
from gemel.core.errors import UnitError
from gemel.core.ucum import read
from gemel.core.units import convert, equal_dimension, parse

ATOMS = {**METRIC, **NON_METRIC}


@pytest.mark.parametrize("symbol", ATOMS)
def test_every_atom_reads(symbol: str) -> None:
    assert parse(symbol).factor > 0


@pytest.mark.parametrize("axis", AXES)
def test_every_axis_is_a_unit_of_its_own(axis: str) -> None:
    unit = parse(axis)
    assert (unit.factor, unit.offset, sum(unit.dimension), unit.dimension[AXES.index(axis)]) == (1.0, 0.0, 1, 1)


# UCUM 2.2 tables 3 to 21, in SI; exact unless the definition itself is rounded.
WORTH = """
1 10* = 10 1; 1 10*-3 = 0.001 1; 1 10^6 = 1000000 1; 1 % = 0.01 1; 1 [ppth] = 1e-3 1; 1 [ppm] = 1e-6 1
1 [ppb] = 1e-9 1; 1 [pptr] = 1e-12 1; 1 [pi] = 3.141592653589793 1; 1 sr = 1 rad2; 1 Hz = 1 s-1
1 N = 1 kg.m.s-2; 1 Pa = 1 N/m2; 1 J = 1 kg.m2/s2; 1 W = 1 J/s; 1 A = 1 C/s; 1 V = 1 W/A; 1 F = 1 C/V
1 Ohm = 1 V/A; 1 S = 1 A/V; 1 Wb = 1 V.s; 1 T = 1 Wb/m2; 1 H = 1 Wb/A; 1 lm = 1 cd.sr; 1 lx = 1 lm/m2
1 Bq = 1 /s; 1 Gy = 1 J/kg; 1 Sv = 1 J/kg; 1 l = 1000 cm3; 1 L = 1 dm3; 1 ar = 100 m2; 1 t = 1000 kg
1 bar = 100000 Pa; 1 u = 1.66053906660e-27 kg; 1 eV = 1.602176634e-19 J; 1 gon = 0.9 deg
180 deg = 3.141592653589793 rad; 60 ' = 1 deg; 60 '' = 1 '; 1 min = 60 s; 1 h = 3600 s; 1 d = 24 h; 1 wk = 7 d
1 a = 365.25 d; 1 a_j = 365.25 d; 1 a_g = 365.2425 d; 1 a_t = 365.24219 d; 12 mo = 1 a; 12 mo_j = 1 a
12 mo_g = 1 a_g; 1 mo_s = 29.53059 d; 1 dyn = 1e-5 N; 1 erg = 1e-7 J; 1 P = 0.1 Pa.s; 1 St = 1 cm2/s
1 G = 1e-4 T; 1 Ci = 37 GBq; 1 R = 2.58e-4 C/kg; 1 RAD = 0.01 Gy; 1 REM = 0.01 Gy; 1 atm = 101325 Pa
1 [in_i] = 2.54 cm; 1 [ft_i] = 30.48 cm; 1 [yd_i] = 91.44 cm; 1 [mi_i] = 1609.344 m; 1 [sin_i] = 6.4516 cm2
1 [sft_i] = 929.0304 cm2; 1 [cin_i] = 16.387064 mL; 1 [gal_us] = 3.785411784 L; 1 [qt_us] = 946.352946 mL
1 [pt_us] = 473.176473 mL; 1 [foz_us] = 29.5735295625 mL; 1 [tbs_us] = 14.78676478125 mL
1 [tsp_us] = 4.92892159375 mL; 1 [cup_us] = 8 [foz_us]; 1 [foz_m] = 30 mL; 1 [cup_m] = 240 mL
1 [tsp_m] = 5 mL; 1 [tbs_m] = 15 mL; 1 [gr] = 64.79891 mg; 1 [lb_av] = 453.59237 g; 1 [oz_av] = 28.349523125 g
1 [stone_av] = 6.35029318 kg; 1 [dr_ap] = 3.8879346 g; 1 [oz_ap] = 31.1034768 g; 1 cal = 4.184 J
1 cal_th = 4.184 J; 1 cal_IT = 4.1868 J; 1 [Cal] = 4184 J; 1 [degR] = 0.5555555555555556 K
1 m[Hg] = 133322 Pa; 1 mm[Hg] = 133.322 Pa; 1 m[H2O] = 9806.65 Pa; 1 [in_i'Hg] = 3386.3788 Pa
1 [in_i'H2O] = 249.08891 Pa; 1 [PRU] = 1 mm[Hg].s/mL; 1 [wood'U] = 79.9932 dyn.s/cm5; 1 [diop] = 1 /m
3 [Ch] = 1 mm; 20 [drp] = 1 mL; 1 [MET] = 3.5 mL/kg/min; 1 osm = 1 mol; 1 g% = 1 g/dL; 1 kat = 60e6 U
1 U = 1 umol/min; 1 [IU] = 1 [iU]; 1 [S] = 1e-13 s; 1 [LPF] = 100 [HPF]; 1 Ao = 0.1 nm
1 [psi] = 6894.757293168361 Pa; 1 [g] = 9.80665 m/s2; 1 By = 8 bit; 1 Bd = 1 /s
"""


WORTHS = [line.strip() for line in WORTH.strip().replace("\n", ";").split(";")]


@pytest.mark.parametrize("line", WORTHS)
def test_atoms_have_their_published_worth(line: str) -> None:
    amount, source, _, worth, target = line.split()
    # 1e-14: two roundings, of the printed value and of the factor
    assert convert(float(amount), source, target) == pytest.approx(float(worth), rel=1e-14)


def test_the_published_worths_cover_every_defined_atom() -> None:
    stated = {line.split()[1] for line in WORTHS}
    exempt = {*AXES, "10^", "Cel", "[degF]", "bit"}  # a power, two temperature scales and a count: other tests
    assert set(ATOMS) - exempt <= stated


@pytest.mark.parametrize(
    ("prefix", "power"),
    [
        ("Y", 24), ("Z", 21), ("E", 18), ("P", 15), ("T", 12), ("G", 9), ("M", 6), ("k", 3), ("h", 2), ("da", 1),
        ("d", -1), ("c", -2), ("m", -3), ("u", -6), ("n", -9), ("p", -12), ("f", -15), ("a", -18), ("z", -21),
        ("y", -24),
    ],
)  # fmt: skip
def test_prefixes_are_powers_of_ten(prefix: str, power: int) -> None:
    assert read(f"{prefix}g").factor == Fraction(10) ** power


def test_no_symbol_has_two_meanings() -> None:
    meanings = [prefix + atom for prefix in PREFIXES for atom in METRIC] + list(ATOMS)
    assert len(meanings) == len(set(meanings))


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("min", "60 s"), ("cd", "1 cd"), ("Pa", "1 N/m2"), ("dag", "10 g"), ("mmol", "1e-3 mol"), ("dar", "10 m2"),
        ("ft", "1e-15 t"), ("mm", "1e-3 m"), ("PT", "1e15 T"), ("Gy", "1 J/kg"), ("mm[Hg]", "1e-3 m[Hg]"),
        ("m[IU]", "1e-3 [IU]"), ("u[iU]", "1e-6 [IU]"), ("mg%", "1e-3 g%"), ("ug", "1e-6 g"), ("au", "1e-18 u"),
        ("mU", "1e-3 U"), ("hL", "100 L"), ("kcal", "4184 J"), ("mosm", "1e-3 osm"), ("uCi", "37000 Bq"),
    ],
)  # fmt: skip
def test_an_atom_comes_before_a_prefix(text: str, same: str) -> None:
    value, unit = same.split()
    assert equal_dimension(text, unit)
    assert convert(1.0, text, unit) == pytest.approx(float(value), rel=1e-15)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("/min", "min-1"), ("{beats}/min", "/min"), ("mL/min/{1.73_m2}", "mL/min"), ("10*3/uL", "10*9/L"),
        ("{annotation}", "1"), ("1{c}", "1"), ("kg{body_wt}", "kg"), ("10*3{cells}/uL", "10*9/L"), ("m/s/s", "m/s2"),
        ("m/s.s", "m"), ("m/(s.s)", "m/s2"), ("/m.s", "s/m"), ("(m)", "m"), ("((m/s))/s", "m.s-2"), ("s+2", "s2"),
        ("m0", "1"), ("2.5", "10"), ("g.m/s2", "mN"), ("dyn.s/cm5", "10*5.Pa.s/m3"), ("007", "7"),
        ("{a}.rad2{b}", "rad2"), ("mm[Hg]{systolic}", "mm[Hg]"), ("10^-3", "10*-3"), ("%{vol}", "%"),
        ("umol/min/g{Hb}", "U/g"),
    ],
)  # fmt: skip
def test_two_spellings_of_one_unit_agree(text: str, same: str) -> None:
    assert read(text) == read(same)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("mg/mL/", "unexpected end at position 6"),
        ("", "unexpected end at position 0; a plain number has the unit '1'"),
        ("mg dL", "unexpected ' ' at position 2"),
        ("12h", "unexpected 'h' at position 2"),
        ("m//s", "'/' at position 2"),
        ("(m)2", "unexpected '2' at position 3"),
        ("(m", "unexpected end at position 2"),
        ("m)", "')' at position 1"),
        ("{a}rad", "unexpected 'r' at position 3"),
        ("10+3/ul", "unexpected '+' at position 2"),
        ("m/0", "'0' at position 2"),
        ("m.", "unexpected end at position 2"),
        (".m", "unexpected '.' at position 0"),
        ("(/m)", "'/' at position 1"),
        ("{1.73 m2}", "unexpected '{' at position 0; an annotation"),
        ("m{a}{b}", "unexpected '{' at position 4"),
        ("rad2{錠}", "unexpected '{' at position 4"),
        ("m{a", "unexpected '{' at position 1"),
        ("()", "')' at position 1"),
        ("1e3", "unexpected 'e' at position 1"),
        ("m^2", "no unit 'm^' at position 0"),
        ("kg[H20]", "no unit 'kg[H20]'"),
        ("kmin", "no unit 'kmin' at position 0"),
        ("mmm", "no unit 'mmm'"),
        ("kkg", "no unit 'kkg'"),
        ("[iIU]", "no unit"),
        ("mg/mmHg", "no unit 'mmHg' at position 3; UCUM writes 'mm[Hg]'"),
        ("µg", "no unit 'µg' at position 0; UCUM writes 'ug'"),
        ("μg", "no unit 'μg' at position 0; UCUM writes 'ug'"),
        ("IU/L", "no unit 'IU' at position 0; UCUM writes '[IU]'"),
        ("bpm", "UCUM writes '/min'"),
        ("xyz", "gemel.core.atoms lists the known units"),
        ("dB", "no unit 'dB'"),
        ("Cel/min", "a temperature scale in a product or power at position 3; a temperature difference is in 'K'"),
        ("/[degF]", "a temperature scale in a product or power"),
        ("Cel2", "a temperature scale in a product or power"),
        ("10*100", "an exponent beyond 99 at position 3"),
        ("m-100", "an exponent beyond 99"),
        ("m0099", "an exponent beyond"),
        ("(" * 12 + "m" + ")" * 12, "more than 10 nested parentheses at position 11"),
    ],
)
def test_what_is_not_ucum_is_refused_where_it_stands(text: str, problem: str) -> None:
    with pytest.raises(UnitError) as refusal:
        parse(text)
    assert str(refusal.value).startswith(f"'{text}' is not UCUM: ")
    assert problem in str(refusal.value)


def test_the_limits_themselves_are_allowed() -> None:
    assert read("(" * 10 + "m" + ")" * 10) == read("m")
    assert read("10*99").factor == Fraction(10) ** 99
    assert read("{" + "x" * 198 + "}") == read("1")
    with pytest.raises(UnitError, match="has 201 characters; a unit has at most 200"):
        read("{" + "x" * 199 + "}")


@pytest.mark.parametrize("text", ["10*99.10*99.10*99.10*99", "10*-99.10*-99.10*-99.10*-99"])
def test_a_factor_beyond_floating_point_is_refused(text: str) -> None:
    with pytest.raises(UnitError, match="beyond the range of floating point"):
        parse(text)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_hint_is_ucum_and_what_it_corrects_is_not(spelling: str) -> None:
    assert parse(SPELLINGS[spelling]).factor > 0
    with pytest.raises(UnitError, match="UCUM writes"):
        parse(spelling)


ALPHABET = st.sampled_from([*"mgLsU./(){}[]*^+-0129 %'µ", "mol", "[IU]", "mm[Hg]", "10*", "Cel", "{x}", "min"])


@settings(deadline=None, max_examples=400)
@given(st.one_of(st.lists(ALPHABET, max_size=12).map("".join), st.text(max_size=210)))
def test_any_text_is_a_unit_or_a_unit_error(text: str) -> None:
    try:
        unit = parse(text)
    except UnitError:
        return
    assert unit.text == text
    assert math.isfinite(unit.factor) and unit.factor > 0
    assert len(unit.dimension) == len(AXES)


LINEAR = st.sampled_from(sorted(set(ATOMS) - {"Cel", "[degF]", "10*", "10^"}))


@settings(deadline=None, max_examples=100)
@given(LINEAR, LINEAR, st.integers(-9, 9))
def test_products_and_powers_multiply_factors_and_add_dimensions(a: str, b: str, power: int) -> None:
    x, y, one, quotient, raised = read(a), read(b), read(f"{a}.{b}"), read(f"{a}/{b}"), read(f"{a}{power}")
    assert (one.factor, quotient.factor, raised.factor) == (x.factor * y.factor, x.factor / y.factor, x.factor**power)
    for axis in range(len(AXES)):
        assert one.dimension[axis] == x.dimension[axis] + y.dimension[axis]
        assert quotient.dimension[axis] == x.dimension[axis] - y.dimension[axis]
        assert raised.dimension[axis] == power * x.dimension[axis]
