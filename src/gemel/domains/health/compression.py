"""Readings that may be too low because somebody lay on the sensor (pressure-induced attenuation, 'compression lows').

A stretch of readings is held against two accounts of it.  Glucose moves by what nobody logged, an Ornstein-Uhlenbeck
flux (the two states fitted in `models.patient.replaybg`):

    g' = f,   f' = -f / 27 min + white noise,   reading = g + error

or the same, and from a fall to a rise the sensor shows less than there is, by 40 mg/dL give or take 30.  Their log
likelihoods, by a Kalman filter over the stretch and half an hour on either side, and how common such readings are at
night (about 3 % of them: Baysal et al. 2014, doi:10.1177/1932296814553267) give the odds.  Live, a stretch may still
last; its odds grow when it ends as suddenly as it began.

Nothing is deleted: `doubted` gives the same facts, those in doubt with a larger error and a reason.  A true fast fall
can look alike, and by day it usually is one.  Not for silencing an alarm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, pi
from typing import Final

import numpy as np
from jaxtyping import Float, Int
from msgspec.structs import replace

from ...core.array import Array
from ...core.clock import HOUR, MINUTE, local_clock
from ...core.fact import Fact, Instant, Observation, bounds
from ...core.quantity import Constant, Source
from ...core.units import convert
from ...models.patient.glycaemia import GLUCOSE
from ...models.patient.replaybg import FLUX, MEMORY
from .sensor_grid import GLUCOSE_CODE

__all__ = ["Stretch", "compression_lows", "doubted", "log_likelihood"]

BAYSAL: Final = Source("doi:10.1177/1932296814553267", "1125 nights: about 3 % of readings marked as attenuated")
ASSUMED: Final = Source("gemel:assumption", "shape of an attenuation")
SHARE: Final = Constant(0.03, "1", BAYSAL)
"""Share of a night's readings that are attenuated."""
LASTING: Final = Constant(0.5, "h", ASSUMED)
"""How long one lasts on average."""
DEPTH: Final = Constant(40.0, "mg/dL", ASSUMED)
SPREAD: Final = Constant(30.0, "mg/dL", ASSUMED)
BY_DAY: Final = Constant(0.1, "1", ASSUMED)
"""How much rarer they are out of bed."""
TO_BED: Final = Constant(22.0, "h", ASSUMED)
UP_AGAIN: Final = Constant(8.0, "h", ASSUMED)
"""Local hours between which people lie in bed, for want of better knowledge."""
LONGEST: Instant = 2 * HOUR
AROUND: Instant = HOUR // 2
STEEP: Final = Constant(2.0, "mg/dL/min", ASSUMED)
"""A fall or rise at which a stretch may begin or end: only such are judged."""
LIKELY = 0.5
"""Odds from which on readings are taken with a larger error."""
_MOST = 50.0  # structure: log odds beyond which an exponential says nothing more
_START = 1e4  # structure: variance of glucose and of the flux before the first reading: none is known


@dataclass(frozen=True, slots=True)
class Stretch:
    """Readings in doubt from `first` to `last`, how likely they are too low, and whether the end was seen."""

    first: Instant
    last: Instant
    probability: float
    ended: bool

    @property
    def reason(self) -> str:
        """Why they are in doubt."""
        shape = "fell and rose again" if self.ended else "fell"
        return f"readings {shape} faster than glucose does: the sensor may have been lain upon ({self.probability:.0%})"


def compression_lows(times: Int[Array, "n"], glucose: Float[Array, "n"], zone: str) -> list[Stretch]:
    """Stretches more likely attenuated than not, the likeliest of those that overlap; times in order, glucose [mg/dL]
    exact.  Empty for fewer than four readings."""
    if times.shape[0] < 4:  # structure: a fall, a rise and one reading before each
        return []
    slope = np.diff(glucose) / np.maximum(np.diff(times) / MINUTE, 1.0)
    falls = (np.flatnonzero(slope <= -STEEP.value) + 1).tolist()
    rises = (np.flatnonzero(slope >= STEEP.value)).tolist()
    hours = local_clock(np.asarray(times).tolist(), zone)[:, 0]
    found: list[Stretch] = []
    for first in falls:
        ends = [last for last in rises if last >= first and times[last] - times[first] <= LONGEST]
        ends += [times.shape[0] - 1] if times[-1] - times[first] <= LONGEST else []
        for last in dict.fromkeys(ends):
            odds = _gain(times, glucose, first, last) + log(_onset(times, hours, first))
            ended = last in rises
            found.append(Stretch(int(times[first]), int(times[last]), 1.0 / (1.0 + exp(-min(odds, _MOST))), ended))
    return _apart([one for one in found if one.probability > LIKELY])


