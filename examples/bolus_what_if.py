"""A what-if in thirty lines: a twin learns from six hours of sensor glucose, then two boluses for dinner are weighed.

python examples/bolus_what_if.py
"""

from __future__ import annotations

import gemel
from gemel.core.clock import HOUR, MINUTE
from gemel.domains.health.glucose import UTILITIES

START = gemel.instant("2026-03-02T12:00", tz="Europe/London")


def main() -> None:
    person = gemel.Subject(id="example", zone="Europe/London")
    own = gemel.twin(
        "replaybg", person, at=START, covariates={"weight": 74.0, "basal": 0.8}, rates={"insulin": 0.8}, members=256
    )
    readings = [
        gemel.Observation(
            id=f"sensor-{k}", code="loinc:99504-3", value=gemel.Exact(125.0 - 0.4 * k), unit="mg/dL",
            at=START + 5 * k * MINUTE, recorded=START + 5 * k * MINUTE,
        )
        for k in range(1, 73)
    ]  # fmt: skip
    own = gemel.observe(own, readings)
    meal = gemel.Action(own.now + 10 * MINUTE, "carbs", dose=60.0)
    plans = [
        gemel.Schedule(f"{units:g} IU", (gemel.Action(own.now, "insulin", dose=units), meal)) for units in (3.0, 6.0)
    ]
    found = gemel.compare(own, plans, own.now + 4 * HOUR, UTILITIES["glucose-risk"])
    for plan, expected, best in zip(plans, found.expected, found.best, strict=True):
        print(f"{plan.name}: expected {expected:.1f}, best in {best:.0%}")
    print(found.verdict)


if __name__ == "__main__":
    main()
