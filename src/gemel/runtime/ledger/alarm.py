"""Drift alarm: bets that a twin's forecast errors are what they used to be, and rings when the bets have won too much.

Each new error is ranked among the twin's own earlier ones: if nothing has changed, the rank p_t is uniform and
independent of the past, however well or badly the twin was calibrated (conformal p-value; Vovk, Gammerman and Shafer
2022, doi:10.1007/978-3-031-06649-8, chapter 8).  With z = normal quantile of p, a bet on a shift by `a` pays

    e = exp(a z - a^2 / 2),    one on a spread of s    e = exp(z^2 (1 - 1/s^2) / 2) / s,    mean 1 if nothing changed.

Every bet is started anew at each step, R <- (1 + R) e, and the mean of R over all bets is compared with a threshold A:
an e-detector of Shiryaev-Roberts form (Shin, Ramdas and Rinaldo 2022, arXiv:2203.03532), whose mean time to a false
alarm is at least A steps.  It is anytime-valid: one may look after each reading.

The stream is one twin's forecasts of an observable at the shortest horizon that do not overlap; overlapping ones share
their errors.  What is ranked is the part of an error's normal score that the one before does not foretell, by the
regression of all earlier ones: errors that hang together would ring for nothing.  Not seen is what a twin absorbs: a
bias that the next belief believes leaves no error behind.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...core.clock import DAY
from ...core.draws import purpose, uniform
from ...core.fact import Instant
from .books import Book

__all__ = ["FALSE_ALARM", "LEARNING", "Drift", "apart", "drift", "evidence", "fresh"]

FALSE_ALARM: Final[Instant] = 1000 * DAY
"""Mean time of one twin's stream to a false alarm, at least."""
LEARNING: Final = 50
"""Errors that are only learned from: two days at one an hour."""
SHIFTS: Final = (0.5, 1.0, 1.5, 2.0, 2.5)
"""Sizes of shift that are bet on, up and down, in sd."""
SPREADS: Final = (0.5, 2.0)
"""Factors of spread that are bet on."""
MEMORY: Final = 2000
"""Errors that a new one is ranked among."""

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Drift:
    """State of the alarm of one stream: errors seen, evidence against "nothing has changed" as a share of what rings,
    and since when it rings (None: it does not) and what it heard."""

    observable: str
    horizon: Instant
    n: int
    evidence: float
    since: Instant | None
    heard: str


def drift(book: Book, observable: str, *, after: Instant = -(2**62)) -> Drift:
    """The alarm of an observable's stream, from errors after an instant (when a person last closed it)."""
    every = book.of(observable)
    every = every[every["target"] > after]
    if every.size == 0:
        return Drift(observable, 0, 0, 0.0, None, "")
    horizon = int(np.min(every["target"] - every["issued"]))
    rows = apart(every[every["target"] - every["issued"] == horizon])
    spacing = float(np.median(np.diff(rows["target"]))) if rows.size > 1 else float(horizon)
    ranks = _luck(rows["forecast"])
    path, heard = evidence(fresh(rows["raw_pit"]), ranks)
    share = path * spacing / FALSE_ALARM
    rung = np.flatnonzero(share >= 1.0)
    if rung.size == 0:
        return Drift(observable, horizon, rows.size, float(share[-1]), None, "")
    first = int(rung[0])
    return Drift(observable, horizon, rows.size, float(share[first]), int(rows["target"][first]), heard[first])


def apart(rows: NDArray[Any]) -> NDArray[Any]:
    """Records whose forecasts do not overlap: each issued no earlier than the target of the one before."""
    keep: list[int] = []
    end = -(2**62)
    for k, (issued, target) in enumerate(zip(rows["issued"].tolist(), rows["target"].tolist(), strict=True)):
        if issued >= end:
            keep.append(k)
            end = target
    return rows[keep]


def fresh(pits: NDArray[Any]) -> NDArray[np.float64]:
    """Of each PIT's normal score, what the one before does not foretell: x_k = s_k - r s_(k-1), where r is the positive
    part of the lag-one regression of all earlier scores (0 for the first `LEARNING`)."""
    scores = np.array([_NORMAL.inv_cdf(pit) for pit in np.asarray(pits).tolist()])
    found = scores.copy()
    if scores.size <= LEARNING:
        return found
    now, before = scores[1:], scores[:-1]
    count = np.arange(1, now.size + 1)
    covariance = np.cumsum(now * before) - np.cumsum(now) * np.cumsum(before) / count
    spread = np.cumsum(np.square(before)) - np.square(np.cumsum(before)) / count
    ratio = np.clip(covariance / np.where(spread > 0, spread, np.inf), 0.0, 1.0)
    found[LEARNING + 1 :] -= ratio[LEARNING - 1 : -1] * scores[LEARNING:-1]
    return found


def evidence(errors: NDArray[Any], luck: NDArray[Any]) -> tuple[NDArray[np.float64], list[str]]:
    """Mean of the bets after each error, and what the best of them says; `luck` in (0, 1) breaks ties of rank."""
    names = [f"further {way} their forecasts" for way in ("above", "below") for _ in SHIFTS]
    names += ["closer to their forecasts", "further from their forecasts"]
    shifts = np.array([*SHIFTS, *(-a for a in SHIFTS)])
    spreads = np.array(SPREADS)
    ledger = np.zeros(shifts.size + spreads.size)
    path, heard = np.zeros(errors.size), [""] * errors.size
    seen: list[float] = []
    for k, error in enumerate(errors.tolist()):
        below, upto = bisect_left(seen, error), bisect_right(seen, error)
        p = (below + float(luck[k]) * (upto - below + 1)) / (len(seen) + 1)
        insort(seen, error)
        if len(seen) > MEMORY:
            del seen[bisect_left(seen, float(errors[k - MEMORY]))]
        if k < LEARNING:
            continue
        z = _NORMAL.inv_cdf(p)
        pays = np.concatenate(
            [np.exp(shifts * z - 0.5 * shifts**2), np.exp(0.5 * z * z * (1.0 - 1.0 / spreads**2)) / spreads]
        )
        ledger = np.minimum((1.0 + ledger) * pays, 1e300)
        path[k] = float(ledger.mean())
        heard[k] = names[int(np.argmax(ledger))]
    return path, heard


def _luck(numbers: NDArray[Any]) -> NDArray[np.float64]:
    """Keyed draws that break ties: the same for the same forecasts, on every machine."""
    words = np.asarray(numbers, dtype=np.uint64)
    return np.asarray(uniform(words, purpose("rank"), np.zeros(words.size, dtype=np.uint64)))