def _onset(times: Int[Array, "n"], hours: Float[Array, "n"], first: int) -> float:
    """How likely a stretch begins at a reading."""
    step = min(int(times[first] - times[first - 1]), HOUR) / HOUR
    night = hours[first] >= TO_BED.value or hours[first] < UP_AGAIN.value
    return SHARE.value * step / LASTING.value * (1.0 if night else BY_DAY.value)


def _apart(found: Sequence[Stretch]) -> list[Stretch]:
    kept: list[Stretch] = []
    for one in sorted(found, key=lambda s: -s.probability):
        if all(one.last < other.first or one.first > other.last for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda s: s.first)


def _gain(times: Int[Array, "n"], glucose: Float[Array, "n"], first: int, last: int) -> float:
    """Log likelihood of the readings about a stretch if it is attenuated, less that if it is not."""
    low, high = np.searchsorted(times, [times[first] - AROUND, times[last] + AROUND + 1])
    t, y = times[low:high], np.asarray(glucose[low:high], dtype=float)
    inside = np.zeros(t.shape[0], dtype=bool)
    inside[first - low : last - low + 1] = True
    noise = GLUCOSE.noise.sd if GLUCOSE.noise is not None else 0.0
    plain = log_likelihood(t, y, np.full(t.shape[0], noise**2))
    return log_likelihood(t, y + DEPTH.value * inside, np.where(inside, SPREAD.value**2, 0.0) + noise**2) - plain


def log_likelihood(times: Int[Array, "m"], readings: Float[Array, "m"], variance: Float[Array, "m"]) -> float:
    """Log likelihood of readings under the two states; the first reading only places glucose."""
    mean, cover = np.array([readings[0], 0.0]), np.diag([variance[0], _START])
    total = 0.0
    for step, reading, error in zip(np.diff(times) / HOUR, readings[1:], variance[1:], strict=True):
        mean, cover = _ahead(mean, cover, float(step))
        miss, size = reading - mean[0], cover[0, 0] + error
        total -= 0.5 * (miss**2 / size + log(2.0 * pi * size))
        gain = cover[:, 0] / size
        mean, cover = mean + gain * miss, cover - np.outer(gain, cover[0])
    return float(total)


def _ahead(mean: Float[Array, "2"], cover: Float[Array, "2 2"], step: float) -> tuple[Array, Array]:
    """Both states `step` hours on, exactly: f decays, g gains its integral, and both get the noise of the way."""
    tau, q = MEMORY.value, FLUX.value**2
    e = exp(-step / tau)
    move = np.array([[1.0, tau * (1.0 - e)], [0.0, e]])
    gg = q * tau**2 * (step - 2.0 * tau * (1.0 - e) + 0.5 * tau * (1.0 - e * e))
    gf = q * tau * (tau * (1.0 - e) - 0.5 * tau * (1.0 - e * e))
    ff = q * 0.5 * tau * (1.0 - e * e)
    return move @ mean, move @ cover @ move.T + np.array([[gg, gf], [gf, ff]])


def doubted(facts: Sequence[Fact], zone: str) -> tuple[list[Fact], list[Stretch]]:
    """The facts, sensor readings in doubt with the error of an attenuated one, and the stretches found."""
    seen = sorted((f for f in facts if isinstance(f, Observation) and f.code == GLUCOSE_CODE), key=lambda f: f.at)
    once = {f.at: f for f in seen if bounds(f.value)[0] == bounds(f.value)[1]}
    times = np.array(list(once), dtype=np.int64)
    glucose = np.array([convert(bounds(f.value)[0], f.unit, "mg/dL", analyte="glucose") for f in once.values()])
    found = compression_lows(times, glucose, zone)
    return [_wider(fact, found) for fact in facts], found


def _wider(fact: Fact, found: Sequence[Stretch]) -> Fact:
    if not isinstance(fact, Observation) or fact.code != GLUCOSE_CODE:
        return fact
    if not any(one.first <= fact.at <= one.last for one in found):
        return fact
    size = convert(DEPTH.value + SPREAD.value, "mg/dL", fact.unit, analyte="glucose")
    return replace(fact, sd=float(size), source=f"{fact.source} (in doubt: sensor may have been lain upon)".strip())
