"""A declared hospital made fit to run: names become numbers, sets of needs become lines, and what cannot work is told.

Where a patient is says what they hold: every way to a step must arrive with the same units in hand, and nobody leaves
with any.  That is checked here, once, and is what lets the kernel interrupt, hand over and look for deadlock without
keeping a list of holdings.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Int64

from ...core.array import Array
from ...core.clock import HOUR
from ...core.draws import purpose
from ...core.errors import ShapeError
from ...numerics.des import layout as at
from ...numerics.des.layout import Tables
from .durations import Duration
from .flat import Parts, Places, SourcePart, flatten
from .holdings import holdings
from .pathway import (
    Batch,
    Branch,
    Choose,
    Delay,
    Exit,
    Hospital,
    Need,
    Reclass,
    Release,
    Resource,
    Seize,
    Source,
    Step,
    Unbatch,
)  # fmt: skip

__all__ = ["Compiled", "compiled"]

ANY_NUMBER = 10**12
"""Units of a resource that never runs out."""
OPS = {
    Seize: at.SEIZE, Delay: at.DELAY, Release: at.RELEASE, Branch: at.BRANCH, Choose: at.CHOOSE, Batch: at.BATCH,
    Unbatch: at.UNBATCH, Reclass: at.RECLASS, Exit: at.EXIT,
}  # fmt: skip
SUMS_TO_1 = 1e-6
"""How far shares may miss 1; they are then made to meet it."""
RULES = {"finish": at.FINISH, "handover": at.HANDOVER, "preempt": at.PREEMPT}
MODES = {"resume": at.RESUME, "restart": at.RESTART, "redraw": at.REDRAW}


@dataclass(frozen=True)
class Compiled:
    """A hospital, its tables and where in them things are."""

    hospital: Hospital
    tables: Tables
    places: Places

    def tally(self, members: Int64[Array, "... n"]) -> Int64[Array, "... s k 3"]:
        """Of `Outcome.members`, for each step and class: how often, total time [us], how often it went otherwise."""
        first, shape = self.places.tallies[0], (len(self.steps), len(self.classes), at.TALLY_RECORD)
        return np.asarray(members)[..., first : first + math.prod(shape)].reshape(*members.shape[:-1], *shape)

    def arrivals(self, members: Int64[Array, "... n"]) -> Int64[Array, "..."]:
        """Of `Outcome.members`, how many patients have come in all."""
        return np.asarray(members)[..., [place + at.MADE for place in self.places.sources]].sum(axis=-1)

    def levels(self, members: Int64[Array, "... n"], resource: str) -> Int64[Array, "... h"]:
        """Of `Outcome.members`, time [us] with 0, 1, .. units of a resource in use, the last number or more."""
        place = self.places.resources[self.resources[resource]]
        first, end = (int(self.tables.member[place + column]) for column in (at.LEVELS, at.LEVELS_END))
        return np.asarray(members)[..., first:end]

    @cached_property
    def steps(self) -> dict[str, int]:
        """Number of each step."""
        return {step.name: i for i, step in enumerate(self.hospital.steps)}

    @cached_property
    def classes(self) -> dict[str, int]:
        """Number of each class."""
        return {c.name: i for i, c in enumerate(self.hospital.classes)}

    @cached_property
    def resources(self) -> dict[str, int]:
        """Number of each resource."""
        return {r.name: i for i, r in enumerate(self.hospital.resources)}


class _Names:
    """Numbers of names, with an error that lists those there are."""

    def __init__(self, kind: str, named: Sequence[Any]) -> None:
        self.kind, self.numbers = kind, {item.name: i for i, item in enumerate(named)}
        if len(self.numbers) != len(named) or not named:
            raise ShapeError(f"{kind} names {[item.name for item in named]}: give at least one, each its own name")

    def __getitem__(self, name: str) -> int:
        if name not in self.numbers:
            raise ShapeError(f"no {self.kind} '{name}': there are {', '.join(self.numbers)}")
        return self.numbers[name]


class _Build:
    """What grows while a hospital is read."""

    def __init__(self, hospital: Hospital) -> None:
        self.hospital = hospital
        self.step = _Names("step", hospital.steps)
        self.kind = _Names("class", hospital.classes)
        self.resource = _Names("resource", hospital.resources)
        asked = [s.priority for s in hospital.steps if isinstance(s, Seize) and s.priority is not None]
        self.priorities = tuple(sorted({c.priority for c in hospital.classes} | set(asked)))
        self.numbers: list[float] = []
        self.lines: dict[tuple[tuple[int, int, int], ...], int] = {}
        self.waited: set[int] = set()
        self.ways: list[list[tuple[float, int]]] = []
        self.choices: list[tuple[int, int]] = []

    def law(self, duration: Duration) -> int:
        """Place of the record of a law, its own, among the real numbers."""
        kind, a, b, c, d = duration.row()
        if duration.values:
            a, b = float(len(self.numbers)), float(len(self.numbers) + 2 * len(duration.values))
            self.numbers += [x for share, value in duration.values for x in (share, value * HOUR)]
        self.numbers += [kind, a, b, c, d]
        return len(self.numbers) - len(duration.row())

    def by_class(self, time: Duration | Mapping[str, Duration] | None, where: str) -> list[int]:
        """Number of the law for each class, -1 where there is none."""
        if time is None:
            return [-1] * len(self.hospital.classes)
        if isinstance(time, Duration):
            return [self.law(time)] * len(self.hospital.classes)
        laws = [-1] * len(self.hospital.classes)
        for name, own in time.items():
            laws[self.kind[name]] = self.law(own)
        if not time:
            raise ShapeError(f"step '{where}' names no time for any class")
        return laws

    def line(self, needs: Sequence[Need], waited: bool) -> int:
        """Number of the line for these needs; `waited`: patients may wait in it."""
        key = tuple((self.resource[n.resource], n.units, n.leave if waited else 0) for n in needs)
        for (r, units, leave), need in zip(key, needs, strict=True):
            most = _most(self.hospital.resources[r])
            if units < 1 or leave < 0 or units + leave > most:
                raise ShapeError(
                    f"{units} of '{need.resource}', leaving {leave}, can never be had: there are at most {most}"
                )
        if not key or len({r for r, _, _ in key}) != len(key):
            raise ShapeError(f"needs {[n.resource for n in needs]}: name each resource once")
        number = self.lines.setdefault(key, len(self.lines))
        if waited:
            self.waited.add(number)
        return number


def compiled(hospital: Hospital, *, levels: int = 0) -> Compiled:
    """A hospital fit to run; `levels` counts the time each resource has so many units in use, up to that number less 1.

    Raises ShapeError for a pathway that cannot work, naming the step and what to change.
    """
    b = _Build(hospital)
    steps = [_step(b, i, step) for i, step in enumerate(hospital.steps)]
    laws = [_laws(b, step) for step in hospital.steps]
    held = holdings(
        hospital, steps, [_reach(b, i, steps, laws) for i in range(len(steps))], _entries(b), tuple(b.lines)
    )
    regain = _regain(b, held)
    parts = Parts(
        steps=steps, laws=laws, held=held.tolist(), regain=regain, lines=tuple(b.lines), waited=frozenset(b.waited),
        numbers=b.numbers, ways=b.ways, choices=b.choices, entries=_entries(b),
        ranks=[b.priorities.index(c.priority) for c in hospital.classes], most_ranks=len(b.priorities),
        resources=[_resource(b, r) for r in hospital.resources],
        rosters=[_roster(r) for r in hospital.resources],
        sources=[_source(b, source) for source in hospital.sources], levels=levels,
        words=[purpose(f"step:{s.name}") for s in hospital.steps],
        streams=[[purpose(f"{kind}:{x.name}") for x in named] for kind, named in
                 (("breaks", hospital.resources), ("source", hospital.sources))],
    )  # fmt: skip
    return Compiled(hospital, *flatten(parts))


def _step(b: _Build, i: int, step: Step) -> list[int]:
    """A step's row of `Tables.steps`."""
    row = [OPS[type(step)], 0, 0, _then(b, i, step), -1, -1, 0, -1]
    match step:
        case Seize():
            row[at.A] = b.line(step.needs, waited=True)
            row[at.OUSTS] = int(step.preempts)
            row[at.ELSE] = -1 if step.otherwise is None else b.step[step.otherwise]
            row[at.RANKED] = -1 if step.priority is None else b.priorities.index(step.priority)
            row[at.LIMIT] = -1 if step.longest is None else step.longest
            if row[at.ELSE] < 0 and (step.patience is not None or step.longest is not None):
                raise ShapeError(f"step '{step.name}' turns patients away to nowhere: name a step in 'otherwise'")
            if step.preempts and len(step.needs) != 1:
                raise ShapeError(f"step '{step.name}' pre-empts several resources at once: seize them one by one")
        case Release():
            row[at.A] = b.line(step.needs, waited=False)
        case Choose():
            row[at.A] = len(b.choices)
            b.choices += [_alternative(b, step, name) for name in step.among]
            row[at.B] = len(b.choices)
            row[at.LIMIT] = int(step.rule == "free")
            if row[at.A] == row[at.B]:
                raise ShapeError(f"step '{step.name}' has nothing to choose from")
        case Batch():
            row[at.A] = step.size
            if step.size < 2:
                raise ShapeError(f"step '{step.name}' is a batch of {step.size}: a batch has two patients at least")
        case Reclass():
            row[at.A] = b.kind[step.to]
        case _:
            pass
    return row


