"""One subject's rolling forecasts of one observable beside baselines on the same points: what `validate` pools.

The first part of the record teaches the twin and the baselines; from then on the twin goes on learning and forecasts at
readings that lie at least `every` apart.  The truth of a forecast is the reading nearest its target, within half a
typical gap between readings.  All are scored on the same points: those with a truth, where every baseline can be made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, Int

from ..core.array import Array
from ..core.clock import DAY, HOUR, MINUTE, local_clock
from ..core.errors import CapabilityError, TimelineError
from ..core.fact import Count, Exact, Fact, Instant, Intervention, Observation
from ..core.forecast import Forecast
from ..core.moments import nearest, typical_gap
from ..core.quantity import Quantity
from ..core.subject import Subject
from ..core.timeline import Timeline
from ..core.twin import Twin
from ..core.units import convert
from .baselines import baselines, dressed
from .rolling import Asked, roll
from .score import Scored, of_ensemble, of_forecasts, of_point

__all__ = ["Cases", "Event", "Question", "SubjectCases", "cases_of"]

LAGS = 12
"""Readings that a baseline may look back on."""
AFTER_ACT = 3 * HOUR
LEAST = 10
"""Fewest readings in the training part and in the rest."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that can be so at the target: the reading lies below `low` or above `high` [observable's unit]."""

    name: str
    low: float = -np.inf
    high: float = np.inf

    def of(self, values: Float[Array, "..."]) -> Bool[Array, "..."]:
        """Where it is so."""
        return (np.asarray(values) < self.low) | (np.asarray(values) > self.high)


@dataclass(frozen=True, slots=True)
class Question:
    """What is validated: an observable by name, horizons [us], the part of the record that teaches, how far apart
    forecasts are issued [us], and events whose probabilities are checked."""

    observable: str
    ahead: tuple[Instant, ...] = (30 * MINUTE, 60 * MINUTE, 120 * MINUTE)
    train: float = 0.5
    every: Instant = 15 * MINUTE
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Cases:
    """Forecasts at one horizon: scored by forecaster, the probability and outcome of each event, and labels by which
    they can be grouped."""

    scored: Mapping[str, Scored]
    events: Mapping[str, tuple[Float[Array, "n"], Bool[Array, "n"]]]
    labels: Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class SubjectCases:
    """One subject's cases by horizon [us]; `labels` say what kind of person it is (sex, age group, ward)."""

    subject: str
    unit: str
    cases: Mapping[Instant, Cases]
    restarts: int
    labels: Mapping[str, str] = field(default_factory=dict[str, str])


