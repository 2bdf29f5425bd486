"""What people who run a hospital can change, as data: a plan is a name and changes, and gives another hospital.

Hours are counted from the midnight (or the start of the week) that rosters count from; `start` is where now is in it.
A change of one day or one hour lays rosters and rates out over the whole time looked at, so that nothing repeats.
What a change cannot say is what it costs, or whether people can be found for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import Annotated

import msgspec

from ...core.errors import PlanError
from ...models.hospital.durations import Duration, fixed
from ...models.hospital.pathway import Delay, Hospital, Need, Release, Resource, Seize, Source, Step

__all__ = ["Change", "HospitalPlan", "Span", "changed"]

Hour = Annotated[float, msgspec.Meta(ge=0.0)]
Name = Annotated[str, msgspec.Meta(min_length=1)]
MANY = 10**6
"""Units of a resource that is there to be open or shut and not to be scarce."""


class Span(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where now is and how far is looked: hours since the rosters' midnight, and hours ahead."""

    start: float
    ahead: float

    @property
    def whole(self) -> float:
        """Hours from the rosters' midnight to the end, in whole days, with one to spare."""
        return 24.0 * (math.ceil((self.start + self.ahead) / 24.0) + 1)


class Units(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="units"):
    """`by` units of a resource more (fewer if negative), at all times or from hour `since` to hour `until` of the day
    (over midnight if `until` is the smaller)."""

    resource: Name
    by: int
    since: Annotated[float, msgspec.Meta(ge=0.0, le=24.0)] = 0.0
    until: Annotated[float, msgspec.Meta(ge=0.0, le=24.0)] = 24.0


class Open(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="open"):
    """A resource has `units` in these hours [start, end) of its roster's period and none at others: opening hours."""

    resource: Name
    units: Annotated[int, msgspec.Meta(ge=1)]
    hours: Annotated[list[tuple[Hour, Hour]], msgspec.Meta(min_length=1)]
    period: Annotated[float, msgspec.Meta(gt=0.0)] = 24.0


class Down(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="down"):
    """`units` of a resource are out of use for a time: a scanner fails, a bay is shut; hours from now."""

    resource: Name
    units: Annotated[int, msgspec.Meta(ge=1)]
    since: Hour = 0.0
    until: Hour


class Reserve(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="reserve"):
    """A step leaves `leave` units of a resource free, for those who come by other steps."""

    step: Name
    resource: Name
    leave: Annotated[int, msgspec.Meta(ge=0)]


class Rank(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="rank"):
    """The triage rule: priorities of classes of patients, the lowest number first."""

    priorities: dict[str, int]


class Stay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="stay"):
    """A step takes `factor` times as long."""

    step: Name
    factor: Annotated[float, msgspec.Meta(gt=0.0)]


class Rounds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="rounds"):
    """Who is done with a step leaves in these hours of the day only, and keeps the bed until then: discharge rounds."""

    step: Name
    since: Annotated[float, msgspec.Meta(ge=0.0, lt=24.0)]
    until: Annotated[float, msgspec.Meta(gt=0.0, le=24.0)]


class Surge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="surge"):
    """`factor` times as many come from a source for a time; hours from now."""

    source: Name
    factor: Annotated[float, msgspec.Meta(ge=0.0)]
    since: Hour = 0.0
    until: Hour


class Arrive(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="arrive"):
    """A mass casualty event: so many of each class, spread evenly over the time; hours from now."""

    counts: Annotated[dict[str, Annotated[int, msgspec.Meta(ge=1)]], msgspec.Meta(min_length=1)]
    since: Hour = 0.0
    until: Hour


Change = Units | Open | Down | Reserve | Rank | Stay | Rounds | Surge | Arrive


class HospitalPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A named plan; without changes: as things are."""

    name: Name
    changes: list[Change] = []


def changed(hospital: Hospital, changes: Sequence[Change], span: Span) -> Hospital:
    """The hospital with these changes, one after another.

    Raises PlanError for a resource, step, source or class it does not have, or a change that has no meaning there.
    """
    return reduce(lambda own, change: _apply(own, change, span), changes, hospital)


def _apply(own: Hospital, change: Change, span: Span) -> Hospital:
    match change:
        case Units():
            return _resource(own, change.resource, lambda r: _more(r, change, span))
        case Open():
            return _resource(own, change.resource, lambda r: _opened(r, change))
        case Down():
            since, until = span.start + change.since, span.start + change.until
            return _resource(own, change.resource, lambda r: _laid(r, span, _within(since, until, -change.units)))
        case Surge():
            return _source(own, change.source, lambda s: _swollen(s, change, span))
        case Arrive():
            return replace(own, sources=(*own.sources, _coming(own, change, span)))
        case Rank():
            _known("class", change.priorities, [c.name for c in own.classes])
            ranked = tuple(replace(c, priority=change.priorities.get(c.name, c.priority)) for c in own.classes)
            return replace(own, classes=ranked)
        case Stay():
            return _step(own, change.step, lambda step: (_longer(step, change.factor),))
        case Reserve():
            return _step(own, change.step, lambda step: (_leaving(step, change),))
        case Rounds():
            return _rounds(own, change)


def _known(kind: str, wanted: Mapping[str, object] | Sequence[str], there: Sequence[str]) -> None:
    for name in wanted:
        if name not in there:
            raise PlanError(f"there is no {kind} '{name}' in this hospital: {', '.join(there)}")


def _resource(own: Hospital, name: str, act: Callable[[Resource], Resource]) -> Hospital:
    _known("resource", [name], [r.name for r in own.resources])
    return replace(own, resources=tuple(act(r) if r.name == name else r for r in own.resources))


def _source(own: Hospital, name: str, act: Callable[[Source], Source]) -> Hospital:
    _known("source", [name], [s.name for s in own.sources])
    return replace(own, sources=tuple(act(s) if s.name == name else s for s in own.sources))


def _step(own: Hospital, name: str, act: Callable[[Step], tuple[Step, ...]]) -> Hospital:
    _known("step", [name], [s.name for s in own.steps])
    return replace(own, steps=tuple(new for s in own.steps for new in (act(s) if s.name == name else (s,))))


def _at(resource: Resource, hour: float) -> int:
    """Units of the roster at an hour."""
    if not resource.roster:
        if resource.units is None:
            raise PlanError(
                f"resource '{resource.name}' has any number of units: declare how many before changing them"
            )
        return resource.units
    place = hour % resource.period
    return [units for begins, units in resource.roster if begins <= place][-1]


def _within(since: float, until: float, by: int) -> Callable[[float], tuple[int, tuple[float, ...]]]:
    """What is added at an hour, and the hours at which that changes."""
    return lambda hour: (by if since <= hour < until else 0, (since, until))


def _laid(
    resource: Resource, span: Span, added: Callable[[float], tuple[int, tuple[float, ...]]]
) -> Resource:  # fmt: skip
    """The roster laid out over the whole time, with what is added at each hour; never below none."""
    begins = [begin for begin, _ in resource.roster] or [0.0]
    period = resource.period if resource.roster else span.whole
    times = math.ceil(span.whole / period)
    cuts = {begin + k * period for k in range(times) for begin in begins} | set(added(0.0)[1]) | {0.0}
    ordered = sorted(cut for cut in cuts if 0.0 <= cut < span.whole)
    roster = tuple((cut, max(0, _at(resource, cut) + added(cut)[0])) for cut in ordered)
    return replace(resource, units=None, roster=roster, period=span.whole)


def _more(resource: Resource, change: Units, span: Span) -> Resource:
    if change.since == 0.0 and change.until == 24.0 and not resource.roster:
        return replace(resource, units=max(0, _at(resource, 0.0) + change.by))
    days = range(int(span.whole // 24.0))
    cuts = tuple(24.0 * day + hour for day in days for hour in (change.since, change.until))

    def added(hour: float) -> tuple[int, tuple[float, ...]]:
        at = hour % 24.0
        inside = (
            change.since <= at < change.until
            if change.since <= change.until
            else at >= change.since or at < change.until
        )
        return (change.by if inside else 0), cuts

    return _laid(resource, span, added)


def _opened(resource: Resource, change: Open) -> Resource:
    if any(not 0.0 <= a < b <= change.period for a, b in change.hours):
        raise PlanError(
            f"opening hours {change.hours} of '{resource.name}': from before until, within {change.period:g}"
        )
    cuts = sorted({0.0, *(hour for pair in change.hours for hour in pair if hour < change.period)})
    roster = tuple((cut, change.units if any(a <= cut < b for a, b in change.hours) else 0) for cut in cuts)
    return replace(resource, units=None, roster=roster, period=change.period)


def _swollen(source: Source, change: Surge, span: Span) -> Source:
    if not source.rates:
        raise PlanError(
            f"source '{source.name}' has no rates: a surge needs some; use 'arrive' for patients one by one"
        )
    since, until = span.start + change.since, span.start + change.until
    bucket = min(source.bucket, 1.0)
    rates: list[float] = []
    for k in range(math.ceil(span.whole / bucket)):
        hour = k * bucket
        share = max(0.0, min(until, hour + bucket) - max(since, hour)) / bucket
        rates.append(_rate(source, hour) * (1.0 + (change.factor - 1.0) * share))
    return replace(source, rates=tuple(rates), bucket=bucket)


def _rate(source: Source, hour: float) -> float:
    place = int(hour // source.bucket)
    if place >= len(source.rates) and not source.repeats:
        return 0.0
    return source.rates[place % len(source.rates)]


def _coming(own: Hospital, change: Arrive, span: Span) -> Source:
    """Hours of a listed source are counted from the start of the run."""
    _known("class", change.counts, [c.name for c in own.classes])
    if not change.since < change.until <= span.ahead:
        raise PlanError(
            f"patients from hour {change.since:g} to {change.until:g}: within the {span.ahead:g} h looked at"
        )
    who = [(k + 0.5, n, name) for name, n in change.counts.items() for k in range(n)]
    hours = sorted((change.since + (change.until - change.since) * k / n, name) for k, n, name in who)
    return Source("plan: arrivals", dict.fromkeys(change.counts, 1.0 / len(change.counts)), listed=tuple(hours))


def _longer(step: Step, factor: float) -> Step:
    if not isinstance(step, Delay):
        raise PlanError(f"step '{step.name}' takes no time of its own: 'stay' changes a delay")
    if isinstance(step.time, Duration):
        return replace(step, time=step.time.times(factor))
    return replace(step, time={name: own.times(factor) for name, own in step.time.items()})


def _leaving(step: Step, change: Reserve) -> Step:
    if not isinstance(step, Seize) or change.resource not in [need.resource for need in step.needs]:
        raise PlanError(f"step '{change.step}' does not ask for '{change.resource}': 'reserve' changes one that does")
    needs = tuple(replace(n, leave=change.leave) if n.resource == change.resource else n for n in step.needs)
    return replace(step, needs=needs)


def _rounds(own: Hospital, change: Rounds) -> Hospital:
    """A gate after the step that is open in these hours; who goes through holds it for no time."""
    gate = f"{change.step}: round"
    if gate in [r.name for r in own.resources]:
        raise PlanError(f"step '{change.step}' has rounds already: change them once in a plan")
    door = Open(resource=gate, units=MANY, hours=[(change.since, change.until)])
    resource = _opened(Resource(gate), door)

    def after(step: Step) -> tuple[Step, ...]:
        if not isinstance(step, Delay):
            raise PlanError(f"step '{step.name}' takes no time of its own: 'rounds' follow a delay")
        need = (Need(gate),)
        leave = (Delay(f"{gate}: a moment", fixed(0.0)), Release(f"{gate}: over", need, then=step.then))
        return replace(step, then=None), Seize(gate, need), *leave

    return _step(replace(own, resources=(*own.resources, resource)), change.step, after)
