"""Fitbit's Web API: heart rate and steps by the minute or the day, weight, sleep and activities; local times."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gemel.core.clock import DAY, MINUTE, SECOND
from gemel.core.fact import Instant

from .vendor_reading import Passed, Reading, amount, count, level, local

__all__ = ["activities", "heart", "sleep", "steps", "weight"]

STEPS = "loinc:55423-8"
SLEEP_STAGE = "gemel:sleep-stage"
SLEEP_DURATION = "loinc:93832-4"
WORKOUT = "gemel:workout"
_TALLEST_M = 2.3
"""A height that a weight and its body mass index imply, beyond which the weight is not in kg."""

Entries = Iterator[tuple[Any, Callable[[Any], Iterator[Reading | Passed]]]]


def heart(document: Any, zone: str) -> Entries:
    """Resting values and zones of the day are passed over; the minutes are read."""
    for day in document["activities-heart"]:
        yield day, lambda _: iter([Passed("a day's heart rate zones")])
    yield from _minutes(document, "activities-heart", zone, lambda value, at: amount("loinc:8867-4", value, "/min", at))


def steps(document: Any, zone: str) -> Entries:
    """Minutes where they are given, else whole days, each at its end."""
    fine = "activities-steps-intraday" in document
    for day in document["activities-steps"]:
        if fine:
            yield day, lambda _: iter([Passed("a day's sum, beside its minutes")])
        else:
            yield day, lambda given: iter([count(STEPS, given["value"], local(given["dateTime"], zone) + DAY)])
    yield from _minutes(document, "activities-steps", zone, lambda value, at: count(STEPS, value, at + MINUTE))


def _minutes(document: Any, name: str, zone: str, reading: Callable[[Any, Instant], Reading]) -> Entries:
    fine = document.get(f"{name}-intraday")
    if fine is None:
        return
    day = document[name][0]["dateTime"]
    for entry in fine["dataset"]:
        yield entry, lambda given: iter([reading(given["value"], local(f"{day}T{given['time']}", zone))])


def weight(document: Any, zone: str) -> Entries:
    """Kilograms, unless the body mass index beside them says otherwise: then it is refused."""

    def convert(given: Any) -> Iterator[Reading | Passed]:
        at = local(f"{given['date']}T{given['time']}", zone)
        index = given.get("bmi")
        if index and (given["weight"] / index) ** 0.5 > _TALLEST_M:
            raise ValueError(f"weight {given['weight']} with BMI {index} is not in kg: ask the API for metric units")
        yield amount("loinc:29463-7", given["weight"], "kg", at)
        if index:
            yield amount("loinc:39156-5", index, "kg/m2", at)

    for entry in document["weight"]:
        yield entry, convert


def sleep(document: Any, zone: str) -> Entries:
    """Stages as they begin, and at the end of the night how long was slept."""

    def convert(given: Any) -> Iterator[Reading | Passed]:
        for stage in given.get("levels", {}).get("data", []):
            yield level(SLEEP_STAGE, stage["level"], local(stage["dateTime"], zone))
        if "endTime" in given:
            end = local(given["endTime"], zone)
        else:
            end = local(given["startTime"], zone) + round(given["duration"] * 1000)
        yield level(SLEEP_STAGE, "end", end)
        yield amount(SLEEP_DURATION, given["minutesAsleep"] / 60, "h", end)

    for entry in document["sleep"]:
        yield entry, convert


def activities(document: Any, zone: str) -> Entries:
    """Activities of a day; one without a time of day cannot be placed."""

    def convert(given: Any) -> Iterator[Reading | Passed]:
        if not given.get("hasStartTime", True):
            yield Passed("an activity without a time of day")
            return
        start = local(f"{given['startDate']}T{given['startTime']}", zone)
        yield level(WORKOUT, given["activityParentName"], start)
        if "duration" in given:
            minutes = given["duration"] * 1000 / MINUTE
            yield amount(f"{WORKOUT}-duration", minutes, "min", start + round(minutes * 60) * SECOND)

    for entry in document["activities"]:
        yield entry, convert
