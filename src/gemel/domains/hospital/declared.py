"""The figures of any declared hospital: waits, services, stays and use, step by step and class by class."""

from __future__ import annotations

from ...models.hospital.compiled import compiled
from ...models.hospital.pathway import Exit, Hospital, Seize
from .output import Estimate, estimate
from .replications import replicate

__all__ = ["declared_results"]


def declared_results(
    hospital: Hospital, replications: int, *, seed: int = 0, warmup_days: float, days: float
) -> dict[str, Estimate]:
    """Mean wait [h] by Seize step and class, stay [h] and departures a day by class, share turned away or reneged by
    step, units in use and patients waiting by resource."""
    own = compiled(hospital)
    window = replicate(own, replications, seed=seed, warmup=24.0 * warmup_days, hours=24.0 * days)
    found = {"share of runs in deadlock": estimate(window.locked.astype(float))}
    for step in hospital.steps:
        for name in own.classes:
            times, lost = window.times(step.name, (name,)), window.otherwise(step.name, (name,))
            if isinstance(step, Seize) and (times + lost).any():
                found[f"wait {step.name}/{name}"] = estimate(window.mean(step.name, (name,)))
                if step.otherwise is not None:
                    found[f"lost {step.name}/{name}"] = estimate(lost / (times + lost).clip(min=1))
            if isinstance(step, Exit) and times.any():
                found[f"stay {step.name}/{name}"] = estimate(window.mean(step.name, (name,)))
                found[f"leave {step.name}/{name}"] = estimate(times / days)
    for name in own.resources:
        found[f"used {name}"] = estimate(window.used(name))
        found[f"queue {name}"] = estimate(window.queue(name))
    return found
