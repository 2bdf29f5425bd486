"""The quality of what comes in, counted while the service runs: by source, by code and by subject."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from operator import attrgetter
from typing import Final, final

import msgspec

from ..core.fact import Instant
from ..core.writing import Committed, Write
from ..ingest.codes import table
from ..ingest.flow import Flow, SourceQuality
from .context import Health, Service

__all__ = ["Arrivals", "QualityWatch", "SubjectArrivals"]

OWN: Final = "gemel:alert"
"""Codes of the service's own facts begin so; they are no data that came in."""
_CODE, _AT = attrgetter("code"), attrgetter("at")


class SubjectArrivals(msgspec.Struct):
    """What has come of one subject: facts, repeats of known ones, rejected rows, and when its last fact happened."""

    facts: int = 0
    repeated: int = 0
    rejected: int = 0
    last: Instant | None = None


class Arrivals(msgspec.Struct, frozen=True, kw_only=True):
    """What has come in since the service started."""

    since: Instant
    facts: int
    repeated: int
    rejected: int
    subjects: int
    sources: list[SourceQuality]
    unmapped: dict[str, int]
    worst: dict[str, SubjectArrivals]


@final
class QualityWatch:
    """Listens to the inbox.  Memory: some numbers for each source, code and subject."""

    name = "quality"

    def __init__(self, service: Service) -> None:
        self._service = service
        self._flow = Flow()
        self._codes: Counter[str] = Counter()
        self._subjects: dict[str, SubjectArrivals] = {}
        self._since: Instant = 0

    async def start(self) -> None:
        """Begin to count."""
        self._since = self._service.site.now()
        self._service.inbox.listen(self.count)

    async def stop(self) -> None:
        """Nothing is left to do."""

    def health(self) -> Health:
        """It always counts."""
        return Health(fine=True, detail=f"{len(self._subjects)} subjects seen")

    def count(self, writes: Sequence[Write], done: Sequence[Committed]) -> None:
        """Count what has become durable."""
        for write, result in zip(writes, done, strict=True):
            if write.facts and write.facts[0].code.startswith(OWN):
                continue
            self._flow.take(write.facts, repeated=result.repeated)
            self._flow.refuse(write.rejected)
            self._codes.update(map(_CODE, write.facts))
            if write.facts or write.rejected:
                self._subject(write, result.repeated)

    def told(self, most: int) -> Arrivals:
        """What has come in, and the subjects of whom most was rejected."""
        known, subjects = table(), self._subjects
        bad = [name for name, own in subjects.items() if own.rejected]
        bad.sort(key=lambda name: (-subjects[name].rejected, name))
        unmapped = {code: n for code, n in self._codes.most_common() if code not in known}
        return Arrivals(
            since=self._since, facts=sum(s.facts for s in subjects.values()),
            repeated=sum(s.repeated for s in subjects.values()), rejected=sum(s.rejected for s in subjects.values()),
            subjects=len(subjects), sources=self._flow.told(), unmapped=dict(list(unmapped.items())[:most]),
            worst={name: subjects[name] for name in bad[:most]},
        )  # fmt: skip

    def _subject(self, write: Write, repeated: int) -> None:
        own = self._subjects.get(write.subject)
        if own is None:
            own = self._subjects[write.subject] = SubjectArrivals()
        own.facts += len(write.facts)
        own.repeated += repeated
        own.rejected += len(write.rejected)
        if write.facts:
            last = max(map(_AT, write.facts))
            own.last = last if own.last is None else max(own.last, last)