def _then(b: _Build, i: int, step: Step) -> int:
    if isinstance(step, Exit | Branch | Choose):
        return -1
    if step.then is not None:
        return b.step[step.then]
    if i + 1 == len(b.hospital.steps):
        raise ShapeError(f"after the last step '{step.name}' comes nothing: end the pathway with an Exit")
    return i + 1


def _alternative(b: _Build, choose: Choose, name: str) -> tuple[int, int]:
    goal = b.hospital.steps[b.step[name]]
    if not isinstance(goal, Seize):
        raise ShapeError(f"step '{choose.name}' can only choose among Seize steps, and '{name}' is none")
    return b.line(goal.needs, waited=True), b.step[name]


def _laws(b: _Build, step: Step) -> list[tuple[int, int]]:
    """For each class a step's law and 0, or a branch's ways and how many."""
    match step:
        case Delay():
            laws = b.by_class(step.time, step.name)
        case Seize():
            laws = b.by_class(step.patience, step.name)
        case Batch():
            laws = b.by_class(step.wait, step.name)
        case Branch():
            return _branch(b, step)
        case _:
            laws = b.by_class(None, step.name)
    return [(law, 0) for law in laws]


def _branch(b: _Build, step: Branch) -> list[tuple[int, int]]:
    found = [(-1, 0)] * len(b.hospital.classes)
    for name, ways in _ways(b, step).items():
        total = math.fsum(ways.values())
        if abs(total - 1.0) > SUMS_TO_1 or min(ways.values()) < 0.0:
            raise ShapeError(f"the ways of step '{step.name}' for {name} add up to {total:g}: shares add up to 1")
        open_ways = [(b.step[goal], share) for goal, share in ways.items() if share > 0.0]
        below = np.cumsum([share for _, share in open_ways]) / total
        below[-1] = 1.0
        found[b.kind[name]] = len(b.ways), len(open_ways)
        b.ways.append([(float(x), goal) for x, (goal, _) in zip(below, open_ways, strict=True)])
    return found


