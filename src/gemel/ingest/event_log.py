"""Event logs as tables: a row per event with a case, an activity and, where there is one, a time.

The columns are named, or found by their usual names: those of the XES standard (IEEE 1849-2016: case:concept:name,
concept:name, time:timestamp) and plain ones.  Nothing is read as missing but an empty cell: "NA" is a name like any
other.  A row without case or activity is rejected with its reason; a time that cannot be read is counted and left out.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from gemel.core.errors import IngestError, TimelineError
from gemel.core.fact import Instant, Rejected

from .feed import reject
from .times import Calendar

__all__ = ["ACTIVITY", "CASE", "TIME", "Columns", "EventRows", "read"]

CASE = ("case_id", "case:concept:name", "case", "caseid", "case id")
ACTIVITY = ("activity", "concept:name", "event", "activity_id")
TIME = ("timestamp", "time:timestamp", "time", "datetime", "complete_timestamp")
_SEPARATORS = ",;\t|"


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of the columns; None finds the usual one.  `zone` is the IANA zone of times without offset."""

    case: str | None = None
    activity: str | None = None
    time: str | None = None
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class EventRows:
    """Rows in file order: case, activity, and instant or None; `rejected` rows, and `times_lost` by reason."""

    case: list[str] = field(default_factory=list[str])
    activity: list[str] = field(default_factory=list[str])
    at: list[Instant | None] = field(default_factory=list["Instant | None"])
    rejected: list[Rejected] = field(default_factory=list[Rejected])
    times_lost: Counter[str] = field(default_factory=Counter[str])


def read(path: Path, columns: Columns | None = None) -> EventRows:
    """The events of a CSV file.  Raises IngestError for a file that is no text table or lacks a column."""
    columns = columns or Columns()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _rows(path.name, file.readline(), file, columns)
    except OSError as error:
        raise IngestError(f"'{path}' cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise IngestError(f"'{path.name}' is no table in UTF-8: {error}") from error


def _rows(name: str, head: str, lines: Iterable[str], columns: Columns) -> EventRows:
    separator = max(_SEPARATORS, key=head.count)
    header = next(csv.reader([head], delimiter=separator), list[str]())
    case = _column(name, header, columns.case, CASE)
    activity = _column(name, header, columns.activity, ACTIVITY)
    time = _column(name, header, columns.time, TIME, needed=columns.time is not None)
    found, calendar = EventRows(), Calendar(columns.zone)
    for number, row in enumerate(csv.reader(lines, delimiter=separator), 2):
        if not row:
            continue
        problem = _problem(row, header, case, activity)
        if problem:
            where = f"{name}:{number}"
            found.rejected.append(reject("event row", problem, source=where, raw=separator.join(row)))
            continue
        found.case.append(row[case])
        found.activity.append(row[activity])
        found.at.append(_instant(row[time], calendar, found.times_lost) if time >= 0 else None)
    return found


def _column(name: str, header: list[str], wanted: str | None, usual: tuple[str, ...], needed: bool = True) -> int:
    """Index of a column, -1 for a time that is not there."""
    lower = [title.strip().lower() for title in header]
    for title in (wanted,) if wanted is not None else usual:
        if title.lower() in lower:
            return lower.index(title.lower())
    if not needed:
        return -1
    asked = f"'{wanted}'" if wanted is not None else " or ".join(f"'{title}'" for title in usual)
    raise IngestError(f"'{name}' has no column {asked}: it has {', '.join(header) or 'no header'}; name the column")


def _problem(row: list[str], header: list[str], case: int, activity: int) -> str:
    if len(row) != len(header):
        return f"{len(row)} cells under {len(header)} titles"
    if not row[case].strip():
        return "no case"
    return "" if row[activity].strip() else "no activity"


def _instant(text: str, calendar: Calendar, lost: Counter[str]) -> Instant | None:
    try:
        return calendar.instant(text)
    except TimelineError as error:
        lost["no time" if not text.strip() else str(error)] += 1
        return None
