"""Records and workouts of an Apple Health export as facts; `apple` reads the file, `apple_table` knows the names."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import final

from gemel.core.clock import HOUR, MINUTE, SECOND, instant
from gemel.core.errors import TimelineError
from gemel.core.fact import Count, Exact, Fact, Instant, Intervention, Level, Observation, Value

from .account import Account
from .apple_table import Meaning, meaning, units
from .feed import Item, content_id, reject
from .terms import Terms
from .values import check, number

__all__ = ["Records", "moment"]

SLEEP = "gemel:sleep-stage"
SLEEP_DURATION = "loinc:93832-4"
WORKOUT = "gemel:workout"
_STEPS = "loinc:55423-8"
_HEART_RATE = "HKQuantityTypeIdentifierHeartRate"
_ASLEEP = "HKCategoryValueSleepAnalysisAsleep"


@lru_cache(maxsize=4096)
def _day(date: str, offset: str) -> Instant:
    """The instant of midnight at this offset."""
    return instant(datetime.strptime(f"{date} {offset}", "%Y-%m-%d %z"))


@lru_cache(maxsize=4096)
def moment(text: str) -> Instant:
    """The instant of Apple's '2025-03-09 07:00:00 -0500'; TimelineError for anything else."""
    try:
        if len(text) == 25 and text[10] == text[19] == " " and text[13] == text[16] == ":" and text.isascii():
            h, m, s = int(text[11:13]), int(text[14:16]), int(text[17:19])
            if 0 <= h < 24 and 0 <= m < 60 and 0 <= s < 60:
                return _day(text[:10], text[20:]) + (h * 3600 + m * 60 + s) * SECOND
    except (ValueError, OverflowError):
        pass
    raise TimelineError(f"'{text[:40]}' is no time such as 2025-03-09 07:00:00 -0500")


@final
class Records:
    """Facts and rejected records wait in `pending` until the reader takes them."""

    def __init__(self, name: str, terms: Terms, account: Account) -> None:
        self.pending: list[Item] = []
        self._name, self._terms, self._account = name, terms, account
        self._beats, self._rates = 0.0, 0
        self._number = 0

    def finish(self) -> None:
        """Say what can only be said at the end."""
        if self._rates:
            self._account.put("hr_mean", round(self._beats / self._rates, 4))

    def record(self, given: dict[str, str]) -> None:
        """One Record element."""
        kind = given.get("type", "")
        self._number += 1
        self._account.count("records")
        self._account.tally("types", kind)
        try:
            start, end = moment(given.get("startDate", "")), moment(given.get("endDate", ""))
            made = given.get("creationDate")
            recorded = self._recorded(end if made is None else moment(made))
        except TimelineError as error:
            return self._refuse(given, "bad time", str(error))
        source, value = given.get("sourceName", ""), given.get("value", "")
        id = content_id(self._terms.subject, "apple", kind, source, start, end, value, given.get("unit", ""))
        if kind.startswith("HKCategory"):
            self.pending.extend(self._category(kind, value, (start, end), recorded, (id, source)))
        elif kind.startswith("HKQuantity"):
            self._quantity(given, meaning(kind), (end, recorded), (id, source))
        else:
            self._account.skip(f"record of type {kind[:60]}")

    def _recorded(self, at: Instant) -> Instant:
        return at if self._terms.recorded is None else self._terms.recorded

    def _quantity(
        self, given: dict[str, str], what: Meaning, when: tuple[Instant, Instant], origin: tuple[str, str]
    ) -> None:
        unit = units().get(given.get("unit", ""))
        if unit is None:
            return self._refuse(given, "wrong unit", f"unit '{given.get('unit', '')[:40]}' is not known", what.code)
        try:
            amount = number(given.get("value", ""))
        except ValueError:
            return self._refuse(given, "not a number", f"value is '{given.get('value', '')[:40]}'", what.code)
        if given["type"] == _HEART_RATE:
            self._beats, self._rates = self._beats + amount, self._rates + 1
        value: Value = Exact(amount * 100 if what.percent else amount)
        if what.code == _STEPS and amount == int(amount):
            value = Count(int(amount))
        entry = self._terms.codes.get(what.code)
        if entry is not None and entry.limits is not None:
            if unit == "1" and entry.limits.unit == "kg/m2":
                unit = "kg/m2"
            wrong = check(value, unit, entry.limits, given["type"])
            if wrong is not None:
                return self._refuse(given, *wrong, what.code)
        self.pending.append(_fact(what, value, unit, when, origin))

    def _category(
        self, kind: str, value: str, span: tuple[Instant, Instant], recorded: Instant, origin: tuple[str, str]
    ) -> list[Fact]:
        sleep = kind == "HKCategoryTypeIdentifierSleepAnalysis"
        code = SLEEP if sleep else f"apple:{kind}"
        stage = value.removeprefix("HKCategoryValueSleepAnalysis") if sleep else value
        start, end = span
        found: list[Fact] = [_fact(Meaning(code), Level(stage), "1", (start, recorded), origin)]
        if end > start:
            id, source = origin
            found.append(_fact(Meaning(code), Level("end"), "1", (end, recorded), (f"{id}.end", source)))
            if value.startswith(_ASLEEP):
                hours = Exact((end - start) / HOUR)
                found.append(_fact(Meaning(SLEEP_DURATION), hours, "h", (end, recorded), (f"{id}.h", source)))
        return found

    def workout(self, given: dict[str, str]) -> None:
        """One Workout element: what it was, from when to when."""
        self._number += 1
        self._account.count("workouts")
        try:
            start, end = moment(given.get("startDate", "")), moment(given.get("endDate", ""))
        except TimelineError as error:
            return self._refuse(given, "bad time", str(error))
        name = given.get("workoutActivityType", "").removeprefix("HKWorkoutActivityType")
        source, recorded = given.get("sourceName", ""), self._recorded(end)
        id = content_id(self._terms.subject, "apple workout", name, source, start, end)
        self.pending.append(_fact(Meaning(WORKOUT), Level(name), "1", (start, recorded), (id, source)))
        minutes = Exact((end - start) / MINUTE)
        done = _fact(Meaning(f"{WORKOUT}-duration"), minutes, "min", (end, recorded), (f"{id}.min", source))
        self.pending.append(done)

    def _refuse(self, given: dict[str, str], kind: str, detail: str, code: str = "") -> None:
        raw = " ".join(f'{name}="{value}"' for name, value in given.items())
        self.pending.append(reject(kind, detail, source=f"{self._name}#{self._number}", raw=raw, code=code))


def _fact(what: Meaning, value: Value, unit: str, when: tuple[Instant, Instant], origin: tuple[str, str]) -> Fact:
    at, recorded = when
    id, source = origin
    if what.dose and isinstance(value, Exact):
        return Intervention(
            id=id, code=what.code, at=at, recorded=recorded, unit=unit, dose=value.value, source=f"apple/{source}"
        )
    return Observation(
        id=id, code=what.code, value=value, unit=unit, at=at, recorded=recorded, source=f"apple/{source}"
    )
