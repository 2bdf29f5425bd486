"""Bring twins up to date: each takes its facts one instant at a time, twins with the same shape of work together.

A portion is all facts of one instant, always: so a belief depends on the facts and not on how often it was ticked.
A fact that a model cannot use is handed to `refuse` and the twin goes on; a twin whose belief collapses stands where it
last could, with the reason, and tries again at the next tick.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from ..core.clock import HOUR, MINUTE
from ..core.errors import CollapseError, GemelError, PlanError, SupportError, UnitError
from ..core.fact import Fact, Observation, Rejected
from ..core.twin import Twin
from ..verbs.batch import epoch_grid
from ..verbs.observe import observe_all
from .fault import fault, refused
from .records import by_instant, chain
from .standing import Standing

__all__ = ["catch_up", "usable"]

LARGEST_CREW = 64
"""Most twins in one call."""

Portion = tuple[Fact, ...]
Keep = Callable[[Standing, Standing], None]
Refuse = Callable[[Standing, Sequence[Rejected]], None]


def catch_up(
    standings: Sequence[Standing], waiting: Sequence[Sequence[Fact]], *, keep: Keep, refuse: Refuse
) -> list[Standing]:
    """The twins after the facts that wait for each; `keep(before, after)` is called after every instant of a twin."""
    now = [replace(standing, collapsed="") for standing in standings]
    queues = [deque(by_instant(facts)) for facts in waiting]
    for i, queue in enumerate(queues):
        now[i] = standings[i] if not queue else now[i]
    while ready := [i for i, queue in enumerate(queues) if queue]:
        groups: dict[Hashable, list[int]] = defaultdict(list)
        for i in ready:
            groups[_shape(now[i].twin, queues[i][0], bool(standings[i].collapsed))].append(i)
        for group in _crews(groups.values()):
            portions = [queues[i].popleft() for i in group]
            after = _step([now[i] for i in group], portions, refuse)
            for i, standing in zip(group, after, strict=True):
                keep(now[i], standing)
                now[i] = standing
                if standing.collapsed:
                    queues[i].clear()
    return now


def _crews(groups: Iterable[list[int]]) -> Iterator[list[int]]:
    """Groups cut into powers of two, so that a kernel is compiled for few sizes and not for every number of twins."""
    for group in groups:
        start = 0
        while start < len(group):
            size = min(LARGEST_CREW, 1 << ((len(group) - start).bit_length() - 1))
            yield group[start : start + size]
            start += size


def usable(standing: Standing, portion: Sequence[Fact]) -> tuple[list[Fact], list[Rejected]]:
    """The facts that the twin's model can use, and the rows to keep of the others."""
    found = [(fact, fault(standing.twin.model, fact)) for fact in portion]
    good = [fact for fact, reason in found if not reason]
    return good, [refused(standing.twin.id, fact, reason) for fact, reason in found if reason]


def _shape(twin: Twin, portion: Portion, doubtful: bool) -> Hashable:
    """Twins of equal shape take the same steps in one call: same kind, and segments of the same whole minutes.

    Solver steps are whole minutes in every model we ship; so a twin's steps are those it would take alone.
    """
    at, (epoch, hours) = portion[0].at, epoch_grid(twin)
    cuts = {twin.now, at, *(event.at for event in twin.cursor.pending if twin.now <= event.at < at)}
    if hours is not None:
        step = round(hours * HOUR)
        first = epoch - (epoch - twin.now) // step * step
        cuts.update(range(first, at, step))
    ordered = sorted(cuts)
    minutes = tuple(-(-(b - a) // MINUTE) for a, b in pairwise(ordered))
    codes = [fact.code for fact in portion if isinstance(fact, Observation)]
    most = max((codes.count(code) for code in codes), default=0)
    alone = twin.id if doubtful else ""
    return twin.model, twin.inference, tuple(sorted(twin.settings.items())), twin.members, minutes, most, alone


def _step(standings: Sequence[Standing], portions: Sequence[Portion], refuse: Refuse) -> list[Standing]:
    """One instant of each twin, in one call if it goes through for all."""
    parts = [usable(standing, portion) for standing, portion in zip(standings, portions, strict=True)]
    for standing, (_, rejected) in zip(standings, parts, strict=True):
        if rejected:
            refuse(standing, rejected)
    good = [facts for facts, _ in parts]
    if len(standings) > 1 and all(good):
        try:
            twins = observe_all([standing.twin for standing in standings], good)
        except GemelError:
            pass  # one of them is at fault: each alone finds out which
        else:
            return [_after(*one) for one in zip(standings, twins, portions, strict=True)]
    return [_alone(*one, refuse) for one in zip(standings, good, portions, strict=True)]


def _alone(standing: Standing, good: Sequence[Fact], portion: Portion, refuse: Refuse) -> Standing:
    """One instant of one twin; where nothing of it can be used, only time moves the belief."""
    twin, at = standing.twin, portion[0].at
    try:
        try:
            after = observe_all([twin], [good], until=at)[0]
        except (UnitError, SupportError, PlanError) as error:
            refuse(standing, [refused(twin.id, fact, f"not usable: {error}") for fact in good])
            after = observe_all([twin], [()], until=at)[0]
    except CollapseError as error:
        return replace(standing, collapsed=str(error))
    return _after(standing, after, portion)


def _after(standing: Standing, twin: Twin, portion: Portion) -> Standing:
    return replace(standing, twin=twin, facts_hash=chain(standing.facts_hash, portion))
