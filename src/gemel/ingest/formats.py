"""Every format that can be read, and the one form of a reader:

    read(source, terms, account) -> Iterator[Write]

A reader says everything that a source holds as writes of at most a thousand facts or so, in bounded memory, and counts
in `account` what it met.  What cannot become a fact is in a write's `rejected` or counted as skipped.  It raises
IngestError when a source as a whole, or from some point on, cannot be read; the writes before that hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import MappingProxyType

from gemel.core.errors import IngestError
from gemel.core.registry import load
from gemel.core.writing import Write

from .account import Account
from .sniff import sniff
from .source import Source, name_of
from .terms import Terms

__all__ = ["FORMATS", "Format", "Reader", "Terms", "read", "reader"]


Reader = Callable[[Source, Terms, Account], Iterator[Write]]


@dataclass(frozen=True, slots=True)
class Format:
    """A format by name: what people call it, its reader as 'module:function', and whether files name their people."""

    name: str
    title: str
    reader: str
    names_people: bool = False


_ALL = (
    Format("fhir", "FHIR R4", "gemel.ingest.fhir.imports:read", names_people=True),
    Format("hl7v2", "HL7 v2", "gemel.ingest.hl7v2.imports:read", names_people=True),
    Format("wfdb", "WFDB record", "gemel.ingest.wfdb_records:read"),
    Format("apple_health", "Apple Health export", "gemel.ingest.apple:read"),
    Format("openmhealth", "Open mHealth", "gemel.ingest.openmhealth:read"),
    Format("vendor_api", "vendor API answer", "gemel.ingest.vendors:read"),
    Format("fit", "Garmin FIT", "gemel.ingest.fit:read"),
    Format("vcf", "VCF", "gemel.ingest.vcf:read"),
    Format("dicom", "DICOM", "gemel.ingest.dicom:read", names_people=True),
    Format("omop", "OMOP CDM 5.4", "gemel.ingest.omop:read", names_people=True),
    Format("clarity", "Dexcom Clarity export", "gemel.ingest.clarity:read"),
    Format("libreview", "LibreView export", "gemel.ingest.libreview:read"),
    Format("tidepool", "Tidepool export", "gemel.ingest.tidepool:read"),
    Format("nightscout", "Nightscout documents", "gemel.ingest.nightscout:read"),
    Format("t1d_uom", "T1D-UOM table", "gemel.ingest.tables:read"),
)
FORMATS = MappingProxyType({format.name: format for format in _ALL})
"""By the name that `sniff` gives."""


def reader(format: str) -> Reader:
    """The reader of a format."""
    return load("ingest", FORMATS[format].reader)


def read(source: Source, terms: Terms, account: Account) -> Iterator[Write]:
    """A source of whatever format, recognised by its content; IngestError when it is none of those known."""
    found = sniff(source)
    if not found.format:
        raise IngestError(f"'{name_of(source)}' is of no known format: {found.reason}")
    account.format = found.format
    yield from reader(found.format)(source, terms, account)
