"""Time: instants are integer microseconds UTC; kernels only see hours since a start and the subject's local clock.

A local time that a clock change skips does not exist and one that it repeats is ambiguous; `instant` says so instead of
guessing, unless told which of the two is meant.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from jaxtyping import Float

from .array import Array
from .errors import TimelineError
from .fact import Instant

__all__ = ["CLOCK", "DAY", "HOUR", "MINUTE", "SECOND", "instant", "local_clock", "text", "zone"]

SECOND: Instant = 1_000_000
MINUTE: Instant = 60 * SECOND
HOUR: Instant = 60 * MINUTE
DAY: Instant = 24 * HOUR

CLOCK = ("hour", "weekday", "yearday", "holiday")
"""Columns of a clock array: hour of day [0, 24), weekday (0 Monday), day of year (1..366), holiday (0 or 1)."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """The IANA time zone of this name; TimelineError if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise TimelineError(f"'{name}' is no IANA time zone (for example 'Europe/London', 'UTC')") from error


def instant(moment: datetime | str, *, tz: str | None = None, repeated: int | None = None) -> Instant:
    """Microseconds UTC of a moment; a naive one is local time in `tz`.

    `repeated` picks the first (0) or second (1) pass of an hour that a clock change repeats.  Raises TimelineError
    for text that is no ISO 8601 time, a naive time without `tz`, a skipped local time, or a repeated one without
    `repeated`.
    """
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment.strip())
        except ValueError as error:
            raise TimelineError(f"'{moment}' is no ISO 8601 time, such as 2026-03-01T08:30:00Z") from error
    if moment.tzinfo is None:
        if tz is None:
            raise TimelineError(f"'{moment.isoformat()}' has no offset and no zone was given")
        early = moment.replace(tzinfo=zone(tz), fold=0)
        late = early.replace(fold=1)
        if early.utcoffset() != late.utcoffset():
            exists = early.astimezone(UTC).astimezone(zone(tz)).replace(tzinfo=None) == moment.replace(fold=0)
            if not exists:
                raise TimelineError(f"local time {moment.isoformat()} does not exist in {tz}: the clocks skip it")
            if repeated is None:
                raise TimelineError(f"local time {moment.isoformat()} happens twice in {tz}: give an offset")
        moment = late if repeated == 1 else early
    return (moment.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)


def text(at: Instant, tz: str = "UTC") -> str:
    """ISO 8601 in the subject's zone, to the second, with offset."""
    return (_EPOCH + timedelta(microseconds=at)).astimezone(zone(tz)).isoformat(timespec="seconds")


@lru_cache(maxsize=65536)
def _quarter(quarters: int, tz: str) -> tuple[Instant, int, int, int]:
    """Offset [us], weekday, day of year and ordinal of the local day at a whole UTC quarter-hour count."""
    local = (_EPOCH + timedelta(minutes=15 * quarters)).astimezone(zone(tz))
    offset = local.utcoffset()
    assert offset is not None  # an aware datetime always has one
    return offset // timedelta(microseconds=1), local.weekday(), local.timetuple().tm_yday, local.toordinal()


def local_clock(at: Iterable[Instant], tz: str, holidays: frozenset[date] = frozenset()) -> Float[Array, "s 4"]:
    """The subject's local clock at each instant, columns as in `CLOCK`, shape (s, 4).

    Zone offsets change only on quarter-hours, so one look-up per quarter-hour serves all instants in it.
    """
    rows: list[tuple[float, float, float, float]] = []
    for moment in at:
        offset, weekday, yearday, ordinal = _quarter(moment // (15 * MINUTE), tz)
        hour = (moment + offset) % DAY / HOUR
        rows.append((hour, weekday, yearday, float(bool(holidays) and date.fromordinal(ordinal) in holidays)))
    return np.array(rows, dtype=np.float64).reshape(-1, 4)
