"""From who is there now to an ensemble: each patient under service stays a draw of what is left, given what has passed.

P(T > e + x | T > e) = S(e + x) / S(e), inverted at a keyed uniform number: x = S^-1(u S(e)) - e.  Members differ in
those draws and in everything that follows.  Who waits, waits on in the order given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, UInt64

from ...core.array import Array
from ...core.clock import HOUR
from ...core.draws import purpose, uniform
from ...core.errors import ShapeError, SupportError
from ...core.extra import require
from ...numerics.des.lines import NEVER
from ...numerics.des.run import Present
from .compiled import Compiled
from .durations import Duration
from .pathway import Delay

__all__ = ["Patient", "present", "remaining"]


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient at a step: under service if it is a Delay, else about to take it (waiting, if it is a Seize).

    `here` is the time already spent at a Delay [h], `since` the time since the patient came [h].
    """

    step: str
    kind: str
    here: float = 0.0
    since: float = 0.0


def present(own: Compiled, patients: Sequence[Patient], keys: UInt64[Array, "r"]) -> Present:
    """The patients as every member meets them at time 0.

    Raises ShapeError for a step or class the hospital does not have, SupportError for a law that says nothing about
    what is left.
    """
    who = np.zeros((len(patients), 3), dtype=np.int64)
    left = np.zeros((len(keys), len(patients)), dtype=np.int64)
    why = purpose("census")
    for n, patient in enumerate(patients):
        if patient.step not in own.steps or patient.kind not in own.classes:
            raise ShapeError(f"no step '{patient.step}' or class '{patient.kind}' in '{own.hospital.name}'")
        i = own.steps[patient.step]
        who[n] = own.places.steps[i], own.classes[patient.kind], -round(patient.since * HOUR)
        step = own.hospital.steps[i]
        if isinstance(step, Delay):
            law = step.time if isinstance(step.time, Duration) else step.time[patient.kind]
            hours = remaining(law, patient.here, uniform(np.asarray(keys), why, np.uint64(n)))
            left[:, n] = np.minimum(np.rint(np.asarray(hours) * HOUR), float(NEVER)).astype(np.int64)
    return Present(who, left)


def remaining(law: Duration, elapsed: float, u: Float[Array, "r"]) -> Float[Array, "r"]:
    """What is left [h] of a duration that has lasted `elapsed`, at the upper quantile u of what is still possible.

    A patient who has stayed longer than the law allows leaves now.  Raises SupportError for laws without density.
    """
    a, b, c, d = (*law.numbers, 0.0, 0.0, 0.0, 0.0)[:4]
    match law.law:
        case "exponential":
            return -a * np.log(u)
        case "fixed":
            return np.full(np.shape(u), max(0.0, a - elapsed))
        case "uniform":
            return np.maximum(0.0, b - np.asarray(u) * (b - max(a, elapsed)) - elapsed)
        case "weibull":
            return a * ((elapsed / a) ** (1.0 / b) - np.log(u)) ** b - elapsed
        case "lognormal" | "gamma" | "normal":
            return _by_survival(law.law, (a, b, c, d), elapsed, np.asarray(u))
        case _:
            raise SupportError(f"what is left of a {law.law} stay is not known: declare another law for it")


def _by_survival(law: str, numbers: tuple[float, float, float, float], elapsed: float, u: Any) -> Any:
    """Through the survival function and its inverse, in logarithms where a tail is far out."""
    special = require("scipy.special", "twin")
    a, b, c, d = numbers
    if elapsed <= 0.0 and law == "lognormal":
        return np.exp(a - b * special.ndtri(u))
    if law == "lognormal":
        tail = special.log_ndtr(-(np.log(elapsed) - a) / b) + np.log(u)
        return np.maximum(0.0, np.exp(a - b * special.ndtri_exp(tail)) - elapsed)
    if law == "gamma":
        return np.maximum(0.0, b * special.gammainccinv(a, u * special.gammaincc(a, elapsed / b)) - elapsed)
    top = 1.0 - c - d
    here = max(0.0, min(d, special.ndtr(-(elapsed - a) / b) - top))
    return np.maximum(0.0, a - b * special.ndtri(top + u * here) - elapsed)
