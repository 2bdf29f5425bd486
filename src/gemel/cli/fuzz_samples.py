"""What the fuzzing starts from: small right inputs of our own making, and those of a folder of real data where there is
one (GEMEL_SHARED, or `shared` beside the working directory's parent)."""

from __future__ import annotations

import gzip
import io
import os
import struct
from pathlib import Path

from ..core.extra import require

__all__ = ["LONGEST", "mended_fit", "samples"]

LONGEST = 12_000
"""Bytes of a real file that is taken as a sample at most: small inputs fail in as many ways, and quicker."""

_HL7 = (
    "MSH|^~\\&|LAB|HOSP|TWIN|HOSP|20260302101500||ORU^R01^ORU_R01|M1|P|2.5.1||||||UNICODE UTF-8\r"
    "PID|1||4711^^^HOSP&1.2.3&ISO^MR~8^^^NHS^NH||T\\T\\EST^PATIENT||19790105|F\r"
    "ORC|RE|P1^HIS|F1^LAB\rOBR|1|P1^HIS|F1^LAB|24323-8^panel^LN|||20260302100000\r"
    "OBX|1|NM|2345-7^glucose^LN||98.5|mg/dL|70-110|H|||F|||20260302100000+0100\r"
    "OBX|2|SN|X1^titre^L||^1^:^128||||||P\rOBX|3|CWE|X2^culture^L||1^a^SCT~2^b^SCT||||||C\rNTE|1||note\\.br\\two\r",
    "MSH|^~\\&|PAS|HOSP|TWIN|HOSP|20260302101500||ADT^A40^ADT_A39|M2|P|2.5.1\rEVN|A40|20260302101500\r"
    "PID|1||4711^^^HOSP^MR||TEST^PATIENT||19790105|F\rMRG|0815^^^HOSP^MR\rPV1|1|I|MED1^4^B|||ICU^1|||||||||||||V7\r",
    "MSH|^~\\&|HIS|HOSP|TWIN|HOSP|20260302101500||RAS^O17|M3|P|2.5.1\rPID|1||4711^^^HOSP^MR\rORC|RE|O1^HIS\r"
    "RXA|0|1|20260302110500||311040^insulin aspart^RXNORM|8|U|||||||||||||CP|A\r",
    "MSH|^~\\&|HIS|HOSP|TWIN|HOSP|20260302101500||ORM^O01|M4|P|2.3\rPID|1||4711\rORC|NW|O1^HIS|||||^^^20260302110000\r"
    "RXO|311040^insulin aspart^RXNORM|8||U\rORC|CA|O2\rOBR|1|O2||2345-7^glucose^LN\r",
    "MSH|^~\\&|RIS|HOSP|TWIN|HOSP|20260302101500||SIU^S12|M5|P|2.5\rSCH|A1|B1|||||||||^^^20260309143000\rPID|1||4711\r",
)
_FHIR = (
    b'{"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"urn:uuid:7e55ea1c-fc0e-4374-bc24-000000000001",'
    b'"resource":{"resourceType":"Patient","id":"p1","birthDate":"1979-01-05","gender":"female","identifier":[{"system":'
    b'"urn:oid:1.2.3","value":"4711"}]},"request":{"method":"POST","url":"Patient"}},{"resource":{"resourceType":'
    b'"Observation","id":"o1","status":"final","subject":{"reference":"urn:uuid:7e55ea1c-fc0e-4374-bc24-000000000001"},'
    b'"code":{"coding":[{"system":"http://loinc.org","code":"2345-7"}]},"effectiveDateTime":"2026-03-02T10:00:00Z",'
    b'"valueQuantity":{"value":98.5,"unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"}},"request":'
    b'{"method":"POST","url":"Observation"}}]}',
    b'{"resourceType":"Patient","id":"p1","gender":"male"}\n{"resourceType":"MedicationAdministration","id":"m1","status":'
    b'"completed","subject":{"reference":"Patient/p1"},"effectiveDateTime":"2026-03-02T11:00:00+01:00",'
    b'"medicationCodeableConcept":{"coding":[{"system":"http://www.nlm.nih.gov/research/umls/rxnorm","code":"311040"}]},'
    b'"dosage":{"dose":{"value":8,"unit":"U"}}}\n{"resourceType":"Encounter","id":"e1","status":"finished","subject":'
    b'{"reference":"Patient/p1"},"period":{"start":"2026-03-01T08:00:00Z","end":"2026-03-04"}}\n',
)
_VCF = (
    b"##fileformat=VCFv4.3\n##FILTER=<ID=PASS,Description=\"ok\">\n##INFO=<ID=DP,Number=1,Type=Integer,Description=\"d\">\n"
    b"##FORMAT=<ID=GT,Number=1,Type=String,Description=\"g\">\n##contig=<ID=chr10,length=133797422>\n"
    b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\n"
    b"chr10\t94781859\trs4244285\tG\tA\t50\tPASS\tDP=20\tGT\t0/1\nchr10\t94842866\t.\tA\tG,<DEL>\t.\tPASS\t.\tGT\t1|2\n",
)  # fmt: skip
_FOLDERS = {
    "hl7v2": ("hl7v2",), "fhir": ("fhir_examples_r4",), "vcf": ("vcf_conformance", "vcf_pgx_pharmcat"), "fit": ("fit",),
    "dicom": ("dicom",),
}  # fmt: skip


