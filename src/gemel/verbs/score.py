"""Were forecasts right?  Errors, proper scores, calibration and skill over many forecasts of one kind.

Forecast errors of one day hang together, so whole blocks (a subject's days) are resampled, not single forecasts
(Kuensch 1989, doi:10.1214/aos/1176347265).  A forecast's PIT is the probability it gave to what lies below the truth:
uniform when the forecasts are calibrated (Dawid 1984; Gneiting, Balabdaoui and Raftery 2007,
doi:10.1111/j.1467-9868.2007.00587.x).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from ..core.array import Array
from ..core.forecast import Forecast, crps_ensemble

__all__ = [
    "Bin",
    "Scored",
    "Skill",
    "coverage",
    "of_ensemble",
    "of_forecasts",
    "of_point",
    "pit_histogram",
    "reliability",
    "score",
    "skill",
]

RESAMPLES = 400
BINS = 10


@dataclass(frozen=True, slots=True)
class Scored:
    """One number per forecast, n of them: errors of the mean and of the median, and, where the forecast is a
    distribution, its CRPS and PIT.  `block` numbers the block each belongs to."""

    mean_error: Float[Array, "n"]
    median_error: Float[Array, "n"]
    block: Int[Array, "n"]
    crps: Float[Array, "n"] | None = None
    pit: Float[Array, "n"] | None = None

    def take(self, which: Bool[Array, "n"] | Int[Array, "q"]) -> Scored:
        """The forecasts marked, or at these places."""
        columns = (self.mean_error, self.median_error, self.block, self.crps, self.pit)
        return Scored(*(None if c is None else np.asarray(c)[which] for c in columns))  # pyright: ignore[reportArgumentType]

    @classmethod
    def join(cls, parts: Sequence[Scored]) -> Scored:
        """Forecasts of several subjects as one; their blocks stay apart."""
        blocks, start = [], 0
        for part in parts:
            _, place = np.unique(np.asarray(part.block), return_inverse=True)
            blocks.append(place + start)
            start += int(place.max(initial=-1)) + 1

        def column(name: str) -> Array | None:
            columns = [getattr(p, name) for p in parts]
            return None if any(c is None for c in columns) else np.concatenate(columns)

        mean, median = (np.concatenate([getattr(p, n) for p in parts]) for n in ("mean_error", "median_error"))
        return cls(mean, median, np.concatenate(blocks).astype(np.int64), column("crps"), column("pit"))


def of_forecasts(
    forecasts: Sequence[Forecast], observable: str, output: int, truth: Float[Array, "n"], block: Int[Array, "n"]
) -> Scored:
    """Score what n forecasts said a sensor would read at their output number `output`; the mean is that of the hidden
    value, which measurement error leaves where it is."""
    parts: list[Scored] = []
    for made, y in zip(forecasts, np.asarray(truth, dtype=np.float64), strict=True):
        values = np.asarray(made.readings)[:, output, made.column(observable)][:, None]
        one = of_ensemble(values, made.weights, np.array([y]), np.zeros(1, dtype=np.int64))
        miss = np.array([made.mean(observable)[output] - y])
        parts.append(Scored(miss, one.median_error, one.block, one.crps, one.pit))
    if not parts:
        none = np.zeros(0)
        return Scored(none, none, np.zeros(0, dtype=np.int64), none, none)
    return replace(Scored.join(parts), block=np.asarray(block))


def of_ensemble(
    values: Float[Array, "r n"], weights: Float[Array, "r"], truth: Float[Array, "n"], block: Int[Array, "n"]
) -> Scored:
    """Score distributions given as r weighted values each."""
    w = np.asarray(weights, dtype=np.float64) / float(np.sum(weights))
    v, y = np.asarray(values, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    v = np.where((w > 0.0)[:, None], v, 0.0)
    order = np.argsort(v, axis=0)
    total = np.cumsum(w[order], axis=0)
    middle = np.take_along_axis(v, order, axis=0)[np.argmax(total >= 0.5, axis=0), np.arange(v.shape[1])]
    pit = w @ (v < y) + 0.5 * (w @ (v == y))
    return Scored(w @ v - y, middle - y, np.asarray(block), crps_ensemble(v, w, y), pit)


def of_point(guess: Float[Array, "n"], truth: Float[Array, "n"], block: Int[Array, "n"]) -> Scored:
    """Score forecasts that are single numbers: they have no CRPS and no PIT."""
    miss = np.asarray(guess) - np.asarray(truth)
    return Scored(miss, miss, np.asarray(block))


def score(cases: Scored, seed: int = 0) -> dict[str, float | int | None]:
    """rmse, mae, crps, cov50, cov90, n, and `_se` of each by block bootstrap; None for what a point forecast lacks."""
    columns = _columns(cases)
    n = cases.mean_error.shape[0]
    result: dict[str, float | int | None] = {"n": int(n)}
    for name in ("rmse", "mae", "crps", "cov50", "cov90"):
        values = columns.get(name)
        if values is None or n == 0:
            result[name] = result[f"{name}_se"] = None
            continue
        mean, means = _resampled(values, cases.block, seed)
        if name == "rmse":
            mean, means = float(np.sqrt(mean)), np.sqrt(means)
        result[name] = mean
        result[f"{name}_se"] = float(np.std(means, ddof=1)) if means.size > 1 else None
    return result


def _columns(cases: Scored) -> Mapping[str, Array]:
    """What is averaged over forecasts for each score."""
    found: dict[str, Array] = {"rmse": np.square(cases.mean_error), "mae": np.abs(cases.median_error)}
    if cases.crps is not None:
        found["crps"] = cases.crps
    if cases.pit is not None:
        found |= {"cov50": _inside(cases.pit, 0.5), "cov90": _inside(cases.pit, 0.9)}
    return found


def _inside(pit: Array, part: float) -> Float[Array, "n"]:
    """Whether the truth fell into the central interval that should hold `part` of them."""
    return (np.abs(np.asarray(pit) - 0.5) <= 0.5 * part).astype(np.float64)


def _resampled(values: Array, block: Array, seed: int) -> tuple[float, Float[Array, "q"]]:
    """The mean over forecasts, and the same over resampled blocks (none where there is a single block)."""
    labels, place = np.unique(np.asarray(block), return_inverse=True)
    total = np.bincount(place, weights=np.asarray(values, dtype=np.float64), minlength=labels.size)
    count = np.bincount(place, minlength=labels.size)
    mean = float(total.sum() / count.sum())
    if labels.size < 2:
        return mean, np.zeros(0)
    draws = np.random.default_rng(seed).integers(0, labels.size, (RESAMPLES, labels.size))
    return mean, total[draws].sum(axis=1) / count[draws].sum(axis=1)


@dataclass(frozen=True, slots=True)
class Skill:
    """How much better than a baseline on the same forecasts: 1 - score / baseline's score, with a 95 % interval by
    paired block bootstrap (NaN where there is a single block)."""

    value: float
    low: float
    high: float


def skill(cases: Scored, against: Scored, name: str = "rmse", seed: int = 0) -> Skill | None:
    """Skill in 'rmse', 'mae' or 'crps'; None where either lacks that score."""
    own, other = _columns(cases).get(name), _columns(against).get(name)
    if own is None or other is None or own.shape[0] == 0:
        return None
    power = 0.5 if name == "rmse" else 1.0
    (a, many_a), (b, many_b) = _resampled(own, cases.block, seed), _resampled(other, against.block, seed)
    if b <= 0.0:
        return None
    ratios = 1.0 - (many_a / many_b) ** power
    low, high = np.quantile(ratios, (0.025, 0.975)) if ratios.size else (np.nan, np.nan)
    return Skill(1.0 - (a / b) ** power, float(low), float(high))


@dataclass(frozen=True, slots=True)
class Bin:
    """Forecasts of like probability: their mean probability, how often it happened, its standard error over blocks, and
    how many there are."""

    expected: float
    seen: float
    standard_error: float | None
    n: int


def pit_histogram(cases: Scored, bins: int = BINS) -> list[Bin]:
    """How often the PIT fell into each of `bins` equal parts; each should hold 1 / bins of them."""
    if cases.pit is None:
        return []
    place = np.minimum((np.asarray(cases.pit) * bins).astype(int), bins - 1)
    return [_bin(1.0 / bins, (place == k).astype(np.float64), cases.block) for k in range(bins)]


def coverage(cases: Scored, parts: tuple[float, ...] = (0.1, 0.3, 0.5, 0.8, 0.9, 0.95)) -> list[Bin]:
    """How often the truth fell into the central interval that should hold each part."""
    return [] if cases.pit is None else [_bin(p, _inside(cases.pit, p), cases.block) for p in parts]


def reliability(
    probability: Float[Array, "n"], happened: Bool[Array, "n"], block: Int[Array, "n"], bins: int = BINS
) -> list[Bin]:
    """A reliability diagram (Murphy and Winkler 1977): forecasts grouped by stated probability."""
    p, seen = np.asarray(probability, dtype=np.float64), np.asarray(happened, dtype=np.float64)
    place = np.minimum((p * bins).astype(int), bins - 1)
    groups = [place == k for k in range(bins)]
    return [_bin(float(p[g].mean()), seen[g], np.asarray(block)[g]) for g in groups if g.any()]


def _bin(expected: float, seen: Array, block: Array) -> Bin:
    if seen.shape[0] == 0:
        return Bin(expected, float("nan"), None, 0)
    mean, means = _resampled(seen, block, 0)
    return Bin(expected, mean, float(np.std(means, ddof=1)) if means.size > 1 else None, int(seen.shape[0]))
