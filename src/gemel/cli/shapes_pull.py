"""What `gemel pull` and `gemel simulate device` print with `--json`."""

from __future__ import annotations

import msgspec

__all__ = ["DeviceShape", "DicomPulled", "FhirPulled"]


class FhirPulled(msgspec.Struct, kw_only=True):
    """`gemel pull fhir --json`.  `resources` by type, of which `new` and `changed` were not held; `refused` by reason;
    `errors` by patient: their cursor stays, so that nothing is missed; `requests`, of which `repeated` after a wait."""

    source: str
    patients: int
    resources: dict[str, int]
    new: int
    changed: int
    accepted: int
    refused: dict[str, int]
    errors: dict[str, str]
    requests: int
    repeated: int


class DicomPulled(msgspec.Struct, kw_only=True):
    """`gemel pull dicomweb --json`; `errors` by instance."""

    source: str
    studies: int
    instances: int
    accepted: int
    repeated: int
    documents: int
    rejected: dict[str, int]
    subjects: list[str]
    errors: dict[str, str]
    requests: int


class DeviceShape(msgspec.Struct, kw_only=True):
    """`gemel simulate device --json`: messages that the broker has acknowledged, and what they held."""

    subject: str
    kind: str
    messages: int
    readings: int
    samples: int
    begin: str
    end: str
    seconds: float
