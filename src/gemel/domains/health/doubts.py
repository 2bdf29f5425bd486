"""What may be wrong in the last hours of a diabetes diary, and a belief that leaves room for it.

Versions of the last two hours are weighed against the sensor's readings (`verbs.weigh`): as recorded; with a meal that
nobody wrote down, at each quarter of an hour and of several sizes; with a logged meal that was half or double, eaten
earlier or later, or not at all.  One error at a time.  The members of the belief are then drawn from all versions, so
that a forecast already holds the meal that is likely, and how likely it is.

How common errors are is assumed (meals: four a day, as logged by the four subjects of T1D-UOM; sizes: their median,
and half and double; what the diary lacks of four, and at least one in five, is not told); what the readings say
decides.  Insulin entries are taken as true.
Needs a model whose carbohydrate acts as in the body (`replaybg`, not `replaybg-everyday`).

`silences` are the times when the sensor told nothing: the belief widens over them by itself, and a forecast says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log
from typing import Final

from msgspec.structs import replace

from ...core.clock import DAY, HOUR, MINUTE, text
from ...core.fact import Fact, Instant, Intervention
from ...core.quantity import Constant, Source
from ...core.twin import Twin
from ...verbs.weigh import Version, Weighed, weigh
from .compression import doubted as with_doubt
from .sensor_grid import GLUCOSE_CODE

__all__ = ["BACK", "Doubt", "Doubted", "doubts", "silences", "untold", "versions"]

CARBS: Final = "gemel:carbohydrate"
BACK: Instant = 2 * HOUR
"""How far back the diary is doubted: as long as a meal still tells by the rise it makes."""
SLOT: Instant = 15 * MINUTE  # structure: how finely the time of a meal is told
LOGS: Final = Source("doi:10.5281/zenodo.15196914", "logs of 2301, 2309, 2314, 2401: how many, and their median")
ASSUMED: Final = Source("gemel:assumption", "how common errors of a diary are")
MEALS: Final = Constant(4.0, "/d", LOGS)
SIZE: Final = Constant(40.0, "g", LOGS)
SMALL: Final = Constant(5.0, "g", Source("gemel:assumption", "less is no meal"))
UNTOLD: Final = Constant(0.2, "1", ASSUMED)
"""Share of meals that nobody writes down."""
WRONG: Final = Constant(0.2, "1", ASSUMED)
"""Share of entries that are wrong by half or more, or by half an hour or more."""
FACTORS: Final = (0.0, 0.5, 2.0)
SHIFTS: Final = (-60, -30, 30)
"""Minutes by which a meal may have been eaten before (-) or after it was logged."""
SHOWN = 0.2  # structure: what is worth telling
"""Probability from which on a doubt is told."""
SILENT: Instant = 30 * MINUTE  # structure: two readings of the slower sensors
"""How long a sensor that stores a reading every 5 or 15 min may say nothing before it is told."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something that may be wrong: what, when, how likely, and what it would be (g of carbohydrate)."""

    kind: str
    at: Instant
    probability: float
    grams: float

    def reason(self, zone: str) -> str:
        """In words."""
        when = text(self.at, zone)[11:16]
        return f"{self.kind}, about {self.grams:.0f} g at {when} ({self.probability:.0%})"


@dataclass(frozen=True, slots=True)
class Doubted:
    """The twin at its present, having weighed what may be wrong; the doubts worth telling, and reasons in words."""

    twin: Twin
    doubts: tuple[Doubt, ...]
    reasons: tuple[str, ...]


def untold(facts: Sequence[Fact], now: Instant, *, back: Instant = 7 * DAY) -> float:
    """How many meals a day [/d] this person seems not to write down: what the diary of the days before `now` lacks of
    the usual number, and at least the usual share."""
    seen = [f for f in facts if now - back <= f.at <= now]
    days = max((now - min((f.at for f in seen), default=now)) / DAY, 1.0)
    logged = (
        sum(f.code == CARBS and isinstance(f, Intervention) and (f.dose or 0.0) >= SMALL.value for f in seen) / days
    )
    return max(MEALS.value - logged, UNTOLD.value * MEALS.value)


def doubts(twin: Twin, facts: Sequence[Fact], *, until: Instant, rate: float = UNTOLD.value * MEALS.value) -> Doubted:
    """Take in the facts of the last hours (later than the twin's present, up to `until`) with doubt; `rate` [/d] is how
    many meals are not written down (`untold`).

    Sensor readings that may have been attenuated are taken with a larger error first.  Raises as `weigh` does.
    """
    zone = twin.subject.zone
    taken, stretches = with_doubt(facts, zone)
    named = dict(versions((twin.now, until), [f for f in taken if f.at <= until], rate))
    weighed = weigh(twin, [version for _, version in named.values()], until=until)
    told = _told(weighed, [doubt for doubt, _ in named.values()])
    reasons = [doubt.reason(zone) for doubt in told] + [one.reason for one in stretches]
    return Doubted(weighed.twin, tuple(told), tuple(reasons))


