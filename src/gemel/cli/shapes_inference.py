"""What `gemel validate` prints with `--json`."""

from __future__ import annotations

import msgspec

from .shapes import ScoreShape

__all__ = [
    "BinRow",
    "GroupRow",
    "SkillRow",
    "ValidatedHorizon",
    "ValidationShape",
]


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