def cases_of(
    begin: Callable[[Instant], Twin],
    facts: Sequence[Fact],
    question: Question,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> SubjectCases:
    """Roll one subject's record; `begin` makes a twin of the subject that stands at an instant.

    Raises TimelineError for a record with too few readings of the observable.
    """
    first = begin(min((f.at for f in facts), default=0))
    quantity = next((q for q in first.model.observables if q.name == question.observable), None)
    if quantity is None:
        raise CapabilityError(f"'{first.model.card.title}' does not read '{question.observable}'")
    subject, held = first.subject, list(Timeline(first.subject, tuple(facts)))
    times, values = _readings(quantity, held)
    split = _split(times, question, subject)
    chosen = _origins(times, split, question.every)
    days = range(int(times[0]), split, DAY)
    rolled = roll(begin, held, Asked.plain([int(times[i]) for i in chosen], question.ahead, [*days]), progress)
    issued = rolled.forecasts["as is"]
    kept = np.array([i for i in chosen if int(times[i]) in issued], dtype=np.int64)
    record = _Record(subject, times, values, _typical_gap(times), split)
    acts = np.array(sorted(f.at for f in held if isinstance(f, Intervention) and f.dose is not None), dtype=np.int64)
    found: dict[Instant, Cases] = {}
    for j, ahead in enumerate(sorted(question.ahead)):
        truth = record.truth(ahead)
        others = record.baselines(ahead, truth)
        known = np.all(np.isfinite(np.stack([truth, *(own.mean_error for own in others.values())])), axis=0)
        use = kept[np.asarray(known)[kept]]
        made = [issued[int(times[i])] for i in use]
        block = (times[use] - int(times[0])) // DAY
        scored = {"twin": of_forecasts(made, quantity.name, j, truth[use], block)}
        scored |= {name: own.take(use) for name, own in others.items()}
        events = {e.name: (_probability(e, made, quantity.name, j), e.of(truth[use])) for e in question.events}
        found[ahead] = Cases(scored, events, _labels(times[use], subject, acts))
    return SubjectCases(subject.id, quantity.unit, found, rolled.restarts)


def _probability(event: Event, made: Sequence[Forecast], observable: str, j: int) -> Float[Array, "n"]:
    """What each forecast says of an event at its output j."""
    return np.array([f.probability(event.of(f.readings[:, j, f.column(observable)])) for f in made])


@dataclass(frozen=True, slots=True)
class _Record:
    """All readings of the observable, and where the training part ends."""

    subject: Subject
    times: Int[Array, "n"]
    values: Float[Array, "n"]
    gap: Instant
    split: Instant

    def truth(self, ahead: Instant) -> Float[Array, "n"]:
        """The reading nearest to each reading's target, within half a gap of it; NaN where there is none."""
        return nearest(self.times, self.values, np.asarray(self.times) + ahead, np.array([self.gap // 2]))

    def past(self) -> Float[Array, "n l"]:
        """The last `LAGS` readings at each reading, newest first; NaN further back than so many gaps and a half."""
        times = np.asarray(self.times)
        index = np.arange(times.shape[0])[:, None] - np.arange(LAGS)
        age = times[:, None] - times[np.maximum(index, 0)]
        near = (index >= 0) & (age <= (np.arange(LAGS) + 0.5) * self.gap)
        return np.where(near, np.asarray(self.values)[np.maximum(index, 0)], np.nan)

    def baselines(self, ahead: Instant, truth: Float[Array, "n"]) -> dict[str, Scored]:
        """Every baseline that can be made at all, scored at every reading, as a distribution where the training part
        tells its errors."""
        target = np.asarray(self.times) + ahead
        train, block = target < self.split, (np.asarray(self.times) - int(self.times[0])) // DAY
        guesses = baselines(self.past(), _hour(target, self.subject), truth, train, ahead / self.gap)
        found: dict[str, Scored] = {}
        for name, guess in guesses.items():
            if not np.isfinite(guess).any():
                continue
            spread = dressed(guess, truth, train)
            if spread is None:
                found[name] = of_point(guess, truth, block)
            else:
                found[name] = of_ensemble(spread, np.ones(spread.shape[0]), truth, block)
        return found


def _readings(quantity: Quantity, facts: Sequence[Fact]) -> tuple[Int[Array, "n"], Float[Array, "n"]]:
    """Instants and values of the observable's readings that are numbers, one an instant."""
    found: dict[Instant, float] = {}
    for fact in facts:
        if not isinstance(fact, Observation) or fact.code not in (*quantity.codes, quantity.name):
            continue
        if isinstance(fact.value, Exact):
            found[fact.at] = float(convert(fact.value.value, fact.unit, quantity.unit, quantity.analyte))
        elif isinstance(fact.value, Count):
            found[fact.at] = float(fact.value.n)
    return np.array(list(found), dtype=np.int64), np.array(list(found.values()), dtype=np.float64)


def _split(times: Int[Array, "n"], question: Question, subject: Subject) -> Instant:
    """The instant that parts the record."""
    if times.shape[0] >= 2 * LEAST:
        split = int(times[0] + question.train * (times[-1] - times[0]))
        if min(int(np.sum(times < split)), int(np.sum(times >= split))) >= LEAST:
            return split
    raise TimelineError(
        f"subject '{subject.id}' has {times.shape[0]} readings of '{question.observable}': at least {LEAST} are needed "
        "before and after the split"
    )


def _typical_gap(times: Int[Array, "n"]) -> Instant:
    """The gap in which a typical moment of the record lies; a pause of more than a day counts as a day."""
    return max(1, typical_gap(np.minimum(np.diff(np.asarray(times)), DAY)))


def _origins(times: Int[Array, "n"], split: Instant, every: Instant) -> list[int]:
    """Readings after the split, at least `every` apart."""
    chosen: list[int] = []
    for i in np.flatnonzero(np.asarray(times) >= split):
        if not chosen or times[i] - times[chosen[-1]] >= every:
            chosen.append(int(i))
    return chosen


def _hour(times: Int[Array, "n"], subject: Subject) -> Float[Array, "n"]:
    return local_clock([int(t) for t in times], subject.zone, subject.holidays)[:, 0]


def _labels(times: Int[Array, "n"], subject: Subject, acts: Int[Array, "a"]) -> dict[str, Array]:
    """Time of day at issue, and whether a dose was given in the three hours before."""
    names = np.array(["night", "morning", "afternoon", "evening"])
    hour = _hour(times, subject) if times.shape[0] else np.zeros(0)
    found: dict[str, Array] = {"time of day": names[(hour // 6).astype(int) % 4]}
    if acts.shape[0]:
        last = np.searchsorted(acts, times, side="right") - 1
        recent = (last >= 0) & (times - acts[np.maximum(last, 0)] < AFTER_ACT)
        found["after a dose"] = np.where(recent, "within 3 h", "later")
    return found
