"""Facts: what was measured, what was done, and what could not be read.

A fact belongs to a subject.  It has a status and two times: `at`, when it happened, and `recorded`, when we were told,
so that the question "what did we know at 03:00?" has an answer.  Instants are integers: microseconds since 1970, UTC.
A later record with the same `id` amends the earlier one; status ENTERED_IN_ERROR withdraws it; ORDERED and PRELIMINARY
facts are kept but an ordered dose is not a given dose.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from math import inf
from typing import Any

import msgspec
from msgspec.structs import force_setattr

__all__ = [
    "Above",
    "Asset",
    "Below",
    "Between",
    "Count",
    "Exact",
    "Fact",
    "Instant",
    "Intervention",
    "Level",
    "Observation",
    "Rejected",
    "Status",
    "Value",
    "bounds",
]

Instant = int
"""Microseconds since 1970-01-01T00:00:00 UTC."""


def _as(kind: Callable[[Any], Any], fact: msgspec.Struct, *fields: str) -> None:
    """Make these fields plain numbers, so that 5, 5.0 and numpy's 5.0 are one fact with one hash."""
    for name in fields:
        given = getattr(fact, name)
        if given is not None and type(given) is not kind:
            force_setattr(fact, name, kind(given))


class Status(StrEnum):
    """Where a fact stands."""

    ORDERED = "ordered"
    PRELIMINARY = "preliminary"
    FINAL = "final"
    AMENDED = "amended"
    ENTERED_IN_ERROR = "entered-in-error"


class Exact(msgspec.Struct, frozen=True, gc=False, tag="exact", tag_field="is"):
    """A number as read."""

    value: float

    def __post_init__(self) -> None:
        if type(self.value) is not float:
            _as(float, self, "value")


class Below(msgspec.Struct, frozen=True, gc=False, tag="below", tag_field="is"):
    """Under the limit of detection, or 'LOW'."""

    limit: float

    def __post_init__(self) -> None:
        _as(float, self, "limit")


class Above(msgspec.Struct, frozen=True, gc=False, tag="above", tag_field="is"):
    """Over the upper limit, or 'HIGH'."""

    limit: float

    def __post_init__(self) -> None:
        _as(float, self, "limit")


class Between(msgspec.Struct, frozen=True, gc=False, tag="between", tag_field="is"):
    """Known only to lie in an interval."""

    low: float
    high: float

    def __post_init__(self) -> None:
        _as(float, self, "low", "high")


class Level(msgspec.Struct, frozen=True, gc=False, tag="level", tag_field="is"):
    """A category: a grade, a stage, a yes or no."""

    name: str


class Count(msgspec.Struct, frozen=True, gc=False, tag="count", tag_field="is"):
    """A whole number of events over the interval since the reading before."""

    n: int

    def __post_init__(self) -> None:
        _as(int, self, "n")


class Asset(msgspec.Struct, frozen=True, gc=False, tag="asset", tag_field="is"):
    """A content-addressed image, mesh, genotype or waveform, by SHA-256."""

    sha256: str


Value = Exact | Below | Above | Between | Level | Count | Asset


class Observation(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="observation", tag_field="fact"):
    """Something measured.  `unit` is UCUM; `sd` is the instrument's own error when known; `entity` names a patient,
    bed or device inside the subject."""

    id: str
    code: str
    value: Value
    unit: str
    at: Instant
    recorded: Instant
    status: Status = Status.FINAL
    source: str = ""
    sd: float | None = None
    entity: str | None = None

    def __post_init__(self) -> None:
        if type(self.at) is not int or type(self.recorded) is not int:
            _as(int, self, "at", "recorded")
        if self.sd is not None:
            _as(float, self, "sd")


class Intervention(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="intervention", tag_field="fact"):
    """Something done: a dose at an instant, or a rate that holds from `at` until `until` or the next rate."""

    id: str
    code: str
    at: Instant
    recorded: Instant
    unit: str
    dose: float | None = None
    rate: float | None = None
    until: Instant | None = None
    status: Status = Status.FINAL
    source: str = ""

    def __post_init__(self) -> None:
        if type(self.at) is not int or type(self.recorded) is not int or self.until is not None:
            _as(int, self, "at", "recorded", "until")
        if type(self.dose) is not float and type(self.rate) is not float:
            _as(float, self, "dose", "rate")
        if (self.dose is None) == (self.rate is None):
            raise ValueError(f"intervention {self.id} needs either a dose or a rate, not both or neither")


class Rejected(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="rejected", tag_field="fact"):
    """A row that could not become a fact: counted and kept, with the reason and where it stood."""

    reason: str
    source: str
    raw: str
    code: str = ""


Fact = Observation | Intervention


def bounds(value: Value) -> tuple[float, float]:
    """The interval a numeric value says the truth lies in: equal ends for an exact one.

    A Level or an Asset has none; models meet those in `absorb` and `prepare`, and get (nan, nan) here.
    """
    match value:
        case Exact(v):
            return float(v), float(v)
        case Count(n):
            return float(n), float(n)
        case Below(limit):
            return -inf, float(limit)
        case Above(limit):
            return float(limit), inf
        case Between(low, high):
            return float(low), float(high)
        case _:
            return float("nan"), float("nan")
