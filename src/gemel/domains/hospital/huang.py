"""Clot retrieval in an angiography suite shared with others (Huang et al. 2019, doi:10.3389/fneur.2019.00653).

Stroke patients who need endovascular clot retrieval wait for the neuro-angiography room (angio_inr), which emergency
and elective interventional radiology also use.  As published: gaps between arrivals are whole Poisson-distributed
minutes, a normal duration below zero counts as its size, resources are seized one after the other, electives pass a
door by day only, and a patient joins whichever room has fewer in use and waiting.  The wait for the room runs until the
procedure begins, so it includes waiting in the room for people.  All ask for the radiologist first and then for staff:
the authors' program lets emergencies ask the other way round, and then two patients can hold up each other by night.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ...core.errors import IngestError
from ...models.hospital.compiled import compiled
from ...models.hospital.durations import Duration, fixed, folded_normal, poisson
from ...models.hospital.pathway import (
    Branch,
    Choose,
    Delay,
    Exit,
    Hospital,
    Need,
    PatientClass,
    Reclass,
    Release,
    Resource,
    Seize,
    Source,
    Step,
    station,
)  # fmt: skip
from .output import Estimate, estimate
from .replications import replicate

__all__ = ["Huang", "huang", "huang_results"]

MINUTE_HOURS = 1.0 / 60.0
YEAR_MINUTES = 365.0 * 1440.0
PROCEDURE_STAFF = 3
NOW = fixed(0.0)


class OfEd(msgspec.Struct, frozen=True):
    """Shares of emergency patients."""

    stroke: float
    ais_given_stroke: float
    ecr_given_ais: float
    nonstroke_ct: float


class Service(msgspec.Struct, frozen=True):
    """Durations [min]: mean and standard deviation of a normal, or a fixed number."""

    ed_triage: tuple[float, float]
    stroke_doctor: tuple[float, float]
    ct_stroke: tuple[float, float]
    ct_other_fixed: float
    angio_prep: tuple[float, float]
    ir_or_inr_procedure: tuple[float, float]
    ecr_procedure: tuple[float, float]


class Huang(msgspec.Struct, frozen=True):
    """The file; a resource is a number of units or one by day and one by night."""

    arrivals_per_year: dict[str, float]
    of_ed: OfEd
    resources: dict[str, int | dict[str, int]]
    day: tuple[float, float]
    service_normal_min: Service
    priority: dict[str, int]


def huang(spec: Huang, *, exclusive: bool = False) -> Hospital:
    """The suite; `exclusive` keeps interventional radiology out of angio_inr.

    The published runs kept out the elective alone; with their parameters the wait is the same within its error.
    """
    resources = tuple(_resource(spec, name) for name in spec.resources)
    any_number, (opens, closes) = 10**9, spec.day
    door = Resource("door", roster=((0.0, 0), (opens, any_number), (closes, 0)))
    first = spec.priority.get("others", 0)
    rank = {name: -spec.priority.get(name, first) for name in ("stroke", "emergency_ir")}
    classes = (
        PatientClass("ed", -first, "ed_staff"), PatientClass("stroke", rank["stroke"], "stroke_doctor"),
        PatientClass("emergency_ir", rank["emergency_ir"], "prep"), PatientClass("elective_ir", -first, "door"),
        PatientClass("elective_inr", -first, "door"),
    )  # fmt: skip
    sources = tuple(
        Source(name, {name: 1.0}, gap=poisson(float(round(YEAR_MINUTES / yearly)), MINUTE_HOURS))
        for name, yearly in spec.arrivals_per_year.items()
    )
    return Hospital(
        "angiography", classes, (door, *resources), sources, (*_emergency(spec), *_suite(spec, exclusive), Exit("exit"))
    )


def _normal(numbers: tuple[float, float]) -> Duration:
    return folded_normal(numbers[0] * MINUTE_HOURS, numbers[1] * MINUTE_HOURS)


def _resource(spec: Huang, name: str) -> Resource:
    own = spec.resources[name]
    if isinstance(own, int):
        return Resource(name, own)
    night, day = own["night"], own["day"]
    return Resource(name, roster=((0.0, night), (spec.day[0], day), (spec.day[1], night)))


def _emergency(spec: Huang) -> tuple[Step, ...]:
    """The emergency department, up to the wait for clot retrieval."""
    s, of = spec.service_normal_min, spec.of_ed
    ecr = of.ais_given_stroke * of.ecr_given_ais
    return (
        *station("ed_staff", _normal(s.ed_triage)),
        Branch("stroke?", {"is stroke": of.stroke, "ct?": 1.0 - of.stroke}),
        Branch("ct?", {"ct": of.nonstroke_ct, "exit": 1.0 - of.nonstroke_ct}),
        Reclass("is stroke", "stroke"),
        *station("stroke_doctor", _normal(s.stroke_doctor)),
        *station("ct", {"stroke": _normal(s.ct_stroke), "ed": fixed(s.ct_other_fixed * MINUTE_HOURS)}),
        Branch("ecr?", {"ed": {"exit": 1.0}, "stroke": {"ecr: room": ecr, "exit": 1.0 - ecr}}),
        *_procedure("ecr", "angio_inr", ("inr", "angio_staff"), _normal(s.ecr_procedure)),
    )  # fmt: skip


def _suite(spec: Huang, exclusive: bool) -> tuple[Step, ...]:
    """Interventional radiology and neuroradiology."""
    s = spec.service_normal_min
    both = tuple(name for name in ("angio_ir", "angio_inr") if spec.resources.get(name) != 0)
    rooms = both[:1] if exclusive else both
    procedure = _normal(s.ir_or_inr_procedure)
    treated: list[Step] = []
    for room in rooms:
        treated += _procedure(f"ir in {room}", room, ("ir", "angio_staff"), procedure)
    neuro, other = {"inr: room": 1.0}, {"ir room?": 1.0}
    return (
        *station("door", NOW),
        *station("prep", _normal(s.angio_prep), resource="angio_staff"),
        Branch("which room?", {"elective_inr": neuro, "elective_ir": other, "emergency_ir": other}),
        Choose("ir room?", tuple(f"ir in {room}: room" for room in rooms)),
        *_procedure("inr", "angio_inr", ("inr", "angio_staff"), procedure),
        *treated,
    )


def _procedure(name: str, room: str, people: tuple[str, str], time: Duration) -> tuple[Step, ...]:
    """Seize a room and then its people, one kind after the other; treat; release all; leave."""
    needs = [Need(room), *(Need(who, PROCEDURE_STAFF if who == "angio_staff" else 1) for who in people)]
    seizes = [Seize(f"{name}: {what}", (need,)) for what, need in zip(("room", *people), needs, strict=True)]
    return *seizes, Delay(f"{name}: procedure", time), Release(f"{name}: end", tuple(needs), then="exit")


def scenarios(spec: Huang) -> Mapping[str, tuple[Huang, bool]]:
    """The published what-ifs by name: the file, and whether angio_inr is kept for neuroradiology."""
    if "angio_inr" not in spec.resources or not isinstance(spec.resources["angio_inr"], int):
        raise IngestError("the file names no number of angio_inr rooms: give resources.angio_inr")
    two = replace_resources(spec, angio_inr=2, angio_ir=0)
    rooms = {"baseline": (spec, False), "exclusive use": (spec, True), "two angio_inr": (two, False)}
    found: dict[str, tuple[Huang, bool]] = dict(rooms)
    for hour in (17.0, 18.0, 19.0):  # structure: the published ends of the working day
        for name, (file, exclusive) in rooms.items():
            later = msgspec.structs.replace(file, day=(file.day[0], hour))
            found[f"{name}, day end {hour:g}"] = later, exclusive
    return found


def replace_resources(spec: Huang, **units: int) -> Huang:
    """The file with other numbers of rooms."""
    return msgspec.structs.replace(spec, resources={**spec.resources, **units})


def huang_results(
    spec: Huang, replications: int, *, seed: int = 0, warmup_days: float, days: float, only: tuple[str, ...] = ()
) -> dict[str, Estimate]:
    """Mean wait [min] of clot retrieval for angio_inr in every scenario, or those in `only`, with the same patients."""
    found: dict[str, Estimate] = {}
    chosen = {name: own for name, own in scenarios(spec).items() if not only or name in only}
    for name, (file, exclusive) in chosen.items():
        same = next((other for other in found if chosen[other] == (file, exclusive)), None)
        if same is not None:
            found[name] = found[same]
            continue
        own = compiled(huang(file, exclusive=exclusive))
        window = replicate(own, replications, seed=seed, warmup=warmup_days * 24.0, hours=days * 24.0)
        waits = [window.mean(f"ecr: {what}") for what in ("room", "inr", "angio_staff")]
        found[name] = estimate(sum(waits[1:], waits[0]) / MINUTE_HOURS)
    return found
