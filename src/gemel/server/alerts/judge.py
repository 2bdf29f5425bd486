"""Whether a rule holds, and how surely: pure functions of quantiles and readings.

A forecast tells quantiles x_1 <= ... <= x_n, at levels q_1 < ... < q_n, of what a sensor would read.  Then

    P(X < x) = q_k + (q_(k+1) - q_k) (x - x_k) / (x_(k+1) - x_k)    for x_k <= x <= x_(k+1),

and beyond the ends, where nothing is told, the least that it can be: 0 below x_1 and q_n above x_n; P(X > x) likewise.
A rule over a window is judged by the horizon at which it is likeliest, which is no more than the probability that the
limit is passed at some time in the window.  So an alert is never surer than the forecast was.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from math import isfinite, isnan

import msgspec

from ...core.clock import MINUTE
from ...core.errors import UnitError
from ...core.fact import Instant, Observation, Status, bounds
from ...core.units import convert
from .rules import Rule

__all__ = [
    "Finding",
    "Row",
    "Speaker",
    "judge_drift",
    "judge_forecast",
    "judge_reading",
    "judge_rows",
    "judge_silence",
    "probability",
]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of an observable at one instant: `values` [unit] at the quantile `levels`, both rising."""

    observable: str
    unit: str
    target: Instant
    levels: tuple[float, ...]
    values: tuple[float, ...]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule says of a subject or of one of its twins.

    `holds`: it calls; `over`: it ends an alert.  Between the two an open alert stays and none begins.  `strength` is a
    probability, or 1 and 0 for a rule that is not about chance.  `silent`: the model may not speak here.  `evidence`
    is what was judged, in numbers.
    """

    rule: str
    subject: str
    at: Instant
    holds: bool
    over: bool
    strength: float
    reason: str
    twin: str = ""
    model: str = ""
    evidence: dict[str, float | str] = {}
    silent: bool = False


class Speaker(msgspec.Struct, frozen=True, kw_only=True):
    """Of whom is spoken, by which twin of which model, and whether that may speak here."""

    subject: str
    twin: str
    model: str
    silent: bool = False


def probability(side: str, limit: float, levels: Sequence[float], values: Sequence[float]) -> float:
    """The least probability of a value on this side ('below', 'at-most', 'above', 'at-least') of a limit."""
    if side in ("above", "at-least"):
        levels, values, limit = [1.0 - q for q in reversed(levels)], [-x for x in reversed(values)], -limit
    strict = side in ("below", "above")
    if not values or limit < values[0]:
        return 0.0
    if limit >= values[-1]:
        first = bisect_left(values, limit)
        return levels[first] if strict and first < len(values) else levels[-1]
    after = bisect_right(values, limit)
    at = bisect_left(values, limit)
    if at < after:  # the limit is itself a quantile: of several at one value the first for '<', the last for '<='
        return levels[at] if strict else levels[after - 1]
    share = (limit - values[at - 1]) / (values[at] - values[at - 1])
    return levels[at - 1] + share * (levels[at] - levels[at - 1])


def judge_rows(rule: Rule, rows: Sequence[Row], issued: Instant) -> tuple[float, Row] | None:
    """How likely a rule of kind 'forecast' or 'belief' holds, and by which row; None where no row is about it."""
    best: tuple[float, Row] | None = None
    for row in rows:
        if row.observable != rule.observable or not 0 <= row.target - issued <= rule.within:
            continue
        limit = rule.limit if row.unit == rule.unit else convert(rule.limit, rule.unit, row.unit, rule.analyte)
        chance = probability(rule.side, limit, row.levels, row.values)
        if best is None or chance > best[0]:
            best = chance, row
    return best


def judge_forecast(rule: Rule, rows: Sequence[Row], issued: Instant, speaker: Speaker) -> Finding | None:
    """What a rule of kind 'forecast' or 'belief' says; None where no row is about it."""
    found = judge_rows(rule, rows, issued)
    if found is None:
        return None
    chance, row = found
    ahead = (row.target - issued) / MINUTE
    when = f"in {ahead:.0f} min" if ahead > 0 else "now"
    middle = row.values[bisect_left(row.levels, 0.5)]
    return Finding(
        rule=rule.name, subject=speaker.subject, twin=speaker.twin, model=speaker.model, silent=speaker.silent,
        at=issued, holds=chance >= rule.probability, over=chance <= rule.clear, strength=chance,
        reason=f"P({rule.observable} {rule.words} {when}) = {chance:.0%}; median {middle:.0f} {row.unit}, "
        f"{row.levels[0]:.0%} to {row.levels[-1]:.0%} quantile {row.values[0]:.0f} to {row.values[-1]:.0f}",
        evidence={"probability": chance, "horizon_minutes": ahead, "median": middle, "low": row.values[0],
                  "low_level": row.levels[0], "high": row.values[-1], "high_level": row.levels[-1], "unit": row.unit,
                  "target": row.target},
    )  # fmt: skip


def judge_reading(rule: Rule, fact: Observation, subject: str) -> Finding | None:
    """What a rule of kind 'reading' says of a reading; None for another code, a withdrawn value or a wrong unit.

    Of a value known only as an interval all must lie beyond the limit to call, and all back from it to end.
    """
    if fact.code not in rule.codes or fact.status in (Status.ENTERED_IN_ERROR, Status.ORDERED):
        return None
    try:
        ends = [convert(end, fact.unit, rule.unit, rule.analyte) for end in bounds(fact.value)]
    except UnitError:
        return None
    if any(isnan(end) for end in ends):
        return None
    near, far = sorted(ends, reverse=rule.side in ("below", "at-most"))  # `near`: the end least beyond the limit
    holds, over = rule.beyond(near), not rule.beyond(far, rule.margin)
    shown = near if isfinite(near) else far
    return Finding(
        rule=rule.name, subject=subject, at=fact.at, holds=holds, over=over, strength=float(holds),
        reason=f"{shown:g} {rule.unit} is {rule.words}" if holds else f"{shown:g} {rule.unit} is not {rule.words}",
        evidence={"value": shown, "unit": rule.unit, "code": fact.code, "fact": fact.id},
    )  # fmt: skip


def judge_silence(rule: Rule, subject: str, last: Instant, now: Instant) -> Finding:
    """What a rule of kind 'silence' says of a subject whose last reading was made at `last`."""
    minutes = (now - last) / MINUTE
    quiet = minutes > rule.silence_minutes
    return Finding(
        rule=rule.name, subject=subject, at=now, holds=quiet, over=not quiet, strength=float(quiet),
        reason=f"no reading for {minutes:.0f} min" if quiet else "readings come again",
        evidence={"minutes": minutes, "last": last},
    )  # fmt: skip


def judge_drift(rule: Rule, heard: Mapping[str, str], at: Instant, speaker: Speaker) -> Finding:
    """What a rule of kind 'drift' says of a twin whose ringing alarms are `heard`, by observable."""
    words = heard.get(rule.observable, "")
    return Finding(
        rule=rule.name, subject=speaker.subject, twin=speaker.twin, model=speaker.model, at=at, holds=bool(words),
        over=not words, strength=float(bool(words)), reason=words or "the drift alarm has been closed",
    )  # fmt: skip
