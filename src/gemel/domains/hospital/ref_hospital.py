"""Files of the reference layout: an emergency department with wards, its stations, classes, shifts and routing.

Patients of each class come by hourly rates that repeat daily and go to the first station; electives, where there are
any, are one class more, the least urgent, and go straight to the ward.  The lower a class's number, the sooner it is
served, without pre-emption.  Whoever waits for the next station holds nothing.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from ...core.errors import IngestError
from ...models.hospital.compiled import Compiled, compiled
from ...models.hospital.durations import Duration, exponential, fixed, gamma, lognormal
from ...models.hospital.pathway import Branch, Exit, Hospital, PatientClass, Resource, Source, Step, station
from .output import Estimate, estimate
from .replications import Window, replicate

__all__ = ["RefHospital", "reference_hospital", "reference_results"]

DAY_HOURS = 24.0
ELECTIVE = "elective"

WhenLess = Literal["finish", "handover", "preempt"]


class StationFile(msgspec.Struct, frozen=True):
    """A station: its beds or staff, and its service, for all or by class (the last of a list serves the rest)."""

    dist: Literal["exponential", "lognormal", "gamma", "deterministic"]
    mean_h: float | list[float]
    cv: float | list[float] | None = None
    capacity: int | None = None
    capacity_schedule: list[tuple[float, int]] = []
    period_h: float = DAY_HOURS


class RefHospital(msgspec.Struct, frozen=True):
    """The file."""

    ed_hourly_rates: list[float]
    class_probs: list[float]
    class_names: list[str]
    stations: dict[str, StationFile]
    routing: dict[str, str | dict[str, float | dict[str, float]]]
    name: str = "reference hospital"
    elective_rate_per_h: float = 0.0


def reference_hospital(spec: RefHospital, when_less: WhenLess = "finish") -> Hospital:
    """The declared hospital; `when_less` is every station's rule when its capacity drops.

    Raises IngestError for a station without capacity or a route to nowhere.
    """
    names = [*spec.class_names, *([ELECTIVE] if spec.elective_rate_per_h > 0 else [])]
    first = next(iter(spec.stations))
    if len(spec.class_probs) != len(spec.class_names):
        raise IngestError(f"{len(spec.class_probs)} class_probs for {len(spec.class_names)} class_names: give each one")
    sources = [Source("ed", dict(zip(spec.class_names, spec.class_probs, strict=True)), tuple(spec.ed_hourly_rates))]
    if len(names) > len(spec.class_names):
        sources.append(Source(ELECTIVE, {ELECTIVE: 1.0}, (spec.elective_rate_per_h,)))
    classes = [PatientClass(c, k, "ward" if c == ELECTIVE else first) for k, c in enumerate(names)]
    steps: list[Step] = []
    for name, own in spec.stations.items():
        times = {c: _duration(own, k) for k, c in enumerate(names)}
        steps += [*station(name, times), Branch(f"{name}: next", _ways(spec, name, names))]
    resources = tuple(_resource(name, own, when_less) for name, own in spec.stations.items())
    return Hospital(spec.name, tuple(classes), resources, tuple(sources), (*steps, Exit("exit")))


def _duration(own: StationFile, k: int) -> Duration:
    mean, cv = _of(own.mean_h, k), _of(1.0 if own.cv is None else own.cv, k)
    match own.dist:
        case "exponential":
            return exponential(mean)
        case "deterministic":
            return fixed(mean)
        case "lognormal":
            return lognormal(mean, cv)
        case "gamma":
            return gamma(mean, cv)


def _of(value: float | list[float], k: int) -> float:
    return value[min(k, len(value) - 1)] if isinstance(value, list) else value


def _resource(name: str, own: StationFile, when_less: WhenLess) -> Resource:
    if (own.capacity is None) == (not own.capacity_schedule):
        raise IngestError(f"station '{name}' has neither or both of capacity and capacity_schedule: give one")
    roster = tuple((hour, units) for hour, units in own.capacity_schedule)
    return Resource(name, own.capacity, roster, own.period_h, when_less)


def _ways(spec: RefHospital, name: str, classes: list[str]) -> dict[str, dict[str, float]]:
    """Where each class goes from a station: 'always to X', shares for all, or shares by class."""
    told = spec.routing.get(name, "exit")
    if isinstance(told, str):
        return {c: {told.split()[-1]: 1.0} for c in classes}
    flat: dict[str, float] = {goal: share for goal, share in told.items() if not isinstance(share, dict)}
    by_class = {c: share for c, share in told.items() if isinstance(share, dict)}
    return {c: by_class.get(c, flat or {"exit": 1.0}) for c in classes}


def reference_results(
    spec: RefHospital, replications: int, *, seed: int = 0, warmup_days: float, days: float,
    when_less: WhenLess = "finish",
) -> dict[str, Estimate]:  # fmt: skip
    """Mean wait [h] by station and number of the class, and mean beds in use where patients stay a day or more."""
    own = compiled(reference_hospital(spec, when_less))
    window = replicate(own, replications, seed=seed, warmup=warmup_days * DAY_HOURS, hours=days * DAY_HOURS)
    return figures(spec, own, window)


def figures(spec: RefHospital, own: Compiled, window: Window) -> dict[str, Estimate]:
    """The figures of a window."""
    found: dict[str, Estimate] = {}
    for name in spec.stations:
        for c, k in own.classes.items():
            if window.times(name, (c,)).any():
                found[f"wait {name}/{k}"] = estimate(window.mean(name, (c,)))
    for name, station_file in spec.stations.items():
        if _of(station_file.mean_h, 0) >= DAY_HOURS:
            found[f"occ {name}"] = estimate(window.used(name))
    return found
