"""What a twin's forecast means on the overview: which way it goes, which limit it is likeliest to pass, and when.

Limits are those of the alert rules; nothing here knows a limit of its own.  The trend is told against the forecast's
own spread: the change of the median within the first step ahead, in half-widths of the 90 % band there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..core.clock import MINUTE
from ..core.errors import UnitError
from ..core.ledger import LEVELS
from ..core.units import convert
from .alerts.ears import PRESENT
from .alerts.judge import Row, judge_rows, probability
from .alerts.rules import Rule

__all__ = ["Coming", "Outlook", "Risk", "outlook_of"]

SLIGHT, STRONG = 0.35, 1.0
"""Changes in half-widths of the 90 % band from which a trend is told, and told as fast."""
LIKELY: Final = 0.5
"""Probability from which something is expected."""
LOW, QUARTER, MIDDLE, UPPER, HIGH = (LEVELS.index(q) for q in (0.05, 0.25, 0.5, 0.75, 0.95))


@dataclass(frozen=True, slots=True)
class Risk:
    """The rule nearest to calling: its place among the rules, the probability, and how far ahead [min]."""

    rule: int
    probability: float
    minutes: float


@dataclass(frozen=True, slots=True)
class Coming:
    """What is expected next: the rule whose limit is passed, in how many minutes, how probably it has been by then."""

    rule: int
    minutes: float
    probability: float


@dataclass(frozen=True, slots=True)
class Outlook:
    """A forecast, as the overview tells it.

    `now`: mean, 5 % and 95 % of the value at the forecast's present; `ahead`: minutes, 5 %, 50 %, 95 % of a reading;
    `trend` from -2 (falls fast) to 2 (rises fast).
    """

    observable: str
    unit: str
    now: tuple[float, float, float]
    trend: int
    ahead: tuple[tuple[float, float, float, float], ...]
    risk: Risk | None
    coming: Coming | None


def outlook_of(
    rules: Sequence[Rule], rows: Sequence[Row], now: Sequence[float], issued: int
) -> Outlook:  # fmt: skip
    """The outlook of one observable, from its quantiles at `LEVELS` at each horizon (`rows`, at least one, in order of
    time), and from mean, 5 % and 95 % of the present."""
    ahead = tuple(
        ((row.target - issued) / MINUTE, row.values[LOW], row.values[MIDDLE], row.values[HIGH]) for row in rows
    )
    name = rows[0].observable
    present = Row(observable=name, unit=rows[0].unit, target=issued, levels=PRESENT, values=(now[1], now[0], now[2]))
    own = [(k, rule) for k, rule in enumerate(rules) if rule.kind == "forecast" and rule.observable == name]
    return Outlook(
        observable=rows[0].observable, unit=rows[0].unit, now=(now[0], now[1], now[2]), trend=_trend(now[0], ahead[0]),
        ahead=ahead, risk=_risk(own, rows, issued), coming=_coming(own, [present, *rows], issued),
    )  # fmt: skip


def _trend(now: float, first: tuple[float, float, float, float]) -> int:
    _, low, middle, high = first
    half = (high - low) / 2.0
    change = (middle - now) / half if half > 0 else 0.0
    size = 2 if abs(change) >= STRONG else 1 if abs(change) >= SLIGHT else 0
    return size if change > 0 else -size


def _risk(rules: Sequence[tuple[int, Rule]], rows: Sequence[Row], issued: int) -> Risk | None:
    """The rule whose probability is the largest part of what it calls at."""
    best: tuple[float, Risk] | None = None
    for k, rule in rules:
        try:
            found = judge_rows(rule, rows, issued)
        except UnitError:
            continue
        if found is None:
            continue
        part = found[0] / max(rule.probability, 1e-6)
        if best is None or part > best[0]:
            best = part, Risk(k, found[0], (found[1].target - issued) / MINUTE)
    return None if best is None else best[1]


def _coming(rules: Sequence[tuple[int, Rule]], rows: Sequence[Row], issued: int) -> Coming | None:
    """The limit that is passed first, more likely than not, `rows` beginning with the present; None where none is."""
    found: list[Coming] = []
    for k, rule in rules:
        try:
            limit = convert(rule.limit, rule.unit, rows[0].unit, rule.analyte)
        except UnitError:
            continue
        chances = [probability(rule.side, limit, row.levels, row.values) for row in rows]
        when = _first(chances, [(row.target - issued) / MINUTE for row in rows])
        if when is not None:
            found.append(Coming(k, when, max(chances)))
    return min(found, key=lambda one: (one.minutes, -one.probability), default=None)


def _first(chances: Sequence[float], minutes: Sequence[float]) -> float | None:
    """When the probability first reaches `LIKELY`, on straight lines between the horizons."""
    for k, chance in enumerate(chances):
        if chance >= LIKELY:
            if k == 0:
                return minutes[0]
            share = (LIKELY - chances[k - 1]) / (chance - chances[k - 1])
            return minutes[k - 1] + share * (minutes[k] - minutes[k - 1])
    return None
