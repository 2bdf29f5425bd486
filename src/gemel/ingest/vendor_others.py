"""Google Fit's datasets, iHealth's lists, Misfit's summaries and Withings' measures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gemel.core.clock import DAY, MINUTE, SECOND
from gemel.core.errors import IngestError
from gemel.core.fact import Instant

from .vendor_fitbit import SLEEP_DURATION, SLEEP_STAGE, STEPS, WORKOUT, Entries
from .vendor_reading import Passed, Reading, amount, count, level, local

__all__ = [
    "google_fit",
    "ihealth_activity",
    "ihealth_glucose",
    "ihealth_oxygen",
    "ihealth_pressure",
    "ihealth_sport",
    "ihealth_weight",
    "misfit",
    "withings",
]

_HEART_RATE, _WEIGHT, _OXYGEN = "loinc:8867-4", "loinc:29463-7", "loinc:59408-5"
_SYSTOLIC, _DIASTOLIC = "loinc:8480-6", "loinc:8462-4"

_GOOGLE = {
    "com.google.heart_rate.bpm": (_HEART_RATE, "/min"),
    "com.google.weight": (_WEIGHT, "kg"),
    "com.google.height": ("loinc:8302-2", "m"),
    "com.google.calories.expended": ("loinc:41981-2", "kcal"),
    "com.google.speed": ("googlefit:com.google.speed", "m/s"),
}
"""Code and unit by data type, for those with one floating number."""

_WITHINGS = {
    1: (_WEIGHT, "kg"), 4: ("loinc:8302-2", "m"), 9: (_DIASTOLIC, "mm[Hg]"), 10: (_SYSTOLIC, "mm[Hg]"),
    11: (_HEART_RATE, "/min"), 54: (_OXYGEN, "%"), 71: ("loinc:8310-5", "Cel"),
}  # fmt: skip
"""Code and unit by type of measure."""
_GOAL = 2
_LARGEST_POWER = 18
_NIGHT = {0: "awake", 1: "light", 2: "deep", 3: "REM"}
"""Withings' states of sleep."""


