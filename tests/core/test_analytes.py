"""Molar masses against what was published by others, and peptides against their sequences."""

from __future__ import annotations

import pytest

from gemel.core.analytes import ANALYTES, ATOMIC_WEIGHTS, molar_mass
from gemel.core.errors import UnitError
from gemel.core.units import convert, factor

# CIAAW, Standard atomic weights 2021, in full; IUPAC's conventional value where an interval is published.
PUBLISHED_WEIGHTS = {
    "H": 1.008, "Li": 6.94, "C": 12.011, "N": 14.007, "O": 15.999, "F": 18.998403162, "Na": 22.98976928, "Mg": 24.305,
    "P": 30.973761998, "S": 32.06, "Cl": 35.45, "K": 39.0983, "Ca": 40.078, "Fe": 55.845, "Co": 58.933194,
    "Cu": 63.546, "Zn": 65.38, "I": 126.90447,
}  # fmt: skip


def test_atomic_weights_are_the_published_ones_to_five_figures() -> None:
    assert {element: float(f"{weight:.5g}") for element, weight in PUBLISHED_WEIGHTS.items()} == ATOMIC_WEIGHTS


# Conversion factors as printed in Am. J. Kidney Dis. (information for authors), the ASHP appendix "Therapeutic ranges
# of drugs in traditional and SI units", and clinical chemistry textbooks.
PRINTED = """
glucose mg/dL mmol/L 0.05551; creatinine mg/dL umol/L 88.4; lactate mg/dL mmol/L 0.111; bilirubin mg/dL umol/L 17.1
urea_nitrogen mg/dL mmol/L 0.357; urate mg/dL umol/L 59.48; ammonia ug/dL umol/L 0.587; ethanol mg/dL mmol/L 0.217
cholesterol mg/dL mmol/L 0.02586; calcium mg/dL mmol/L 0.2495; calcium meq/L mmol/L 0.5; sodium meq/L mmol/L 1
magnesium mg/dL mmol/L 0.4114; phosphate mg/dL mmol/L 0.3229; bicarbonate meq/L mmol/L 1; chloride meq/L mmol/L 1
potassium meq/L mmol/L 1; lithium meq/L mmol/L 1; cortisol ug/dL nmol/L 27.59; aldosterone ng/dL nmol/L 0.02774
testosterone nmol/L ng/dL 28.84; estradiol pg/mL pmol/L 3.671; progesterone ng/mL nmol/L 3.18
thyroxine ng/dL pmol/L 12.87; epinephrine pg/mL pmol/L 5.458; haemoglobin g/dL mmol/L 0.6206
insulin u[IU]/mL pmol/L 6.00; paracetamol mg/dL umol/L 66.16; amikacin mg/L umol/L 1.708; digoxin ng/mL nmol/L 1.281
carbamazepine mg/L umol/L 4.23; lidocaine mg/L umol/L 4.267; phenobarbital mg/L umol/L 4.306; caffeine mg/L umol/L 5.15
phenytoin mg/L umol/L 3.964; theophylline mg/L umol/L 5.55; salicylate mg/L umol/L 7.24; valproate mg/L umol/L 6.93
""".strip().replace("\n", ";")


@pytest.mark.parametrize("line", [line.strip() for line in PRINTED.split(";")])
def test_factors_are_the_printed_ones(line: str) -> None:
    analyte, source, target, printed = line.split()
    one_in_the_last_digit = 10.0 ** -len(printed.partition(".")[2])
    assert abs(factor(source, target, analyte.replace("_", " ")) - float(printed)) <= one_in_the_last_digit


# Molar masses as PubChem or DrugBank print them, on older atomic weights: hence 0.02 %.
MASSES = {
    "glucose": 180.16, "cholesterol": 386.65, "triglyceride": 885.4, "bilirubin": 584.66, "homocysteine": 135.19,
    "urea": 60.056, "3-hydroxybutyrate": 104.10, "cortisol": 362.46, "thyroxine": 776.87, "triiodothyronine": 650.97,
    "cholecalciferol": 384.64, "calcifediol": 400.64, "cobalamin": 1355.4, "folate": 441.4, "glucagon": 3482.75,
    "C-peptide": 3020.29, "insulin": 5807.57, "albumin": 66437, "indometacin": 357.79, "warfarin": 308.33,
    "remifentanil": 376.45, "quinidine": 324.42, "propofol": 178.27, "fentanyl": 336.5, "morphine": 285.34,
    "metformin": 129.16, "methotrexate": 454.4, "ciclosporin": 1202.6, "tacrolimus": 804.0, "vancomycin": 1449.3,
    "norepinephrine": 169.18, "amikacin": 585.60, "digoxin": 780.94, "urate": 168.11, "ammonia": 17.031,
    "iron": 55.845, "copper": 63.546, "zinc": 65.38, "bicarbonate": 61.017, "lactate": 90.08,
}  # fmt: skip