def silences(facts: Sequence[Fact], now: Instant, *, back: Instant = DAY) -> list[str]:
    """In words, how long the sensor has said nothing up to `now`, and in the time before that; empty where it has not
    been silent.  Facts later than `now` are not looked at."""
    seen = sorted({f.at for f in facts if f.code == GLUCOSE_CODE and now - back <= f.at <= now})
    if not seen:
        return [f"no sensor reading in the last {back / HOUR:.0f} h: the forecast rests on the diary alone"]
    told: list[str] = []
    if now - seen[-1] > SILENT:
        told.append(f"the newest sensor reading is {(now - seen[-1]) / MINUTE:.0f} min old: the band is wider for it")
    gaps = [b - a for a, b in pairwise(seen) if b - a > SILENT]
    if gaps:
        many = f"{len(gaps)} times" if len(gaps) > 1 else "once"
        told.append(f"the sensor was silent {many} in the last {back / HOUR:.0f} h, {sum(gaps) / HOUR:.1f} h together")
    return told


Named = tuple[str, tuple[Doubt | None, Version]]


def versions(span: tuple[Instant, Instant], facts: Sequence[Fact], rate: float) -> Iterator[Named]:
    """By name each version within the span and the doubt it stands for (None: the diary is right); `rate` as above.

    An entry of the last instant has not acted yet: it is not doubted.
    """
    known = tuple(facts)
    yield "as recorded", (None, Version("as recorded", 0.0, known))
    per_slot = rate * SLOT / DAY
    sizes = (0.5 * SIZE.value, SIZE.value, 2.0 * SIZE.value)
    for at in range(*span, SLOT):
        for grams in sizes:
            doubt = Doubt("a meal nobody wrote down", at, 0.0, grams)
            yield _version(doubt, per_slot / len(sizes), (*known, _meal(at, grams)))
    for meal in (f for f in known if isinstance(f, Intervention) and f.code == CARBS and f.dose):
        if meal.at < span[1]:
            yield from _of_entry(meal, known, span)


def _of_entry(meal: Intervention, known: tuple[Fact, ...], span: tuple[Instant, Instant]) -> Iterator[Named]:
    """An entry that is wrong in amount or in time."""
    assert meal.dose is not None  # chosen so
    rest = tuple(f for f in known if f is not meal)
    share = WRONG.value / (len(FACTORS) + len(SHIFTS))
    for factor in FACTORS:
        grams = factor * meal.dose
        doubt = Doubt("a logged meal of another size" if factor else "a logged meal not eaten", meal.at, 0.0, grams)
        yield _version(doubt, share, (*rest, replace(meal, dose=grams)) if factor else rest)
    for minutes in SHIFTS:
        at = meal.at + minutes * MINUTE
        if span[0] <= at < span[1]:
            doubt = Doubt("a meal logged late" if minutes < 0 else "a meal logged early", at, 0.0, meal.dose)
            yield _version(doubt, share, (*rest, replace(meal, at=at)))


def _version(doubt: Doubt, prior: float, facts: tuple[Fact, ...]) -> Named:
    name = f"{doubt.kind} at {doubt.at}: {doubt.grams:g} g"
    return name, (doubt, Version(name, log(prior), facts))


def _meal(at: Instant, grams: float) -> Intervention:
    return Intervention(id="untold", code=CARBS, at=at, recorded=at, unit="g", dose=grams)


def _told(weighed: Weighed, given: Sequence[Doubt | None]) -> list[Doubt]:
    """Doubts of a kind together: their probability, and the time and size that they come to on average."""
    kinds: dict[str, list[tuple[Doubt, float]]] = {}
    for doubt, p in zip(given, weighed.probability.tolist(), strict=True):
        if doubt is not None:
            kinds.setdefault(doubt.kind, []).append((doubt, p))
    found: list[Doubt] = []
    for kind, parts in kinds.items():
        total = sum(p for _, p in parts)
        if total >= SHOWN:
            at = parts[0][0].at + round(sum(p * (d.at - parts[0][0].at) for d, p in parts) / total)
            found.append(Doubt(kind, at, total, sum(p * d.grams for d, p in parts) / total))
    return sorted(found, key=lambda doubt: -doubt.probability)
