"""What an entry of a vendor's answer says: readings, or why it says none."""

from __future__ import annotations

from datetime import datetime
from math import isfinite
from typing import Any, NamedTuple

from gemel.core.clock import instant
from gemel.core.fact import Count, Exact, Instant, Level, Value

__all__ = ["Passed", "Reading", "amount", "count", "level", "local"]


class Reading(NamedTuple):
    """A value with its code, UCUM unit and instant."""

    code: str
    value: Value
    unit: str
    at: Instant


class Passed(NamedTuple):
    """An entry that holds no reading, and why."""

    reason: str


def amount(code: str, value: Any, unit: str, at: Instant) -> Reading:
    """A number; ValueError or TypeError for what is none."""
    if isinstance(value, bool) or not isfinite(float(value)):
        raise ValueError(f"{value!r} is no number")
    return Reading(code, Exact(float(value)), unit, at)


def count(code: str, value: Any, at: Instant) -> Reading:
    """A whole number of events; ValueError for what is none."""
    number = float(value)
    if isinstance(value, bool) or number != int(number) or number < 0:
        raise ValueError(f"{value!r} is no count")
    return Reading(code, Count(int(number)), "1", at)


def level(code: str, name: Any, at: Instant) -> Reading:
    """A category."""
    return Reading(code, Level(str(name)), "1", at)


def local(text: str, zone: str) -> Instant:
    """A local time without offset; TimelineError for one that does not exist, ValueError for what is no time."""
    moment = datetime.fromisoformat(text)
    return instant(moment) if moment.tzinfo is not None else instant(moment, tz=zone, repeated=0)