@pytest.mark.parametrize("name", MASSES)
def test_molar_masses_agree_with_pubchem(name: str) -> None:
    assert ANALYTES[name].molar_mass == pytest.approx(MASSES[name], rel=2e-4)


def test_every_analyte_is_checked_against_a_published_number() -> None:
    printed = {line.split()[0].replace("_", " ") for line in PRINTED.split(";")}
    assert ANALYTES.keys() == printed | MASSES.keys()


# Residues: C, H, N, O, S of the amino acid less one water.
RESIDUES = {
    "A": (3, 5, 1, 1, 0), "R": (6, 12, 4, 1, 0), "N": (4, 6, 2, 2, 0), "D": (4, 5, 1, 3, 0), "C": (3, 5, 1, 1, 1),
    "E": (5, 7, 1, 3, 0), "Q": (5, 8, 2, 2, 0), "G": (2, 3, 1, 1, 0), "H": (6, 7, 3, 1, 0), "I": (6, 11, 1, 1, 0),
    "L": (6, 11, 1, 1, 0), "K": (6, 12, 2, 1, 0), "M": (5, 9, 1, 1, 1), "F": (9, 9, 1, 1, 0), "P": (5, 7, 1, 1, 0),
    "S": (3, 5, 1, 2, 0), "T": (4, 7, 1, 2, 0), "W": (11, 10, 2, 1, 0), "Y": (9, 9, 1, 2, 0), "V": (5, 9, 1, 1, 0),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "chains", "disulfides"),
    [
        ("insulin", ["GIVEQCCTSICSLYQLENYCN", "FVNQHLCGSHLVEALYLVCGERGFFYTPKT"], 3),
        ("C-peptide", ["EAEDLQVGQVELGGGPGAGSLQPLALEGSLQ"], 0),
        ("glucagon", ["HSQGTFTSDYSKYLDSRRAQDFVQWLMNT"], 0),
    ],
)
def test_a_peptide_has_the_formula_of_its_sequence(name: str, chains: list[str], disulfides: int) -> None:
    atoms = [sum(RESIDUES[letter][i] for chain in chains for letter in chain) for i in range(5)]
    atoms[1] += 2 * len(chains) - 2 * disulfides
    atoms[3] += len(chains)
    formula = "".join(e + (str(n) if n > 1 else "") for e, n in zip("CHNOS", atoms, strict=True) if n)
    assert ANALYTES[name].formula == formula


def test_a_unit_of_insulin_weighs_what_pharmacopoeias_say() -> None:
    # USP and EMA labels print 0.0347 mg per unit; 6.00 nmol weigh 0.4 % more, less than any assay resolves
    assert convert(1.0, "[IU]", "mg", "insulin") == pytest.approx(0.0347, rel=5e-3)
    assert convert(100.0, "[IU]/mL", "nmol/mL", "insulin") == pytest.approx(600.0, rel=1e-12)


def test_a_microgram_of_vitamin_d_is_forty_units() -> None:
    assert convert(1.0, "ug", "[IU]", "cholecalciferol") == pytest.approx(40.0, rel=1e-12)


def test_bun_is_less_than_half_of_urea_by_mass_and_the_same_amount() -> None:
    assert convert(14.0, "mg/dL", "mmol/L", "urea nitrogen") == pytest.approx(5.0, rel=1e-3)
    assert ANALYTES["urea nitrogen"].molar_mass / ANALYTES["urea"].molar_mass == pytest.approx(0.46647, rel=1e-4)


@pytest.mark.parametrize("formula", ["", "c6h12o6", "C6H12O6 ", "Ca(OH)2", "6C", "H-2"])
def test_a_malformed_formula_is_refused(formula: str) -> None:
    with pytest.raises(UnitError, match="is not a formula"):
        molar_mass(formula)


def test_an_untabulated_element_is_named() -> None:
    with pytest.raises(UnitError, match=r"'UO2' holds \['U'\]"):
        molar_mass("UO2")


@pytest.mark.parametrize("name", ANALYTES)
def test_analytes_are_keyed_by_name_and_sourced(name: str) -> None:
    analyte = ANALYTES[name]
    assert analyte.name == name and analyte.source
    assert not analyte.formula or analyte.molar_mass == molar_mass(analyte.formula)
