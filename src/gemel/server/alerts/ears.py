"""What the service says, as findings: forecasts and beliefs from the hub, readings from the inbox, and their absence.

Readings pass here at the rate of the whole service: most are told in a comparison to mean nothing, and make no object.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import final

from ...core.clock import MINUTE
from ...core.errors import UnitError
from ...core.fact import Exact, Instant, Observation
from ...core.ledger import LEVELS
from ...core.units import convert
from ...core.writing import Write
from ..hub import Event
from ..live_news import ForecastNews
from .book import Key
from .judge import Finding, Row, Speaker, judge_drift, judge_forecast, judge_reading, judge_rows, judge_silence
from .rules import Rule, Rules

__all__ = ["Ears", "present_of", "rows_of"]

Band = tuple[Rule, float, float]
"""A reading rule, and the open interval of values in which it neither calls nor ends."""


TWINS = 100_000
"""Twins that are remembered, to ask for their drift alarms."""
PRESENT = (0.05, 0.5, 0.95)
"""Levels at which a belief's present is told; its mean stands for the median."""


@final
class Ears:
    """Knows the rules and when each stream was last heard.  Findings that can change an alert go to `hear` one by one;
    `is_open` tells which alerts are open or about to be.

    `heard`: subjects of whom something came; `twins`: those that have spoken since they were last taken from here.
    """

    def __init__(self, rules: Rules, is_open: Callable[[Key], bool], hear: Callable[[Finding], None]) -> None:
        self._rules, self._is_open, self._hear = rules, is_open, hear
        self._bands: dict[tuple[str, str], list[Band]] = {}
        self._streams = {code: rule for rule in rules.of("silence") for code in rule.codes}
        self._last: dict[tuple[str, str], tuple[int, Instant]] = {}
        self._due: list[tuple[Instant, str, str]] = []
        self._forecasts = rules.of("forecast", "belief")
        self._observables = frozenset(rule.observable for rule in rules.of("forecast"))
        self.heard: set[str] = set()
        self.twins: dict[str, Speaker] = {}
        self._relevant = frozenset(code for rule in rules.of("reading", "silence") for code in rule.codes)

    def forecast(self, event: Event, news: ForecastNews, now: Instant) -> None:
        """What the rules say of a twin's forecast and of what it believes now; one of long ago says nothing."""
        self.heard.add(event.subject)
        silent = news.standing == "silent"
        speaker = Speaker(subject=event.subject, twin=event.twin, model=news.model, silent=silent)
        if len(self.twins) < TWINS:
            self.twins[event.twin] = speaker
        rows = {name: rows_of(news, name) for name in self._observables}
        for rule in self._forecasts:
            if now - news.issued > round(rule.expire_minutes * MINUTE):
                continue
            own = rows[rule.observable] if rule.kind == "forecast" else present_of(news, rule.observable)
            likely = judge_rows(rule, own, news.issued)
            key = rule.name, event.subject, event.twin
            if likely is not None and (likely[0] >= rule.probability or self._is_open(key)):
                self._say(judge_forecast(rule, own, news.issued, speaker))

    def drift(self, speaker: Speaker, heard: Mapping[str, str], now: Instant) -> None:
        """What the rules say of a twin whose ringing drift alarms are `heard`, by observable."""
        for rule in self._rules.of("drift"):
            self._say(judge_drift(rule, heard, now, speaker))

    def readings(self, writes: Sequence[Write], now: Instant) -> None:
        """What the rules say of readings that have become durable."""
        relevant = self._relevant
        for write in writes:
            for fact in write.facts:
                if fact.code in relevant and isinstance(fact, Observation):
                    self._reading(write.subject, fact, now)

    def silences(self, now: Instant) -> None:
        """Streams that have fallen silent.  Each is looked at again when it is next due."""
        while self._due and self._due[0][0] <= now:
            _, subject, rule_name = heapq.heappop(self._due)
            rule = self._rules.get(rule_name)
            if rule is None or (subject, rule_name) not in self._last:
                continue
            n, last = self._last[subject, rule_name]
            limit = round(rule.silence_minutes * MINUTE)
            if now - last <= limit:
                heapq.heappush(self._due, (last + limit + 1, subject, rule_name))
                continue
            del self._last[subject, rule_name]
            if n >= rule.stream:
                self._say(judge_silence(rule, subject, last, now))

    def _say(self, finding: Finding | None) -> None:
        if finding is not None and (finding.holds or self._is_open((finding.rule, finding.subject, finding.twin))):
            self._hear(finding)

    def _reading(self, subject: str, fact: Observation, now: Instant) -> None:
        self.heard.add(subject)
        rule = self._streams.get(fact.code)
        if rule is not None:
            self._stream(rule, subject, fact.at, now)
        value = fact.value.value if isinstance(fact.value, Exact) else None
        for rule, low, high in self._bands_of(fact.code, fact.unit):
            if value is not None and low < value < high and not self._is_open((rule.name, subject, "")):
                continue
            if now - fact.at <= round(rule.expire_minutes * MINUTE):  # news of long ago calls nobody
                self._say(judge_reading(rule, fact, subject))

    def _stream(self, rule: Rule, subject: str, at: Instant, now: Instant) -> None:
        limit = round(rule.silence_minutes * MINUTE)
        if now - at > limit:
            return
        key = subject, rule.name
        known = self._last.get(key)
        if known is None:
            heapq.heappush(self._due, (at + limit + 1, subject, rule.name))
            self._say(judge_silence(rule, subject, at, now))
        n, last = known or (0, at)
        self._last[key] = n + 1, max(last, at)

    def _bands_of(self, code: str, unit: str) -> list[Band]:
        """The reading rules of a code, with the values that mean nothing to them in this unit."""
        bands = self._bands.get((code, unit))
        if bands is None:
            bands = self._bands[code, unit] = [
                band for rule in self._rules.of("reading") if code in rule.codes for band in _band(rule, unit)
            ]
        return bands


def _band(rule: Rule, unit: str) -> list[Band]:
    try:
        limit = convert(rule.limit, rule.unit, unit, rule.analyte)
    except UnitError:
        return []
    return [(rule, limit, inf) if rule.side in ("below", "at-most") else (rule, -inf, limit)]


def rows_of(news: ForecastNews, observable: str) -> list[Row]:
    """What a forecast says of an observable at each of its horizons."""
    table, issued = news.quantiles.get(observable), news.issued
    if table is None:
        return []
    unit = news.units[observable]
    return [
        Row(observable=observable, unit=unit, target=issued + m * MINUTE, levels=LEVELS, values=tuple(values))
        for m, values in zip(news.minutes, table, strict=True)
    ]


def present_of(news: ForecastNews, observable: str) -> list[Row]:
    """What a twin believes of an observable now."""
    told = news.now.get(observable)
    if told is None:
        return []
    mean, low, high = told
    unit = news.units[observable]
    return [Row(observable=observable, unit=unit, target=news.issued, levels=PRESENT, values=(low, mean, high))]
