"""One data line of a VCF file, checked against the specification and its header (VCF 4.5 section 1.6)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import comb, isnan
from typing import NamedTuple

from .vcf_header import Field, Header, reserved

__all__ = ["Record", "record"]

_BASES = re.compile(r"[ACGTNacgtn]+")
_SYMBOL = re.compile(r"<[^<>,\s]+>")
_PLACE = r"[^\[\]\s,]+:\d+"
_BREAKEND = re.compile(
    rf"[ACGTNacgtn.]+([\[\]]){_PLACE}\1|([\[\]]){_PLACE}\2[ACGTNacgtn.]+|\.[ACGTNacgtn]+|[ACGTNacgtn]+\."
)
_CHROM = re.compile(r"<[^<>\s,]+>|[0-9A-Za-z!#$%&+./:;?@^_|~-][0-9A-Za-z!#$%&*+./:;=?@^_|~-]*")
_KEY = re.compile(r"[A-Za-z_][0-9A-Za-z_.]*|1000G")
_OLD_KEY = re.compile(r"[^\s,=;]+")
_ALLELES = re.compile(r"[/|]?(?:\d+|\.)(?:[/|](?:\d+|\.))*")
_FLOAT = re.compile(r"[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|inf(?:inity)?|nan)", re.IGNORECASE)
_INTEGER = re.compile(r"[+-]?\d+")
_CIGAR = re.compile(r"(?:\d+[MIDNSHPX=])+")
_SMALLEST, _LARGEST = -(2**31) + 8, 2**31 - 1
"""Integers are of 32 bits, and the eight smallest are reserved (VCF 4.3 section 1.3)."""


class Record(NamedTuple):
    """A sound line: place, alleles (the reference first) and each sample's genotype as written ('' for none)."""

    chrom: str
    position: int
    ids: tuple[str, ...]
    alleles: tuple[str, ...]
    filter: str
    genotypes: tuple[str, ...]


def record(text: str, header: Header) -> Record | str:
    """The line, or why it is wrong."""
    columns = text.split("\t")
    wanted = 8 + (1 + len(header.samples) if header.samples else 0)
    if len(columns) != wanted:
        return f"{len(columns)} columns where the header has {wanted}"
    chrom, position, ids, ref, alt, quality, filters, info = columns[:8]
    alternatives = () if alt == "." else tuple(alt.split(","))
    fault = (
        _place(chrom, position, ids)
        or _alleles(ref, alternatives)
        or _quality(quality)
        or _filters(filters)
        or _info(info, len(alternatives), header)
        or _samples(columns[8:], len(alternatives), header)
    )
    if fault:
        return fault
    genotypes: tuple[str, ...] = ()
    if len(columns) > 9 and columns[8].split(":")[0] == "GT":
        genotypes = tuple(sample.split(":")[0] for sample in columns[9:])
    known = () if ids == "." else tuple(ids.split(";"))
    return Record(chrom, int(position), known, (ref, *alternatives), filters, genotypes)


def _place(chrom: str, position: str, ids: str) -> str | None:
    if not _CHROM.fullmatch(chrom):
        return f"CHROM '{chrom[:30]}' is no name of a sequence"
    if not position.isascii() or not position.isdigit() or int(position) > _LARGEST:
        return f"POS '{position[:30]}' is no whole number from 0 to {_LARGEST}"
    names = ids.split(";")
    if any(not name or re.search(r"\s", name) for name in names) or len(set(names)) != len(names):
        return f"ID '{ids[:40]}' holds an empty name, a space or a name twice"
    return None


def _alleles(ref: str, alternatives: Sequence[str]) -> str | None:
    if not _BASES.fullmatch(ref):
        return f"REF '{ref[:30]}' is not made of A, C, G, T and N"
    for allele in alternatives:
        if not (_BASES.fullmatch(allele) or allele == "*" or _SYMBOL.fullmatch(allele) or _BREAKEND.fullmatch(allele)):
            return f"ALT '{allele[:30]}' is neither bases, *, a symbol in angle brackets nor a breakend"
    return None


def _quality(text: str) -> str | None:
    if text == ".":
        return None
    if not _FLOAT.fullmatch(text):
        return f"QUAL '{text[:30]}' is no number"
    return None if isnan(float(text)) or float(text) >= 0 else f"QUAL {text[:30]} is below 0"


