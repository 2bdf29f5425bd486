"""What facts mean to a twin: changes of input, readings, facts that set state, covariates; and when to stop and look.

An ordinal reading (`Level`) of a quantity with levels says that the truth plus its error lies in the level's interval:
ordered probit under normal noise (McCullagh 1980, doi:10.1111/j.2517-6161.1980.tb01109.x).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from ..core.array import Array
from ..core.belief import Belief
from ..core.clock import text
from ..core.drive import Drive, InputEvent, cut, input_events, stack
from ..core.errors import SupportError, TimelineError, UnitError
from ..core.fact import Asset, Count, Exact, Fact, Instant, Intervention, Level, Observation, bounds
from ..core.model import AbsorbFacts, Absorbs, Window
from ..core.quantity import Quantity
from ..core.timeline import Timeline
from ..core.twin import Cursor, Twin
from ..core.units import convert
from .batch import epoch_grid

__all__ = ["News", "known", "moved", "read", "window_of"]


@dataclass(slots=True)
class News:
    """What a set of facts means to one twin: `readings` are (instant, observable, low, high, instrument sd), `settings`
    (instant, absorbed quantity, value, entity); `moments` are when to stop and look."""

    start: Instant
    end: Instant
    events: list[InputEvent]
    readings: list[tuple[Instant, int, float, float, float]]
    settings: list[tuple[Instant, int, float, str | None]]
    covariates: dict[int, float]
    moments: list[Instant]
    used: int


def read(twin: Twin, facts: Sequence[Fact], until: Instant | None, also: Sequence[Instant] = ()) -> News:
    """Facts by what they do: set inputs, are read, set state, or say a covariate; `also` are instants to stop at.

    Raises TimelineError for a fact or stop outside the time from the twin's present to `until` (default: the last
    fact), SupportError for an impossible value, UnitError for a unit that does not convert.
    """
    held = list(Timeline(twin.subject, tuple(facts)))
    for fact in held:
        if fact.at < twin.now:
            raise TimelineError(
                f"fact {fact.id} ({fact.code}) happened at {text(fact.at, twin.subject.zone)}, before the twin's "
                f"present {text(twin.now, twin.subject.zone)}: replay it from a checkpoint with gemel.runtime"
            )
    model = twin.model
    acts = [f for f in held if isinstance(f, Intervention)]
    events, unknown = input_events(model.inputs, acts, np.array(twin.cursor.rates), twin.cursor.pending)
    by_reading = {code: (i, q) for i, q in enumerate(model.observables) for code in (*q.codes, q.name)}
    by_covariate = _by_code(model.covariates)
    absorbs = model.absorbs if isinstance(model, Absorbs) else ()
    setters = {code: (i, q) for i, q in enumerate(absorbs) for code in (*q.codes, q.name)}
    end = max([twin.now, *(f.at for f in held)]) if until is None else until
    if end < max([twin.now, *(f.at for f in held)]):
        raise TimelineError(f"'until' {text(end)} lies before the last fact or the twin's present")
    news = News(twin.now, end, events, [], [], {}, [], len(acts) - len(unknown))
    for fact in held:
        if not isinstance(fact, Observation):
            continue
        if fact.code in setters:
            i, q = setters[fact.code]
            news.settings.append((fact.at, i, _canonical(fact, q)[0], fact.entity))
        elif fact.code in by_reading:
            i, q = by_reading[fact.code]
            news.readings.append((fact.at, i, *_interval(fact, q), _instrument(fact, q)))
        elif fact.code in by_covariate:
            news.covariates |= {i: _number(fact, q) for i, q in by_covariate[fact.code]}
        else:
            continue
        news.used += 1
    if any(not twin.now <= at <= end for at in also):
        raise TimelineError(
            f"a stop lies outside {text(twin.now, twin.subject.zone)} to {text(end, twin.subject.zone)}"
        )
    news.moments = _moments(news, also)
    return news


def _by_code(quantities: Sequence[Quantity]) -> dict[str, list[tuple[int, Quantity]]]:
    """The quantities that accept each code: in a coupling several parts may know one covariate."""
    table: dict[str, list[tuple[int, Quantity]]] = {}
    for i, q in enumerate(quantities):
        for code in {*q.codes, q.name}:
            table.setdefault(code, []).append((i, q))
    return table


def _moments(news: News, also: Sequence[Instant]) -> list[Instant]:
    """When to stop and look: once for each fact read or absorbed, more often where one observable was read more than
    once at one instant, at the end, and where asked to."""
    repeats: Counter[Instant] = Counter()
    often = Counter((at, i) for at, i, *_ in news.readings)
    for (at, _), n in often.items():
        repeats[at] = max(repeats[at], n)
    for at in (*(at for at, *_ in news.settings), *also):
        repeats[at] = max(repeats[at], 1)
    if news.end > news.start:
        repeats[news.end] = max(repeats[news.end], 1)
    return sorted(repeats.elements())


def _interval(fact: Observation, quantity: Quantity) -> tuple[float, float]:
    """The interval in which a reading says the observable lies: of a level, the level's own."""
    if isinstance(fact.value, Level):
        return quantity.level(fact.value.name, fact.id)
    if isinstance(fact.value, Asset):
        raise SupportError(f"'{quantity.name}' is read as a number, got an asset ({fact.id})")
    return _canonical(fact, quantity)


