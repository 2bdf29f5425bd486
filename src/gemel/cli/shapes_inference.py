"""What `gemel explain` prints with `--json`."""

from __future__ import annotations

import msgspec

from .shapes import DataShape

__all__ = ["ContributionRow", "ExplanationShape", "GainRow", "ShareRow"]


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
