"""What `gemel explain` and `gemel validate` print with `--json`."""

from __future__ import annotations

import msgspec

from .shapes import DataShape, ScoreShape

__all__ = [
    "BinRow",
    "ContributionRow",
    "ExplanationShape",
    "GainRow",
    "GroupRow",
    "ShareRow",
    "SkillRow",
    "ValidatedHorizon",
    "ValidationShape",
]


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


class SkillRow(msgspec.Struct, kw_only=True):
    """1 - the twin's score / the baseline's, with a 95 % interval."""

    value: float | None
    low: float | None
    high: float | None


class BinRow(msgspec.Struct, kw_only=True):
    """Forecasts of like probability: what was said, what came, its standard error, how many."""

    expected: float
    seen: float | None
    standard_error: float | None
    n: int


class GroupRow(msgspec.Struct, kw_only=True):
    """Scores of the forecasts that share a label; `flag`: their 90 % bands hold too few or too many, beyond chance."""

    by: str
    label: str
    flag: bool
    scores: ScoreShape


class ValidatedHorizon(msgspec.Struct, kw_only=True):
    """All of one horizon."""

    hours: float
    scores: dict[str, ScoreShape]
    skill: dict[str, dict[str, SkillRow]]
    pit: list[BinRow]
    coverage: list[BinRow]
    events: dict[str, list[BinRow]]
    brier: dict[str, float]
    groups: list[GroupRow]


class ValidationShape(msgspec.Struct, kw_only=True):
    """`gemel validate`."""

    model: str
    subjects: list[str]
    observable: str
    unit: str
    restarts: int
    words: list[str]
    sources: list[str]
    horizons: list[ValidatedHorizon]
