"""VCF: the rules of the specification, one by one, and the conformance files of hts-specs."""

from __future__ import annotations

import gzip
import json
from hashlib import sha256
from pathlib import Path

import pytest

from gemel.core.clock import instant
from gemel.core.errors import IngestError
from gemel.core.fact import Asset
from tests.ingest.reading import Said, read, terms

COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
LINE = "1\t100\trs1\tC\tT\t50\tPASS\tAN=2;AC=1\tGT:DP:PL\t0|1:12:10,0,20"


def vcf(*lines: str, version: str = "4.3", meta: tuple[str, ...] = (), samples: tuple[str, ...] = ("S1",)) -> bytes:
    columns = "\t".join((COLUMNS, "FORMAT", *samples)) if samples else COLUMNS
    return ("\n".join((f"##fileformat=VCFv{version}", *meta, columns, *lines)) + "\n").encode()


def reasons(said: Said) -> list[str]:
    return [row.reason for row in said.rejected]


@pytest.mark.parametrize("version", ["4.1", "4.2", "4.3", "4.4", "4.5"])
def test_a_sound_file_is_kept_whole_and_named_by_its_hash(version: str) -> None:
    content = vcf(LINE, version=version, meta=("##fileDate=20240601",))
    said = read(content)
    assert not said.rejected and said.account.to_dict()["valid"]
    (fact,) = said.facts
    assert (fact.code, fact.at) == ("gemel:genotype", instant("2024-06-01T00:00:00Z"))
    assert getattr(fact, "value", None) == Asset(sha256(content).hexdigest())
    assert [paper.body for paper in said.documents] == [content]
    assert read(gzip.compress(content)).facts[0].id == fact.id


