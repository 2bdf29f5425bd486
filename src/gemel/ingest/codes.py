"""The local vocabulary and the table that leads other code systems to it.

A code is 'system:code' with system loinc, snomed, rxnorm, mdc or gemel, or the full address of another system.  Local
codes exist where a model input gathers many products:

    gemel:rapid-insulin         every rapid-acting insulin analogue        dose [IU], rate [IU]/h
    gemel:long-acting-insulin   glargine, detemir, degludec                dose [IU]
    gemel:regular-insulin       regular human insulin, slower than rapid   dose [IU], rate [IU]/h
    gemel:carbohydrate          carbohydrate eaten (LOINC 9059-7, 9060-5)  dose g

`codes.csv` beside this module gives per code: the code its facts carry (`means`), whether it is measured or an input,
unit, limits of the possible, analyte, title and `basis`, which says how row and limits are known.  NPH, premixed and
500 [IU]/mL insulins are left out on purpose: none of the inputs above acts as they do, so they show up as unmapped.
A site adds its own table of the same form: `table().extended(path)`.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

from gemel.core.errors import GemelError, IngestError
from gemel.core.units import parse

from .values import Limits

__all__ = [
    "CARBOHYDRATE",
    "LONG_ACTING_INSULIN",
    "RAPID_INSULIN",
    "SENSOR_GLUCOSE",
    "Code",
    "Codes",
    "coded",
    "table",
]

RAPID_INSULIN = "gemel:rapid-insulin"
LONG_ACTING_INSULIN = "gemel:long-acting-insulin"
CARBOHYDRATE = "gemel:carbohydrate"
SENSOR_GLUCOSE = "loinc:99504-3"

_SYSTEMS: Mapping[str, str] = MappingProxyType(
    {
        "http://loinc.org": "loinc",
        "http://snomed.info/sct": "snomed",
        "http://www.nlm.nih.gov/research/umls/rxnorm": "rxnorm",
        "urn:iso:std:iso:11073:10101": "mdc",
        "urn:oid:2.16.840.1.113883.6.1": "loinc",
        "urn:oid:2.16.840.1.113883.6.96": "snomed",
        "urn:oid:2.16.840.1.113883.6.88": "rxnorm",
    }
)


@dataclass(frozen=True, slots=True)
class Code:
    """What is known of a code.  `limits` hold for a reading or a dose, `rate_limits` for a rate; None where unknown."""

    code: str
    means: str
    is_input: bool
    title: str
    limits: Limits | None = None
    rate_limits: Limits | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Codes:
    """Codes by name; equal only to itself."""

    entries: Mapping[str, Code]

    def __contains__(self, code: str) -> bool:
        return code in self.entries

    def get(self, code: str) -> Code | None:
        """The entry of a code."""
        return self.entries.get(code)

    def title(self, code: str) -> str:
        """A readable name; the code itself where there is none."""
        entry = self.entries.get(code)
        return entry.title if entry is not None else code

    def extended(self, path: Path | str) -> Codes:
        """These codes and those of a site's own table, which wins.  IngestError names what is wrong with it."""
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise IngestError(f"code table '{Path(path).name}' cannot be read: {error}") from error
        return Codes(MappingProxyType(_resolved(dict(self.entries) | _parse(text, Path(path).name))))


def coded(system: str | None, code: str) -> str:
    """'system:code', the system by its short name where it has one."""
    if not system:
        return code
    return f"{_SYSTEMS.get(system, system)}:{code}"


@cache
def table() -> Codes:
    """The table that ships with the package, read when first asked for."""
    text = files("gemel.ingest").joinpath("codes.csv").read_text(encoding="utf-8")
    return Codes(MappingProxyType(_resolved(_parse(text, "codes.csv"))))


def _parse(text: str, name: str) -> dict[str, Code]:
    rows = csv.DictReader(text.splitlines(), restval="")
    if "code" not in (rows.fieldnames or ()):
        raise IngestError(f"code table '{name}' needs a column 'code'")
    entries: dict[str, Code] = {}
    for row in rows:
        try:
            entries[row["code"]] = _entry(row)
        except (ValueError, GemelError) as error:
            raise IngestError(f"code table '{name}' line {rows.line_num}: {error}") from error
    return entries


def _entry(row: Mapping[str, str]) -> Code:
    code, analyte = row["code"].strip(), row.get("analyte") or None
    if not code:
        raise ValueError("the code is empty")
    limits = rate_limits = None
    if unit := row.get("unit"):
        parse(unit)
        limits = Limits(unit, float(row.get("low") or "-inf"), float(row.get("high") or "inf"), analyte)
    if unit := row.get("rate_unit"):
        parse(unit)
        rate_limits = Limits(unit, 0.0, float(row.get("rate_high") or "inf"), analyte)
    kind = row.get("kind") or "observation"
    if kind not in ("observation", "input"):
        raise ValueError(f"kind '{kind}' is neither observation nor input")
    return Code(code, row.get("means") or code, kind == "input", row.get("title") or code, limits, rate_limits)


def _resolved(entries: dict[str, Code]) -> dict[str, Code]:
    """A code without limits of its own takes those of the code it means."""
    for code, entry in entries.items():
        target = entries.get(entry.means)
        if target is not None and entry.limits is None and target is not entry:
            entries[code] = replace(entry, limits=target.limits, rate_limits=target.rate_limits)
    return entries
