"""What a file is, told by its content."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pytest

from gemel.core.errors import IngestError
from gemel.ingest.formats import FORMATS, reader
from gemel.ingest.sniff import sniff

SAMPLES = {
    "fhir": b'{"id": "1", "resourceType": "Patient"}',
    "hl7v2": b"MSH|^~\\&|A|B|C|D|20200101||ADT^A01|1|P|2.3\rPID|1\r",
    "apple_health": b'<?xml version="1.0"?>\n<HealthData locale="en_US"></HealthData>',
    "openmhealth": b'{"heart_rate": {"unit": "beats/min", "value": 60}}',
    "vendor_api": b'{"BPDataList": []}',
    "fit": b"\x0e\x10\x00\x00\x00\x00\x00\x00.FIT\x00\x00",
    "vcf": b"##fileformat=VCFv4.3\n",
    "dicom": b"\x00" * 128 + b"DICM",
    "wfdb": b"100 2 360 650000\n100.dat 212 200 11 1024 995 -22131 0 MLII\n",
}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_format_is_told_by_content_whatever_the_file_is_called(name: str, tmp_path: Path) -> None:
    path = tmp_path / "data.txt"
    path.write_bytes(SAMPLES[name])
    assert sniff(path).format == name
    path.write_bytes(gzip.compress(SAMPLES[name]))
    assert sniff(path).format == name
    assert sniff(SAMPLES[name]).format == name


@pytest.mark.parametrize(
    "content",
    [b"hello", b"{}", b"[]", b'{"a": 1}', b"\x89PNG\r\n", b"<svg/>", b"a,b\n1,2\n", b"name 3\n", b"PK\x03\x04 no zip"],
)
def test_what_is_none_of_them_is_named_with_a_reason(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    found = sniff(path)
    assert found.format == "" and found.reason


def test_an_empty_file_is_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "nothing").touch()
    with pytest.raises(IngestError, match=r"'nothing' is empty"):
        sniff(tmp_path / "nothing")


def test_a_batch_of_hl7_messages_behind_a_comment_is_still_hl7() -> None:
    assert sniff(b"/* from the archive */\n" + SAMPLES["hl7v2"]).format == "hl7v2"
    assert sniff(b"FHS|^~\\&|A\rBHS|^~\\&|A\r" + SAMPLES["hl7v2"]).format == "hl7v2"
    assert sniff(b"\x0b" + SAMPLES["hl7v2"]).format == "hl7v2"


def test_the_signals_of_a_record_belong_to_its_header(tmp_path: Path) -> None:
    (tmp_path / "100.hea").write_bytes(SAMPLES["wfdb"])
    (tmp_path / "100.dat").write_bytes(b"\x01\x02\x03")
    assert sniff(tmp_path / "100.dat").part and not sniff(tmp_path / "100.hea").part
    (tmp_path / "101.dat").write_bytes(b"\x01\x02\x03")
    assert sniff(tmp_path / "101.dat").format == ""


def test_a_zip_is_told_by_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("apple_health_export/export.xml", SAMPLES["apple_health"])
    assert sniff(path).format == "apple_health"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("holiday.jpg", b"")
    assert "none of them" in sniff(path).reason


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_a_reader(name: str) -> None:
    assert callable(reader(name))
