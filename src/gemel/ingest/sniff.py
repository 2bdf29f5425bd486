"""What a file is, told by its content: the first 64 KiB, decompressed where it is gzip; names and suffixes say nothing.

Signatures: DICOM PS3.10 section 7.1 ("DICM" after a preamble of 128 bytes); FIT ("FIT" at byte 8 of its header, FIT
Protocol, File Header); VCF ("##fileformat=VCF", VCF 4.5 section 1.1); HL7 v2 ("MSH" and its separators); WFDB header
(header(5): record name, signals, frequency).  JSON is told by its keys.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import NamedTuple

import msgspec

from . import clarity, libreview, nightscout, tidepool
from .diary_table import header_line
from .objects import elements, members
from .openmhealth_schema import content
from .source import Source, first_bytes
from .vendors import told_by

__all__ = ["HEAD", "Sniffed", "sniff"]

HEAD = 1 << 16
"""Bytes looked at."""


class Sniffed(NamedTuple):
    """The name of a format, else the reason why none fits.  `part`: the file belongs to another, which reads it."""

    format: str = ""
    reason: str = ""
    part: bool = False


_MSH = re.compile(rb"(?:\A|[\r\n\x0b])MSH[^A-Za-z0-9\s][^\r\n]{4}")
_BATCH = re.compile(rb"\A[FB]HS[^A-Za-z0-9\s]")
_RECORD = re.compile(rb"[\w-]+(?:/\d+)?[ \t]+(\d+)(?:[ \t]+[\d.e+-]+(?:[/(][^ \t]*)?(?:[ \t]+\d+.*)?)?\s*")
_SIGNAL = re.compile(rb"\S+[ \t]+\d+")
_RESOURCE_TYPE = re.compile(rb'"resourceType"\s*:\s*"[A-Z]')
_KEY = re.compile(rb'"([^"\\]{1,60})"\s*:')
_TABLES = (b"glucose_mgdl", b"basal_dose", b"bolus_dose", b"meal_ts")
_DIARIES = {"clarity": clarity.fits, "libreview": libreview.fits, "tidepool": tidepool.fits}


def sniff(source: Source) -> Sniffed:
    """What a source is; IngestError when it is empty or cannot be read."""
    head = first_bytes(source, HEAD)
    if head[:4] == b"PK\x03\x04":
        return _archive(source)
    if head[128:132] == b"DICM":
        return Sniffed("dicom")
    if head[8:12] == b".FIT" and head[0] in (12, 14):
        return Sniffed("fit")
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] in (b"{", b"["):
        return _json(text, whole=len(head) < HEAD)
    if text[:16] == b"##fileformat=VCF" or text[:6] == b"#CHROM":
        return Sniffed("vcf")
    if _MSH.search(head) or _BATCH.match(text) or _utf16_hl7(head):
        return Sniffed("hl7v2")
    if text[:1] == b"<":
        return Sniffed("apple_health") if b"<HealthData" in head else Sniffed(reason="XML, but no Apple Health export")
    return _plain(source, head)


def _plain(source: Source, head: bytes) -> Sniffed:
    if _is_header(head):
        return Sniffed("wfdb")
    if isinstance(source, (str, Path)) and _has_header(Path(source)):
        return Sniffed("wfdb", "read with its header", part=True)
    first = head.split(b"\n", 1)[0]
    if any(column in first for column in _TABLES):
        return Sniffed("t1d_uom")
    for name, fits in _DIARIES.items():
        if header_line(head, fits) is not None:
            return Sniffed(name)
    if b"\x00" in head[:1024]:
        return Sniffed(reason=f"binary, starting with {head[:12]!r}")
    return Sniffed(reason=f"text, starting with {head[:40].decode(errors='replace')!r}")


def _json(text: bytes, *, whole: bool) -> Sniffed:
    if text[:1] == b"{" and _RESOURCE_TYPE.search(text):
        return Sniffed("fhir")
    keys = _keys(text, whole=whole)
    if tidepool.told_by(keys):
        return Sniffed("tidepool")
    if nightscout.told_by(keys):
        return Sniffed("nightscout")
    if keys & {*content()["codes"], "effective_time_frame"} or {"header", "body"} <= keys:
        return Sniffed("openmhealth")
    if told_by(keys):
        return Sniffed("vendor_api")
    names = ", ".join(sorted(keys)[:5])
    return Sniffed(reason=f"JSON with the keys {names}" if keys else "JSON without a key")


def _keys(text: bytes, *, whole: bool) -> set[str]:
    """Keys of the outermost object, of the first object of an array; of a text that goes on, all that are in sight."""
    if whole:
        try:
            document = msgspec.json.decode(text)
        except (msgspec.MsgspecError, RecursionError):
            pass
        else:
            return set(members((elements(document) or [document])[0]) or ())
    return {found.decode(errors="replace") for found in _KEY.findall(text)}


def _utf16_hl7(head: bytes) -> bool:
    return head[:2] in (b"\xff\xfe", b"\xfe\xff") and "MSH|" in head.decode("utf-16", "replace")[:200]


def _has_header(path: Path) -> bool:
    """Whether a WFDB header beside the file names it: its signals or its annotations."""
    header = path.with_suffix(".hea")
    return header != path and header.is_file() and _is_header(first_bytes(header, HEAD))


def _is_header(head: bytes) -> bool:
    """Whether this is a WFDB header: a record line, and a line for each signal or segment."""
    said = [line for line in head.split(b"\n") if line.strip() and not line.startswith(b"#")]
    found = _RECORD.fullmatch(said[0]) if said else None
    return found is not None and (int(found[1]) == 0 or (len(said) > 1 and bool(_SIGNAL.match(said[1]))))


def _archive(source: Source) -> Sniffed:
    """A zip by what is in it."""
    if isinstance(source, bytes):
        return Sniffed(reason="a zip in memory: give it as a file")
    try:
        with zipfile.ZipFile(source) as archive:
            names = [Path(name).name.lower() for name in archive.namelist()]
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        return Sniffed(reason=f"a damaged zip: {error}")
    if "export.xml" in names:
        return Sniffed("apple_health")
    if {"person.csv", "measurement.csv"} <= set(names):
        return Sniffed("omop")
    return Sniffed(reason=f"a zip with {len(names)} files, none of them an export.xml or the tables of OMOP")
