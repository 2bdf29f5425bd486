"""A person's health map as values that travel: the command line prints them, the service sends them.

Chances are fractions; quantiles are at 2.5, 10, 50, 90 and 97.5 %.  Times are ISO 8601 in the subject's zone.
"""

from __future__ import annotations

import msgspec

from .card_shapes import SourceShape

__all__ = [
    "ComparisonRow", "ConflictRow", "HealthMapShape", "IndexRow", "MarkerRow", "NextRow", "OrganRow", "RefusalRow",
    "RiskEntry", "WhatIfRow",
]  # fmt: skip


class MarkerRow(msgspec.Struct, kw_only=True):
    """One marker; `centile` among US adults of the same age and sex, `slope` per year with its standard error."""

    name: str
    about: str
    unit: str
    status: str
    value: float | None
    at: str | None
    age_days: float | None
    old: bool
    low: float | None
    high: float | None
    source: str
    centile: float | None
    slope: float | None
    slope_error: float | None
    trend: str | None


class OrganRow(msgspec.Struct, kw_only=True):
    """An organ system; `status` is that of its worst recent marker, or 'not measured' or 'old'."""

    organ: str
    status: str
    markers: list[MarkerRow]


class RiskEntry(msgspec.Struct, kw_only=True):
    """The chance of an outcome within `years`, made for this person; `inside` is the weight of members it holds for."""

    score: str
    answer: str
    title: str
    organ: str
    outcome: str
    question: str
    years: float
    median: float
    low80: float
    high80: float
    low95: float
    high95: float
    recommended: bool
    why: str
    imputed: list[str]
    silent: list[str]
    old: list[str]
    inside: float
    version: str
    doi: str
    sources: list[SourceShape]


class IndexRow(msgspec.Struct, kw_only=True):
    """A score without a horizon, from measurements of the last year only."""

    score: str
    answer: str
    title: str
    organ: str
    outcome: str
    unit: str
    value: float
    low95: float
    high95: float
    label: str
    silent: list[str]
    doi: str


class RefusalRow(msgspec.Struct, kw_only=True):
    """A score without a number: `outside` its domain or `missing` an input."""

    score: str
    title: str
    kind: str
    reason: str


class ComparisonRow(msgspec.Struct, kw_only=True):
    """The person beside the same age and sex with optimal factors; `capped` where heart age reaches the score's end."""

    score: str
    risk: float
    optimal: float
    ratio: float
    extra: float
    heart_age: float
    heart_age_low95: float
    heart_age_high95: float
    capped: bool
    sources: list[str]


class WhatIfRow(msgspec.Struct, kw_only=True):
    """A lever and what it does to one risk; `kind` is 'trial' or 'association only'."""

    lever: str
    words: str
    kind: str
    score: str
    before: float
    after: float
    after_low95: float
    after_high95: float
    spared: float
    source: str
    note: str


class NextRow(msgspec.Struct, kw_only=True):
    """A measurement and the share of a risk's variance that it is expected to take away."""

    name: str
    about: str
    unit: str
    share: float
    of: str
    reason: str


class ConflictRow(msgspec.Struct, kw_only=True):
    """A law the risks break among themselves, and the weight of the members that break it."""

    law: str
    words: str
    share: float


class HealthMapShape(msgspec.Struct, kw_only=True):
    """`gemel health-map`."""

    subject: str
    sex: str
    age: float
    at: str
    region: str
    members: int
    effective_members: float
    notes: list[str]
    organs: list[OrganRow]
    top: list[str]
    risks: list[RiskEntry]
    indices: list[IndexRow]
    refused: list[RefusalRow]
    comparison: ComparisonRow | None
    what_ifs: list[WhatIfRow]
    measure_next: list[NextRow]
    conflicts: list[ConflictRow]
    for_person: list[str]
    for_clinician: list[str]
    facts_used: int
    rejected: dict[str, int]
