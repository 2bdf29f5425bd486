"""Rows as senders write them, to facts: a reading or something given, each with its reason when it cannot become one.

A row names what was read (`code`, `value`, `unit`, `at`), or what was given (`dose` or `rate` in place of `value`).
Times are microseconds since 1970 UTC, or ISO 8601 with offset.  A value is a number, or one that is not exact:
{"is": "below", "limit": 40}.  Without an `id` a fact is named after its source, code, entity and instant, so that the
same reading sent again is the same fact and a corrected one amends it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Final

import msgspec

from ..core.clock import instant
from ..core.errors import GemelError, TimelineError
from ..core.fact import Exact, Fact, Instant, Intervention, Observation, Status, Value

__all__ = ["EARLIEST", "LATEST", "Row", "exactly", "fact_of", "instant_of"]

EARLIEST: Final[Instant] = -5_000_000_000_000_000
LATEST: Final[Instant] = 250_000_000_000_000_000
"""Instants from the year 1811 to 9892: a calendar holds what lies between them."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Row(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One row; `subject` may be said by the route instead, `recorded` is when it came unless the sender says."""

    code: str
    at: int | str
    unit: str = "1"
    value: float | Value | None = None
    dose: float | None = None
    rate: float | None = None
    until: int | str | None = None
    subject: str = ""
    id: str = ""
    recorded: int | str | None = None
    status: Status = Status.FINAL
    source: str = "api"
    sd: float | None = None
    entity: str | None = None


def fact_of(row: Row, came: Instant) -> Fact:
    """The fact; GemelError says why there is none."""
    at = instant_of(row.at)
    recorded = came if row.recorded is None else instant_of(row.recorded)
    if not EARLIEST <= at <= LATEST or not EARLIEST <= recorded <= LATEST:
        raise TimelineError(f"instant {at} lies outside {EARLIEST} to {LATEST}: microseconds since 1970 are expected")
    if not row.code:
        raise GemelError("'code' is empty: say what was read or given")
    own = row.id or f"{row.source}/{row.code}{'/' + row.entity if row.entity else ''}@{at}"
    if row.value is None:
        return _given(row, own, at, recorded)
    if row.dose is not None or row.rate is not None:
        raise GemelError("a row has a 'value' that was read, or a 'dose' or 'rate' that was given, not both")
    value = Exact(row.value) if isinstance(row.value, (int, float)) else row.value
    if type(value) is Exact and not isfinite(value.value):
        raise GemelError(f"value {value.value} is no number")
    return Observation(
        id=own, code=row.code, value=value, unit=row.unit, at=at, recorded=recorded, status=row.status,
        source=row.source, sd=row.sd, entity=row.entity,
    )  # fmt: skip


def _given(row: Row, own: str, at: Instant, recorded: Instant) -> Intervention:
    if (row.dose is None) == (row.rate is None):
        raise GemelError("a row needs a 'value' that was read, or either a 'dose' or a 'rate' that was given")
    amount = row.dose if row.rate is None else row.rate
    if amount is None or not isfinite(amount):
        raise GemelError(f"amount {amount} is no number")
    return Intervention(
        id=own, code=row.code, at=at, recorded=recorded, unit=row.unit, dose=row.dose, rate=row.rate,
        until=None if row.until is None else instant_of(row.until), status=row.status, source=row.source,
    )  # fmt: skip


def instant_of(told: int | str) -> Instant:
    """Microseconds of a time in either form; TimelineError for text without an offset."""
    return instant(told) if isinstance(told, str) else told


def exactly(at: Instant) -> str:
    """ISO 8601 in UTC, to the microsecond: `instant_of` gives the same instant back."""
    return (_EPOCH + timedelta(microseconds=at)).isoformat()
