"""Star alleles from genotypes: definitions that make sense, and the files whose names say what they hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from gemel.core.fact import Level
from gemel.ingest.pharmacogenes import alleles
from tests.ingest.reading import read
from tests.ingest.test_vcf import vcf

EXPECTED = {
    "NUDT15_s3ref": "*1/*3", "SLCO1B1_s1s15": "*1/*15", "SLCO1B1_s1s44": "*1/*44", "SLCO1B1_s5s15": "*5/*15",
    "TPMT_het3a": "*1/*3A", "UGT1A1_s28s37": "*28/*37", "UGT1A1_s6s6": "*6/*6", "UGT1A1_s28s80phased": "*1/*80+*28",
    "cyp2c19_s1s2": "*1/*2", "cyp2c19_s1s28": "*1/*28", "cyp2c19_s2s2": "*2/*2", "cyp2c19_s1s4b": "*1/*4",
    "cyp2c19_s4bs17": "*4/*17", "cyp2c19_s1s17s1s4bmissing": "*1/*17", "cyp2c19_s1s2rs58973490het": "*1/*2",
    "cyp2c9_s1s1": "*1/*1", "cyp2c9_s1s61": "*1/*61", "cyp2c9_s24s24": "*24/*24", "cyp2c9_s2s24": "*2/*24",
    "cyp2c9_s2s3": "*2/*3", "cyp2c9_s3s18m94981296": "*1/*18",
}  # fmt: skip
"""By the file's name, whose stars it spells: s4b is *4 on the strand of *17's variant."""
TPMT = {"rs1800460": (18138997, "C", "T"), "rs1142345": (18130687, "T", "C")}


def called(content: bytes | Path) -> dict[str, str]:
    facts = read(content).facts
    return {
        fact.code.removeprefix("gemel:"): fact.value.name
        for fact in facts
        if isinstance(getattr(fact, "value", None), Level)  # type: ignore[attr-defined]
    }


def tpmt(*genotypes: str) -> bytes:
    lines = [
        f"chr6\t{place}\t{name}\t{ref}\t{alt}\t.\tPASS\t.\tGT\t{genotype}"
        for (name, (place, ref, alt)), genotype in zip(sorted(TPMT.items()), genotypes, strict=True)
    ]
    return vcf(*sorted(lines, key=lambda line: int(line.split("\t")[1])))


def test_two_variants_on_one_strand_are_3a_and_apart_they_are_3b_and_3c() -> None:
    """TPMT *3A is 460G>A and 719A>G together; alone they are *3B and *3C (CPIC guideline for thiopurines)."""
    assert called(tpmt("0|0", "0|0")) == {"TPMT": "*1/*1"}
    assert called(tpmt("0|1", "0|1")) == {"TPMT": "*1/*3A"}
    assert called(tpmt("0|1", "1|0")) == {"TPMT": "*3B/*3C"}
    assert called(tpmt("0/1", "0/1")) == {"TPMT": "*1/*3A"}  # phase unknown: the pair that explains most
    assert called(tpmt("0|1", "0|0"))["TPMT"] in ("*1/*3B", "*1/*3C")


def test_a_reference_base_of_another_assembly_calls_nothing() -> None:
    assert called(tpmt("0|1", "0|1").replace(b"\tT\tC\t", b"\tG\tC\t").replace(b"\tC\tT\t", b"\tA\tT\t")) == {}


def test_a_position_that_was_not_read_is_not_taken_for_the_reference() -> None:
    assert called(tpmt("./.", "./.")) == {}


def test_definitions_lie_on_one_chromosome_and_no_two_alleles_of_a_gene_are_the_same() -> None:
    for gene in alleles().values():
        made = [(allele.exact, tuple(sorted(allele.bases.items()))) for allele in gene.alleles]
        assert len(set(made)) == len(made)
        for allele in gene.alleles:
            assert set(allele.bases) <= set(gene.reference)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_diplotype_is_the_one_that_the_name_of_the_file_says(shared: Path, name: str) -> None:
    found = called(shared / f"data/platform/vcf_pgx_pharmcat/{name}.vcf")
    assert list(found.values()) == [EXPECTED[name]]
