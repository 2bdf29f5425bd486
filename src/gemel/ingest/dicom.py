"""DICOM files (PS3.10): what they say of themselves, their pixels, and the few things they measure (extra `dicom`).

The file is kept whole as a document and named by its SHA-256 in a fact of code 'dicom:<modality>'; a model that wants
the image finds it there.  Its patient is found by Patient ID and issuer; a file without them is about the subject of
the terms.  Pixels are decoded to see that they can be; where a package for it is missing, the account says which.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from hashlib import sha256
from io import BytesIO
from typing import Any

from gemel.core.clock import instant
from gemel.core.errors import GemelError, IngestError, TimelineError
from gemel.core.extra import require
from gemel.core.fact import Asset, Exact, Instant, Observation, Rejected
from gemel.core.subject import Subject
from gemel.core.writing import Document, Write

from .account import Account
from .dicom_pixels import pixels
from .feed import reject
from .source import Source, name_of, whole
from .terms import Terms
from .values import check

__all__ = ["KIND", "read"]

KIND = "gemel/dicom"
"""The kind of document that a file is kept as."""
_SEXES = {"F": "female", "M": "male", "O": "other"}
_MEASURED = (("PatientWeight", "loinc:29463-7", "kg"), ("PatientSize", "loinc:8302-2", "m"))
"""Attributes of the patient study module (PS3.3 C.7.2.2) that are readings, with code and unit."""
_BROKEN = (
    ValueError, KeyError, IndexError, TypeError, AttributeError, ArithmeticError, OSError, EOFError, RecursionError,
    NotImplementedError, MemoryError, struct.error,
)  # fmt: skip
"""What pydicom lets through, besides its own errors, on damaged bytes."""


def read(source: Source, terms: Terms, account: Account) -> Iterator[Write]:
    """One file.  IngestError when it is no DICOM; pixels that cannot be decoded are told in the account."""
    pydicom = require("pydicom", "dicom")
    name, content = name_of(source), whole(source)
    broken = (pydicom.errors.InvalidDicomError, pydicom.errors.BytesLengthException, *_BROKEN)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            dataset = pydicom.dcmread(BytesIO(content))
            _describe(dataset, account)
            write = _write(dataset, content, name, terms)
        except broken as error:
            raise IngestError(f"'{name}' is no sound DICOM file ({type(error).__name__}: {error})") from error
        try:
            _look(dataset, account)
        except (GemelError, RuntimeError, *broken) as error:
            account.put("pixel_error", f"{type(error).__name__}: {error}")
    for warning in told:
        account.skip(f"pydicom warns: {str(warning.message)[:100]}")
    yield write


def _describe(dataset: Any, account: Account) -> None:
    account.put("sop", dataset.file_meta.MediaStorageSOPClassUID.name)
    account.put("ts", dataset.file_meta.TransferSyntaxUID.name)
    if "Rows" in dataset:
        account.put("rows", int(dataset.Rows))
        account.put("cols", int(dataset.Columns))
        account.put("frames", int(dataset.get("NumberOfFrames") or 1))


def _look(dataset: Any, account: Account) -> None:
    """Decode the pixels and say what came out."""
    if not any(name in dataset for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        return
    image = pixels(dataset)
    account.put("shape", list(image.shape))
    account.put("sum", float(image.sum(dtype=float)))


def _write(dataset: Any, content: bytes, name: str, terms: Terms) -> Write:
    identifiers = _identifiers(dataset)
    subject = terms.who(identifiers) if identifiers and not terms.chosen else terms.subject
    digest = sha256(content).hexdigest()
    id = f"{subject}.dicom-{digest[:32]}"
    at, fault = _time(dataset, terms.zone)
    recorded = terms.recorded if terms.recorded is not None else at or 0
    paper = Document(kind=KIND, id=id, body=content, recorded=recorded)
    enrol = None if terms.chosen or not identifiers else _person(dataset, subject, terms.zone)
    if at is None:
        rejected = (reject("no time", fault, source=name, raw=str(dataset.get("SOPInstanceUID", ""))),)
        return Write(subject=subject, enrol=enrol, identifiers=identifiers, documents=(paper,), rejected=rejected)
    code = f"dicom:{dataset.get('Modality') or 'OT'}"
    image = Observation(
        id=id, code=code, value=Asset(digest), unit="1", at=at, recorded=recorded, source=f"dicom/{name}"
    )
    measured = [_measured(dataset, entry, (id, at, recorded, name), terms) for entry in _MEASURED]
    return Write(
        subject=subject,
        enrol=enrol,
        identifiers=identifiers,
        facts=(image, *(item for item in measured if isinstance(item, Observation))),
        rejected=tuple(item for item in measured if isinstance(item, Rejected)),
        documents=(paper,),
    )


def _identifiers(dataset: Any) -> tuple[str, ...]:
    number = str(dataset.get("PatientID") or "").strip()
    issuer = str(dataset.get("IssuerOfPatientID") or "").strip()
    return (f"dicom:{issuer}|{number}",) if number else ()


def _person(dataset: Any, subject: str, zone: str) -> Subject:
    try:
        born = datetime.strptime(str(dataset.get("PatientBirthDate") or ""), "%Y%m%d").date()
    except ValueError:
        born = None
    known: date | None = born
    return Subject(id=subject, zone=zone, born=known, sex=_SEXES.get(str(dataset.get("PatientSex") or "")))


def _measured(
    dataset: Any, entry: tuple[str, str, str], when: tuple[str, Instant, Instant, str], terms: Terms
) -> Observation | Rejected | None:
    attribute, code, unit = entry
    id, at, recorded, name = when
    given = dataset.get(attribute)
    if given is None or given == "" or float(given) == 0:  # scanners write 0 for "not entered"
        return None
    value, limits = Exact(float(given)), terms.codes.get(code)
    if limits is not None and limits.limits is not None and (wrong := check(value, unit, limits.limits, attribute)):
        return reject(*wrong, source=name, raw=str(given), code=code)
    return Observation(
        id=f"{id}.{attribute}", code=code, value=value, unit=unit, at=at, recorded=recorded, source=f"dicom/{name}"
    )


def _time(dataset: Any, zone: str) -> tuple[Instant | None, str]:
    """When the image was made, or why that is unknown: acquisition, content, series and study in this order."""
    whole = str(dataset.get("AcquisitionDateTime") or "")
    pairs = [(whole[:8], whole[8:])] if whole else []
    for kind in ("Acquisition", "Content", "Series", "Study"):
        pairs.append((str(dataset.get(f"{kind}Date") or ""), str(dataset.get(f"{kind}Time") or "")))
    for day, clock in pairs:
        if len(day) == 8 and len(clock) >= 4:
            try:
                return _instant(day, clock, str(dataset.get("TimezoneOffsetFromUTC") or ""), zone), ""
            except (ValueError, TimelineError):
                continue
    return None, "no date and time of acquisition, content, series or study can be read"


def _instant(day: str, clock: str, offset: str, zone: str) -> Instant:
    """DICOM's DT and TM (PS3.5 section 6.2): YYYYMMDD, HHMM[SS[.F]], a DT may end in its own offset."""
    sign = max(clock.find("+"), clock.find("-"))
    clock, offset = (clock[:sign], clock[sign:]) if sign >= 0 else (clock, offset)
    seconds, _, fraction = clock.partition(".")
    moment = datetime.strptime(day + seconds.ljust(6, "0"), "%Y%m%d%H%M%S")
    moment = moment.replace(microsecond=int((fraction or "0").ljust(6, "0")[:6]))
    if not offset:
        return instant(moment, tz=zone, repeated=0)
    minutes = int(offset[1:3]) * 60 + int(offset[3:5])
    return instant(moment.replace(tzinfo=timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))))