def _ways(b: _Build, step: Branch) -> dict[str, dict[str, float]]:
    """Shares by class, however they were written."""
    if any(isinstance(share, Mapping) for share in step.ways.values()):
        return {name: dict(ways) for name, ways in step.ways.items() if isinstance(ways, Mapping)}
    flat: dict[str, float] = {goal: share for goal, share in step.ways.items() if not isinstance(share, Mapping)}
    return {c.name: flat for c in b.hospital.classes}


def _reach(b: _Build, i: int, steps: list[list[int]], laws: list[list[tuple[int, int]]]) -> list[int]:
    """The steps that may follow a step."""
    row = steps[i]
    if row[at.OP] == at.BRANCH:
        return [goal for way, _ in laws[i] if way >= 0 for _, goal in b.ways[way]]
    if row[at.OP] == at.CHOOSE:
        return [goal for _, goal in b.choices[row[at.A] : row[at.B]]]
    return [goal for goal in (row[at.THEN], row[at.ELSE]) if goal >= 0]


def _regain(b: _Build, held: Any) -> list[list[int]]:
    """For each resource, the line of those who lost so many units of it, -1 where nobody can."""
    preempting = {n.resource for s in b.hospital.steps if isinstance(s, Seize) and s.preempts for n in s.needs}
    found: list[list[int]] = []
    for r, resource in enumerate(b.hospital.resources):
        lines = [-1] * (int(held[:, r].max()) + 1)
        if resource.when_less == "preempt" or resource.name in preempting:
            for units in {int(h) for h in held[:, r]} - {0}:
                lines[units] = b.line((Need(resource.name, units),), waited=True)
        found.append(lines)
    return found


