"""An alert as the web and the stream tell it: instants as ISO 8601 in UTC, its present beside its history."""

from __future__ import annotations

import msgspec

from ...core.clock import text
from .life import Alert, State
from .rules import Severity

__all__ = ["AlertView", "StepView", "view"]


class StepView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One change: when, to which state, by whom ('gemel': by itself) and why; until when it is snoozed."""

    at: str
    state: State
    by: str
    why: str = ""
    until: str | None = None


class AlertView(msgspec.Struct, frozen=True, kw_only=True):
    """One alert.  `since`: when it came to its state.  `strength`: the probability last judged, or 1.  `rung`: how
    often it was escalated since it was raised."""

    id: str
    rule: str
    title: str
    severity: Severity
    state: State
    silent: bool
    subject: str
    twin: str
    model: str
    raised: str
    since: str
    answered: str | None
    rung: int
    reason: str
    strength: float
    evidence: dict[str, float | str]
    steps: list[StepView]


def view(alert: Alert) -> AlertView:
    """The alert as told."""
    answered = alert.acknowledged
    steps = [
        StepView(at=text(s.at), state=s.state, by=s.by, why=s.why, until=None if s.until is None else text(s.until))
        for s in alert.steps
    ]
    return AlertView(
        id=alert.id, rule=alert.rule, title=alert.title, severity=alert.severity, state=alert.state,
        silent=alert.silent, subject=alert.subject, twin=alert.twin, model=alert.model, raised=text(alert.raised),
        since=text(alert.now.at), answered=None if answered is None else text(answered), rung=alert.rung,
        reason=alert.reason, strength=alert.strength, evidence=alert.evidence, steps=steps,
    )  # fmt: skip
