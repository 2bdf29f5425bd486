"""What may be asked of a twin over the web, and the plans in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec

from ..core.clock import HOUR, MINUTE
from ..core.errors import PlanError
from ..core.fact import Instant
from ..core.plan import Action, Schedule
from ..core.twin import Twin
from ..runtime.answers.plans import plan as typed
from ..runtime.answers.plans import when
from .rows import instant_of

__all__ = ["ComparisonAsked", "Doing", "ForecastAsked", "NewTwin", "Planned", "end_of", "horizons_of", "schedule_of"]

LONGEST_HOURS = 744.0
"""How far ahead may be asked: 31 days."""

Hours = Annotated[float, msgspec.Meta(gt=0, le=LONGEST_HOURS)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Numbers = Mapping[Annotated[str, msgspec.Meta(max_length=128)], float]


class Doing(msgspec.Struct, frozen=True, kw_only=True):
    """A dose at an instant, or a rate from it (until `until`, or for good), of one of the model's inputs.

    Times: microseconds since 1970 UTC, ISO 8601, or from the twin's present: '+0', '+15min', '+2h'.
    """

    input: str
    at: int | str = "+0"
    dose: float | None = None
    rate: float | None = None
    until: int | str | None = None
    unit: str | None = None


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A named plan; without actions: as things are."""

    name: Name
    actions: Annotated[list[Doing], msgspec.Meta(max_length=1000)] = []


class ForecastAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Until when (`until`, or `hours` from the twin's present), under which plan: one with actions, or as it is typed
    on the command line ('6 U: insulin=6@+0').  `horizons` [min]: which go into the ledger."""

    hours: Hours = 4.0
    until: int | str | None = None
    plan: Planned | str | None = None
    horizons: Annotated[list[Annotated[float, msgspec.Meta(gt=0)]], msgspec.Meta(max_length=48)] | None = None


class ComparisonAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Two to five plans, until when, and by what they are weighed."""

    plans: Annotated[list[Planned | str], msgspec.Meta(min_length=2, max_length=5)]
    hours: Hours = 4.0
    until: int | str | None = None
    utility: str = "glucose-risk"


class NewTwin(msgspec.Struct, frozen=True, kw_only=True):
    """A twin to be made.  `at` is where it begins (default: `days` before the newest fact, or now); it then observes
    what has come since.  `members` and `seed` are whole numbers.  `override_reason`: why it is made though its model's
    card does not cover the subject."""

    model: Name
    subject: Name
    id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9\-._:]{1,256}$")] | None = None
    at: int | str | None = None
    days: Annotated[float, msgspec.Meta(gt=0, le=366)] = 7.0
    covariates: Numbers = {}
    rates: Numbers = {}
    settings: Mapping[str, str | int | float] = {}
    members: Annotated[float, msgspec.Meta(ge=2, le=4096, multiple_of=1)] | None = None
    seed: Annotated[float, msgspec.Meta(ge=0, le=2**31 - 1, multiple_of=1)] = 0
    engine: Name = "enkf"
    override_reason: Annotated[str, msgspec.Meta(max_length=2000)] = ""


def end_of(asked: ForecastAsked | ComparisonAsked, now: Instant) -> Instant:
    """Until when; PlanError for a time that is not ahead, or too far."""
    end = now + round(asked.hours * HOUR) if asked.until is None else instant_of(asked.until)
    if not now < end <= now + round(LONGEST_HOURS * HOUR):
        raise PlanError(
            f"'until' is {(end - now) / HOUR:g} h from the twin's present: it must be ahead, by {LONGEST_HOURS:g} h at "
            "most"
        )
    return end


def horizons_of(asked: ForecastAsked, usual: tuple[Instant, ...]) -> tuple[Instant, ...]:
    """Which horizons go into the ledger."""
    return usual if asked.horizons is None else tuple(round(minutes * MINUTE) for minutes in asked.horizons)


def schedule_of(plan: Planned | str, twin: Twin) -> Schedule:
    """The plan, its times told; PlanError or TimelineError for one that is not understood."""
    now, zone = twin.now, twin.subject.zone
    if isinstance(plan, str):
        return typed(plan, now, zone)

    def told(time: int | str) -> Instant:
        return when(time, now, zone) if isinstance(time, str) else time

    return Schedule(
        plan.name,
        tuple(
            Action(told(a.at), a.input, dose=a.dose, rate=a.rate, until=None if a.until is None else told(a.until),
                   unit=a.unit)
            for a in plan.actions
        ),
    )  # fmt: skip
