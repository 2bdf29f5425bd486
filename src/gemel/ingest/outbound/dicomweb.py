"""DICOMweb (DICOM PS3.18): search (QIDO-RS), retrieve metadata and instances (WADO-RS), store instances (STOW-RS).

Instances are retrieved one by one, so that memory holds one, in the transfer syntax they are kept in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast
from urllib.parse import urlencode

import msgspec

from gemel.core.errors import IngestError

from ..fhir.walking import fields
from .multipart import joined, parts
from .web import Answer, Web

__all__ = ["Instance", "Stored", "instances", "metadata", "retrieve", "search", "store", "studies_of"]

DICOM: Final = "application/dicom"
JSON: Final = "application/dicom+json"
PAGE: Final = 500
"""Matches asked for at a time."""
STUDY, SERIES, SOP = "0020000D", "0020000E", "00080018"
_REFERENCED, _FAILED, _REASON, _SOP_REFERENCED = "00081199", "00081198", "00081197", "00081155"
_UID = re.compile(r"[0-9]+(\.[0-9]+)*")

Tags = Mapping[str, Any]
"""A dataset in the DICOM JSON model (PS3.18, annex F): by tag, {"vr": ..., "Value": [...]}."""


@dataclass(frozen=True, slots=True)
class Instance:
    """Where an instance is: the UIDs of its study, its series and its own."""

    study: str
    series: str
    uid: str

    @property
    def path(self) -> str:
        """Below the server's address."""
        return f"studies/{self.study}/series/{self.series}/instances/{self.uid}"


@dataclass(slots=True)
class Stored:
    """What became of instances sent: their UIDs, and of the failed ones the reason (PS3.3 C.14.1.1)."""

    stored: list[str] = field(default_factory=lambda: [])
    failed: dict[str, int] = field(default_factory=lambda: {})


def search(web: Web, path: str, parameters: Mapping[str, str]) -> Iterator[Tags]:
    """Every match of a search below a path such as 'studies', a page at a time."""
    seen: set[bytes] = set()
    while True:
        asked = urlencode({**parameters, "limit": str(PAGE), "offset": str(len(seen))})
        answer = web.get(f"{web.base}/{path}?{asked}", JSON)
        page = _datasets(answer) if answer.status != 204 and answer.body.strip() else []
        new = [(name, match) for match in page if (name := msgspec.json.encode(match, order="sorted")) not in seen]
        for name, match in new:
            seen.add(name)
            yield match
        if not new:
            return  # also where a server knows no offset and says the same again


def studies_of(web: Web, patient: str) -> list[str]:
    """The UIDs of a patient's studies, by Patient ID."""
    return [_one(match, STUDY) for match in search(web, "studies", {"PatientID": patient})]


def instances(web: Web, study: str) -> Iterator[Instance]:
    """Every instance of a study."""
    _check(study)
    for match in search(web, f"studies/{study}/instances", {}):
        found = Instance(study, _one(match, SERIES), _one(match, SOP))
        _check(found.series)
        _check(found.uid)
        yield found


def metadata(web: Web, study: str) -> list[Tags]:
    """What the instances of a study say of themselves, without pixels."""
    _check(study)
    return _datasets(web.get(f"{web.base}/studies/{study}/metadata", JSON))


def retrieve(web: Web, instance: Instance) -> bytes:
    """One instance as a DICOM file (PS3.10).  IngestError when the server gives none, or not all of it."""
    accept = f'multipart/related; type="{DICOM}"; transfer-syntax=*, {DICOM}; transfer-syntax=*; q=0.9'
    answer = web.get(f"{web.base}/{instance.path}", accept)
    kind = answer.headers.get("content-type", "")
    if answer.status == 206:
        raise IngestError(f"instance {instance.uid}: the server has only a part of it")
    if kind.lower().startswith(DICOM) and "json" not in kind:
        return answer.body
    if not kind.lower().startswith("multipart/related"):
        raise IngestError(f"instance {instance.uid}: a DICOM file is expected, got '{kind[:60]}'")
    files = [file for media, file in parts(kind, answer.body) if not media or media.lower().startswith(DICOM)]
    if len(files) != 1:
        raise IngestError(f"instance {instance.uid}: one DICOM file is expected, got {len(files)}")
    return files[0]


def store(web: Web, files: Sequence[bytes], study: str = "") -> Stored:
    """Send instances, as DICOM files; to send one twice does no harm.  IngestError when the server takes none at all
    and does not say why of each."""
    if study:
        _check(study)
    kind, body = joined(files, DICOM)
    url = f"{web.base}/studies/{study}".rstrip("/")
    answer = web.post(url, lambda: body, {"content-type": kind, "accept": JSON}, frozenset({409}))
    try:
        told: Any = msgspec.json.decode(answer.body)
    except msgspec.MsgspecError as error:
        raise IngestError(f"STOW-RS: status {answer.status} with an answer that cannot be read: {error}") from error
    done = Stored()
    for dataset in map(fields, cast("list[Any]", told) if isinstance(told, list) else [told]):
        done.stored += [_one(item, _SOP_REFERENCED) for item in map(fields, _values(dataset, _REFERENCED))]
        for item in map(fields, _values(dataset, _FAILED)):
            done.failed[_one(item, _SOP_REFERENCED)] = int(_one(item, _REASON) or 0)
    return done


def _datasets(answer: Answer) -> list[Tags]:
    try:
        return [*msgspec.json.decode(answer.body, type=list[dict[str, Any]])]
    except msgspec.MsgspecError as error:
        raise IngestError(f"the archive's answer is no DICOM JSON: {error}") from error


def _values(dataset: Tags, tag: str) -> list[Any]:
    found = fields(dataset.get(tag)).get("Value")
    return cast("list[Any]", found) if isinstance(found, list) else []


def _one(dataset: Tags, tag: str) -> str:
    values = _values(dataset, tag)
    return str(values[0]) if values else ""


def _check(uid: str) -> None:
    """What goes into an address must be a UID (PS3.5, section 9)."""
    if not _UID.fullmatch(uid) or len(uid) > 64:
        raise IngestError(f"'{uid[:80]}' is no DICOM UID: digits and dots, up to 64")
