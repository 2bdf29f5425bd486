"""The alert desk: changes are made one after another, become durable before they count, then go to whoever watches."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import final
from uuid import uuid4

import msgspec

from ...core.fact import Instant
from ...core.ports import Caller
from ..context import Service
from ..problem import Missing
from .book import Book, Key, key_of
from .judge import Finding
from .keeping import alerts_of, name, owner, writes
from .life import Alert, acted
from .rules import Rules
from .view import view

__all__ = ["CALLER", "Act", "AlertDesk"]

CALLER = Caller(id="gemel-alerts", role="service")


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """What a person does to an alert: one of `life.ACTIONS`, who, why, and until when it is snoozed."""

    action: str
    by: str
    why: str = ""
    until: Instant | None = None


@final
class AlertDesk:
    """Changes alerts.  Used from one event loop."""

    def __init__(self, service: Service, rules: Rules) -> None:
        self._service = service
        self.book = Book(rules)
        self._turn = asyncio.Lock()
        self._heard: dict[Key, list[Finding]] = {}
        self._steps = service.instruments.counter("gemel_alert_steps", "Changes of alerts", ("state", "severity"))

    @property
    def waiting(self) -> int:
        """Findings that have not been dealt with."""
        return sum(map(len, self._heard.values()))

    def concerned(self, key: Key) -> bool:
        """Whether an alert of this rule and twin is open, or may be about to."""
        return key in self._heard or self.book.opened(key) is not None

    def hear(self, finding: Finding) -> None:
        """Queue a finding.  Of a rule and twin only turns are kept: the last one that says the same replaces it."""
        own = self._heard.setdefault(key_of(finding), [])
        if own and (own[-1].holds, own[-1].over) == (finding.holds, finding.over):
            own[-1] = finding
        else:
            own.append(finding)

    async def settle(self, now: Instant) -> None:
        """Let everything queued, and the time that has passed, raise, change and end alerts.  What could not become
        durable stays queued: raises Busy, or what `Store.commit` raises."""
        async with self._turn:
            while self._heard:
                heard = [own[0] for own in self._heard.values()]
                follow = [self.book.follows(f, now, name(f.subject, uuid4().hex)) for f in heard]
                await self._keep([alert for alert in follow if alert is not None])
                for finding in heard:
                    self._done(finding)
            await self._keep(self.book.due(now))
            self.book.forget(now)

    async def find(self, id: str) -> Alert:
        """The alert of this id, at hand or from the store.  Raises Missing."""
        known = self.book.get(id)
        if known is not None:
            return known
        store = self._service.store
        for alert in await asyncio.to_thread(alerts_of, store, owner(id), CALLER) if owner(id) else ():
            if alert.id == id:
                return alert
        raise Missing(f"no alert '{id}' here")

    async def act(self, id: str, act: Act, now: Instant) -> Alert:
        """Do what a person asks.  Raises Missing, Conflict, Busy."""
        async with self._turn:
            before = await self.find(id)
            after = acted(before, act.action, at=now, by=act.by, why=act.why, until=act.until)
            await self._keep([after])
            return after

    async def _keep(self, alerts: Sequence[Alert]) -> None:
        """Make changes durable, take them in, and tell of those for which somebody is called."""
        settings, new = self._service.settings, [a for a in alerts if self._known(a.id) < len(a.steps)]
        made = [write for alert in new for write in writes(alert, self._known(alert.id), settings.site)]
        if made:
            await self._service.inbox.put(made, CALLER)
        for alert in alerts:
            self.book.keep(alert)
        for alert in new:
            self._steps.labels(alert.state, alert.severity).inc()
            if not alert.silent:
                at = alert.now.at
                self._service.hub.publish("alert", subject=alert.subject, twin=alert.twin, at=at, data=view(alert))

    def _known(self, id: str) -> int:
        known = self.book.get(id)
        return 0 if known is None else len(known.steps)

    def _done(self, finding: Finding) -> None:
        """Take the finding, or the one that replaced it, off its queue."""
        own = self._heard[key_of(finding)]
        if own[0] is finding:
            del own[0]
        if not own:
            del self._heard[key_of(finding)]
