"""What was given, ordered and eaten: MedicationAdministration, MedicationRequest, NutritionIntake.

A MedicationRequest is an order: its facts are ORDERED, and no timeline counts an ordered dose as given.  An
administration with an amount and a period of five minutes or more is a rate that ends with the period; a shorter one is
an instant dose.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import msgspec

from gemel.core.clock import HOUR, MINUTE
from gemel.core.errors import TimelineError, UnitError
from gemel.core.fact import Instant, Intervention, Status
from gemel.core.units import convert

from ..codes import CARBOHYDRATE
from ..feed import Item
from .sheet import Refusal, Sheet
from .times import effective
from .types import Administration, Concept, Dosage, Ingredient, Nutrition, Quantity, Ratio, Request
from .units import unit_of

__all__ = ["administered", "eaten", "ordered"]

_BOLUS = 5 * MINUTE  # a dose given over less counts as given at once
_LONGEST_INFUSION = 31 * 24.0  # h; a computed end beyond this says that dose or rate is not what it seems


@dataclass(frozen=True, slots=True)
class _Act:
    """An intervention but for its amount."""

    id: str
    code: str
    at: Instant
    until: Instant | None
    recorded: Instant
    status: Status
    sheet: Sheet

    def given(self, dose: tuple[float, str] | None, rate: tuple[float, str] | None) -> Intervention:
        """The intervention with this dose or, where there is one, this rate."""
        value, unit = rate or dose or (0.0, "1")
        return Intervention(
            id=self.id,
            code=self.code,
            at=self.at,
            until=self.until if rate else None,
            recorded=self.recorded,
            unit=unit,
            dose=None if rate else value,
            rate=value if rate else None,
            status=self.status,
            source=self.sheet.name,
        )


def administered(resource: Administration, sheet: Sheet) -> Iterator[Item]:
    """The item of a MedicationAdministration; none of one that was not done."""
    if resource.status == "not-done":
        sheet.feed.skip("MedicationAdministration: not done")
        return
    sheet.feed.items += 1
    try:
        code = sheet.code(_medication(resource, sheet))
        if resource.status not in ("completed", "in-progress", "on-hold", "stopped", "entered-in-error"):
            raise Refusal("bad status", f"MedicationAdministration '{resource.status}': given or not?", code)
        withdrawn = resource.status == "entered-in-error"
        act = _act(sheet.id, code, resource, Status.ENTERED_IN_ERROR if withdrawn else Status.FINAL, sheet)
        dosage = resource.dosage or Dosage()
        try:
            yield _amount(act, dosage.dose, dosage.rateQuantity, dosage.rateRatio)
        except Refusal:
            if not withdrawn:
                raise
            yield act.given(None, None)
    except Refusal as refusal:
        yield sheet.refused(refusal)


def ordered(resource: Request, sheet: Sheet) -> Iterator[Item]:
    """The items of a MedicationRequest, one per dose it states; a skip when it states none."""
    amounts = [part for line in resource.dosageInstruction or () for part in line.doseAndRate or ()]
    if not amounts:
        sheet.feed.skip("MedicationRequest: an order without a dose")
        return
    void = resource.status in ("entered-in-error", "cancelled")
    for number, part in enumerate(amounts, 1):
        sheet.feed.items += 1
        try:
            code = sheet.code(_medication(resource, sheet))
            name = sheet.id if number == 1 else f"{sheet.id}#{number}"
            act = _act(name, code, resource, Status.ENTERED_IN_ERROR if void else Status.ORDERED, sheet)
            yield _amount(act, part.doseQuantity, part.rateQuantity, part.rateRatio)
        except Refusal as refusal:
            yield sheet.refused(refusal)


def eaten(resource: Nutrition, sheet: Sheet) -> Iterator[Item]:
    """The carbohydrate of a NutritionIntake; its other nutrients are skipped."""
    if resource.status in ("not-done", "preparation"):
        sheet.feed.skip(f"NutritionIntake: {resource.status}")
        return
    if not resource.ingredientLabel:
        sheet.feed.skip("NutritionIntake: no nutrients")
        return
    number = 0
    for part in resource.ingredientLabel:
        if not _is_carbohydrate(part, sheet):
            sheet.feed.skip("NutritionIntake: a nutrient other than carbohydrate")
            continue
        number += 1
        sheet.feed.items += 1
        try:
            status = Status.ENTERED_IN_ERROR if resource.status == "entered-in-error" else Status.FINAL
            name = sheet.id if number == 1 else f"{sheet.id}#{number}"
            act = _act(name, CARBOHYDRATE, resource, status, sheet)
            yield _amount(act, part.amount, None, None)
        except Refusal as refusal:
            yield sheet.refused(refusal)


def _is_carbohydrate(part: Ingredient, sheet: Sheet) -> bool:
    concept = part.nutrient.concept if part.nutrient is not None else None
    if concept is None:
        return False
    texts = [concept.text, *(coding.display for coding in concept.coding or ())]
    if any(text and text.strip().casefold().startswith("carbohydrate") for text in texts):
        return True
    try:
        return sheet.code(concept) == CARBOHYDRATE
    except Refusal:
        return False


def _act(name: str, code: str, resource: Administration | Request | Nutrition, status: Status, sheet: Sheet) -> _Act:
    withdrawn = status is Status.ENTERED_IN_ERROR
    issued: str | None
    match resource:
        case Administration():
            point, period, issued = resource.effectiveDateTime, resource.effectivePeriod, None
        case Request():
            point, period, issued = resource.authoredOn, None, resource.authoredOn
        case Nutrition():
            point, period, issued = resource.occurrenceDateTime, resource.occurrencePeriod, resource.recorded
    try:
        at, until = effective(point, period, sheet.zone)
        recorded = sheet.known(issued, resource.meta, changed=withdrawn)
    except TimelineError as error:
        raise Refusal("bad time", str(error), code) from error
    if at is None and withdrawn:
        at = recorded
    if at is None:
        raise Refusal("no time", "it does not say when", code)
    return _Act(name, code, at, until, at if recorded is None else recorded, status, sheet)


def _amount(act: _Act, dose: Quantity | None, rate: Quantity | None, ratio: Ratio | None) -> Intervention:
    """The act with its dose or rate.  Raises Refusal when it has neither."""
    code, sheet = act.code, act.sheet
    total = sheet.amount(dose, code) if dose is not None else None
    speed = _rate(rate, ratio, code, sheet)
    if speed is not None:
        until = act.until if act.until is not None else _until(act.at, speed, total)
        return replace(act, until=until).given(None, speed)
    if total is None:
        raise Refusal("no value", "neither dose nor rate", code)
    if act.until is not None and act.until - act.at >= _BOLUS:
        return act.given(None, (total[0] / ((act.until - act.at) / HOUR), f"{total[1]}/h"))
    return act.given(total, None)


def _rate(quantity: Quantity | None, ratio: Ratio | None, code: str, sheet: Sheet) -> tuple[float, str] | None:
    """The rate and its unit, from either way of writing it."""
    if quantity is not None:
        return sheet.amount(quantity, code, rate=True)
    if ratio is None:
        return None
    top, bottom = ratio.numerator, ratio.denominator
    if top is None or bottom is None or top.value is None or not bottom.value:
        raise Refusal("no value", "the rate lacks a numerator or denominator", code)
    try:
        entry = sheet.codes.get(code)
        above = unit_of(top, entry.limits.unit if entry is not None and entry.limits is not None else None)
        below = unit_of(bottom, None)
    except UnitError as error:
        raise Refusal("wrong unit", str(error), code) from error
    below = f"({below})" if "/" in below or "." in below else below or "1"
    merged = Quantity(value=top.value / bottom.value, comparator=top.comparator, code=f"{above or '1'}/{below}")
    return sheet.amount(merged, code, rate=True)


def _until(at: Instant, rate: tuple[float, str], total: tuple[float, str] | None) -> Instant | None:
    """When an infusion of known rate and total ends; None when that cannot be told."""
    if total is None or rate[0] <= 0:
        return None
    try:
        hours = convert(total[0], total[1], f"({rate[1]}).h") / rate[0]
    except UnitError:
        return None
    return at + round(hours * HOUR) if 0 < hours < _LONGEST_INFUSION else None


def _medication(resource: Administration | Request, sheet: Sheet) -> Concept:
    if resource.medicationCodeableConcept is not None:
        return resource.medicationCodeableConcept
    pointer = resource.medicationReference.reference if resource.medicationReference else None
    for part in resource.contained or ():
        if part.resourceType == "Medication" and part.id and pointer == f"#{part.id}":
            try:
                return msgspec.convert(part.code, Concept)
            except msgspec.ValidationError as error:
                raise Refusal("no code", f"its contained medication has no readable code: {error}") from error
    found = sheet.medications.get(pointer or "")
    if found is None:
        raise Refusal("no code", f"its medication '{(pointer or '')[:60]}' is not in this source")
    return found
