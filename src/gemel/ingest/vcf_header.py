"""The header of a VCF file: meta-information lines checked against the specification, 4.1 to 4.5.

From it come the version, the samples and what INFO and FORMAT keys declare (VCF 4.5 section 1.4).  Keys that the
specification reserves must be declared as it has them (`vcf_reserved.csv`; from version 4.3 on, which lists them all).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from math import inf
from types import MappingProxyType

__all__ = ["COLUMNS", "Field", "Header", "reserved"]

COLUMNS = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO")
_VERSION = re.compile(r"##fileformat=VCFv4\.([0-5])")
_KEY = re.compile(r"##([^=<>\s]+)=(.+)")
_PART = re.compile(r'([A-Za-z0-9_.]+)=("(?:[^"\\]|\\.)*"|\[[^\]]*\]|[^",\[][^,]*|)(?:,|$)')
_NUMBER = re.compile(r"\d+|[ARG.]|L[ARG]|P|M")
_NAME = re.compile(r"[A-Za-z_][0-9A-Za-z_.]*|1000G")
_CONTIG = re.compile(r"[0-9A-Za-z!#$%&+./:;?@^_|~-][0-9A-Za-z!#$%&*+./:;=?@^_|~-]*")
_WORD = re.compile(r"[A-Za-z0-9_.-]+")
_URL = re.compile(
    r"<?(?:ftp|https?|file)://(?:[^@/\s<>]+@)?"
    r"(?:(?:[A-Za-z0-9-]+\.)*[A-Za-z][A-Za-z0-9-]*|\d+\.\d+\.\d+\.\d+)?(?::\d+)?(?:/[^\s<>]*)?>?"
)
_TYPES = ("Integer", "Float", "Flag", "Character", "String")
_ORDER = ("ID", "Number", "Type", "Description")


@dataclass(frozen=True, slots=True)
class Field:
    """What a key of INFO or FORMAT holds; limits are those that a count or a share has by its meaning."""

    number: str
    type: str
    low: float = -inf
    high: float = inf


@cache
def reserved(kind: str) -> Mapping[str, Field]:
    """The keys that the specification reserves for INFO or for FORMAT."""
    text = files("gemel.ingest").joinpath("vcf_reserved.csv").read_text(encoding="utf-8")
    rows = (row for row in csv.DictReader(text.splitlines()) if row["kind"] == kind)
    return MappingProxyType(
        {
            row["key"]: Field(row["number"], row["type"], float(row["low"] or -inf), float(row["high"] or inf))
            for row in rows
        }
    )


@dataclass(slots=True)
class Header:
    """What has been read so far; `done` once the line of column names has come."""

    minor: int = 0
    done: bool = False
    date: str = ""
    reference: str = ""
    samples: list[str] = field(default_factory=lambda: [])
    info: dict[str, Field] = field(default_factory=lambda: {})
    format: dict[str, Field] = field(default_factory=lambda: {})

    def line(self, text: str, number: int) -> str | None:
        """Take in one line; why it is wrong, or None."""
        if number == 1:
            return self._version(text)
        if text.startswith("##"):
            return self._meta(text)
        if text.startswith("#"):
            return self._columns(text)
        return f"'{text[:30]}' stands before the line of column names and is no meta-information: it must start with ##"

    def _version(self, text: str) -> str | None:
        found = _VERSION.fullmatch(text)
        if found is None:
            return f"'{text[:40]}' is no version line such as ##fileformat=VCFv4.3 (4.0 to 4.5)"
        self.minor = int(found[1])
        return None

    def _columns(self, text: str) -> str | None:
        names = text.split("\t")
        if tuple(names[:8]) != COLUMNS:
            return f"the columns are {', '.join(names[:8])[:80]}, where {', '.join(COLUMNS)} are wanted, between tabs"
        if len(names) == 9 or (len(names) > 9 and names[8] != "FORMAT"):
            return "FORMAT stands ninth, and at least one sample after it"
        samples = names[9:]
        if len(set(samples)) != len(samples) or not all(samples):
            return "a sample is named twice or not at all"
        self.samples, self.done = samples, True
        return None

    def _meta(self, text: str) -> str | None:
        found = _KEY.fullmatch(text)
        if found is None:
            return f"'{text[:40]}' is no pair of key and value"
        key, value = found[1], found[2]
        if key == "fileDate":
            self.date = value
        elif key == "reference":
            self.reference = value
        elif key in ("assembly", "pedigreeDB") and self.minor >= 2:
            return None if _URL.fullmatch(value) else f"{key} is '{value[:60]}', no address"
        check = _STRUCTURED.get(key)
        if check is None:
            return None
        if not (value.startswith("<") and value.endswith(">")):
            return f"{key} is '{value[:40]}': it must be in angle brackets"
        parts = _parts(value[1:-1])
        if isinstance(parts, str):
            return f"{key}: {parts}"
        return check(self, parts)


def _parts(text: str) -> dict[str, str] | str:
    """The pairs inside angle brackets, quotes kept; or where they stop being pairs."""
    parts: dict[str, str] = {}
    at = 0
    while at < len(text):
        found = _PART.match(text, at)
        if found is None:
            return f"'{text[at : at + 30]}' is no pair of key and value (a quote or bracket left open?)"
        if found[1] in parts:
            return f"{found[1]} stands twice"
        parts[found[1]] = found[2]
        at = found.end()
    return parts


def _declared(header: Header, parts: dict[str, str], kind: str) -> str | None:
    """INFO and FORMAT: ID, Number, Type and a quoted Description, in this order."""
    missing = [name for name in _ORDER if name not in parts]
    if missing:
        return f"{kind} has no {', '.join(missing)}"
    name, number, type = parts["ID"], parts["Number"], parts["Type"]
    if fault := _in_order(kind, parts) or _quoted(kind, parts, "Description"):
        return fault
    if not _NAME.fullmatch(name):
        return f"{kind} '{name[:30]}' is no key: letters, digits, _ and . are allowed, and no digit first"
    if not _NUMBER.fullmatch(number):
        return f"{kind} {name}: Number '{number}' is none of a count, A, R, G and ."
    if type not in _TYPES or (kind == "FORMAT" and type == "Flag"):
        return f"{kind} {name}: Type '{type}' is none of {', '.join(_TYPES)}{', Flag excepted' * (kind == 'FORMAT')}"
    if (type == "Flag") != (number == "0"):
        return f"{kind} {name}: a Flag has Number 0 and nothing else has"
    known = reserved(kind).get(name)
    if known is not None and header.minor >= 3 and (number, type) != (known.number, known.type):
        return f"{kind} {name} is reserved for Number {known.number} and Type {known.type}, not {number} and {type}"
    own = known or Field(number, type)
    (header.info if kind == "INFO" else header.format)[name] = Field(number, type, own.low, own.high)
    return None


def _in_order(kind: str, parts: dict[str, str]) -> str | None:
    given = [name for name in parts if name in _ORDER]
    return None if given == sorted(given, key=_ORDER.index) else f"{kind}: {', '.join(given)} are out of order"


def _quoted(kind: str, parts: dict[str, str], name: str) -> str | None:
    text = parts[name]
    return None if len(text) > 1 and text[0] == text[-1] == '"' else f"{kind}: {name} must stand in double quotes"


def _alt(_: Header, parts: dict[str, str]) -> str | None:
    if "ID" not in parts or "Description" not in parts:
        return "ALT needs ID and Description"
    if parts.get("Type", "String") not in _TYPES:
        return f"ALT: Type '{parts['Type']}' is none of {', '.join(_TYPES)}"
    if any(mark in parts["ID"] for mark in "<>, \t"):
        return f"ALT: the ID '{parts['ID'][:30]}' holds a space, comma or angle bracket"
    return _in_order("ALT", parts) or _quoted("ALT", parts, "Description")


def _filter(_: Header, parts: dict[str, str]) -> str | None:
    if "ID" not in parts or "Description" not in parts:
        return "FILTER needs ID and Description"
    return _in_order("FILTER", parts) or _quoted("FILTER", parts, "Description")


def _contig(header: Header, parts: dict[str, str]) -> str | None:
    name = parts.get("ID", "")
    fits = _CONTIG.fullmatch(name) if header.minor >= 3 else name and not re.search(r"\s", name)
    return None if fits else f"contig: the ID '{name[:30]}' is none, or holds what it must not"


def _listed(_: Header, parts: dict[str, str]) -> str | None:
    if fault := _in_order("META", parts):
        return fault
    if not _NUMBER.fullmatch(parts.get("Number", "")) or parts.get("Type") not in _TYPES:
        return f"META: Number '{parts.get('Number', '')}' or Type '{parts.get('Type', '')}' is none that is known"
    return None if parts.get("Values", "").startswith("[") else "META: Values must stand in square brackets"


def _sample(_: Header, parts: dict[str, str]) -> str | None:
    name = parts.get("ID", "")
    return None if _WORD.fullmatch(name) else f"SAMPLE: the ID '{name[:30]}' is none, or holds what it must not"


def _pedigree(header: Header, parts: dict[str, str]) -> str | None:
    if header.minor >= 3 and "ID" not in parts:
        return "PEDIGREE has no ID"
    wrong = [value for value in parts.values() if not _WORD.fullmatch(value)]
    return f"PEDIGREE: '{wrong[0][:30]}' is no name" if wrong else None


_STRUCTURED: Mapping[str, Callable[[Header, dict[str, str]], str | None]] = MappingProxyType(
    {
        "INFO": lambda header, parts: _declared(header, parts, "INFO"),
        "FORMAT": lambda header, parts: _declared(header, parts, "FORMAT"),
        "ALT": _alt,
        "FILTER": _filter,
        "contig": _contig,
        "META": _listed,
        "SAMPLE": _sample,
        "PEDIGREE": _pedigree,
    }
)
