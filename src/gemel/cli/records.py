"""From records to a twin: find the format, read what can be read, start the twin and let it observe.

Formats: `t1d-uom` (a folder of <subject>_glucose.csv and its three companions), `fhir` (a file or folder of FHIR R4
JSON), `csv` (one table with a mapping in TOML), `diary` (exports of Dexcom Clarity, LibreView, Tidepool, Nightscout).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..core.clock import DAY, MINUTE, instant, text
from ..core.errors import IngestError, TimelineError
from ..core.fact import Fact, Instant, Observation
from ..core.subject import Subject
from ..core.timeline import Timeline
from ..core.twin import Twin
from ..ingest.feed import Feed
from ..ingest.report import Report, collect
from ..runtime.answers.shapes import DataShape
from ..runtime.beginning import told_of
from .diaries import diary, keepers

__all__ = [
    "Records",
    "Start",
    "Wanted",
    "begin_with",
    "feed",
    "present",
    "read",
    "subjects",
    "twin_of",
]

FORMATS = ("auto", "t1d-uom", "csv", "fhir", "diary")
_JSON = (".json", ".ndjson", ".jsonl")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records: where, whose, in what format and zone."""

    data: Path
    subject: str | None = None
    format: str = "auto"
    mapping: Path | None = None
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class Records:
    """A subject's facts in order, and the account of where they came from."""

    subject: Subject
    facts: tuple[Fact, ...]
    report: Report

    @property
    def newest(self) -> Instant | None:
        """When the last reading was made."""
        return max((f.at for f in self.facts if isinstance(f, Observation)), default=None)

    def until(self, at: Instant) -> tuple[Fact, ...]:
        """What was known at `at`."""
        return tuple(Timeline(self.subject, self.facts).as_of(at))

    def shape(self, now: Instant) -> DataShape:
        """The account as JSON; age is that of the newest reading at or before `now`."""
        seen = max((f.at for f in self.facts if isinstance(f, Observation) and f.at <= now), default=None)
        return DataShape(
            source=self.report.source, used=self.report.used, rejected=self.report.rejected,
            repeated=self.report.repeated, skipped=sum(self.report.skipped.values()),
            reasons={kind: reason.count for kind, reason in self.report.reasons.items()},
            newest_reading=None if seen is None else text(seen, self.subject.zone),
            age_minutes=None if seen is None else (now - seen) / MINUTE,
        )  # fmt: skip


def subjects(data: Path) -> list[str]:
    """Ids in a folder of the T1D-UOM layout, else of those whose diaries are there."""
    return _uom(data) or keepers(data)


def _uom(folder: Path) -> list[str]:
    return sorted(p.name.removesuffix("_glucose.csv") for p in folder.glob("*_glucose.csv"))


def read(wanted: Wanted) -> Records:
    """Read a subject's records; IngestError says what exists when the asked-for does not."""
    subject, items = feed(wanted)
    facts, report = collect(items)
    return Records(subject, facts, report)


def feed(wanted: Wanted) -> tuple[Subject, Feed]:
    """A subject and its records one by one, rejected ones too; IngestError as of `read`."""
    if not wanted.data.exists():
        raise IngestError(f"'{wanted.data}' does not exist: give --data a folder or file of records")
    kind = _format(wanted)
    if kind == "t1d-uom":
        return _t1d_uom(wanted)
    if kind == "diary":
        return diary(wanted.data, wanted.subject, wanted.zone)
    return _fhir(wanted) if kind == "fhir" else _csv(wanted)


def _format(wanted: Wanted) -> str:
    if wanted.format not in FORMATS:
        raise IngestError(f"no format '{wanted.format}': there are {', '.join(FORMATS)}")
    if wanted.format != "auto":
        return wanted.format
    data = wanted.data
    if wanted.mapping is not None:
        return "csv"
    if data.is_dir() and _uom(data):
        return "t1d-uom"
    if keepers(data):
        return "diary"
    files = list(data.iterdir()) if data.is_dir() else [data]
    if any(p.name.lower().removesuffix(".gz").endswith(_JSON) for p in files):
        return "fhir"
    raise IngestError(
        f"'{data.name}' is of no format that can be told: a folder of <subject>_glucose.csv files, exports of Dexcom "
        "Clarity, LibreView, Tidepool or Nightscout, FHIR JSON, or a CSV with --mapping FILE.toml"
    )


def _t1d_uom(wanted: Wanted) -> tuple[Subject, Feed]:
    from ..ingest import t1d_uom

    known = _uom(wanted.data)
    if wanted.subject is None or wanted.subject not in known:
        asked = "no --subject was given" if wanted.subject is None else f"no subject '{wanted.subject}'"
        raise IngestError(f"{asked} in '{wanted.data}': there are {', '.join(known) or 'none'}")
    zone = wanted.zone or "Europe/London"
    return Subject(id=wanted.subject, zone=zone), t1d_uom.read(wanted.data, wanted.subject, zone=zone)


def _fhir(wanted: Wanted) -> tuple[Subject, Feed]:
    from ..ingest import fhir

    zone = wanted.zone or "UTC"
    items = fhir.read(wanted.data, zone=zone, patient=wanted.subject)
    return Subject(id=wanted.subject or "patient", zone=zone), items


def _csv(wanted: Wanted) -> tuple[Subject, Feed]:
    from ..ingest import table

    if wanted.mapping is None:
        raise IngestError(
            "format 'csv' needs --mapping FILE.toml, which says what the columns mean (gemel.ingest.mapping)"
        )
    zone = wanted.zone or "UTC"
    items = table.read(wanted.data, wanted.mapping, zone=zone)
    return Subject(id=wanted.subject or wanted.data.stem, zone=zone), items


@dataclass(frozen=True, slots=True)
class Start:
    """How the twin is made: model, ensemble, what is known of the person, and how many days it learns from."""

    model: str = "replaybg"
    members: int = 256
    seed: int = 0
    weight: float | None = None
    days: float = 7.0
    at: str | None = None


def twin_of(records: Records, start: Start) -> Twin:
    """A twin that has observed the records up to `at` (default: the newest reading), from `days` before it."""
    from ..verbs.observe import observe

    now = present(records, start.at)
    known = [f for f in records.until(now) if f.at <= now]
    if not known:
        raise TimelineError(f"subject '{records.subject.id}' has no records up to {text(now, records.subject.zone)}")
    begin = max(min(f.at for f in known), now - round(start.days * DAY))
    own = begin_with(records.subject, known, start, begin)
    return observe(own, [f for f in known if f.at >= begin], until=now)


def begin_with(subject: Subject, known: Sequence[Fact], start: Start, at: Instant) -> Twin:
    """A twin that stands at `at` and has seen nothing; only the basal insulin that these facts say is usual, and what
    was said of the person, is told to it."""
    from ..core.registry import load_model
    from ..verbs.create import twin

    model = load_model(start.model)
    given, rates = told_of(model, known, start.weight)
    return twin(model, subject, at=at, covariates=given, rates=rates, members=start.members, seed=start.seed)


def present(records: Records, at: str | None) -> Instant:
    """The instant asked for, else that of the newest reading; TimelineError where there is none."""
    if at is not None:
        return instant(at, tz=records.subject.zone)
    newest = records.newest
    if newest is None:
        raise TimelineError(f"subject '{records.subject.id}' has no readings: give --at a time")
    return newest
