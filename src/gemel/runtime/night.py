"""The night: twins are refitted that have lived a day on their live engine, or that are stale.

By day the live engine takes each reading as it comes; by night the refit engine looks at a whole window at once, from
the belief at the window's start, so that nothing is counted twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from ..core.clock import DAY
from ..core.errors import GemelError
from ..core.fact import Instant
from .standing import Standing

__all__ = ["EVERY", "Refitted", "due", "refit_due"]

EVERY: Instant = DAY
"""How long a twin lives on its live engine between two refits, unless the caller says otherwise."""


class Refitted(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one twin: refitted at its instant `at`, or left as it was, with the reason in `problem`."""

    twin: str
    at: Instant
    problem: str = ""


def due(standing: Standing, every: Instant = EVERY) -> bool:
    """Whether a twin wants a refit: it is stale, or has a refit engine and its last refit is `every` ago."""
    if standing.stale:
        return True
    return standing.twin.inference.refit is not None and standing.twin.now - standing.refitted >= every


def refit_due(
    standings: Sequence[Standing], refit: Callable[[str], Standing], every: Instant = EVERY
) -> list[Refitted]:
    """Refit those that are due, one after the other; one that cannot be refitted stays as it was and stops nobody."""
    done: list[Refitted] = []
    for standing in standings:
        if not due(standing, every):
            continue
        name = standing.twin.id
        try:
            done.append(Refitted(twin=name, at=refit(name).twin.now))
        except GemelError as error:
            done.append(Refitted(twin=name, at=standing.twin.now, problem=str(error)))
    return done
