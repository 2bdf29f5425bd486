"""`smooth`: what was, given everything we have learned since?  Beliefs about the past, by facts before and after.

A filter's belief at an instant rests on the facts up to it; the smoother's also on the later ones, so it is the one to
look back with: when did the infection begin, how much of the meal had been absorbed?
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ..core.belief import Posterior
from ..core.errors import CapabilityError
from ..core.fact import Fact, Instant
from ..core.model import Smoother
from ..core.twin import Twin
from .batch import join
from .news import known, read, window_of

__all__ = ["smooth"]


def smooth(
    twin: Twin, facts: Iterable[Fact], *, at: Sequence[Instant], until: Instant | None = None
) -> list[Posterior]:
    """The beliefs at the instants `at`, in their order, given all these facts up to the last of them or `until`.

    The twin stands before the facts, as for `observe`, and stays where it is.  Parameters do not change over time and
    are those of the end.  `evidence.ancestors` says how many different members of the past are left at each instant:
    with the particle engine they become few over long windows, with the ensemble Kalman engine they do not.

    Raises CapabilityError for an engine that cannot look back, TimelineError for an instant outside the time from the
    twin's present to the end, CollapseError when the readings leave no belief to stand on.
    """
    engine = twin.inference.live
    if not isinstance(engine, Smoother):
        raise CapabilityError(
            f"{type(engine).__name__} cannot look back: use an engine with `smoothed`, such as 'enkf'"
        )
    news = read(twin, tuple(facts), until, at)
    if not at:
        return []
    belief = replace(join([twin]), covariates=known(twin, news))
    window = window_of([twin], [news])
    last = {int(moment): j for j, moment in enumerate(window.at[0])}
    order = [last[moment] for moment in at]
    unique = sorted(set(order))
    found = engine.smoothed(twin.model, belief, window, twin.fixed, twin.keys, unique)
    by_output = dict(zip(unique, found, strict=True))
    return [by_output[j] for j in order]
