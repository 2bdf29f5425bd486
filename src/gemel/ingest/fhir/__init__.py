"""FHIR R4: bundles, single resources and NDJSON, plain or gzip, as facts.

for item in fhir.read("export/", zone="Europe/London", patient="123"): ...
subject = fhir.read_patient("bundle.json", zone="Europe/London")
"""

from .patients import read_patient, read_patients
from .reader import read

__all__ = ["read", "read_patient", "read_patients"]
