"""Basal insulin of a Nightscout site: the profile's schedule by time of day, and temporary rates on top of it.

A schedule is a list of {time "HH:MM", value [[IU]/h]} in the profile's zone.  A temporary rate is `absolute` (or
`rate`), or `percent` more or less than the schedule, for `duration` minutes; one of no duration ends the one before.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from gemel.core.clock import DAY, instant, zone
from gemel.core.errors import TimelineError
from gemel.core.fact import Exact, Instant

from .codes import RAPID_INSULIN
from .diary import Refused, Said, Told
from .vendor_reading import Passed

__all__ = ["Schedule", "busy", "schedule_of", "scheduled", "temporary"]

_MOST: Instant = 400 * DAY  # structure: the longest stretch for which a schedule is told


@dataclass(frozen=True, slots=True)
class Schedule:
    """Basal rates [[IU]/h] from each second of the local day on, in order, and the zone of that day."""

    steps: tuple[tuple[int, float], ...]
    zone: str

    def at(self, moment: Instant) -> float:
        """The rate in force at an instant."""
        local = datetime.fromtimestamp(moment / 1e6, UTC).astimezone(zone(self.zone))
        second = local.hour * 3600 + local.minute * 60 + local.second
        passed = [rate for begins, rate in self.steps if begins <= second]
        return passed[-1] if passed else self.steps[-1][1]


def schedule_of(profiles: Sequence[Mapping[str, Any]], other: str) -> Schedule | None:
    """The default schedule of the profile that starts last; None where there is none.  `other` is the zone of one that
    names none."""
    if not profiles:
        return None
    newest = max(profiles, key=lambda profile: str(profile.get("startDate", "")))
    own = newest["store"][newest["defaultProfile"]]
    steps = sorted((_second(step), float(step["value"])) for step in own["basal"])
    return Schedule(tuple(steps), str(own.get("timezone") or other)) if steps else None


def _second(step: Mapping[str, Any]) -> int:
    if step.get("timeAsSeconds") is not None:
        return int(step["timeAsSeconds"])
    hours, _, minutes = str(step["time"]).partition(":")
    return int(hours) * 3600 + int(minutes) * 60


def busy(temporaries: Sequence[tuple[Instant, Instant]]) -> list[tuple[Instant, Instant]]:
    """Stretches in which a temporary rate is in force, from the start and length of each: the next one ends it."""
    ordered = sorted(temporaries)
    found: list[tuple[Instant, Instant]] = []
    for i, (at, lasting) in enumerate(ordered):
        end = min(at + lasting, ordered[i + 1][0]) if i + 1 < len(ordered) else at + lasting
        if found and found[-1][1] == at and lasting:
            found[-1] = (found[-1][0], end)
        elif lasting:
            found.append((at, end))
    return found


def scheduled(
    schedule: Schedule, span: tuple[Instant, Instant], taken: Sequence[tuple[Instant, Instant]] = ()
) -> Iterator[Told]:
    """The scheduled rates from midnight before the span to its end: each where it begins, every day, or where the
    temporary rate ends in whose stretch (`taken`) it begins.

    A step at an hour that a clock change skips is left out that day; the one before it goes on.
    """
    first, last = span
    if last - first > _MOST:
        yield Refused("too long", f"treatments span more than {_MOST // DAY} days: export them in parts", RAPID_INSULIN)
        return
    day = datetime.fromtimestamp(first / 1e6, UTC).astimezone(zone(schedule.zone)).date()
    while True:
        for second, rate in schedule.steps:
            local = datetime(day.year, day.month, day.day) + timedelta(seconds=second)  # naive: of the profile's zone
            try:
                at = instant(local, tz=schedule.zone, repeated=0)
            except TimelineError:
                continue
            if at > last:
                return
            place = bisect_right(taken, (at, at)) - 1
            inside = place >= 0 and taken[place][0] < at < taken[place][1]
            yield Said(RAPID_INSULIN, Exact(rate), "[IU]/h", taken[place][1] if inside else at, "rate")
        day += timedelta(days=1)


def temporary(document: Mapping[str, Any], at: Instant, lasting: Instant, schedule: Schedule | None) -> Told:
    """A temporary rate; after `lasting` [us] the schedule's holds again, or what was in force before."""
    rate = document.get("absolute", document.get("rate"))
    if lasting <= 0:
        if schedule is None:
            return Passed("the end of a temporary rate, with no schedule known to go back to")
        return Said(RAPID_INSULIN, Exact(schedule.at(at)), "[IU]/h", at, "rate")
    if rate is None and document.get("percent") is not None:
        if schedule is None:
            return Refused("no schedule", f"{document['percent']} % of a schedule that is not here", RAPID_INSULIN)
        rate = schedule.at(at) * (1.0 + float(document["percent"]) / 100.0)
    if rate is None:
        return Refused("no value", "a temporary rate that is not given", RAPID_INSULIN)
    return Said(RAPID_INSULIN, Exact(float(rate)), "[IU]/h", at, "rate", until=at + lasting)
