"""A twin's track record, per observable and horizon, shown beside each new forecast.

"last 30 of this kind: 27 inside the 90 % band; error 18 % below persistence".  Error is that of the median, beside
that of the last reading before issue (persistence) and of the median of the week before (climatology).  The longer
figures are drawn towards those of the other twins of the same model version at the same site (see `shrink`), so that a
new twin borrows from its ward.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from ...core.clock import DAY, MINUTE
from ...core.fact import Instant
from ...core.ledger import Kind
from . import shrink
from .books import Book

__all__ = ["LAST", "LOOK_BACK", "Tally", "TrackRecord", "kinds_of", "skill_of", "tallies", "track"]

LAST: Final = 30
"""Forecasts that the sentence is about."""
FEWEST: Final = 5
"""Fewer make no sentence."""
LOOK_BACK: Final = 500
"""Forecasts that the longer figures are about."""

Group = tuple[Kind, Instant]


@dataclass(frozen=True, slots=True)
class Tally:
    """One twin's figures of one kind and horizon over its last `LOOK_BACK` forecasts: how many, how many inside the 90
    % band, skill in error over persistence and its standard error."""

    n: int
    inside: int
    skill: float
    error: float


class TrackRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How right forecasts of one kind have been.  `recent` are the last 30 or fewer of all `n`.  `coverage` and
    `skill` are drawn towards those of `twins` twins; `skill_se` its standard error.  Errors and CRPS in `unit`.
    `widening` is the factor by which the next band is shown wider than the model's.  `drift` says what the alarm
    hears, empty while it is silent."""

    observable: str
    unit: str
    horizon_minutes: float
    n: int
    recent: int
    inside90: int
    error_below_persistence: float | None
    error_below_climatology: float | None
    crps: float | None
    coverage: float | None
    skill: float | None
    skill_se: float | None
    twins: int
    widening: float
    drift: str
    words: str


def kinds_of(book: Book) -> list[Group]:
    """Kinds and horizons of which the book has scored forecasts, in order."""
    rows = book.rows[np.asarray(book.scored)]
    pairs = {(int(kind), int(ahead)) for kind, ahead in zip(rows["kind"], rows["target"] - rows["issued"], strict=True)}
    return [(book.kinds[kind], ahead) for kind, ahead in sorted(pairs, key=lambda p: (p[1], p[0]))]


def tallies(book: Book) -> dict[Group, Tally]:
    """A twin's figures by kind and horizon."""
    found: dict[Group, Tally] = {}
    for kind, horizon in kinds_of(book):
        rows = _rows(book, kind, horizon)[-LOOK_BACK:]
        found[kind, horizon] = Tally(rows.size, int(np.sum(rows["inside90"] == 1)), *skill_of(rows, "persistence"))
    return found


def track(
    book: Book, group: Group, siblings: Sequence[Mapping[Group, Tally]], *, widening: float = 1.0, drift: str = ""
) -> TrackRecord:
    """The track record of one kind and horizon; `siblings` are the tallies of the other twins of model and site."""
    kind, horizon = group
    rows = _rows(book, kind, horizon)
    last, own = rows[-LAST:], tallies(book).get(group, Tally(0, 0, float("nan"), float("nan")))
    every = [own, *(other[group] for other in siblings if group in other)]
    covered = shrink.coverage(
        np.array([t.inside for t in every], dtype=float), np.array([t.n for t in every], dtype=float), 0.9
    )
    skill, error = shrink.skill(np.array([t.skill for t in every]), np.array([t.error for t in every]))
    below = skill_of(last, "persistence")[0]
    inside = int(np.sum(last["inside90"] == 1))
    return TrackRecord(
        observable=kind.observable, unit=kind.unit, horizon_minutes=horizon / MINUTE, n=rows.size, recent=last.size,
        inside90=inside, error_below_persistence=_number(below),
        error_below_climatology=_number(skill_of(last, "climatology")[0]),
        crps=_number(float(np.mean(last["crps"]))) if last.size else None, coverage=_number(float(covered[0])),
        skill=_number(float(skill[0])), skill_se=_number(float(error[0])), twins=sum(t.n > 0 for t in every),
        widening=widening, drift=drift, words=_words(last.size, inside, below, drift),
    )  # fmt: skip


def skill_of(rows: NDArray[Any], baseline: str, block: NDArray[Any] | None = None) -> tuple[float, float]:
    """1 - mean error / mean error of a baseline, and its standard error by leaving out one block (default: a day) at a
    time; NaN where there is no baseline or only one block."""
    good = np.isfinite(rows["error"]) & np.isfinite(rows[baseline])
    error, other = rows["error"][good], rows[baseline][good]
    if other.sum() <= 0.0:
        return float("nan"), float("nan")
    value = 1.0 - float(error.sum() / other.sum())
    _, place = np.unique((rows["target"] // DAY if block is None else block)[good], return_inverse=True)
    blocks = int(place.max()) + 1
    own, theirs = error.sum() - np.bincount(place, error), other.sum() - np.bincount(place, other)
    if blocks < 2 or np.any(theirs <= 0.0):
        return value, float("nan")
    without = 1.0 - own / theirs
    return value, float(np.sqrt((blocks - 1) / blocks * np.sum(np.square(without - without.mean()))))


def _rows(book: Book, kind: Kind, horizon: Instant) -> NDArray[Any]:
    return book.of(kind.observable, horizon, version=kind.version)


def _words(n: int, inside: int, below: float, drift: str) -> str:
    if n < FEWEST:
        return f"no track record yet: {n} of this kind scored" + (f"; DRIFT: {drift}" if drift else "")
    said = f"last {n} of this kind: {inside} inside the 90 % band"
    if np.isfinite(below):
        said += f"; error {abs(below):.0%} {'below' if below >= 0 else 'ABOVE'} persistence".replace("%", " %")
    return said + (f"; DRIFT: {drift}" if drift else "")


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None
