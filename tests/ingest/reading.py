"""Reading a source in a test: everything that its writes say, and its account."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gemel.core.errors import IngestError
from gemel.core.fact import Fact, Instant, Observation, Rejected, Value
from gemel.core.writing import Document, Waveform, Write
from gemel.ingest.account import Account
from gemel.ingest.formats import reader
from gemel.ingest.sniff import sniff
from gemel.ingest.terms import Terms

SUBJECT = "someone"


@dataclass(frozen=True)
class Said:
    """What came out of a source."""

    writes: list[Write]
    account: Account
    error: str = ""

    @property
    def facts(self) -> list[Fact]:
        return [fact for write in self.writes for fact in write.facts]

    @property
    def seen(self) -> list[Observation]:
        return [fact for fact in self.facts if isinstance(fact, Observation)]

    @property
    def rejected(self) -> list[Rejected]:
        return [row for write in self.writes for row in write.rejected]

    @property
    def documents(self) -> list[Document]:
        return [paper for write in self.writes for paper in write.documents]

    @property
    def waveforms(self) -> list[Waveform]:
        return [stretch for write in self.writes for stretch in write.waveforms]

    def values(self, code: str) -> list[tuple[Instant, Value]]:
        """Times and values of the observations of a code."""
        return [(fact.at, fact.value) for fact in self.seen if fact.code == code]


def terms(zone: str = "UTC", *, chosen: bool = False) -> Terms:
    return Terms(who=lambda identifiers: f"person of {identifiers[0]}", subject=SUBJECT, zone=zone, chosen=chosen)


def read(source: Path | bytes, on: Terms | None = None) -> Said:
    """The source by the reader that its content asks for; an IngestError is kept beside what came before it."""
    name = sniff(source).format
    account = Account("test", name)
    writes: list[Write] = []
    try:
        for write in reader(name)(source, on or terms(), account):
            writes.append(write)
    except IngestError as error:
        return Said(writes, account, str(error))
    return Said(writes, account)
