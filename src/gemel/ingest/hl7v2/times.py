"""HL7 time stamps, YYYYMMDDHHMM[SS[.S[S[S[S]]]]][+/-ZZZZ] (HL7 v2.5.1 section 2.A.22), as instants.

A time without offset is local to the sender's zone.  One that the autumn change repeats is taken as its first pass.
A result known to the day counts as of noon, as in FHIR: good enough for what changes over weeks.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache

from gemel.core.clock import SECOND, instant
from gemel.core.errors import TimelineError
from gemel.core.fact import Instant

__all__ = ["moment", "timestamp"]

_STAMP = re.compile(rb"(\d{12})(\d{2})?(?:\.(\d{1,4}))?([+-]\d{4})?")


def timestamp(value: bytes, zone: str) -> Instant:
    """Microseconds UTC.  Raises TimelineError naming a value that is no time to the minute or does not exist there."""
    if len(value) == 14 and value.isdigit() and value[12] < _SIXTY:
        return _minute(value[:12], zone) + int(value[12:]) * SECOND
    found = _STAMP.fullmatch(value)
    if found is None:
        raise TimelineError(f"'{value[:30].decode('ascii', 'replace')}' is no HL7 time to the minute, YYYYMMDDHHMM[SS]")
    minute, seconds, fraction, offset = found.groups()
    whole = int(seconds or 0) * SECOND + int((fraction or b"").ljust(6, b"0"))
    if int(seconds or 0) > 59:
        raise TimelineError(f"'{value.decode()}' has no such second")
    if offset is None:
        return _minute(minute, zone) + whole
    minutes = int(offset[1:3]) * 60 + int(offset[3:])
    return _minute(minute, "UTC") + whole - (minutes if offset[:1] == b"+" else -minutes) * 60 * SECOND


@lru_cache(maxsize=65536)
def moment(value: bytes, zone: str) -> Instant:
    """As `timestamp`; a date alone is its noon."""
    return timestamp(value + b"1200" if len(value) == 8 else value, zone)


_SIXTY = ord("6")


@lru_cache(maxsize=65536)
def _minute(digits: bytes, zone: str) -> Instant:
    try:
        moment = datetime.strptime(digits.decode(), "%Y%m%d%H%M")
    except ValueError as error:
        raise TimelineError(f"'{digits.decode()}' is no date and time") from error
    return instant(moment, tz=zone, repeated=0)
