"""The patients who are in now, as a declared hospital meets them, and what can be said of each.

A ward of the feed stands for a step of the pathway and a class of patient (`Where`); a ward that stands for nothing is
counted and left out, never guessed.  What is left of a stay is conditional on what has passed; where a patient goes
next is the pathway's own shares, from the step they are at to the next wait, or out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

from ...core.clock import HOUR
from ...core.errors import PlanError
from ...core.fact import Instant
from ...models.hospital.census import Patient, remaining
from ...models.hospital.compiled import Compiled
from ...models.hospital.durations import Duration
from ...models.hospital.pathway import Branch, Choose, Delay, Exit, Hospital, Seize, Step
from .stays import Placement

__all__ = ["Prospect", "Where", "prospect", "standing"]

DAY_H: Final = 24.0
_GRID: Final = (np.arange(4000) + 0.5) / 4000  # structure: a fine grid
"""Upper quantiles at which what is left is looked up: P(gone within a day) to 1 in 4,000."""
_FAR: Final = 1000
"""Steps of a pathway that are followed without time passing: more is a circle."""


class Where(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a ward of the feed is: a step of the pathway (a Delay: under service there), and a class of patient."""

    step: str
    kind: str


@dataclass(frozen=True, slots=True)
class Prospect:
    """Of one patient: hours left at the step (10, 50, 90 % of what is possible), P(done within a day), and the shares
    of where they go then: resources they will ask for, or 'out'."""

    left: tuple[float, float, float]
    within_day: float
    goes: Mapping[str, float]


def standing(
    places: Sequence[Placement], at: Instant, wards: Mapping[str, Where], hospital: Hospital
) -> tuple[tuple[Patient, ...], dict[str, int]]:
    """The patients in these places at an instant [us], those who have been there longest first, and how many are in
    wards that stand for nothing.

    Raises PlanError for a step or class that the hospital does not have.
    """
    steps, classes = [s.name for s in hospital.steps], [c.name for c in hospital.classes]
    for ward, where in wards.items():
        if where.step not in steps or where.kind not in classes:
            raise PlanError(f"ward '{ward}' is said to be step '{where.step}' of class '{where.kind}': there are steps "
                            f"{', '.join(steps)} and classes {', '.join(classes)}")  # fmt: skip
    unknown = Counter(p.ward for p in places if p.ward not in wards)
    known = sorted((p for p in places if p.ward in wards), key=lambda p: (p.start, p.patient))
    return tuple(
        Patient(wards[p.ward].step, wards[p.ward].kind, here=(at - p.start) / HOUR, since=(at - p.arrived) / HOUR)
        for p in known
    ), dict(unknown)


def prospect(own: Compiled, patient: Patient) -> Prospect | None:
    """What can be said of a patient under service; None for one who waits, whose time depends on everybody else."""
    step = own.hospital.steps[own.steps[patient.step]]
    if not isinstance(step, Delay):
        return None
    law = step.time if isinstance(step.time, Duration) else step.time[patient.kind]
    left = np.asarray(remaining(law, patient.here, np.array([0.9, 0.5, 0.1])))  # structure: shown quantiles
    gone = float((np.asarray(remaining(law, patient.here, _GRID)) <= DAY_H).mean())
    goes: defaultdict[str, float] = defaultdict(float)
    _follow(own, _after(own, step), patient.kind, (1.0, _FAR), goes)
    return Prospect((float(left[0]), float(left[1]), float(left[2])), gone, dict(goes))


def _after(own: Compiled, step: Step) -> Step | None:
    """The step that follows one without choice."""
    then = None if isinstance(step, Branch | Choose | Exit) else step.then
    steps = own.hospital.steps
    if then is not None:
        return steps[own.steps[then]]
    place = own.steps[step.name] + 1
    return steps[place] if place < len(steps) else None


def _follow(
    own: Compiled, step: Step | None, kind: str, sure: tuple[float, int], goes: defaultdict[str, float]
) -> None:  # fmt: skip
    """Add what is reached with these chances from a step on, at the next wait or exit."""
    chance, most = sure
    if step is None or isinstance(step, Exit):
        goes["out"] += chance
    elif isinstance(step, Seize):
        goes[" and ".join(need.resource for need in step.needs)] += chance
    elif isinstance(step, Choose):
        goes[" or ".join(step.among)] += chance
    elif isinstance(step, Delay) or not most:
        goes[step.name] += chance
    elif isinstance(step, Branch):
        ways = step.ways.get(kind) if all(isinstance(v, Mapping) for v in step.ways.values()) else step.ways
        assert isinstance(ways, Mapping)  # compiled: a branch says where every class goes
        for goal, share in ways.items():
            if isinstance(share, float | int) and share > 0.0:
                _follow(own, own.hospital.steps[own.steps[goal]], kind, (chance * share, most - 1), goes)
    else:
        _follow(own, _after(own, step), kind, (chance, most - 1), goes)
