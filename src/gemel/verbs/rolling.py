"""Rolling-origin forecasts: a twin goes on learning through a record and forecasts from each origin on the way, knowing
at each only what was known then (Tashman 2000, doi:10.1016/S0169-2070(00)00065-0)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..core.errors import CollapseError
from ..core.fact import Fact, Instant
from ..core.forecast import Forecast
from ..core.plan import Plan
from ..core.twin import Twin
from .forecast import forecast_all
from .observe import observe

__all__ = ["Asked", "Rolled", "roll"]

BATCH = 16
"""Forecasts that are run together."""

Plans = Mapping[str, Callable[[Twin], Plan | None]]


def _as_is(_: Twin) -> None:
    """No plan: rates in force go on."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked at each origin: outputs `ahead` [us] under each of the plans by name; `stops` are further instants
    at which the twin takes in what has come, so that no stretch grows long."""

    origins: Sequence[Instant]
    ahead: Sequence[Instant]
    plans: Plans
    stops: Sequence[Instant] = ()

    @classmethod
    def plain(cls, origins: Sequence[Instant], ahead: Sequence[Instant], stops: Sequence[Instant] = ()) -> Asked:
        """Forecasts of what happens as things are, under the name 'as is'."""
        return cls(origins, ahead, {"as is": _as_is}, stops)


@dataclass(frozen=True, slots=True)
class Rolled:
    """Forecasts by plan and origin, and how often the belief collapsed and the twin was begun anew."""

    forecasts: Mapping[str, Mapping[Instant, Forecast]]
    restarts: int


def roll(
    begin: Callable[[Instant], Twin],
    facts: Sequence[Fact],
    asked: Asked,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Rolled:
    """Run the record.  `begin` makes a twin that stands at an instant and knows nothing of the record; it is called for
    the first stop, origin or fact, and again where the belief collapses.

    A fact counts as known from when it was recorded, and is never given to the twin late: one recorded after it
    happened, with the twin already past it, is left out, as a live twin without replay would.
    """
    found: dict[str, dict[Instant, Forecast]] = {name: {} for name in asked.plans}
    waiting: list[Twin] = []
    restarts, stops = 0, sorted({*asked.stops, *asked.origins})
    origins = set(asked.origins)
    known = sorted(facts, key=lambda f: (max(f.at, f.recorded), f.at, f.id))
    own, given = begin(min((stops[0], *(f.at for f in known)))), 0
    for done, now in enumerate(stops):
        news: list[Fact] = []
        while given < len(known) and max(known[given].at, known[given].recorded) <= now:
            news.append(known[given])
            given += 1
        try:
            own = observe(own, [f for f in news if f.at >= own.now], until=now)
        except CollapseError:
            restarts += 1
            own = begin(now)
        if now in origins:
            waiting.append(own)
        if len(waiting) == BATCH or (waiting and done == len(stops) - 1):
            _forecast(waiting, asked, found)
            waiting = []
        progress(done + 1, len(stops))
    return Rolled(found, restarts)


def _forecast(twins: Sequence[Twin], asked: Asked, found: Mapping[str, dict[Instant, Forecast]]) -> None:
    for name, plan_of in asked.plans.items():
        made = forecast_all(twins, max(asked.ahead), [plan_of(t) for t in twins], ahead=list(asked.ahead))
        found[name].update({f.issued: f for f in made})
