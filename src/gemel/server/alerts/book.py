"""The alerts at hand: one open alert at most for each rule and twin, and those that ended lately.

It decides what follows from what was judged, and changes only by `keep`, which is told what has become durable.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import final

from ...core.clock import DAY, MINUTE
from ...core.fact import Instant
from .judge import Finding
from .life import SYSTEM, Alert, confirmed, elapsed, raised
from .rules import Rules

__all__ = ["KEPT", "Book", "Key", "key_of"]

Key = tuple[str, str, str]
"""Rule, subject, twin."""

KEPT: Instant = 7 * DAY
"""How long an alert that has ended stays at hand; older ones are in the store."""


def key_of(said: Alert | Finding) -> Key:
    """What may have one open alert."""
    return said.rule, said.subject, said.twin


@final
class Book:
    """Alerts by id, and the open ones by rule and twin."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._alerts: dict[str, Alert] = {}
        self._open: dict[Key, str] = {}
        self._quiet: dict[Key, Instant] = {}

    def __iter__(self) -> Iterator[Alert]:
        return iter(list(self._alerts.values()))

    def get(self, id: str) -> Alert | None:
        """The alert of this id, if it is at hand."""
        return self._alerts.get(id)

    def opened(self, key: Key) -> Alert | None:
        """The open alert of a rule and twin."""
        id = self._open.get(key)
        return None if id is None else self._alerts[id]

    @property
    def open(self) -> list[Alert]:
        """Every open alert."""
        return [self._alerts[id] for id in self._open.values()]

    def keep(self, alert: Alert) -> None:
        """Take in an alert as it now stands."""
        key = key_of(alert)
        self._alerts[alert.id] = alert
        if alert.open:
            self._open[key] = alert.id
        elif self._open.get(key) == alert.id:
            del self._open[key]
        rule = self.rules.get(alert.rule)
        if rule is not None and alert.state == "resolved" and alert.now.by != SYSTEM:
            self._quiet[key] = alert.now.at + round(rule.quiet_minutes * MINUTE)

    def follows(self, finding: Finding, now: Instant, id: str) -> Alert | None:
        """The alert after a finding, under this id if it is a new one; None where there is none."""
        rule, key = self.rules.get(finding.rule), key_of(finding)
        known = self.opened(key)
        if known is not None:
            return confirmed(known, finding, now)
        if rule is None or not finding.holds or now < self._quiet.get(key, now):
            return None
        return raised(rule, finding, id, now)

    def due(self, now: Instant) -> list[Alert]:
        """Open alerts that change because time has passed, as they then stand; one without a rule of its name any more
        is left as it is."""
        pairs = ((alert, self.rules.get(alert.rule)) for alert in self.open)
        after = [(alert, elapsed(alert, rule, now)) for alert, rule in pairs if rule is not None]
        return [new for old, new in after if new is not old]

    def forget(self, now: Instant) -> None:
        """Let go of alerts that ended more than `KEPT` ago."""
        old = [a.id for a in self._alerts.values() if not a.open and now - a.now.at > KEPT]
        for id in old:
            del self._alerts[id]
        self._quiet = {key: until for key, until in self._quiet.items() if until > now}