def _number(fact: Observation, quantity: Quantity) -> float:
    """A covariate's value."""
    if isinstance(fact.value, Level | Asset):
        raise SupportError(f"'{quantity.name}' is told as a number [{quantity.unit}], got {fact.value} ({fact.id})")
    return _canonical(fact, quantity)[0]


def _canonical(fact: Observation, quantity: Quantity) -> tuple[float, float]:
    """The reading's interval in the quantity's unit, checked against its support."""
    low, high = bounds(fact.value)
    if isinstance(fact.value, Count):
        return low, high
    try:
        low, high = (
            float(convert(v, fact.unit, quantity.unit, analyte=quantity.analyte)) if np.isfinite(v) else v
            for v in (low, high)
        )
    except UnitError as error:
        raise UnitError(f"'{quantity.name}' expects {quantity.unit}, got '{fact.unit}' ({fact.id}): {error}") from error
    if isinstance(fact.value, Exact):
        quantity.check(low, fact.id)
    return low, high


def _instrument(fact: Observation, quantity: Quantity) -> float:
    """The instrument's own sd in the quantity's unit; NaN where the fact does not say."""
    if fact.sd is None:
        return float("nan")
    return float(convert(fact.sd, fact.unit, quantity.unit, analyte=quantity.analyte))


def known(twin: Twin, news: News) -> Float[Array, "n k"]:
    """The members' covariates with what was just measured; a measured covariate is the same in every member."""
    if not news.covariates:
        return np.asarray(twin.belief.covariates)
    columns = np.array(twin.belief.covariates)
    for i, value in news.covariates.items():
        columns[:, i] = value
    return columns


def window_of(twins: Sequence[Twin], news: Sequence[News]) -> Window:
    """All twins' news as one window; a twin with fewer outputs repeats its last one, unread."""
    first, longest = twins[0], max(len(n.moments) for n in news)
    b, c = len(twins), len(first.model.observables)
    low, high, sd = (np.full((b, longest, c), np.nan) for _ in range(3))
    at = np.zeros((b, longest), dtype=np.int64)
    drives: list[Drive] = []
    for t, (twin, new) in enumerate(zip(twins, news, strict=True)):
        moments = new.moments or [new.start]
        moments = moments + [moments[-1]] * (longest - len(moments))
        at[t] = moments
        for moment, i, lower, upper, size in new.readings:
            j = moments.index(moment)
            while not np.isnan(low[t, j, i]):
                j += 1
            low[t, j, i], high[t, j, i], sd[t, j, i] = lower, upper, size
        span = (new.start, new.end)
        rates, covariates = np.array(twin.cursor.rates), known(twin, new)
        drive, _ = cut(
            twin.subject, span, outputs=moments, events=new.events, rates=rates, covariates=covariates,
            grid=epoch_grid(twin),
        )  # fmt: skip
        drives.append(drive)
    facts = tuple(_absorbed([n.settings for n in news], at[:, j], j, at) for j in range(longest))
    return Window(stack(drives) if b > 1 else drives[0], at, low, high, sd, facts)


def _absorbed(
    settings: Sequence[Sequence[tuple[Instant, int, float, str | None]]], moment: Array, j: int, at: Array
) -> AbsorbFacts | None:
    """Facts that set state at output j, padded to the twin with the most."""
    fresh = [j == 0 or at[t, j] != at[t, j - 1] for t in range(len(settings))]
    rows = [[s for s in own if s[0] == moment[t] and fresh[t]] for t, own in enumerate(settings)]
    most = max(len(r) for r in rows)
    if most == 0:
        return None
    code, entity = np.full((len(rows), most), -1), np.full((len(rows), most), -1)
    value, ago = np.full((len(rows), most), np.nan), np.zeros((len(rows), most))
    for t, own in enumerate(rows):
        for k, (_, index, number, who) in enumerate(own):
            code[t, k], value[t, k], entity[t, k] = index, number, entity_number(who)
    return AbsorbFacts(code, value, entity, np.full_like(code, -1), ago)


def entity_number(name: str | None) -> int:
    """A stable number for an entity inside a subject: its own digits, or a hash of its name; -1 for none."""
    if name is None:
        return -1
    if name.isdecimal() and len(name) < 18:
        return int(name)
    from ..core.draws import purpose

    return int(purpose(name) >> np.uint64(1))


def moved(twin: Twin, belief: Belief, news: News) -> Twin:
    """The twin at the end of its news, with the rates then in force and the changes still to come."""
    acting = [e for e in news.events if e.at < news.end]
    rates = list(twin.cursor.rates)
    for event in acting:
        if event.rate is not None:
            rates[event.input] = event.rate
    pending = tuple(e for e in news.events if e.at >= news.end)
    cursor = Cursor(news.end, twin.cursor.epoch, tuple(rates), pending, twin.cursor.used + news.used)
    return replace(twin, belief=belief, cursor=cursor)
