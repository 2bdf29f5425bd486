"""Local times of a file as instants.

A time that a clock change skips is refused.  A time that the autumn change repeats is placed by the order of the rows:
in a file that runs forward the first pass that does not go back, in one that runs backward the reverse; where the order
does not tell, the first pass.  Each such time is counted in `repeated`, so that the report can say so.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from gemel.core.clock import MINUTE, instant
from gemel.core.errors import TimelineError
from gemel.core.fact import Instant

__all__ = ["Calendar"]

_EPOCH = datetime(1970, 1, 1)  # naive on purpose: differences of local times
_MICROSECOND = timedelta(microseconds=1)
_QUARTER = 15 * MINUTE


@lru_cache(maxsize=16384)
def _offsets(quarter: int, tz: str) -> tuple[Instant, Instant]:
    """Local minus UTC on the first and the second pass of a local quarter-hour; equal unless it is repeated."""
    local = quarter * _QUARTER
    moment = _EPOCH + timedelta(microseconds=local)
    return local - instant(moment, tz=tz, repeated=0), local - instant(moment, tz=tz, repeated=1)


class Calendar:
    """Reads the times of one file, row by row."""

    def __init__(self, tz: str, *, form: str = "iso", offset: str = "local") -> None:
        self.repeated = 0
        self._tz = tz
        self._form = form
        self._fixed = None if offset == "local" else _fixed_offset(offset)
        self._last: Instant | None = None
        self._backward: bool | None = None

    def instant(self, text: str) -> Instant:
        """The instant of a time as written.  Raises TimelineError that names the time."""
        moment = self._parse(text)
        if moment.tzinfo is None and self._fixed is not None:
            moment = moment.replace(tzinfo=self._fixed)
        try:
            at = instant(moment) if moment.tzinfo is not None else self._local(moment)
        except OverflowError as error:
            raise TimelineError(f"'{text[:40]}' is beyond the calendar") from error
        if self._last is not None and at != self._last:
            self._backward = at < self._last
        self._last = at
        return at

    def _parse(self, text: str) -> datetime:
        try:
            if self._form != "iso":
                return datetime.strptime(text, self._form)
            if len(text) <= 10:
                raise TimelineError(f"'{text[:40]}' has no time of day")
            return datetime.fromisoformat(text)
        except (ValueError, OverflowError) as error:
            wanted = "an ISO 8601 time" if self._form == "iso" else f"a time written as '{self._form}'"
            raise TimelineError(f"'{text[:40]}' is not {wanted}") from error

    def _local(self, moment: datetime) -> Instant:
        local = (moment - _EPOCH) // _MICROSECOND
        try:
            early, late = _offsets(local // _QUARTER, self._tz)
        except (TimelineError, OverflowError):
            early = late = local - instant(moment, tz=self._tz)  # raises for the time itself, not its quarter-hour
        if early == late:
            return local - early
        self.repeated += 1
        return self._place(local - early, local - late)

    def _place(self, first: Instant, second: Instant) -> Instant:
        last = self._last
        if last is None:
            return first
        if second < last if self._backward is None else self._backward:
            for at in (second, first):
                if at <= last:
                    return at
        return first if first >= last or second < last else second


def _fixed_offset(text: str) -> timezone:
    if text.lower() in ("utc", "z"):
        return UTC
    try:
        offset = datetime.fromisoformat(f"2000-01-01T00:00:00{text}").utcoffset()
    except ValueError:
        offset = None
    if offset is None:
        raise TimelineError(f"offset '{text}' is neither 'local', 'utc' nor of the form +02:00")
    return timezone(offset)
