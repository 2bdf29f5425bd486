"""Arrivals as a table: a row per arrival with its local time and the specialty it came for.

A row whose time cannot be read is rejected with its reason; an empty specialty is one of its own, `UNKNOWN`.  Times are
taken as the clock on the wall showed them, an offset is left aside.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from gemel.core.errors import IngestError
from gemel.core.fact import Rejected

from .feed import reject

__all__ = ["UNKNOWN", "ArrivalRows", "read", "read_days"]

UNKNOWN = "unknown"
"""The specialty of an arrival that names none."""
TIME = "arrival_datetime"
SPECIALTY = "specialty"


@dataclass(frozen=True, slots=True)
class ArrivalRows:
    """Rows in file order, and the rejected ones."""

    at: list[datetime] = field(default_factory=list[datetime])
    specialty: list[str] = field(default_factory=list[str])
    rejected: list[Rejected] = field(default_factory=list[Rejected])


def read(path: Path) -> ArrivalRows:
    """Arrivals of a CSV file with the columns arrival_datetime and specialty.  IngestError when it has none."""
    found = ArrivalRows()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if missing := [name for name in (TIME, SPECIALTY) if name not in (rows.fieldnames or ())]:
                raise IngestError(f"'{path.name}' has no column {' and '.join(missing)}: it has {rows.fieldnames}")
            for number, row in enumerate(rows, 2):
                try:
                    moment = datetime.fromisoformat(row[TIME] or "")
                except ValueError:
                    problem, raw = f"'{row[TIME]}' is no ISO 8601 time", str(row)
                    found.rejected.append(reject("arrival", problem, source=f"{path.name}:{number}", raw=raw))
                    continue
                found.at.append(moment.replace(tzinfo=None))
                found.specialty.append((row[SPECIALTY] or "").strip() or UNKNOWN)
    except OSError as error:
        raise IngestError(f"'{path}' cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise IngestError(f"'{path.name}' is no table in UTF-8: {error}") from error
    if not found.at:
        raise IngestError(f"'{path.name}' holds no arrival")
    return found


def read_days(path: Path) -> frozenset[date]:
    """Dates of a text file, one per line; what follows on the line is a name.  IngestError for another line."""
    found: set[date] = set()
    try:
        for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
            if line.strip():
                try:
                    found.add(date.fromisoformat(line.strip()[:10]))
                except ValueError as error:
                    raise IngestError(f"{path.name}:{number}: '{line[:40]}' does not start with YYYY-MM-DD") from error
    except (OSError, UnicodeDecodeError) as error:
        raise IngestError(f"'{path}' cannot be read as text: {error}") from error
    return frozenset(found)