def _filters(text: str) -> str | None:
    if text in ("PASS", "."):
        return None
    names = text.split(";")
    wrong = [name for name in names if name in ("", ".", "0") or re.search(r"\s", name)]
    if wrong or len(set(names)) != len(names):
        return f"FILTER '{text[:40]}' holds '.', 0, an empty name or one with a space, or a name twice"
    return None


def _info(text: str, alternatives: int, header: Header) -> str | None:
    if text == ".":
        return None
    seen: set[str] = set()
    for part in text.removesuffix(";").split(";"):
        key, equals, value = part.partition("=")
        if not (_KEY if header.minor >= 3 else _OLD_KEY).fullmatch(key) or key in seen:
            return f"INFO key '{key[:30]}' {'stands twice' if key in seen else 'is none'}"
        seen.add(key)
        declared = header.info.get(key) or (reserved("INFO").get(key) if header.minor >= 3 else None)
        if declared is None:
            continue
        if declared.type == "Flag":
            if equals:
                return f"INFO {key} is a flag and has the value '{value[:30]}'"
            continue
        fault = _values(value if equals else "", declared, _count(declared.number, alternatives, 2))
        if fault is None and key == "CIGAR" and not all(_CIGAR.fullmatch(one) for one in value.split(",")):
            fault = f"'{value[:30]}' is no CIGAR string"
        if fault:
            return f"INFO {key}: {fault}"
    return None


def _samples(columns: Sequence[str], alternatives: int, header: Header) -> str | None:
    if not columns:
        return None
    keys = columns[0].split(":")
    wrong = [key for key in keys if not _KEY.fullmatch(key)]
    if wrong or len(set(keys)) != len(keys) or "GT" in keys[1:]:
        return f"FORMAT '{columns[0][:40]}' holds no key, one twice, or GT not first"
    known: Mapping[str, Field] = reserved("FORMAT") if header.minor >= 3 else {}
    declared = [header.format.get(key) or known.get(key) for key in keys]
    for name, sample in zip(header.samples, columns[1:], strict=True):
        if fault := _sample(sample, keys, declared, alternatives, header.minor):
            return f"sample {name}: {fault}"
    return None


def _sample(
    text: str, keys: Sequence[str], declared: Sequence[Field | None], alternatives: int, minor: int
) -> str | None:
    values = text.split(":")
    if len(values) > len(keys):
        return f"{len(values)} values for the {len(keys)} keys of FORMAT"
    ploidy = 2
    for key, value, form in zip(keys, values, declared, strict=False):
        if key == "GT":
            if not _ALLELES.fullmatch(value):
                return f"genotype '{value[:20]}' is none such as 0/1"
            found = [allele for allele in re.split(r"[/|]", value) if allele]
            if alternatives and any(allele != "." and int(allele) > alternatives for allele in found):
                return f"genotype '{value[:20]}' names an allele beyond the {alternatives} alternatives"
            ploidy = len(found)
        elif form is not None and not (value == "" and minor >= 5):
            if fault := _values(value, form, _count(form.number, alternatives, ploidy)):
                return f"{key} {fault}"
    return None


def _count(number: str, alternatives: int, ploidy: int) -> int | None:
    """How many values a key has; None where that is open."""
    match number:
        case "A" | "R" | "G" if alternatives == 0:
            return None  # ALT is "missing": writers keep the counts of the alleles they took out
        case "A":
            return alternatives
        case "R":
            return alternatives + 1
        case "G":
            return comb(alternatives + ploidy, ploidy)
        case "P":
            return ploidy
        case "." | "LA" | "LR" | "LG" | "M":
            return None
        case _:
            return int(number)


def _values(text: str, form: Field, wanted: int | None) -> str | None:
    """Why these values are not as declared; a single dot stands for all of them."""
    if text == ".":
        return None
    values = text.split(",")
    if wanted is not None and len(values) != wanted:
        return f"has {len(values)} values where {wanted} are declared ({form.number})"
    for value in values:
        if value != "." and (fault := _typed(value, form)):
            return fault
    return None


def _typed(value: str, form: Field) -> str | None:
    match form.type:
        case "Integer":
            fits = bool(_INTEGER.fullmatch(value)) and _SMALLEST <= int(value[:12]) <= _LARGEST
        case "Float":
            fits = bool(_FLOAT.fullmatch(value))
        case "Character":
            fits = len(value) == 1
        case _:
            return None if value else "is empty"
    if not fits:
        return f"'{value[:30]}' is not of type {form.type}"
    if form.type != "Character" and not isnan(float(value)) and not form.low <= float(value) <= form.high:
        return f"{value[:30]} lies outside {form.low:g} to {form.high:g}"
    return None
