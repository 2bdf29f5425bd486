"""`trial_100x14d_s` of `gemel bench diabetes`: 100 virtual persons live 14 days under two arms, open loop and the PID.

Wall and CPU seconds of the whole: drawing the persons, finding their therapy, meals and errors, both arms, and the
tables.  `quick` takes ten persons and one day.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..domains.health.diabetes.scenario import Scenario
from .trial import trial

__all__ = ["TrialTimes", "timed_trial"]

PERSONS, DAYS = 100, 14
ARMS = ("open-loop", "pid")


@dataclass(frozen=True, slots=True)
class TrialTimes:
    """Seconds on the wall and of CPU, for so many persons, days and arms."""

    wall: float
    cpu: float
    persons: int
    days: int
    arms: int


def timed_trial(*, quick: bool) -> TrialTimes:
    """Run the trial once; compilation counts."""
    persons, days = (10, 1) if quick else (PERSONS, DAYS)
    made = trial("hovorka", persons, ARMS, Scenario(days=days), 1)
    return TrialTimes(made.wall_s, made.cpu_s, persons, days, len(ARMS))