CHANGES = {
    "CHROM with a space": ("1\t", "chr 1\t"),
    "POS that is no number": ("\t100\t", "\t10x\t"),
    "negative POS": ("\t100\t", "\t-1\t"),
    "ID twice": ("rs1", "rs1;rs1"),
    "REF of other letters": ("\tC\tT\t", "\tB\tT\t"),
    "ALT with an empty allele": ("\tT\t50", "\tT,,A\t50"),
    "ALT that is a half breakend": ("\tT\t50", "\t[1:100[\t50"),
    "negative QUAL": ("\t50\t", "\t-50\t"),
    "FILTER 0": ("PASS", "q10;0"),
    "INFO key twice": ("AN=2;AC=1", "AN=2;AN=2"),
    "INFO flag with a value": ("AN=2", "DB=2"),
    "INFO count that is no integer": ("AN=2", "AN=2.5"),
    "INFO integer beyond 32 bits": ("AN=2", "AN=2147483648"),
    "INFO with too many values": ("AC=1", "AC=1,2"),
    "share beyond 1": ("AC=1", "AF=1.5"),
    "FORMAT with GT second": ("GT:DP:PL", "DP:GT:PL"),
    "FORMAT key twice": ("GT:DP:PL", "GT:DP:DP"),
    "allele that is not there": ("0|1", "0|2"),
    "genotype of letters": ("0|1", "0|T"),
    "more values than keys": ("10,0,20", "10,0,20:1"),
    "likelihoods of another ploidy": ("0|1", "0|0|1"),
    "a column too few": ("\tGT:DP:PL\t0|1:12:10,0,20", ""),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_line_that_breaks_a_rule_is_refused_with_its_number(what: str) -> None:
    before, after = CHANGES[what]
    assert before in LINE
    said = read(vcf(LINE.replace(before, after, 1), LINE.replace("\t100\t", "\t200\t")))
    (reason,) = reasons(said)
    assert reason.startswith("VCF record: line 3: ")
    assert not said.account.to_dict()["valid"] and said.account.to_dict()["records"] == 1


META = {
    "INFO without Description": "##INFO=<ID=X,Number=1,Type=Integer>",
    "INFO of no type": '##INFO=<ID=X,Number=1,Type=Int,Description="x">',
    "INFO flag with values": '##INFO=<ID=X,Number=1,Type=Flag,Description="x">',
    "INFO out of order": '##INFO=<Number=1,ID=X,Type=String,Description="x">',
    "reserved INFO with another type": '##INFO=<ID=DP,Number=1,Type=String,Description="x">',
    "FORMAT flag": '##FORMAT=<ID=X,Number=0,Type=Flag,Description="x">',
    "quote left open": '##FILTER=<ID=q10,Description="x>',
    "bracket left open": '##FILTER=<ID=q10,Description="x"',
    "description without quotes": "##ALT=<ID=DEL,Description=Deletion>",
    "contig without ID": "##contig=<length=1>",
    "key without value": "##reference=",
    "no meta-information": "oops",
    "address without a host": "##pedigreeDB=ftp://8080:8080/x",
}


@pytest.mark.parametrize("what", META)
def test_a_header_line_that_breaks_a_rule_is_refused_and_no_genotype_is_taken(what: str) -> None:
    said = read(vcf(LINE, meta=(META[what],)))
    assert reasons(said)[0].startswith("VCF header: line 2: ")
    assert not said.facts and not said.documents


def test_lines_go_forward_in_one_piece_and_say_each_variant_once() -> None:
    other = LINE.replace("1\t100", "2\t5", 1)
    back = read(vcf(LINE, LINE.replace("\t100\t", "\t99\t")))
    assert "must not go back" in reasons(back)[0] and back.account.to_dict()["records"] == 2
    assert "comes again" in reasons(read(vcf(LINE, other, LINE.replace("\t100\t", "\t300\t"))))[0]
    assert "stands twice" in reasons(read(vcf(LINE, LINE)))[0]


def test_a_variant_written_in_two_ways_is_found() -> None:
    longer = LINE.replace("\tC\tT\t", "\tGC\tGT\t").replace("\t100\t", "\t99\t")
    assert "stands twice" in reasons(read(vcf(longer, LINE)))[0]


def test_a_last_line_without_its_end_may_be_cut_short() -> None:
    assert reasons(read(vcf(LINE)[:-1]))[0].startswith("VCF truncated: line 3")


def test_columns_that_are_not_those_of_vcf_are_refused() -> None:
    content = vcf(LINE).replace(b"POS", b"POSITION")
    assert any("POSITION" in reason for reason in reasons(read(content)))
    assert not read(vcf(LINE).replace(b"#CHROM", b"CHROM")).account.to_dict()["valid"]


def test_samples_of_one_file_are_people_of_their_own_unless_somebody_was_chosen() -> None:
    content = vcf(LINE + "\t0|0:9:0,1,2", samples=("S1", "S2"))
    assert {write.subject for write in read(content).writes} == {"person of vcf:sample|S1", "person of vcf:sample|S2"}
    assert {write.subject for write in read(content, terms(chosen=True)).writes} == {"someone"}


def test_reading_a_damaged_gzip_keeps_what_came_before() -> None:
    content = vcf(*(LINE.replace("\t100\t", f"\t{100 + n}\t") for n in range(2000)))
    said = read(gzip.compress(content)[:-200])
    assert "truncated" in reasons(said)[-1] and said.account.to_dict()["records"] > 500


def test_the_conformance_files_are_accepted_and_refused_as_they_should(shared: Path) -> None:
    folder = shared / "data/platform/vcf_conformance"
    expected = json.loads((shared / "data/platform/expected.json").read_text())["vcf_conformance"]
    refused: dict[str, list[str]] = {"passed": [], "failed": []}
    seen = {"passed": 0, "failed": 0}
    for path in sorted(folder.rglob("*.vcf")):
        kind = path.parent.name
        if kind not in seen:
            continue
        seen[kind] += 1
        try:
            rows = read(path).rejected
        except (IngestError, KeyError):  # empty, or no VCF at all
            refused[kind].append(path.name)
            continue
        if rows:
            assert all("line" in row.reason for row in rows)
            refused[kind].append(path.name)
    assert seen == {key: expected[key] for key in seen}
    assert refused["passed"] == []
    assert len(refused["failed"]) >= 0.95 * seen["failed"]
