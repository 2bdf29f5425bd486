"""A body map as a value that travels: a person's regions, each with what is known of it.

Chances are fractions.  Times are ISO 8601 in the subject's zone.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from .map_shapes import IndexRow, MarkerRow, NextRow, RiskEntry

__all__ = ["BodyAlert", "BodyShape", "LiveRow", "MissingRow", "RegionShape", "State"]

State = Literal["calm", "watch", "act", "none"]
"""In range; borderline or a warning; out of range or a critical alert; not known."""


class LiveRow(msgspec.Struct, frozen=True, kw_only=True):
    """The newest reading that a twin follows.  `old`: none has come for more than twice the usual step between readings
    (`step_minutes`; null where there are too few to say).  `standing` is that of the twin's model here."""

    twin: str
    model: str
    standing: str
    stale: str
    name: str
    code: str
    title: str
    unit: str
    value: float | None
    at: str | None
    age_minutes: float | None
    step_minutes: float | None
    old: bool


class BodyAlert(msgspec.Struct, frozen=True, kw_only=True):
    """An open alert of which somebody was told."""

    id: str
    title: str
    severity: str
    state: str
    reason: str
    raised: str
    twin: str


class MissingRow(msgspec.Struct, frozen=True, kw_only=True):
    """A score that gives no number for want of an input: which one."""

    title: str
    reason: str


class RegionShape(msgspec.Struct, frozen=True, kw_only=True):
    """A region.  `state` is the worst of its markers and alerts, for the reason `why`; `risks` with the recommended
    first, `missing` are scores that want an input."""

    id: str
    title: str
    state: State
    why: str
    markers: list[MarkerRow]
    risks: list[RiskEntry]
    indices: list[IndexRow]
    live: list[LiveRow]
    alerts: list[BodyAlert]
    missing: list[MissingRow]


class BodyShape(msgspec.Struct, frozen=True, kw_only=True):
    """A person's body at an instant.  `age` [a] is null, and `sex` empty, where the record does not say.  `notes` are
    what a reader must know first, `top` the risks that stand on top, `measure_next` what would narrow them most."""

    subject: str
    sex: str
    age: float | None
    at: str
    zone: str
    notes: list[str]
    regions: list[RegionShape]
    top: list[RiskEntry]
    measure_next: list[NextRow]
    for_person: list[str]
    caution: str