def _most(resource: Resource) -> int:
    """The most units there ever are."""
    if resource.roster:
        return max(units for _, units in resource.roster)
    return ANY_NUMBER if resource.units is None else resource.units


def _roster(resource: Resource) -> tuple[int, list[tuple[int, int]]]:
    """Period [us], and when there are how many units."""
    roster = resource.roster or ((0.0, _most(resource)),)
    hours = [hour for hour, _ in roster]
    if hours != sorted(set(hours)) or not 0.0 <= hours[0] or not hours[-1] < resource.period:
        raise ShapeError(
            f"the roster of '{resource.name}' changes at {hours} h: rising hours, below {resource.period:g}"
        )
    if min(units for _, units in roster) < 0 or (resource.roster and resource.units is not None):
        raise ShapeError(
            f"resource '{resource.name}' has both units and a roster, or fewer than none of them: give one"
        )
    return round(resource.period * HOUR), [(round(hour * HOUR), units) for hour, units in roster]


def _resource(b: _Build, resource: Resource) -> tuple[int, int, int, int, int]:
    breaks = resource.breaks
    laws = (-1, -1, 0) if breaks is None else (b.law(breaks.up), b.law(breaks.repair), breaks.units)
    return RULES[resource.when_less], MODES[resource.interrupted], laws[0], laws[1], laws[2]


def _entries(b: _Build) -> list[int]:
    """The step each class starts with."""
    return [0 if c.enters is None else b.step[c.enters] for c in b.hospital.classes]


def _mix(b: _Build, source: Source) -> list[float]:
    """Cumulative shares of the classes."""
    shares = [0.0] * len(b.hospital.classes)
    for name, share in source.mix.items():
        shares[b.kind[name]] = share
    total = math.fsum(shares)
    if not source.listed and (abs(total - 1.0) > SUMS_TO_1 or min(shares) < 0.0):
        raise ShapeError(f"the classes of source '{source.name}' add up to {total:g}: shares add up to 1")
    last = max((k for k, share in enumerate(shares) if share > 0.0), default=0)
    return [sum(shares[: k + 1]) / total if k < last else 1.0 for k in range(len(shares))]


def _source(b: _Build, source: Source) -> SourcePart:
    given = [bool(source.rates), source.gap is not None, bool(source.listed)]
    if sum(given) != 1 or any(not rate >= 0.0 for rate in source.rates):
        raise ShapeError(f"source '{source.name}': give one of rates (none below 0), gap or listed arrivals")
    kind = at.LISTED if source.listed else at.RENEWAL
    if source.rates:
        kind = at.STALE if source.stale else at.POISSON if source.repeats else at.ONCE
    if kind == at.STALE and min(source.rates) == 0.0:
        raise ShapeError(f"source '{source.name}' is stale at a rate of 0, and would never wake: give it a rate")
    return SourcePart(
        kind=kind, width=round(source.bucket * HOUR), rates=[rate / HOUR for rate in source.rates],
        gap=-1 if source.gap is None else b.law(source.gap), mix=_mix(b, source),
        listed=sorted((round(hour * HOUR), b.kind[name]) for hour, name in source.listed),
    )  # fmt: skip
