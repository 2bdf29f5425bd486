"""The figures of `burden` from a store: alerts by the register, what became of them by the subjects' facts."""

from __future__ import annotations

from collections.abc import Mapping

from ...core.clock import DAY
from ...core.fact import Fact, Instant
from ...core.ports import Store
from ...core.subject import Subject
from ...core.timeline import Timeline
from .burden import Burden, burden, followed
from .desk import CALLER
from .keeping import alerts_of, read_register
from .life import Alert
from .rules import Rules

__all__ = ["count"]


def count(
    store: Store, rules: Rules, days: Mapping[int, int], start: Instant, now: Instant, *, site: str,
    subject: str | None = None, soon_minutes: float = 5.0,
) -> list[Burden]:  # fmt: skip
    """The figures of alerts raised from `start` to `now`, of one subject or of all; `days` are the subjects watched by
    day.  Of one subject the watched days are those with a fact."""
    if subject is None:
        register = read_register(store, site, CALLER)
        subjects = {register.subjects[id] for id, at in register.opened.items() if start <= at <= now}
    else:
        subjects = {subject}
    alerts: list[Alert] = []
    outcomes: dict[str, bool | None] = {}
    patient_days = sum(n for day, n in days.items() if start // DAY <= day <= now // DAY)
    for one in sorted(subjects):
        own = [a for a in alerts_of(store, one, CALLER) if start <= a.raised <= now]
        alerts += own
        facts = _held(store, one, now) if own or subject is not None else []
        outcomes |= _outcomes(own, rules, facts, now)
        if subject is not None:
            patient_days = len({fact.at // DAY for fact in facts if start <= fact.at <= now})
    return burden(alerts, rules, outcomes, patient_days=patient_days, soon_minutes=soon_minutes)


def _held(store: Store, subject: str, now: Instant) -> list[Fact]:
    """The facts that hold; none of the alerts' own."""
    if store.subject(subject, CALLER) is None:
        return []
    found = [f for _, f in store.facts(subject, CALLER) if not f.code.startswith("gemel:alert")]
    return list(Timeline(Subject(id=subject), tuple(found)).as_of(now))


def _outcomes(alerts: list[Alert], rules: Rules, facts: list[Fact], now: Instant) -> dict[str, bool | None]:
    """What became of what forecast alerts warned of, where their window has passed."""
    pairs = [(alert, rules.get(alert.rule)) for alert in alerts]
    return {
        alert.id: followed(alert, rule, facts, now)
        for alert, rule in pairs
        if rule is not None and rule.kind == "forecast" and alert.raised + rule.within <= now
    }
