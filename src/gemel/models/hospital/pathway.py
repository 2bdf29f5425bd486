"""The words a hospital is declared in: resources, classes of patients, where they come from, and the steps they take.

A pathway is a list of named steps.  After a step comes the next in the list, or the one it names in `then`.  A patient
holds what they have seized until they release it, through any number of steps: to seize the next bed before the last
is released is boarding; to wait with a bed in hand is blocking.  Times are hours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from .durations import Duration

__all__ = [
    "Batch",
    "Branch",
    "Breakdown",
    "Choose",
    "Delay",
    "Exit",
    "Hospital",
    "Need",
    "PatientClass",
    "Reclass",
    "Release",
    "Resource",
    "Seize",
    "Source",
    "Step",
    "Unbatch",
    "station",
]


@dataclass(frozen=True, slots=True)
class Breakdown:
    """How units fail: each of `units` runs for `up`, then is repaired for `repair`, and so on."""

    up: Duration
    repair: Duration
    units: int = 1


@dataclass(frozen=True, slots=True)
class Resource:
    """Beds, rooms, people or machines of one kind.

    units: how many there are, None for any number.  roster: instead of that, (hour of the period, units) from 0 on.
    when_less: the rule when units in use exceed the roster or one breaks: 'finish' what is under way, 'handover' to a
    full new shift that overlaps with those who finish, or 'preempt'.  interrupted: what a service does that was
    interrupted, when it goes on: 'resume', 'restart' with the same duration, or 'redraw'.
    """

    name: str
    units: int | None = None
    roster: tuple[tuple[float, int], ...] = ()
    period: float = 24.0
    when_less: Literal["finish", "handover", "preempt"] = "finish"
    interrupted: Literal["resume", "restart", "redraw"] = "resume"
    breaks: Breakdown | None = None


@dataclass(frozen=True, slots=True)
class PatientClass:
    """A kind of patient: their priority (the lowest number is served first) and the step they start with (default: the
    first of the pathway)."""

    name: str
    priority: int = 0
    enters: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Where patients come from, of classes in the shares of `mix` (of one class: its name alone with share 1).

    rates: Poisson arrivals per hour, piecewise constant over buckets of `bucket` hours, round and round, or once if not
    `repeats`; `stale` draws each gap with the rate at the last arrival.  gap: instead, a renewal process.  listed:
    instead, arrivals at these hours of these classes.
    """

    name: str
    mix: Mapping[str, float]
    rates: tuple[float, ...] = ()
    bucket: float = 1.0
    repeats: bool = True
    stale: bool = False
    gap: Duration | None = None
    listed: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Need:
    """Units of a resource; a request is met only if it leaves `leave` units free, which reserves those for others."""

    resource: str
    units: int = 1
    leave: int = 0


ByClass = Mapping[str, Duration]


@dataclass(frozen=True, slots=True)
class Seize:
    """Ask for all of `needs` at once and wait in line until they are free.

    preempts: take the one resource from a less urgent patient under service.  priority: instead of the class's.
    patience: leave the line after this long for the step `otherwise`.  longest: go to `otherwise` at once if so many
    already wait.
    """

    name: str
    needs: tuple[Need, ...]
    preempts: bool = False
    priority: int | None = None
    patience: Duration | ByClass | None = None
    longest: int | None = None
    otherwise: str | None = None
    then: str | None = None


@dataclass(frozen=True, slots=True)
class Delay:
    """A time drawn once, for all or by class."""

    name: str
    time: Duration | ByClass
    then: str | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """Give units back."""

    name: str
    needs: tuple[Need, ...]
    then: str | None = None


@dataclass(frozen=True, slots=True)
class Branch:
    """Go on to one of several steps by chance: shares for all, or by class."""

    name: str
    ways: Mapping[str, float] | Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Choose:
    """Go on to the one of several Seize steps whose first resource has the fewest in use and waiting, the first of
    equals; with rule 'free', to the first that can be met at once, if there is one."""

    name: str
    among: tuple[str, ...]
    rule: Literal["shortest", "free"] = "shortest"


@dataclass(frozen=True, slots=True)
class Batch:
    """Wait until `size` patients are together, or the first has waited `wait`; then they go on as one."""

    name: str
    size: int
    wait: Duration | None = None
    then: str | None = None


@dataclass(frozen=True, slots=True)
class Unbatch:
    """Go on one by one again."""

    name: str
    then: str | None = None


@dataclass(frozen=True, slots=True)
class Reclass:
    """Become another class of patient."""

    name: str
    to: str
    then: str | None = None


@dataclass(frozen=True, slots=True)
class Exit:
    """Leave the hospital."""

    name: str


Step = Seize | Delay | Release | Branch | Choose | Batch | Unbatch | Reclass | Exit


@dataclass(frozen=True, slots=True)
class Hospital:
    """A whole hospital; `compiled.compiled` checks it and makes it fit to run."""

    name: str
    classes: tuple[PatientClass, ...]
    resources: tuple[Resource, ...]
    sources: tuple[Source, ...]
    steps: tuple[Step, ...]


def station(
    name: str, time: Duration | ByClass, *, resource: str | None = None, patience: Duration | ByClass | None = None,
    otherwise: str | None = None, preempts: bool = False,
) -> tuple[Seize, Delay, Release]:  # fmt: skip
    """The three steps of an ordinary station: wait for one unit of `resource` (default: the station's name), be served,
    give it back; they are called `name`, 'name: service' and 'name: end'."""
    need = (Need(resource or name),)
    seize = Seize(name, need, preempts=preempts, patience=patience, otherwise=otherwise)
    return seize, Delay(f"{name}: service", time), Release(f"{name}: end", need)
