"""Substances whose mass, amount, charge and international units convert into one another.

A molar mass M [g/mol] is computed from the formula and the abridged standard atomic weights of IUPAC 2021 (Prohaska et
al., Pure Appl. Chem. 94:573-600, 2022), so it can be checked; only haemoglobin's is typed in.  Formulas: PubChem (CID)
or the mature chains in UniProt, without charge.  A dose may be stated as the mass of a salt, which is not meant here.
Left out on purpose: HbA1c (an affine law, not a factor), lipoprotein(a) (its mass differs between persons), mixtures
such as gentamicin, and heparin (units without a fixed mass).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from .errors import UnitError

__all__ = ["ANALYTES", "ATOMIC_WEIGHTS", "Analyte", "molar_mass"]

ATOMIC_WEIGHTS: Final[Mapping[str, float]] = MappingProxyType(
    {
        "H": 1.0080, "Li": 6.94, "C": 12.011, "N": 14.007, "O": 15.999, "F": 18.998, "Na": 22.990, "Mg": 24.305,
        "P": 30.974, "S": 32.06, "Cl": 35.45, "K": 39.098, "Ca": 40.078, "Fe": 55.845, "Co": 58.933, "Cu": 63.546,
        "Zn": 65.38, "I": 126.90,
    }
)  # fmt: skip
"""Relative atomic masses of the elements that occur below (IUPAC 2021, abridged)."""


@dataclass(frozen=True, slots=True)
class Analyte:
    """A substance: M [g/mol], size of the charge [eq/mol] and mass of one unit [g/[IU]]; None where there is none."""

    name: str
    formula: str
    molar_mass: float
    source: str
    charge: int | None = None
    grams_per_iu: float | None = None


def molar_mass(formula: str) -> float:
    """M [g/mol] of a formula without parentheses, such as C6H12O6.  Raises UnitError for one that cannot be read."""
    if not re.fullmatch(r"([A-Z][a-z]?[0-9]*)+", formula):
        raise UnitError(f"'{formula}' is not a formula: write elements and counts, such as C6H12O6")
    pairs: list[tuple[str, str]] = re.findall(r"([A-Z][a-z]?)([0-9]*)", formula)
    if unknown := {element for element, _ in pairs} - ATOMIC_WEIGHTS.keys():
        raise UnitError(f"'{formula}' holds {sorted(unknown)}, whose atomic weights are not tabulated: add them")
    return sum(ATOMIC_WEIGHTS[element] * int(count or 1) for element, count in pairs)


def _known(
    name: str, formula: str, source: str, *, charge: int | None = None, grams_per_iu: float | None = None
) -> Analyte:
    return Analyte(name, formula, molar_mass(formula), source, charge, grams_per_iu)


# 1 [IU] of human insulin = 6.00 nmol: Volund, Am. J. Clin. Nutr. 58:714-715, 1993, used by NHANES (2003-2004, LAB10AM);
# Knopp et al., J. Diabetes Sci. Technol. 13:597-600, 2019.  The factor 6.945 that is also met is 1/24 mg over
# 6000 g/mol: the impure international standard of 1958.
_INSULIN: Final = "C257H383N65O77S6"
_MOL_PER_IU_INSULIN: Final = 6.00e-9

_TABLE: Final = (
    # ions; lactate stands with the compounds, because laboratories convert it as lactic acid
    _known("sodium", "Na", "atomic weight", charge=1),
    _known("potassium", "K", "atomic weight", charge=1),
    _known("lithium", "Li", "atomic weight", charge=1),
    _known("chloride", "Cl", "atomic weight", charge=1),
    _known("calcium", "Ca", "atomic weight", charge=2),
    _known("magnesium", "Mg", "atomic weight", charge=2),
    _known("bicarbonate", "CHO3", "PubChem CID 769; also for total CO2, base excess and anion gap", charge=1),
    # elements measured as themselves; their charge varies or is not used
    _known("phosphate", "P", "atomic weight: laboratories report the mass of phosphorus, not of PO4"),
    _known("iron", "Fe", "atomic weight"),
    _known("copper", "Cu", "atomic weight"),
    _known("zinc", "Zn", "atomic weight"),
    # metabolites
    _known("glucose", "C6H12O6", "PubChem CID 5793"),
    _known("lactate", "C3H6O3", "PubChem CID 612, as lactic acid"),
    _known("3-hydroxybutyrate", "C4H8O3", "PubChem CID 441, as the acid"),
    _known("creatinine", "C4H7N3O", "PubChem CID 588"),
    _known("urea", "CH4N2O", "PubChem CID 1176"),
    _known("urea nitrogen", "N2", "BUN: the mass of the two nitrogens, the amount of urea"),
    _known("urate", "C5H4N4O3", "PubChem CID 1175, as uric acid"),
    _known("ammonia", "H3N", "PubChem CID 222, reported as NH3"),
    _known("bilirubin", "C33H36N4O6", "PubChem CID 5280352; by convention also for the conjugated fraction"),
    _known("cholesterol", "C27H46O", "PubChem CID 5997; total, HDL and LDL"),
    _known("triglyceride", "C57H104O6", "PubChem CID 5497163, triolein, by convention"),
    _known("homocysteine", "C4H9NO2S", "PubChem CID 91552"),
    _known("ethanol", "C2H6O", "PubChem CID 702"),
    # hormones and vitamins
    _known(
        "insulin", _INSULIN, "UniProt P01308, A and B chains", grams_per_iu=_MOL_PER_IU_INSULIN * molar_mass(_INSULIN)
    ),
    _known("C-peptide", "C129H211N35O48", "UniProt P01308, residues 57-87"),
    _known("glucagon", "C153H225N43O49S", "UniProt P01275, residues 53-81"),
    _known("cortisol", "C21H30O5", "PubChem CID 5754"),
    _known("aldosterone", "C21H28O5", "PubChem CID 5839"),
    _known("testosterone", "C19H28O2", "PubChem CID 6013"),
    _known("estradiol", "C18H24O2", "PubChem CID 5757"),
    _known("progesterone", "C21H30O2", "PubChem CID 5994"),
    _known("thyroxine", "C15H11I4NO4", "PubChem CID 5819"),
    _known("triiodothyronine", "C15H12I3NO4", "PubChem CID 5920"),
    _known("norepinephrine", "C8H11NO3", "PubChem CID 439260"),
    _known("epinephrine", "C9H13NO3", "PubChem CID 5816"),
    _known("cholecalciferol", "C27H44O", "PubChem CID 5280795; 1 [IU] of vitamin D = 25 ng", grams_per_iu=25e-9),
    _known("calcifediol", "C27H44O2", "PubChem CID 5283731; 25-hydroxyvitamin D"),
    _known("cobalamin", "C63H88CoN14O14P", "PubChem CID 5311498, cyanocobalamin"),
    _known("folate", "C19H19N7O6", "PubChem CID 135398658, folic acid"),
    # proteins
    _known("albumin", "C2936H4590N786O889S41", "UniProt P02768, residues 25-609 with 17 disulfide bonds"),
    Analyte("haemoglobin", "", 64458 / 4, "ICSH: M of the tetramer is 64458 g/mol; amounts are of the monomer, Hb(Fe)"),
    # drugs, as the free base or acid
    _known("amikacin", "C22H43N5O13", "PubChem CID 37768"),
    _known("caffeine", "C8H10N4O2", "PubChem CID 2519"),
    _known("carbamazepine", "C15H12N2O", "PubChem CID 2554"),
    _known("ciclosporin", "C62H111N11O12", "PubChem CID 5284373"),
    _known("digoxin", "C41H64O14", "PubChem CID 2724385"),
    _known("fentanyl", "C22H28N2O", "PubChem CID 3345"),
    _known("indometacin", "C19H16ClNO4", "PubChem CID 3715"),
    _known("lidocaine", "C14H22N2O", "PubChem CID 3676"),
    _known("metformin", "C4H11N5", "PubChem CID 4091"),
    _known("methotrexate", "C20H22N8O5", "PubChem CID 126941"),
    _known("morphine", "C17H19NO3", "PubChem CID 5288826"),
    _known("paracetamol", "C8H9NO2", "PubChem CID 1983"),
    _known("phenobarbital", "C12H12N2O3", "PubChem CID 4763"),
    _known("phenytoin", "C15H12N2O2", "PubChem CID 1775"),
    _known("propofol", "C12H18O", "PubChem CID 4943"),
    _known("quinidine", "C20H24N2O2", "PubChem CID 441074"),
    _known("remifentanil", "C20H28N2O5", "PubChem CID 60815"),
    _known("salicylate", "C7H6O3", "PubChem CID 338, as salicylic acid"),
    _known("tacrolimus", "C44H69NO12", "PubChem CID 445643, anhydrous"),
    _known("theophylline", "C7H8N4O2", "PubChem CID 2153"),
    _known("valproate", "C8H16O2", "PubChem CID 3121, as valproic acid"),
    _known("vancomycin", "C66H75Cl2N9O24", "PubChem CID 14969"),
    _known("warfarin", "C19H16O4", "PubChem CID 54678486"),
)

ANALYTES: Final[Mapping[str, Analyte]] = MappingProxyType({analyte.name: analyte for analyte in _TABLE})
"""By name."""
