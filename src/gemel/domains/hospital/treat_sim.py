"""The urgent care centre of Nelson 2013 (exercise 13) as coded in pythonhealthdatascience/stars-treat-sim.

Trauma patients take triage, a trauma bay and a trauma cubicle; the others triage, registration, examination and, with a
given probability, a treatment cubicle; first come, first served everywhere.  A day is run from empty to the horizon.
Waits are those of steps begun by then, times in the centre those of patients who have left, and a utilisation is the
sum of the durations of services begun over capacity and horizon, so it can exceed the time in use.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Literal

import msgspec

from ...core.errors import IngestError
from ...models.hospital.compiled import compiled
from ...models.hospital.durations import Duration, clipped_normal, exponential, fixed, gamma, lognormal
from ...models.hospital.pathway import Branch, Exit, Hospital, PatientClass, Resource, Source, Step, station
from .output import Estimate, estimate
from .replications import Window, replicate

__all__ = ["TreatSim", "treat_sim", "treat_sim_results"]

HOUR_MINUTES = 60.0
SERVICES = {
    "triage": "triage", "registration": "registration", "exam": "exam", "trauma": "trauma_stabilisation",
    "cubicle_trauma": "trauma_treatment", "cubicle_non_trauma": "non_trauma_treatment",
}  # fmt: skip
"""The service of each resource, by its name in the file."""
NUMBER = r"(-?[0-9.]+(?:[eE][-+]?[0-9]+)?)"

Arrivals = Literal["exact", "package"]


class TreatSim(msgspec.Struct, frozen=True):
    """The file; times in minutes, rates per hour by hour from the opening on, over and over."""

    horizon_min: float
    arrival_rate_per_hour: list[float]
    prob_trauma: float
    non_trauma_treat_prob: float
    resources: dict[str, int]
    service: dict[str, str]
    scenarios: dict[str, dict[str, int]] = msgspec.field(default_factory=lambda: {"base": {}})


def treat_sim(spec: TreatSim, override: Mapping[str, int], arrivals: Arrivals = "exact") -> Hospital:
    """The centre with some resources changed.

    `package` imitates the package's arrivals, whose gaps keep the rate of the hour in which the last patient came.
    """
    unknown = {*override, *spec.resources} ^ {*SERVICES}
    if unknown:
        raise IngestError(f"resources {sorted(unknown)} are unknown or missing: the centre has {', '.join(SERVICES)}")
    units = {**spec.resources, **override}
    service = {name: _duration(spec.service[key]) for name, key in SERVICES.items()}
    goes_on = Branch("after exam", {"cubicle_non_trauma": (p := spec.non_trauma_treat_prob), "exit": 1.0 - p})
    apart = Branch("after triage", {"trauma": {"trauma": 1.0}, "non_trauma": {"registration": 1.0}})
    done = Branch("after trauma", {"exit": 1.0})
    steps: list[Step] = [*station("triage", service["triage"]), apart]
    for name in ("trauma", "cubicle_trauma"):
        steps += station(name, service[name])
    steps.append(done)
    for name in ("registration", "exam"):
        steps += station(name, service[name])
    steps += [goes_on, *station("cubicle_non_trauma", service["cubicle_non_trauma"]), Exit("exit")]
    share = {"trauma": spec.prob_trauma, "non_trauma": 1.0 - spec.prob_trauma}
    door = Source("door", share, tuple(spec.arrival_rate_per_hour), stale=arrivals == "package")
    classes = tuple(PatientClass(name) for name in share)
    resources = tuple(Resource(name, units[name]) for name in SERVICES)
    return Hospital("urgent care centre", classes, resources, (door,), tuple(steps))


def _duration(text: str) -> Duration:
    """A law in words, in minutes: 'lognormal mean 5 var 2', 'normal mean 16 var 3, values below 0.5 set to 0.5'."""
    law, numbers = text.split()[0], {key: float(x) for key, x in re.findall(rf"(mean|var|sd|below) {NUMBER}", text)}
    if "mean" not in numbers:
        raise IngestError(f"'{text}' names no mean: write a law, then 'mean' and a number of minutes")
    mean = numbers["mean"] / HOUR_MINUTES
    sd = numbers.get("sd", math.sqrt(numbers.get("var", 0.0))) / HOUR_MINUTES
    match law:
        case "exponential":
            return exponential(mean)
        case "lognormal":
            return lognormal(mean, sd / mean)
        case "gamma":
            return gamma(mean, sd / mean)
        case "normal":
            return clipped_normal(mean, sd, numbers.get("below", 0.0) / HOUR_MINUTES)
        case "fixed":
            return fixed(mean)
        case _:
            raise IngestError(f"no law '{law}' in '{text}': exponential, lognormal, gamma, normal or fixed")


def treat_sim_results(
    spec: TreatSim, replications: int, *, seed: int = 0, arrivals: Arrivals = "exact"
) -> dict[str, dict[str, Estimate]]:
    """The package's sixteen figures of every scenario, in minutes; all scenarios meet the same patients."""
    found: dict[str, dict[str, Estimate]] = {}
    for name, override in spec.scenarios.items():
        own = compiled(treat_sim(spec, override, arrivals))
        window = replicate(own, replications, seed=seed, hours=spec.horizon_min / HOUR_MINUTES)
        found[name] = _figures(window, {**spec.resources, **override}, spec.horizon_min)
    return found


def _figures(window: Window, units: Mapping[str, int], horizon: float) -> dict[str, Estimate]:
    """Named as the package names them."""
    found = {"00_arrivals": estimate(window.arrived.astype(float))}
    told = (
        ("01", "triage", "triage_wait", "triage_util"),
        ("02", "registration", "registration_wait", "registration_util"),
        ("03", "exam", "examination_wait", "examination_util"),
        ("04", "cubicle_non_trauma", "treatment_wait(non_trauma)", "treatment_util(non_trauma)"),
        ("06", "trauma", "trauma_wait", "trauma_util"),
        ("07", "cubicle_trauma", "treatment_wait(trauma)", "treatment_util(trauma)"),
    )
    for number, name, wait, use in told:
        found[f"{number}a_{wait}"] = estimate(window.mean(name) * HOUR_MINUTES)
        share = window.total(f"{name}: service") * HOUR_MINUTES / (units[name] * horizon)
        found[f"{number}b_{use}"] = estimate(share)
    found["05_total_time(non-trauma)"] = estimate(window.mean("exit", ("non_trauma",)) * HOUR_MINUTES)
    found["08_total_time(trauma)"] = estimate(window.mean("exit", ("trauma",)) * HOUR_MINUTES)
    found["09_throughput"] = estimate(window.times("exit").astype(float))
    return dict(sorted(found.items()))
