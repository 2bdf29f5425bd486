"""Compile what a fleet's ticks and forecasts will need before they need it.

Every size that a call is padded to is compiled once (and kept on disk by JAX): seconds, in which a reading would wait.
Nothing that is computed here is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager

from ..core.clock import MINUTE
from .fleet import SIZES, Fleet
from .fleet_forecast import crew_of, paths_of
from .fleet_seat import Meaning
from .fleet_windows import window_of

__all__ = ["warm"]


def warm(fleet: Fleet, turn: AbstractContextManager[object], ahead: Sequence[int]) -> Iterator[Callable[[], object]]:
    """The pieces of work, the smallest first; `turn` is held only while a twin of the fleet is looked at."""
    for size in SIZES:
        for segments in (1, 2):
            yield lambda size=size, segments=segments: _tick(fleet, turn, size, segments)
        yield lambda size=size: _forecast(fleet, turn, size, ahead)


def _tick(fleet: Fleet, turn: AbstractContextManager[object], size: int, segments: int) -> None:
    """A reading that is just what was expected, after so many segments."""
    with turn:
        number = next(iter(fleet.seats), None)
        if number is None:
            return
        seat = fleet.seats[number]
        cuts = [seat.at + k * MINUTE for k in range(segments + 1)]
        middle = [0.5 * (max(q.low, -1.0) + min(q.high, 1.0)) for q in fleet.model.observables[:1]]
        meant = Meaning(number, seat, (), [(0, v, v, float("nan")) for v in middle], {}, (), 0, 1, {}, cuts)
        belief, keys = fleet.beliefs([number] * size)
        window = window_of([meant] * size, len(fleet.model.observables), belief.covariates)
    fleet.engine.assimilate(fleet.model, belief, window, fleet.fixed, keys)


def _forecast(fleet: Fleet, turn: AbstractContextManager[object], size: int, ahead: Sequence[int]) -> None:
    with turn:
        number = next(iter(fleet.seats), None)
        if number is None:
            return
        crew = crew_of(fleet, [number] * size)
    paths_of(crew, ahead)
