"""FHIR dates and times as instants.

A dateTime may stop at the day, month or year.  A reading known to the day counts as of noon local time, good enough for
what changes over weeks; a dose needs its time, and a month is no instant: both are refused.
"""

from __future__ import annotations

from functools import lru_cache

from gemel.core.clock import instant
from gemel.core.errors import TimelineError
from gemel.core.fact import Instant

from .types import Period

__all__ = ["effective", "moment"]


@lru_cache(maxsize=8192)
def moment(text: str, zone: str) -> Instant:
    """The instant of a dateTime with a time of day; without an offset it is local time.  Raises TimelineError."""
    if len(text) <= 10:
        raise TimelineError(f"'{text}' has no time of day")
    try:
        return instant(text, tz=zone)
    except OverflowError as error:
        raise TimelineError(f"'{text[:40]}' is beyond the calendar") from error


@lru_cache(maxsize=8192)
def _of_day(text: str, zone: str) -> Instant:
    if len(text) == 10:
        return moment(f"{text}T12:00:00", zone)
    return moment(text, zone)


def effective(
    at: str | None, period: Period | None, zone: str, *, day: bool = False
) -> tuple[Instant | None, Instant | None]:
    """Start and end; an instant has no end.  `day` lets a date stand for its noon.  Raises TimelineError."""
    read = _of_day if day else moment
    if at:
        return read(at, zone), None
    if period is None:
        return None, None
    start = read(period.start, zone) if period.start else None
    end = read(period.end, zone) if period.end else None
    if start is not None and end is not None and end < start:
        raise TimelineError(f"the period ends ({period.end}) before it starts ({period.start})")
    return start, end
