"""What a coded element (CE, CWE) means, and units as HL7 v2 senders write them.

A code is read from whichever of the two triplets (code^text^system) gemel's table knows, else LOINC, else SNOMED CT,
else the first.  A triplet that claims LOINC or MDC for something of another form is the sender's own code:
'local:<facility>/<system>:<code>', so that two senders' numbers never mix; a site's table leads it to what it means.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from gemel.core.errors import UnitError

from ..codes import Codes
from ..fhir.types import Quantity
from ..fhir.units import unit_of
from .message import NULL, Separators, text_of

__all__ = ["Refusal", "code_of", "concept", "ucum"]

_LOINC = re.compile(r"\d{1,7}-\d")
_SNOMED = re.compile(r"\d{6,18}")
_MDC = re.compile(r"\d{4,6}|MDC_[A-Z0-9_]+")
_SYSTEMS: Mapping[str, tuple[str, re.Pattern[str]]] = MappingProxyType(
    {
        **dict.fromkeys(("LN", "LOINC", "http://loinc.org", "2.16.840.1.113883.6.1"), ("loinc", _LOINC)),
        **dict.fromkeys(("SCT", "SNM", "SNM3", "SNOMED", "SNOMED-CT", "2.16.840.1.113883.6.96"), ("snomed", _SNOMED)),
        **dict.fromkeys(("RXNORM", "RXN", "2.16.840.1.113883.6.88"), ("rxnorm", re.compile(r"\d{1,8}"))),
        **dict.fromkeys(("MDC", "urn:iso:std:iso:11073:10101"), ("mdc", _MDC)),
    }
)
"""Names of coding systems in HL7 table 0396, their OIDs, and spellings met in feeds; and the form of their codes."""

_UNITS: Mapping[str, str] = MappingProxyType(
    {
        "MMOLL": "mmol/L", "UMOLL": "umol/L", "MLMIN": "mL/min", "X10*9/L": "10*9/L", "X10*12/L": "10*12/L",
        "MILL/MM3": "10*6/mm3", "MDC_DIM_PERCENT": "%", "MDC_DIM_MMHG": "mm[Hg]", "MDC_DIM_DEGC": "Cel",
        "MDC_DIM_BEAT_PER_MIN": "/min", "MDC_DIM_RESP_PER_MIN": "/min", "MDC_DIM_X_L_PER_MIN": "L/min",
        "MDC_DIM_DIMLESS": "1", "MDC_DIM_KILO_G": "kg", "MDC_DIM_CENTI_M": "cm", "MDC_DIM_MILLI_MOLE_PER_L": "mmol/L",
        "MDC_DIM_MILLI_G_PER_DL": "mg/dL", "MDC_DIM_FAHR": "[degF]", "MDC_DIM_MILLI_L": "mL",
    }
)  # fmt: skip
"""Reference names of ISO/IEEE 11073-10101 units, and units whose strokes a laboratory leaves out."""


class Refusal(Exception):
    """Why something cannot become a fact: kind and detail of the rejection, and the code where it is known."""

    def __init__(self, kind: str, detail: str, code: str = "") -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind, self.detail, self.code = kind, detail, code


@lru_cache(maxsize=16384)
def concept(element: bytes, marks: Separators, codec: str) -> tuple[tuple[str, str, str], ...]:
    """The (code, text, system) of a coded element, those without code and text left out."""
    parts = [_plain(part, marks, codec) for part in element.split(marks.component, 6)]
    parts += [""] * (6 - len(parts))
    return tuple((c, t, s) for c, t, s in (parts[:3], parts[3:6]) if c or t)


@lru_cache(maxsize=16384)
def code_of(element: bytes, marks: Separators, codec: str, sender: str, codes: Codes) -> str:
    """The code that facts about this carry.  Raises Refusal where there is neither code nor text."""
    found = [_named(*triplet, sender) for triplet in concept(element, marks, codec)]
    if not found:
        raise Refusal("no code", "neither a code nor a text says what it is about")
    code = min(found, key=lambda one: _rank(one, codes))
    entry = codes.get(code)
    return code if entry is None else entry.means


@lru_cache(maxsize=4096)
def ucum(element: bytes, marks: Separators, codec: str, expected: str | None) -> str:
    """The UCUM unit of a unit element; '' where it says none.  Raises UnitError for one that is not to be read.

    `expected` is the unit of the code table: international units are read as such only where they are meant.
    """
    fault: UnitError | None = None
    for code, text, _ in concept(element, marks, codec):
        for word in (code, text):
            if not word:
                continue
            if known := _UNITS.get(word.upper()):
                return known
            try:
                return unit_of(Quantity(code=word), expected)
            except UnitError as error:
                fault = fault or error
    if fault is not None:
        raise fault
    return ""


def _named(code: str, text: str, system: str, sender: str) -> str:
    known = _SYSTEMS.get(system.upper()) or _SYSTEMS.get(system)
    if known is not None:
        name, form = known
        for word in (code, text):  # some senders put the reference name into the text
            if form.fullmatch(word):
                return f"{name}:{word}"
    place = f"{sender}/{system}" if system else sender
    return f"local:{place}:{code or text[:80]}"


def _rank(code: str, codes: Codes) -> int:
    return 0 if code in codes else 1 if code.startswith("loinc:") else 2 if code.startswith("snomed:") else 3


def _plain(part: bytes, marks: Separators, codec: str) -> str:
    text = text_of(part.partition(marks.repetition)[0], marks, codec).strip()
    return "" if text == NULL else text