def samples(format: str) -> list[bytes]:
    """Right inputs of a format, ours first."""
    ours = {
        "hl7v2": lambda: [text.encode() for text in _HL7], "fhir": lambda: list(_FHIR), "vcf": lambda: list(_VCF),
        "fit": lambda: [_fit()], "dicom": lambda: [_dicom()],
    }  # fmt: skip
    return ours[format]() + _real(format)


def _real(format: str) -> list[bytes]:
    """Small files of the folder of real data; of a longer one its start."""
    folder = Path(os.environ.get("GEMEL_SHARED", Path.cwd().parent / "shared")) / "data/platform"
    found: list[bytes] = []
    for name in _FOLDERS[format]:
        for path in sorted((folder / name).rglob("*")) if (folder / name).is_dir() else ():
            if path.is_file() and path.suffix not in (".md", ".txt", ""):
                raw = path.read_bytes()
                raw = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
                if len(raw) <= LONGEST or format == "hl7v2":
                    found.append(raw[:LONGEST])
    return found[:200]


def _fit() -> bytes:
    """A FIT activity of three records (FIT protocol 2.0: header, definitions, data, CRC)."""
    base = 1_000_000_000
    body = bytes((0x40, 0, 0, 0, 0, 2, 0, 1, 0x00, 4, 4, 0x86)) + struct.pack("<BBI", 0, 4, base)
    body += bytes((0x41, 0, 0, 20, 0, 3, 253, 4, 0x86, 3, 1, 0x02, 5, 4, 0x86))
    for k in range(3):
        body += struct.pack("<BIBI", 1, base + k, 120 + k, 100 * k)
    return mended_fit(struct.pack("<BBHI4sH", 14, 0x20, 2132, 0, b".FIT", 0) + body + b"\0\0")


def mended_fit(data: bytes) -> bytes:
    """The file with length and check sums of its own content; one too short for a header stays as it is."""
    if len(data) < 17:
        return data
    head = bytes((14,)) + data[1:4] + struct.pack("<I4s", len(data) - 16, b".FIT")
    whole = head + struct.pack("<H", _fit_crc(head)) + data[14:-2]
    return whole + struct.pack("<H", _fit_crc(whole))


def _fit_crc(data: bytes) -> int:
    """CRC-16 with the reflected polynomial 0xA001 and start 0, as the FIT protocol asks."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def _dicom() -> bytes:
    """A 4 x 4 image with a few tags."""
    pydicom = require("pydicom", "dicom")
    meta = pydicom.dataset.FileMetaDataset()
    meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", "1.2.3.4"
    image = pydicom.dataset.Dataset()
    image.file_meta = meta
    image.SOPClassUID, image.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    image.PatientID, image.Modality = "4711", "OT"
    image.StudyDate, image.StudyTime, image.Rows, image.Columns = "20260302", "101500", 4, 4
    image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 8, 8, 7, 0
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.PixelData = bytes(range(16))
    out = io.BytesIO()
    pydicom.dcmwrite(out, image, enforce_file_format=True)
    return out.getvalue()
