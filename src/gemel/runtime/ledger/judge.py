"""Many forecasts against their truths at once: arrays in, arrays out.

    CRPS = 2 * integral over p in (0, 1) of (y - q_p) (p - [y < q_p]) dp

(Gneiting and Ranjan 2011, doi:10.1198/jbes.2010.08110), by the trapezoidal rule over the stored levels, the outermost
quantiles held to 0 and 1: within 1 % of the CRPS for a normal law.  The distribution function runs straight between
stored quantiles; outside them it falls off exponentially at the pace of the two outermost.  PIT = F(y), the middle of
the step where quantiles tie; log score = -ln F'(y), in the observable's unit, NaN where they tie.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ...core.array import Array
from ...core.ledger import BANDS, SCORE, Waiting

__all__ = ["crps", "judged", "log_score", "pit"]

CHUNK = 16_384
"""Forecasts judged at once: what fits into a processor's cache."""

LEAST = 1e-12
"""PIT is kept this far from 0 and 1, so that its normal score is finite."""


def judged(waiting: Waiting, places: NDArray[Any], truth: Float[Array, "k"]) -> NDArray[Any]:
    """Records (`SCORE`) of the forecasts at these places of a table, with these truths [their unit]."""
    rows = np.zeros(len(places), dtype=SCORE)
    for name in ("issued", "target", "kind"):
        rows[name] = np.asarray(getattr(waiting, name))[places]
    rows["forecast"], rows["truth"] = np.asarray(waiting.number)[places], truth
    for start in range(0, len(places), CHUNK):
        part = slice(start, start + CHUNK)
        here = places[part]
        shown, raw = np.asarray(waiting.shown)[here], np.asarray(waiting.raw)[here]
        _fill(rows[part], np.asarray(waiting.levels), shown, raw)
        for name, guess in (("persistence", waiting.last), ("climatology", waiting.usual)):
            rows[name][part] = np.abs(np.asarray(guess)[here] - rows["truth"][part])
    return rows


def _fill(rows: NDArray[Any], levels: Float[Array, "q"], shown: Float[Array, "n q"], raw: Float[Array, "n q"]) -> None:
    """Everything that quantiles and truth tell, into the records."""
    y = rows["truth"]
    place = _Place.of(levels, shown, y)
    rows["crps"] = crps(levels, shown, y)
    rows["pit"] = place.pit()
    rows["log_score"] = place.log_score()
    rows["raw_pit"] = rows["pit"] if raw is shown else pit(levels, raw, y)
    middle = _at(levels, shown, 0.5)
    rows["error"] = np.abs(middle - y)
    for band in BANDS:
        low, high = _at(levels, shown, 0.5 - band / 200), _at(levels, shown, 0.5 + band / 200)
        inside = (low <= y) & (y <= high)
        rows[f"inside{band}"] = np.where(np.isfinite(low + high), inside, -1)
    centre = _at(levels, raw, 0.5)
    half = np.where(y < centre, centre - _at(levels, raw, 0.05), _at(levels, raw, 0.95) - centre)
    with np.errstate(divide="ignore", invalid="ignore"):
        rows["miss"] = np.where(y == centre, 0.0 * half, (y - centre) / half)


def crps(levels: Float[Array, "q"], values: Float[Array, "n q"], truth: Float[Array, "n"]) -> Float[Array, "n"]:
    """CRPS of quantiles against truths, in their unit."""
    p, v = np.asarray(levels), np.asarray(values)
    gap = np.asarray(truth)[:, None] - v
    loss = gap * (p - (gap < 0.0))
    step = np.diff(p)
    inner = loss[:, :-1] @ step + loss[:, 1:] @ step
    below, above = np.minimum(gap[:, 0], 0.0), np.maximum(gap[:, -1], 0.0)  # loss at levels 0 and 1
    return inner + p[0] * (loss[:, 0] - below) + (1.0 - p[-1]) * (loss[:, -1] + above)


def pit(levels: Float[Array, "q"], values: Float[Array, "n q"], truth: Float[Array, "n"]) -> Float[Array, "n"]:
    """Forecast probability of a value below the truth."""
    return _Place.of(levels, values, truth).pit()


def log_score(levels: Float[Array, "q"], values: Float[Array, "n q"], truth: Float[Array, "n"]) -> Float[Array, "n"]:
    """Minus the log of the forecast density at the truth."""
    return _Place.of(levels, values, truth).log_score()


@dataclass(frozen=True, slots=True)
class _Place:
    """Where truths stand between quantiles: p and q left and right of each, how many quantiles lie below it, the middle
    level of those it equals (NaN: none), and whether it equals several."""

    truth: NDArray[Any]
    below: NDArray[Any]
    count: int
    p: tuple[NDArray[Any], NDArray[Any]]
    q: tuple[NDArray[Any], NDArray[Any]]
    tied: NDArray[Any]
    step: NDArray[Any]

    @classmethod
    def of(cls, levels: Any, values: Any, truth: Any) -> _Place:
        p, v, y = np.asarray(levels), np.asarray(values), np.asarray(truth)
        below = np.sum(v < y[:, None], axis=1)
        right = np.clip(below, 1, p.size - 1)
        row = np.arange(y.size)
        upto = np.sum(v <= y[:, None], axis=1)
        tied = np.where(upto > below, 0.5 * (p[np.minimum(below, p.size - 1)] + p[np.maximum(upto - 1, 0)]), np.nan)
        return cls(
            y, below, p.size, (p[right - 1], p[right]), (v[row, right - 1], v[row, right]), tied, upto > below + 1
        )

    def pit(self) -> NDArray[Any]:
        """F(y)."""
        (p0, p1), (q0, q1) = self.p, self.q
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            inner = p0 + (p1 - p0) * (self.truth - q0) / (q1 - q0)
            low = p0 * np.exp((self.truth - q0) / (q1 - q0) * np.log(p1 / p0))
            high = 1.0 - (1.0 - p1) * np.exp((self.truth - q1) / (q1 - q0) * np.log((1.0 - p1) / (1.0 - p0)))
        found = np.where(self.below == 0, low, np.where(self.below == self.count, high, inner))
        return np.clip(np.where(np.isnan(self.tied), found, self.tied), LEAST, 1.0 - LEAST)

    def log_score(self) -> NDArray[Any]:
        """-ln F'(y)."""
        (p0, p1), (q0, q1) = self.p, self.q
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            fall, rise = np.log(p1 / p0) / (q1 - q0), np.log((1.0 - p0) / (1.0 - p1)) / (q1 - q0)
            low = np.log(p0 * fall) + (self.truth - q0) * fall
            high = np.log((1.0 - p1) * rise) - (self.truth - q1) * rise
            inner = np.log((p1 - p0) / (q1 - q0))
        found = -np.where(self.below == 0, low, np.where(self.below == self.count, high, inner))
        return np.where(np.isfinite(found) & ~self.step, found, np.nan)


def _at(levels: NDArray[Any], values: NDArray[Any], level: float) -> NDArray[Any]:
    """Values at a stored level; NaN where it is not stored."""
    (place,) = np.nonzero(np.isclose(levels, level))
    return values[:, place[0]] if place.size else np.full(len(values), np.nan)
