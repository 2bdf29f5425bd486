"""The words a discrete-event author writes rules with; `m` is always the one member the rule is about.

    m.<leaf>                 state: numbers are read and set, arrays are indexed
    m.p.<name>  m.u.<name>   parameters and covariates; inputs in force
    m.<table>                what the member's `tables` made of settings
    m.now                    now [us since the member's start], an exact integer

Plain functions: numba compiles them with the rules, and plain Python runs the same lines.  Use `math`, not `numpy`, for
functions of one number: numpy's own log and exp may differ from the C library's in the last bit.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.clock import DAY, HOUR
from ..core.draws import GOLDEN, SHIFT12, SPACING, mix
from .heap import push

__all__ = [
    "REASONS",
    "after",
    "exponential",
    "fail",
    "hour_of_day",
    "hours",
    "normal",
    "nothing",
    "nothing_given",
    "uniform",
    "weekday",
]

FULL, DELAY, RULE, STORM = 1, 2, 3, 4
REASONS = {
    FULL: "the calendar is full",
    DELAY: "a delay is negative or NaN",
    RULE: "a rule gave up",
    STORM: "events go on at one instant",
}
"""Why a member failed, by the number in leaf 'failed'."""
SEQUENCES = 2**52
"""Events a member can push in its life, and the weight of one priority step."""
NEVER = 2.0**52 / HOUR
"""Delay from which an event never happens [h]: 142 years, the end of exact microseconds in a float64 with a half."""


def after(m: Any, delay: float, kind: int, entity: int, priority: int = 0) -> None:
    """Let `handle(m, kind, entity)` happen `delay` hours from now, rounded to the microsecond.

    Events of one instant happen by priority (lowest first, -1000 .. 1000), then in the order they were asked for.  A
    delay beyond NEVER (an infinite one, of a rate of zero) asks for nothing.  A NaN or negative delay, or a full
    calendar, fails the member.
    """
    if not delay >= 0.0:
        m.failed = DELAY
    elif m.pending == m.events.shape[0]:
        m.failed = FULL
    elif delay < NEVER:
        time = m.now + np.int64(delay * HOUR + 0.5)
        push(m.events, m.pending, time, priority * SEQUENCES + m.sequence, kind, entity)
        m.pending += 1
        m.sequence += 1


def fail(m: Any) -> None:
    """Give the member up: its observables are NaN from here on (a queue is full, a case the rules do not cover)."""
    m.failed = RULE


def hours(time: int | np.int64) -> float:
    """Microseconds, such as `m.now - m.came[i]`, in hours."""
    return time / HOUR


def uniform(m: Any, why: np.uint64, entity: int) -> float:
    """This entity's draw from (0, 1) for this purpose: `core.draws.uniform` for one member."""
    return _unit(m.key, why, entity)


def exponential(m: Any, why: np.uint64, entity: int) -> float:
    """This entity's draw from the exponential law of mean 1, by inversion; multiply by the mean."""
    return -math.log(uniform(m, why, entity))


def normal(m: Any, why: np.uint64, entity: int) -> float:
    """This entity's standard normal draw, by Box and Muller as in `core.draws.normal`."""
    turn = _unit(mix(m.key, GOLDEN), why, entity)
    return math.sqrt(2.0 * exponential(m, why, entity)) * math.cos(2.0 * math.pi * turn)


def _unit(key: Any, why: np.uint64, entity: int) -> float:
    bits: Any = mix(mix(key, why), np.uint64(entity))
    return (np.float64(bits >> SHIFT12) + 0.5) * SPACING


def _local(m: Any) -> Any:
    """Local time of day [us] at the segment's start plus the time since: whole microseconds, so cuts change no bit."""
    return np.int64(m.clock.hour * HOUR + 0.5) + (m.now - m.began)


def hour_of_day(m: Any) -> float:
    """The subject's local hour now, in [0, 24); a change of the clocks shows from the next cut on."""
    return (_local(m) % DAY) / HOUR


def weekday(m: Any) -> Any:
    """The subject's local weekday now, 0 for Monday."""
    return (np.int64(m.clock.weekday) + _local(m) // DAY) % 7


def nothing(m: Any) -> None:
    """The rule of a member that needs none."""


def nothing_given(m: Any, d: Any) -> None:
    """The dose rule of a member whose inputs take no doses."""
