"""What alerting costs those who are called, and how often it was right.

    alerts per patient-day     alerts that called / days on which subjects were watched
    answered within x min      share of those that called which a person acknowledged, snoozed or resolved by then
    repeated within 1 h        share that followed an alert of the same rule and twin within an hour of its beginning
    predictive value           of forecast alerts whose window has passed, the share followed by a reading beyond the
                               limit within it; those without any reading of the codes in it are left out and counted

The 95 % interval of a share is Wilson's, (p + z^2/2n +- z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n), z = 1.96 (Wilson
1927, doi:10.1080/01621459.1927.10502953).  Watched days are counted by the running service; after a restart within a
day its count is the larger of the two parts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import sqrt
from statistics import NormalDist, median
from typing import Final

import msgspec

from ...core.clock import HOUR, MINUTE
from ...core.fact import Fact, Instant, Observation
from .book import Key, key_of
from .judge import judge_reading
from .life import Alert
from .rules import Rule, Rules

__all__ = ["Burden", "Share", "burden", "followed"]

AGAIN: Final[Instant] = HOUR
"""Within which an alert counts as a repeat."""
_Z = NormalDist().inv_cdf(0.975)


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """So many of n, and the 95 % interval of the share; None where n is 0."""

    count: int
    n: int
    share: float | None = None
    low: float | None = None
    high: float | None = None


class Burden(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one rule, or of all.  `silent`: entries for which nobody was called; they count only in
    `predictive_value_silent`.  Times are in minutes."""

    rule: str
    alerts: int
    silent: int
    patient_days: int
    per_patient_day: float | None
    answered: Share
    answered_soon: Share
    soon_minutes: float
    median_minutes_to_answer: float | None
    escalated: Share
    repeated: Share
    predictive_value: Share
    predictive_value_silent: Share
    not_judged: int


def burden(
    alerts: Iterable[Alert], rules: Rules, outcomes: Mapping[str, bool | None], *, patient_days: int,
    soon_minutes: float = 5.0,
) -> list[Burden]:  # fmt: skip
    """The figures of all alerts, then of each rule that has any.  `outcomes` tells by alert whether what it warned of
    came (None: nothing was read); an alert that is not in it is not judged, as its window has not passed or it warned
    of nothing to come."""
    by_rule: dict[str, list[Alert]] = defaultdict(list)
    for alert in sorted(alerts, key=lambda a: a.raised):
        by_rule[alert.rule].append(alert)
    every = [alert for own in by_rule.values() for alert in own]
    return [
        _figures(name, own, outcomes, patient_days, soon_minutes)
        for name, own in [("", every), *sorted(by_rule.items())]
    ]  # fmt: skip


def followed(alert: Alert, rule: Rule, facts: Sequence[Fact], now: Instant) -> bool | None:
    """Whether a reading beyond the limit came within the window of a forecast alert; None where none was read.

    `facts` are those that hold.  Call it for a window that has passed.
    """
    start = alert.raised
    seen = [
        finding.holds
        for fact in facts
        if isinstance(fact, Observation) and start < fact.at <= min(start + rule.within, now)
        for finding in [judge_reading(rule, fact, alert.subject)]
        if finding is not None
    ]
    return any(seen) if seen else None


def share(count: int, n: int) -> Share:
    """A share with its 95 % interval."""
    if n == 0:
        return Share(count=count, n=n)
    p, z2 = count / n, _Z * _Z
    middle, half = p + z2 / (2 * n), _Z * sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    scale = 1 + z2 / n
    low = (middle - half) / scale if count else 0.0
    high = (middle + half) / scale if count < n else 1.0
    return Share(count=count, n=n, share=p, low=low, high=high)


def _figures(name: str, alerts: Sequence[Alert], outcomes: Mapping[str, bool | None], days: int, soon: float) -> Burden:
    called = [a for a in alerts if not a.silent]
    waits = [(a.acknowledged - a.raised) / MINUTE for a in called if a.acknowledged is not None]
    judged = [a for a in alerts if outcomes.get(a.id) is not None]
    right = Counter(a.silent for a in judged if outcomes[a.id])
    n = Counter(a.silent for a in judged)
    return Burden(
        rule=name, alerts=len(called), silent=len(alerts) - len(called), patient_days=days,
        per_patient_day=len(called) / days if days else None, answered=share(len(waits), len(called)),
        answered_soon=share(sum(w <= soon for w in waits), len(called)), soon_minutes=soon,
        median_minutes_to_answer=median(waits) if waits else None,
        escalated=share(sum(any(s.state == "escalated" for s in a.steps) for a in called), len(called)),
        repeated=share(_repeats(called), len(called)), predictive_value=share(right[False], n[False]),
        predictive_value_silent=share(right[True], n[True]),
        not_judged=sum(a.id in outcomes and outcomes[a.id] is None for a in alerts),
    )  # fmt: skip


def _repeats(alerts: Sequence[Alert]) -> int:
    """Alerts, in order, that began within an hour of the one before of the same rule and twin."""
    last: dict[Key, Instant] = {}
    repeats = 0
    for alert in alerts:
        before = last.get(key_of(alert))
        repeats += before is not None and alert.raised - before <= AGAIN
        last[key_of(alert)] = alert.raised
    return repeats
