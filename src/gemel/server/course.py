"""The course of a twin as a chart needs it: what was read, what was given, and what was forecast on the way.

Everything is in the model's own quantities and units, as columns; instants are milliseconds since 1970 UTC, which is
what a browser counts in.  Nothing is invented between readings.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import msgspec
import numpy as np
from jaxtyping import Float

from ..core.clock import DAY, HOUR
from ..core.drive import InputEvent, input_events
from ..core.fact import Fact, Instant, Intervention, Observation, bounds
from ..core.ledger import Waiting
from ..core.quantity import Quantity
from ..core.units import convert
from ..runtime import Site
from ..runtime.answers.twins import LEVELS
from ..runtime.fault import fault
from .asking import known

__all__ = ["Course", "Given", "Read", "Said", "course"]

MILLI: Final = 1000
"""Microseconds in a millisecond."""
USUAL: Final[Instant] = 14 * DAY
"""How far back doses tell what is usual."""
ANY: Final = 2**62
"""A number that no row of a ledger reaches: only the time counts."""
MOST: Final = 1200
"""Readings of one observable at most; of more, the least and the greatest of each stretch are told."""


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """Readings of one observable.  `edge`: '' for an exact value, '<' or '>' for one that was only below or above
    `value`, '~' for the middle of an interval.  `thinned`: how many readings are not told, as they lie between others.
    `low` and `high` bound what is possible; null: nothing does."""

    name: str
    about: str
    unit: str
    low: float | None
    high: float | None
    at: list[int]
    value: list[float]
    edge: list[str]
    thinned: int = 0


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """One input: doses in `dose_unit` (null: it takes rates only), and rates in `unit` from an instant on.

    `rate_now` is in force; `usual_dose` and `most_dose` are the median and the greatest of the last 14 days, null where
    none was given.  `low` and `high` bound what is possible.
    """

    name: str
    about: str
    unit: str
    dose_unit: str | None
    low: float | None
    high: float | None
    dose_at: list[int]
    dose: list[float]
    rate_at: list[int]
    rate: list[float]
    rate_now: float
    usual_dose: float | None
    most_dose: float | None


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """Forecasts of one observable that were issued, as things were: the ledger's rows, in order of (issued, target)."""

    observable: str
    issued: list[int]
    target: list[int]
    q05: list[float]
    q25: list[float]
    q50: list[float]
    q75: list[float]
    q95: list[float]


class Course(msgspec.Struct, frozen=True, kw_only=True, rename={"start": "from"}):
    """The last hours of a twin, up to its present (`now`); `clock` is the service's own time."""

    twin: str
    subject: str
    model: str
    causal: str
    zone: str
    start: int
    now: int
    clock: int
    read: list[Read]
    given: list[Given]
    said: list[Said]


def course(site: Site, twin: str, hours: float) -> Course:
    """The last `hours` of a twin."""
    own = known(site, twin)
    start = own.now - round(hours * HOUR)
    facts = [f for f in site.held(twin, min(start, own.now - USUAL), own.now) if not fault(own.model, f)]
    shown = [f for f in facts if f.at > start]
    birth = site.standing(twin).birth
    rates = [birth.rates.get(q.name, 0.0) for q in own.model.inputs]
    events, _ = input_events(own.model.inputs, [f for f in facts if isinstance(f, Intervention)], np.array(rates))
    issued = site.store.waiting(twin, site.caller, since=start + 1, after=ANY)
    return Course(
        twin=twin, subject=own.subject.id, model=birth.model, causal=own.model.card.causal, zone=own.subject.zone,
        start=start // MILLI, now=own.now // MILLI, clock=site.now() // MILLI,
        read=[_read(q, shown) for q in own.model.observables],
        given=[
            _given(q, [e for e in events if e.input == i], start, rates[i], own.cursor.rates[i])
            for i, q in enumerate(own.model.inputs)
        ],
        said=[_said(q.name, found) for q in own.model.observables if (found := _open(q.name, issued)).shape[0]],
    )  # fmt: skip


