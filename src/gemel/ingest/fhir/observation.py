"""Observations as facts: one item per value, the resource's own and those of its components.

A status decides what a fact is worth: registered, preliminary and unknown are PRELIMINARY, amended and corrected
AMENDED; entered-in-error and cancelled withdraw what was known under the same id, also when the value itself is gone.
An Observation whose code is an input (carbohydrate eaten) becomes an Intervention.
"""

from __future__ import annotations

from collections.abc import Iterator

from gemel.core.errors import TimelineError
from gemel.core.fact import Between, Exact, Fact, Instant, Intervention, Level, Observation, Status, Value

from ..codes import coded
from ..feed import Item
from .sheet import Refusal, Sheet
from .times import effective
from .types import Component, ObservationResource

__all__ = ["observed"]

_OBSERVED = {
    "registered": Status.PRELIMINARY,
    "preliminary": Status.PRELIMINARY,
    "unknown": Status.PRELIMINARY,
    "final": Status.FINAL,
    "amended": Status.AMENDED,
    "corrected": Status.AMENDED,
    "entered-in-error": Status.ENTERED_IN_ERROR,
    "cancelled": Status.ENTERED_IN_ERROR,
}


def observed(resource: ObservationResource, sheet: Sheet) -> Iterator[Item]:
    """The items of an Observation."""
    status = _OBSERVED.get(resource.status or "")
    parts: list[tuple[Component, str]] = [(part, "#") for part in resource.component or ()]
    has_own = _has_value(resource) or resource.dataAbsentReason is not None
    if not parts and not has_own:
        if status is Status.ENTERED_IN_ERROR:
            sheet.feed.notes["withdrawn observations without values: values of their components may remain"] += 1
        elif resource.hasMember:
            sheet.feed.skip("Observation: a panel that only lists its members")
            return
    if has_own or not parts:
        parts.insert(0, (resource, ""))
    seen: dict[str, int] = {}
    for part, mark in parts:
        sheet.feed.items += 1
        try:
            if status is None:
                raise Refusal("bad status", f"Observation status '{resource.status}'")
            yield _observation(resource, part, mark, status, seen, sheet)
        except Refusal as refusal:
            yield sheet.refused(refusal)


def _has_value(part: Component) -> bool:
    return (
        part.valueQuantity is not None
        or part.valueCodeableConcept is not None
        or part.valueInteger is not None
        or part.valueBoolean is not None
        or part.valueRange is not None
        or part.valueString is not None
        or part.valueRatio is not None
        or part.valueSampledData is not None
        or part.valueTime is not None
        or part.valueDateTime is not None
        or part.valuePeriod is not None
    )


def _observation(
    resource: ObservationResource,
    part: Component,
    mark: str,
    status: Status,
    seen: dict[str, int],
    sheet: Sheet,
) -> Fact:
    code = sheet.code(part.code)
    fact_id = sheet.id
    if mark:
        count = seen[code] = seen.get(code, 0) + 1
        fact_id = f"{sheet.id}#{code}" if count == 1 else f"{sheet.id}#{code}#{count}"
    withdrawn = status is Status.ENTERED_IN_ERROR
    at, recorded = _times(resource, status, code, sheet)
    try:
        value, unit = _value(part, code, sheet)
    except Refusal:
        if not withdrawn:
            raise
        value, unit = Level("withdrawn"), "1"
    entry = sheet.codes.get(code)
    if entry is None or not entry.is_input:
        return Observation(
            id=fact_id,
            code=code,
            value=value,
            unit=unit,
            at=at,
            recorded=recorded,
            status=status,
            source=sheet.name,
        )
    if not isinstance(value, Exact) and not withdrawn:
        raise Refusal("unsupported value", f"an intake needs an exact amount, not {value}", code)
    dose = value.value if isinstance(value, Exact) else 0.0
    return Intervention(
        id=fact_id,
        code=code,
        at=at,
        recorded=recorded,
        unit=unit,
        dose=dose,
        status=status,
        source=sheet.name,
    )


def _times(resource: ObservationResource, status: Status, code: str, sheet: Sheet) -> tuple[Instant, Instant]:
    """When it happened (the end of a period, since a total is known only then) and when it was known."""
    changed = status in (Status.AMENDED, Status.ENTERED_IN_ERROR)
    try:
        recorded = sheet.known(resource.issued, resource.meta, changed=changed)
        point = resource.effectiveDateTime or resource.effectiveInstant
        start, end = effective(point, resource.effectivePeriod, sheet.zone, day=True)
    except TimelineError as error:
        raise Refusal("bad time", str(error), code) from error
    at = end if end is not None else start
    if at is None and status is Status.ENTERED_IN_ERROR:
        at = recorded
    if at is None:
        raise Refusal("no time", "neither effectiveDateTime nor effectivePeriod", code)
    return at, at if recorded is None else recorded


def _value(part: Component, code: str, sheet: Sheet) -> tuple[Value, str]:
    if part.valueQuantity is not None:
        return sheet.quantity(part.valueQuantity, code)
    if part.valueCodeableConcept is not None:
        concept = part.valueCodeableConcept
        names = [coded(c.system, c.code) for c in concept.coding or () if c.code]
        name = names[0] if names else (concept.text or "").strip()
        if name:
            return Level(name[:200]), "1"
    if part.valueInteger is not None:
        return Exact(float(part.valueInteger)), "1"
    if part.valueBoolean is not None:
        return Level("true" if part.valueBoolean else "false"), "1"
    if part.valueRange is not None and part.valueRange.low is not None and part.valueRange.high is not None:
        low, unit = sheet.quantity(part.valueRange.low, code)
        high, other = sheet.quantity(part.valueRange.high, code)
        if isinstance(low, Exact) and isinstance(high, Exact) and unit == other and low.value <= high.value:
            return Between(low.value, high.value), unit
        raise Refusal("unsupported value", "a range whose ends are not numbers in one unit", code)
    if part.dataAbsentReason is not None:
        reason = part.dataAbsentReason
        codes = [c.code for c in reason.coding or () if c.code]
        raise Refusal("no value", f"the source says: {codes[0] if codes else reason.text or 'no reason given'}", code)
    if _has_value(part):
        raise Refusal("unsupported value", "text, ratio, time or sampled data are not read", code)
    raise Refusal("no value", "neither a value nor a reason for its absence", code)
