"""Pharmacogenes from genotypes: which two star alleles of a gene fit what was read (GRCh38 only).

Definitions (`pharmacogenes.csv`) are facts of CPIC's allele definition tables (cpicpgx.org, CC0; as distributed with
PharmCAT 5431bf11, 2025-11).  `rest`: at positions that an allele does not name it must be the reference, or may be
anything.  A position that the file does not hold is left out of every definition; alleles that then name nothing are
not considered.

A diplotype is a pair of alleles such that each strand has one.  Where the phase is unknown, every way to share the
bases out is tried; of all pairs those that leave fewest variants unexplained, and then
explain most positions, are told, several joined by " or ".  What is not
told here: CYP2D6 (copies and hybrids cannot be read from single variants), DPYD (a list of variants rather than two
alleles) and VKORC1 (one variant): their genotypes are kept in the document.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import product
from types import MappingProxyType
from typing import NamedTuple, final

from .vcf_record import Record

__all__ = ["Allele", "Genes", "alleles", "diplotypes"]

_MOST_HETEROZYGOUS = 8
"""Heterozygous positions of unknown phase that are tried in every way: 2^7 ways."""

Strand = Mapping[int, str]


class Allele(NamedTuple):
    """A star allele: the bases it may have at the positions that define it; `exact`: at the `rest`, the reference."""

    name: str
    bases: Mapping[int, frozenset[str]]
    exact: bool
    rest: Mapping[int, str]


class _Gene(NamedTuple):
    chrom: str
    reference: Mapping[int, str]
    alleles: tuple[Allele, ...]


@cache
def alleles() -> Mapping[str, _Gene]:
    """Every gene that can be called."""
    text = files("gemel.ingest").joinpath("pharmacogenes.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    genes: dict[str, _Gene] = {}
    for name in dict.fromkeys(row["gene"] for row in rows):
        own = [row for row in rows if row["gene"] == name]
        reference = {int(row["position"]): row["ref"] for row in own if row["position"]}
        found = tuple(
            Allele(
                allele,
                {int(row["position"]): frozenset(row["base"].split("|")) for row in said if row["base"]},
                said[0]["rest"] == "reference",
                reference,
            )
            for allele, said in _by_allele(own).items()
        )
        genes[name] = _Gene(own[0]["chrom"], MappingProxyType(reference), found)
    return MappingProxyType(genes)


def _by_allele(rows: Sequence[Mapping[str, str]]) -> dict[str, list[Mapping[str, str]]]:
    found: dict[str, list[Mapping[str, str]]] = {}
    for row in rows:
        found.setdefault(row["allele"], []).append(row)
    return found


@cache
def _places() -> Mapping[tuple[str, int], str]:
    return MappingProxyType({(gene.chrom, place): name for name, gene in alleles().items() for place in gene.reference})


class _Read(NamedTuple):
    """The two bases at a position, and whether it is known which strand has which."""

    first: str
    second: str
    phased: bool


class _Fit(NamedTuple):
    """Minus the variants that are left unexplained, then the positions that are explained: the larger the better."""

    left: int
    explained: int


@final
class Genes:
    """Gathers the positions of a file that matter, sample by sample."""

    def __init__(self) -> None:
        self._read: dict[tuple[int, str], dict[int, _Read]] = {}

    def take(self, record: Record) -> None:
        """One sound line; one whose reference base is not that of GRCh38 is passed over."""
        chrom = record.chrom if record.chrom.startswith("chr") else f"chr{record.chrom}"
        gene = _places().get((chrom, record.position))
        if gene is None or record.alleles[0] != alleles()[gene].reference[record.position]:
            return
        for sample, genotype in enumerate(record.genotypes):
            found = genotype.replace("|", "/").split("/")
            if len(found) == 2 and all(one.isdigit() and int(one) < len(record.alleles) for one in found):
                first, second = (record.alleles[int(one)] for one in found)
                self._read.setdefault((sample, gene), {})[record.position] = _Read(first, second, "|" in genotype)

    def called(self, sample: int) -> Iterator[tuple[str, str]]:
        """Gene and diplotype of every gene that one can be told of."""
        for (place, gene), read in sorted(self._read.items()):
            if place == sample and (found := diplotypes(alleles()[gene].alleles, read)):
                yield gene, " or ".join(found)


def diplotypes(known: Sequence[Allele], read: Mapping[int, _Read]) -> list[str]:
    """The pairs that explain most of what was read; none where no pair fits or too many ways are open."""
    within = [allele for allele in (_within(one, read) for one in known) if allele is not None]
    best: dict[str, _Fit] = {}
    for first, second in _strands(read):
        for one in _fitting(within, first):
            for other in _fitting(within, second):
                pair = "/".join(sorted((one[0], other[0]), key=_by_number))
                fit = _Fit(one[1].left + other[1].left, one[1].explained + other[1].explained)
                best[pair] = max(best.get(pair, fit), fit)
    most = max(best.values(), default=None)
    return sorted((pair for pair, fit in best.items() if fit == most), key=_by_number)


def _within(allele: Allele, read: Mapping[int, _Read]) -> Allele | None:
    """An allele by the positions that were read; None where none of those that define it was.  Of alleles that say how
    every position is, those that cannot be told apart here are all kept."""
    bases = {place: base for place, base in allele.bases.items() if place in read}
    rest = {place: ref for place, ref in allele.rest.items() if place in read}
    return None if allele.bases and not bases and not allele.exact else Allele(allele.name, bases, allele.exact, rest)


def _strands(read: Mapping[int, _Read]) -> Iterator[tuple[Strand, Strand]]:
    """Every way in which the bases may lie on two strands."""
    mixed = [place for place, one in read.items() if one.first != one.second]
    loose = [place for place in mixed if not read[place].phased]
    if len(loose) > _MOST_HETEROZYGOUS:
        return
    held = loose[1:] if len(loose) == len(mixed) else loose  # nothing is gained by swapping both strands
    for swaps in product((False, True), repeat=len(held)):
        swapped = {place for place, swap in zip(held, swaps, strict=True) if swap}
        yield (
            {place: one.second if place in swapped else one.first for place, one in read.items()},
            {place: one.first if place in swapped else one.second for place, one in read.items()},
        )


def _fitting(known: Sequence[Allele], strand: Strand) -> list[tuple[str, _Fit]]:
    """Names of the alleles that a strand can be, and how well they fit; only the best of them."""
    found = [(allele.name, fit) for allele in known if (fit := _fit(allele, strand)) is not None]
    best = max((fit for _, fit in found), default=None)
    return [(name, fit) for name, fit in found if fit == best]


def _fit(allele: Allele, strand: Strand) -> _Fit | None:
    """How an allele fits a strand; None where it does not.  A position at which it may have several bases explains
    nothing; an allele that says how every position is explains them all."""
    if any(strand[place] not in bases for place, bases in allele.bases.items()):
        return None
    left = sum(place not in allele.bases and strand[place] != ref for place, ref in allele.rest.items())
    if allele.exact:
        return _Fit(0, len(strand)) if left == 0 else None
    return _Fit(-left, sum(len(bases) == 1 for bases in allele.bases.values()))


def _by_number(name: str) -> tuple[int, str]:
    """Star alleles in order of their numbers."""
    digits = "".join(mark for mark in name.split("/")[0] if mark.isdigit())
    return int(digits or 0), name
