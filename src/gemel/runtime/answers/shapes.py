"""What a twin believes, forecasts, compares and explains, as values that travel.

Times are ISO 8601 with offset, in the subject's zone; a number that does not exist is null.
"""

from __future__ import annotations

import msgspec

from ..ledger.record import TrackRecord
from ..ledger.switchboard import Status

__all__ = [
    "ComparisonShape",
    "ContributionRow",
    "DataShape",
    "DifferenceRow",
    "ExplanationShape",
    "Fan",
    "ForecastShape",
    "GainRow",
    "Observed",
    "PlanRow",
    "ShareRow",
    "SummaryRow",
]

Number = float | None


class DataShape(msgspec.Struct, kw_only=True):
    """What became of the records, and how old the newest reading is."""

    source: str
    used: int
    rejected: int
    repeated: int
    skipped: int
    reasons: dict[str, int]
    newest_reading: str | None
    age_minutes: Number


class SummaryRow(msgspec.Struct, kw_only=True):
    """One parameter or hidden state: weighted mean and 90 % interval."""

    name: str
    unit: str
    mean: Number
    low: Number
    high: Number


class Observed(msgspec.Struct, kw_only=True):
    """`gemel observe`."""

    subject: str
    model: str
    zone: str
    at: str
    members: int
    facts_used: int
    effective_members: Number
    failed: int
    data: DataShape
    belief: list[SummaryRow]
    stored: str | None = None
    stale: str = ""


class Fan(msgspec.Struct, kw_only=True):
    """Forecast of one observable: mean of the hidden value, quantiles of what an instrument would read."""

    name: str
    unit: str
    mean: list[Number]
    q05: list[Number]
    q25: list[Number]
    q50: list[Number]
    q75: list[Number]
    q95: list[Number]


class ForecastShape(msgspec.Struct, kw_only=True):
    """`gemel forecast`.  `reasons`: what may be wrong in the record that it rests on, in words."""

    subject: str
    model: str
    plan: str
    zone: str
    issued: str
    members: int
    failed: int
    hours: list[float]
    times: list[str]
    observables: list[Fan]
    scores: dict[str, SummaryRow]
    data: DataShape
    stored: str | None = None
    record: list[TrackRecord] = []
    standing: Status | None = None
    stale: str = ""
    reasons: list[str] = []


class PlanRow(msgspec.Struct, kw_only=True):
    """One plan under the utility."""

    plan: str
    expected: float
    probability_best: float
    scores: dict[str, float]


class DifferenceRow(msgspec.Struct, kw_only=True):
    """One plan minus another."""

    plan: str
    against: str
    mean: float
    low: float
    high: float
    probability: float


class ComparisonShape(msgspec.Struct, kw_only=True):
    """`gemel compare`."""

    subject: str
    model: str
    zone: str
    issued: str
    until: str
    utility: str
    utility_unit: str
    utility_about: str
    confidence: float
    winner: str | None
    verdict: str
    plans: list[PlanRow]
    differences: list[DifferenceRow]
    data: DataShape


class ShareRow(msgspec.Struct, kw_only=True):
    """One source's part of the forecast's variance; parts sum to 1."""

    name: str
    kind: str
    part: float
    correlation: float


class ContributionRow(msgspec.Struct, kw_only=True):
    """What one group of facts did to the expected value, and the target's spread after it over that before."""

    facts: int
    names: list[str]
    first: str
    last: str
    acted: bool
    shift: float
    spread: float
    moved: dict[str, float]


class GainRow(msgspec.Struct, kw_only=True):
    """The part of the variance that a measurement, `hours` from now, is expected to remove."""

    quantity: str
    hours: float
    gain: float
    cost: float
    currency: str


class ExplanationShape(msgspec.Struct, kw_only=True):
    """`gemel explain`."""

    subject: str
    model: str
    issued: str
    until: str
    zone: str
    target: str
    unit: str
    expected: float
    q05: float
    q95: float
    words: list[str]
    shares: list[ShareRow]
    contributions: list[ContributionRow]
    next: list[GainRow]
    data: DataShape
