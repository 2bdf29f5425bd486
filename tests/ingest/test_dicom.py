"""DICOM: files of our own making, what they say of themselves, and pixels decoded or the package named."""

from __future__ import annotations

import json
import struct
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gemel.core.clock import instant
from gemel.core.fact import Asset, Exact
from gemel.ingest.dicom_pixels import run_lengths
from tests.ingest.reading import read, terms

dataset = pytest.importorskip("pydicom.dataset", reason="the extra 'dicom' is not installed")
uid = pytest.importorskip("pydicom.uid")
encapsulate = pytest.importorskip("pydicom.encaps").encapsulate

IMAGE = np.arange(12, dtype=np.uint8).reshape(3, 4)


def dicom(
    syntax: str = uid.ExplicitVRLittleEndian, pixels: bytes = IMAGE.tobytes(), bits: int = 8, **said: Any
) -> bytes:
    made = dataset.Dataset()
    made.file_meta = dataset.FileMetaDataset()
    made.file_meta.TransferSyntaxUID = syntax
    made.file_meta.MediaStorageSOPClassUID = uid.SecondaryCaptureImageStorage
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID = uid.generate_uid(entropy_srcs=["one"])
    made.SOPClassUID = uid.SecondaryCaptureImageStorage
    made.Modality, made.Rows, made.Columns, made.SamplesPerPixel = "OT", 3, 4, 1
    made.PhotometricInterpretation, made.PixelRepresentation = "MONOCHROME2", 0
    made.BitsAllocated = made.BitsStored = bits
    made.HighBit = bits - 1
    made.ContentDate, made.ContentTime = "20240601", "120000.5"
    for name, value in said.items():
        setattr(made, name, value)
    made.PixelData = pixels
    stream = BytesIO()
    made.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def test_a_file_is_kept_whole_and_its_pixels_are_counted() -> None:
    content = dicom()
    said = read(content)
    told = said.account.to_dict()
    assert (told["rows"], told["cols"], told["frames"], told["shape"], told["sum"]) == (3, 4, 1, [3, 4], 66.0)
    assert said.documents[0].body == content
    assert said.values("dicom:OT") == [(instant("2024-06-01T12:00:00.5Z"), Asset(sha256(content).hexdigest()))]


def test_the_patient_is_found_by_number_and_issuer_unless_somebody_was_chosen() -> None:
    content = dicom(PatientID="7", IssuerOfPatientID="here", PatientSex="F", PatientBirthDate="19700203")
    (write,) = read(content).writes
    assert write.subject == "person of dicom:here|7" and write.enrol is not None
    assert (write.enrol.sex, str(write.enrol.born)) == ("female", "1970-02-03")
    (chosen,) = read(content, terms(chosen=True)).writes
    assert (chosen.subject, chosen.enrol) == ("someone", None)


def test_times_are_local_to_the_offset_or_else_to_the_zone() -> None:
    noon = instant("2024-06-01T12:00:00.5Z")
    hour = 3_600_000_000
    assert read(dicom(), terms("Europe/Paris")).facts[0].at == noon - 2 * hour
    assert read(dicom(TimezoneOffsetFromUTC="-0500"), terms("Europe/Paris")).facts[0].at == noon + 5 * hour
    assert read(dicom(AcquisitionDateTime="20240601100000+0200")).facts[0].at == instant("2024-06-01T08:00:00Z")


def test_weight_and_height_of_the_patient_are_readings_and_0_is_not_entered() -> None:
    said = read(dicom(PatientWeight="70.5", PatientSize="1.8"))
    assert said.values("loinc:29463-7")[0][1] == Exact(70.5) and said.values("loinc:8302-2")[0][1] == Exact(1.8)
    assert len(read(dicom(PatientWeight="0")).facts) == 1
    assert read(dicom(PatientWeight="7000")).rejected[0].reason.startswith("impossible value")


def test_a_file_without_a_time_is_kept_and_said_to_have_none() -> None:
    said = read(dicom(ContentDate="", ContentTime=""))
    assert len(said.documents) == 1 and not said.facts
    assert said.rejected[0].reason.startswith("no time")


def rle(*runs: bytes) -> bytes:
    """A frame of one segment (PS3.5 Annex G)."""
    return struct.pack("<16L", 1, 64, *[0] * 14) + b"".join(runs) + b"\x00" * (sum(map(len, runs)) % 2)


def test_a_segmentation_of_one_bit_in_run_lengths_is_decoded() -> None:
    """3 x 4 bits in two bytes: 0x0F, then 0x05; bits come from the least significant on."""
    content = dicom(uid.RLELossless, encapsulate([rle(b"\x01\x0f\x05")]), bits=1)
    told = read(content).account.to_dict()
    assert (told["shape"], told["sum"]) == ([3, 4], 6.0)


def test_run_lengths_follow_annex_g() -> None:
    assert run_lengths(b"\x02abc\xfex\x80\x00d", 99) == b"abc" + b"xxx" + b"d"
    assert run_lengths(b"\xfex", 2) == b"xx"
    assert run_lengths(b"\x05ab", 99) == b"ab"


def test_a_frame_that_breaks_off_is_named() -> None:
    said = read(dicom(uid.RLELossless, encapsulate([rle(b"\x00\x0f")]), bits=1))
    assert "breaks off" in said.account.to_dict()["pixel_error"]


def test_a_header_that_promises_more_than_memory_holds_is_refused() -> None:
    said = read(dicom(Rows=60000, Columns=60000, NumberOfFrames="9"))
    assert "2 GiB" in said.account.to_dict()["pixel_error"]


def test_damaged_bytes_are_an_error_that_names_the_file() -> None:
    assert "no sound DICOM" in read(dicom()[:200]).error


NAMES = ["JLSL_08_07_0_1F.dcm", "SC_rgb.dcm", "emri_small.dcm", "liver_rle.dcm", "parametric_map_float.dcm"]


@pytest.mark.parametrize("name", NAMES)
def test_the_samples_say_of_themselves_what_they_should(shared: Path, name: str) -> None:
    expected = json.loads((shared / "data/platform/expected.json").read_text())["dicom"][name]
    told = read(shared / "data/platform/dicom" / name).account.to_dict()
    for key, value in expected.items():
        if key == "pixel_error":
            assert "shape" in told or "which pip installs" in told["pixel_error"]
        elif key == "sum":
            assert told[key] == pytest.approx(value, rel=1e-12)
        else:
            assert told[key] == value
