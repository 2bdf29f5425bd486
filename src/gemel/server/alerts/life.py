"""An alert and its states.  Pure: time comes in as an argument, every change is a new value.

raised         somebody is called                        -> acknowledged, escalated, snoozed, closed
acknowledged   somebody sees to it                       -> escalated, snoozed, closed
escalated      the next one is called, too               -> acknowledged, escalated further, snoozed, closed
snoozed        quiet until a time, whatever is judged    -> raised again when that has come, closed if it was over
silent         the model may not speak: nobody called    -> raised once it may, closed
closed         resolved by a person, or as the rule is over; expired as the rule was not seen to hold any more
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from ...core.clock import MINUTE
from ...core.fact import Instant
from ..problem import Conflict
from .judge import Finding
from .rules import Rule, Severity

__all__ = ["ACTIONS", "CLOSED", "OPEN", "SYSTEM", "Alert", "State", "Step", "acted", "confirmed", "elapsed", "raised"]

State = Literal["raised", "acknowledged", "escalated", "snoozed", "silent", "resolved", "expired"]
OPEN: Final[frozenset[str]] = frozenset({"raised", "acknowledged", "escalated", "snoozed", "silent"})
CLOSED: Final[frozenset[str]] = frozenset({"resolved", "expired"})

ACTIONS: Final[Mapping[str, State]] = MappingProxyType(
    {"acknowledge": "acknowledged", "escalate": "escalated", "snooze": "snoozed", "resolve": "resolved"}
)
"""What a person may do, and the state it leads to."""

SYSTEM: Final = "gemel"
"""Who acts when nobody does."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One change of an alert: when, to which state, by whom and why; until when, where that is snoozed."""

    at: Instant
    state: State
    by: str
    why: str
    until: Instant | None = None


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One alert.  `steps` are its whole life, the last one its present.  `confirmed`: when the rule was last seen to
    hold; `holding`: it has not been over since.  `rung`: how often it was escalated since it was raised.  `reason` and
    `evidence` are those it was raised on."""

    id: str
    rule: str
    title: str
    severity: Severity
    subject: str
    twin: str = ""
    model: str = ""
    reason: str
    evidence: dict[str, float | str] = {}
    strength: float
    confirmed: Instant
    holding: bool = True
    rung: int = 0
    steps: tuple[Step, ...]

    @property
    def now(self) -> Step:
        """The last step."""
        return self.steps[-1]

    @property
    def state(self) -> State:
        """Where it stands."""
        return self.steps[-1].state

    @property
    def open(self) -> bool:
        """Whether it has not ended."""
        return self.state in OPEN

    @property
    def raised(self) -> Instant:
        """When it began."""
        return self.steps[0].at

    @property
    def silent(self) -> bool:
        """Whether nobody was ever called for it."""
        return all(step.state != "raised" for step in self.steps)

    @property
    def acknowledged(self) -> Instant | None:
        """When a person first answered it: acknowledged, snoozed or resolved it.  None: nobody has."""
        return next((s.at for s in self.steps[1:] if s.by != SYSTEM and s.state != "escalated"), None)


def raised(rule: Rule, finding: Finding, id: str, now: Instant) -> Alert:
    """A new alert, or a silent entry where the model may not speak."""
    first = Step(at=now, state="silent" if finding.silent else "raised", by=SYSTEM, why=finding.reason)
    return Alert(
        id=id, rule=rule.name, title=rule.title, severity=rule.severity, subject=finding.subject, twin=finding.twin,
        model=finding.model, reason=finding.reason, evidence=dict(finding.evidence), strength=finding.strength,
        confirmed=now, steps=(first,),
    )  # fmt: skip


def acted(alert: Alert, action: str, *, at: Instant, by: str, why: str, until: Instant | None = None) -> Alert:
    """The alert after a person's action; Conflict where its state does not allow it."""
    if not alert.open:
        raise Conflict(f"alert '{alert.id}' was {alert.state}: what has ended cannot be changed")
    if alert.state == "silent":
        raise Conflict(f"alert '{alert.id}' is silent: nobody was called, so nobody can {action} it")
    if action == "acknowledge" and alert.state == "acknowledged":
        raise Conflict(f"alert '{alert.id}' is acknowledged already, by {alert.now.by}")
    if action == "snooze" and (until is None or until <= at):
        raise Conflict(f"alert '{alert.id}': say for how long to snooze it")
    state = ACTIONS[action]
    step = Step(at=at, state=state, by=by, why=why, until=until if state == "snoozed" else None)
    return _then(alert, step, rung=alert.rung + (state == "escalated"))


def confirmed(alert: Alert, finding: Finding, now: Instant) -> Alert:
    """The alert after its rule was judged again: over ends it, unless it is snoozed, and holding confirms it.  A model
    that has been given a voice since calls for what it had noted in silence."""
    if finding.over and alert.state != "snoozed":
        return _then(alert, Step(at=now, state="resolved", by=SYSTEM, why=f"over: {finding.reason}"))
    if finding.over:
        return msgspec.structs.replace(alert, holding=False)
    if not finding.holds:
        return alert
    again = msgspec.structs.replace(alert, confirmed=now, holding=True, strength=finding.strength)
    if alert.state == "silent" and not finding.silent:
        return _then(again, Step(at=now, state="raised", by=SYSTEM, why=finding.reason))
    return again


def elapsed(alert: Alert, rule: Rule, now: Instant) -> Alert:
    """The alert after time has passed: the end of a snooze, its expiry, or the next rung of the ladder."""
    if alert.state == "snoozed" and alert.now.until is not None and now < alert.now.until:
        return alert
    if now - alert.confirmed >= round(rule.expire_minutes * MINUTE):
        why = f"not seen to hold for {rule.expire_minutes:g} min"
        return _then(alert, Step(at=now, state="expired", by=SYSTEM, why=why))
    if alert.state == "snoozed":
        if not alert.holding:
            return _then(alert, Step(at=now, state="resolved", by=SYSTEM, why="it was over when the snooze ended"))
        return _then(alert, Step(at=now, state="raised", by=SYSTEM, why="the snooze has ended"))
    if alert.state in ("raised", "escalated") and alert.rung < len(rule.escalate_minutes):
        waited = now - _called(alert)
        if waited >= round(rule.escalate_minutes[alert.rung] * MINUTE):
            why = f"nobody has acknowledged it for {waited / MINUTE:.0f} min"
            return _then(alert, Step(at=now, state="escalated", by=SYSTEM, why=why), rung=alert.rung + 1)
    return alert


def _called(alert: Alert) -> Instant:
    """Since when somebody is called: when it was last raised, or a person last did something."""
    return next(step.at for step in reversed(alert.steps) if step.state == "raised" or step.by != SYSTEM)


def _then(alert: Alert, step: Step, *, rung: int | None = None) -> Alert:
    now = 0 if step.state == "raised" else alert.rung if rung is None else rung
    return msgspec.structs.replace(alert, steps=(*alert.steps, step), rung=now)