def google_fit(document: Any, zone: str) -> Entries:
    """Points with times in nanoseconds UTC; places are not read."""

    def convert(given: Any) -> Iterator[Reading | Passed]:
        kind, value = given["dataTypeName"], given["value"][0]
        start, end = (int(given[name]) // 1000 for name in ("startTimeNanos", "endTimeNanos"))
        if kind in _GOOGLE:
            code, unit = _GOOGLE[kind]
            yield amount(code, value["fpVal"], unit, end)
        elif kind == "com.google.step_count.delta":
            yield count(STEPS, value["intVal"], end)
        elif kind == "com.google.activity.segment":
            yield level("googlefit:activity", value["intVal"], start)
            yield level("googlefit:activity", "end", end)
        else:
            yield Passed(f"data type {kind}")

    for point in document.get("point", []):
        yield point, convert


def _ihealth(name: str, readings: Callable[[Any, Any, Instant], Iterator[Reading | Passed]]) -> Any:
    """iHealth gives local times as if they were UTC, and the offset beside them."""

    def answer(document: Any, zone: str) -> Entries:
        for entry in document[name]:
            yield entry, lambda given: readings(document, given, _stamp(given, "MDate"))

    return answer


def _stamp(given: Any, name: str) -> Instant:
    text = str(given["TimeZone"])
    hours = int(text) if abs(int(text)) <= 14 else int(text) // 100 if int(text) >= 0 else -(-int(text) // 100)
    minutes = 0 if abs(int(text)) <= 14 else abs(int(text)) % 100 * (-1 if int(text) < 0 else 1)
    return int(given[name]) * SECOND - (hours * 60 + minutes) * MINUTE


def _positive(code: str, value: Any, unit: str, at: Instant) -> Reading | Passed:
    """iHealth writes 0 for what was not measured."""
    return amount(code, value, unit, at) if value else Passed(f"{code} was not measured (0)")


def _unit(document: Any, name: str, units: tuple[str, ...]) -> str:
    number = document[name]
    if not isinstance(number, int) or not 0 <= number < len(units):
        raise IngestError(f"{name} {number!r} is no unit that is known: 0 to {len(units) - 1} are")
    return units[number]


def _pressure(document: Any, given: Any, at: Instant) -> Iterator[Reading | Passed]:
    unit = _unit(document, "BPUnit", ("mm[Hg]", "kPa"))
    yield _positive(_SYSTOLIC, given["HP"], unit, at)
    yield _positive(_DIASTOLIC, given["LP"], unit, at)
    yield _positive(_HEART_RATE, given.get("HR"), "/min", at)


def _glucose(document: Any, given: Any, at: Instant) -> Iterator[Reading | Passed]:
    yield _positive("loinc:41653-7", given["BG"], _unit(document, "BGUnit", ("mg/dL", "mmol/L")), at)


def _oxygen(document: Any, given: Any, at: Instant) -> Iterator[Reading | Passed]:
    yield _positive(_OXYGEN, given["BO"], "%", at)
    yield _positive(_HEART_RATE, given.get("HR"), "/min", at)


def _weight(document: Any, given: Any, at: Instant) -> Iterator[Reading | Passed]:
    unit = _unit(document, "WeightUnit", ("kg", "[lb_av]", "[stone_av]"))
    yield _positive(_WEIGHT, given["WeightValue"], unit, at)
    yield _positive("loinc:39156-5", given.get("BMI"), "kg/m2", at)


def _activity(document: Any, given: Any, at: Instant) -> Iterator[Reading | Passed]:
    """Steps of the day so far, as of the moment of the entry."""
    yield count(STEPS, given["Steps"], at) if given["Steps"] else Passed(f"{STEPS} was not measured (0)")


ihealth_pressure = _ihealth("BPDataList", _pressure)
ihealth_glucose = _ihealth("BGDataList", _glucose)
ihealth_oxygen = _ihealth("BODataList", _oxygen)
ihealth_weight = _ihealth("WeightDataList", _weight)
ihealth_activity = _ihealth("ARDataList", _activity)


def ihealth_sport(document: Any, zone: str) -> Entries:
    """Sessions from a start to an end."""

    def convert(given: Any) -> Iterator[Reading | Passed]:
        start, end = _stamp(given, "SportStartTime"), _stamp(given, "SportEndTime")
        yield level(WORKOUT, given["SportName"], start)
        yield amount(f"{WORKOUT}-duration", (end - start) / MINUTE, "min", end)

    for entry in document["SPORTDataList"]:
        yield entry, convert


def misfit(document: Any, zone: str) -> Entries:
    """Steps of whole local days."""
    for entry in document["summary"]:
        yield entry, lambda given: iter([count(STEPS, given["steps"], local(given["date"], zone) + DAY)])


def _scaled(value: int, power: int) -> float:
    """value * 10^power, rounded once; ValueError for a power that no measure has."""
    if abs(power) > _LARGEST_POWER:
        raise ValueError(f"a power of ten of {power} is beyond {_LARGEST_POWER}")
    return value / 10**-power if power < 0 else float(value * 10**power)


def withings(document: Any, zone: str) -> Entries:
    """Groups of measures, each a whole number times a power of ten; states of sleep."""

    def measures(given: Any) -> Iterator[Reading | Passed]:
        if given["category"] == _GOAL:
            yield Passed("a goal, not a measure")
            return
        at = int(given["date"]) * SECOND
        for measure in given["measures"]:
            kind = measure["type"]
            if kind in _WITHINGS:
                code, unit = _WITHINGS[kind]
                yield amount(code, _scaled(measure["value"], measure["unit"]), unit, at)
            else:
                yield Passed(f"measure of type {kind}")

    def states(given: Any) -> Iterator[Reading | Passed]:
        start, end = int(given["startdate"]) * SECOND, int(given["enddate"]) * SECOND
        yield level(SLEEP_STAGE, _NIGHT.get(given["state"], f"state {given['state']}"), start)
        yield level(SLEEP_STAGE, "end", end)
        if given["state"] in _NIGHT and given["state"] != 0:
            yield amount(SLEEP_DURATION, (end - start) / (60 * MINUTE), "h", end)

    body = document["body"]
    for group in body.get("measuregrps", []):
        yield group, measures
    for state in body.get("series", []):
        yield state, states