def _read(q: Quantity, facts: Sequence[Fact]) -> Read:
    """The readings of one observable, in its unit."""
    codes = {*q.codes, q.name}
    rows: list[tuple[int, float, str]] = []
    for fact in facts:
        if not isinstance(fact, Observation) or fact.code not in codes:
            continue
        low, high = (convert(end, fact.unit, q.unit, q.analyte) for end in bounds(fact.value))
        if np.isnan(low) or np.isnan(high):
            continue
        edge = "" if low == high else "<" if np.isinf(low) else ">" if np.isinf(high) else "~"
        value = {"": low, "<": high, ">": low, "~": (low + high) / 2.0}[edge]
        rows.append((fact.at // MILLI, value, edge))
    kept = _thinned(rows)
    return Read(
        name=q.name, about=q.about, unit=q.unit, low=_finite(q.low), high=_finite(q.high), at=[at for at, _, _ in kept],
        value=[value for _, value, _ in kept], edge=[edge for _, _, edge in kept], thinned=len(rows) - len(kept),
    )  # fmt: skip


def _thinned(rows: Sequence[tuple[int, float, str]]) -> list[tuple[int, float, str]]:
    """All of them, or the least and the greatest of each of `MOST` / 2 stretches of equal count."""
    if len(rows) <= MOST:
        return list(rows)
    edges = np.linspace(0, len(rows), MOST // 2 + 1).astype(int)
    kept: list[tuple[int, float, str]] = []
    for first, last in pairwise(edges.tolist()):
        stretch = rows[first:last]
        kept += sorted({min(stretch, key=lambda row: row[1]), max(stretch, key=lambda row: row[1])})
    return kept


def _given(q: Quantity, events: Sequence[InputEvent], start: Instant, first: float, now: float) -> Given:
    """What was given of one input: doses since `start`, and the rates in force since then."""
    doses = [(e.at, e.dose) for e in events if e.rate is None]
    rates = [(e.at, e.rate) for e in events if e.rate is not None]
    before = [rate for at, rate in rates if at <= start]
    steps = [(start, before[-1] if before else first), *((at, rate) for at, rate in rates if at > start)]
    amounts = [amount for _, amount in doses]
    shown = [(at, amount) for at, amount in doses if at > start]
    return Given(
        name=q.name, about=q.about, unit=q.unit, dose_unit=q.dose_unit, low=_finite(q.low), high=_finite(q.high),
        dose_at=[at // MILLI for at, _ in shown], dose=[amount for _, amount in shown],
        rate_at=[at // MILLI for at, _ in steps], rate=[rate for _, rate in steps], rate_now=now,
        usual_dose=float(np.median(amounts)) if amounts else None, most_dose=max(amounts, default=None),
    )  # fmt: skip


def _open(observable: str, tables: Sequence[Waiting]) -> Float[np.ndarray, "n 7"]:
    """Forecasts of one observable with the future left open, in order: rows of issued, target, then the quantiles."""
    rows = [np.zeros((0, 2 + len(LEVELS)))]
    for table in tables:
        levels = np.asarray(table.levels).tolist()
        if not set(LEVELS) <= set(levels):
            continue
        kinds = np.array([kind.observable == observable for kind in table.kinds])
        own = kinds[np.asarray(table.kind)]
        own[list(table.plans)] = False
        when = np.stack([np.asarray(table.issued), np.asarray(table.target)], axis=1)
        shown = np.asarray(table.shown)[:, [levels.index(level) for level in LEVELS]]
        rows.append(np.concatenate([when, shown], axis=1)[own])
    found = np.concatenate(rows)
    return found[np.lexsort((found[:, 1], found[:, 0]))]


def _said(observable: str, rows: Float[np.ndarray, "n 7"]) -> Said:
    """As columns."""
    issued, target = ((rows[:, k] // MILLI).astype(np.int64).tolist() for k in (0, 1))
    q05, q25, q50, q75, q95 = (column.tolist() for column in rows[:, 2:].T)
    return Said(observable=observable, issued=issued, target=target, q05=q05, q25=q25, q50=q50, q75=q75, q95=q95)


def _finite(limit: float) -> float | None:
    return limit if np.isfinite(limit) else None
