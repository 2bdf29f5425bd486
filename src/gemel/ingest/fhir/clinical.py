"""What happened to a person besides measurements: Condition, Procedure, AllergyIntolerance, Immunization.

Each becomes categories with a time.  The fact's code says of what kind, its `entity` which one, its Level what held
from then on:

    gemel:condition      entity the diagnosis' code       the clinical status at onset ('active') and at abatement
    gemel:procedure      entity the procedure's code      'in-progress', 'stopped' or 'completed' at its end
    gemel:allergy        entity the substance's code      the clinical status at onset, or when it was recorded
    gemel:immunization   entity the vaccine's code        'completed'

A DiagnosticReport gives its conclusion codes; its results are Observations of their own.  A procedure in preparation is
ORDERED; a diagnosis that is not confirmed is PRELIMINARY.  The statuses are those of the
R4 value sets event-status, condition-clinical, condition-ver-status and allergyintolerance-*.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gemel.core.errors import TimelineError
from gemel.core.fact import Instant, Level, Observation, Status

from ..codes import coded
from ..feed import Item
from .clinical_types import Allergy, Clinical, Condition, Immunization, Procedure, Report
from .sheet import Refusal, Sheet
from .times import effective
from .types import Concept, Period

__all__ = ["recounted"]


class _Moment(NamedTuple):
    """A mark for the fact's id, the level, and the time as a point or a period."""

    mark: str
    level: str
    point: str | None
    period: Period | None = None


class _Said(NamedTuple):
    """What a resource says: of what kind, of which one, how surely (None: it cannot be told), and when it was known."""

    code: str
    entity: str | None
    status: Status | None
    known: str | None = None


_EVENT = {
    "preparation": Status.ORDERED,
    "in-progress": Status.PRELIMINARY,
    "on-hold": Status.PRELIMINARY,
    "unknown": Status.PRELIMINARY,
    "stopped": Status.FINAL,
    "completed": Status.FINAL,
    "entered-in-error": Status.ENTERED_IN_ERROR,
}
_REPORTED = {
    **dict.fromkeys(("registered", "partial", "preliminary", "unknown"), Status.PRELIMINARY),
    "final": Status.FINAL,
    **dict.fromkeys(("amended", "corrected", "appended"), Status.AMENDED),
    **dict.fromkeys(("entered-in-error", "cancelled"), Status.ENTERED_IN_ERROR),
}
_SURE = {
    **dict.fromkeys(("unconfirmed", "provisional", "differential"), Status.PRELIMINARY),
    **dict.fromkeys(("", "confirmed", "refuted"), Status.FINAL),
    "entered-in-error": Status.ENTERED_IN_ERROR,
}


def recounted(resource: Clinical, sheet: Sheet) -> Iterator[Item]:
    """The items of one of these resources."""
    match resource:
        case Condition():
            yield from _diagnosis(resource, sheet)
        case Allergy():
            yield from _allergy(resource, sheet)
        case Report():
            yield from _conclusions(resource, sheet)
        case Procedure():
            moment = _Moment("", "", resource.performedDateTime, resource.performedPeriod)
            yield from _event(resource, _Said("gemel:procedure", _named(resource.code), None), moment, sheet)
        case Immunization():
            moment = _Moment("", "", resource.occurrenceDateTime)
            said = _Said("gemel:immunization", _named(resource.vaccineCode), None, resource.recorded)
            yield from _event(resource, said, moment, sheet)
        case _:
            sheet.feed.skip(type(resource).__name__)


def _diagnosis(condition: Condition, sheet: Sheet) -> Iterator[Item]:
    sure, clinical = _word(condition.verificationStatus), _word(condition.clinicalStatus) or "active"
    began = "refuted" if sure == "refuted" else "active"
    if condition.onsetDateTime or condition.onsetPeriod is not None:
        moments = [_Moment("", began, condition.onsetDateTime, condition.onsetPeriod)]
    else:
        moments = [_Moment("", began, condition.recordedDate)]
    if condition.abatementDateTime or condition.abatementPeriod is not None:
        ended = "resolved" if clinical in ("active", "recurrence", "relapse") else clinical
        moments.append(_Moment("#end", ended, condition.abatementDateTime, condition.abatementPeriod))
    said = _Said("gemel:condition", _named(condition.code), _SURE.get(sure), _timed(condition.recordedDate))
    yield from _told(condition, said, moments, sheet)


def _allergy(allergy: Allergy, sheet: Sheet) -> Iterator[Item]:
    sure = _word(allergy.verificationStatus)
    level = "refuted" if sure == "refuted" else _word(allergy.clinicalStatus) or "active"
    said = _Said("gemel:allergy", _named(allergy.code), _SURE.get(sure), _timed(allergy.recordedDate))
    yield from _told(allergy, said, [_Moment("", level, allergy.onsetDateTime or allergy.recordedDate)], sheet)


def _event(event: Clinical, said: _Said, moment: _Moment, sheet: Sheet) -> Iterator[Item]:
    if event.status == "not-done":
        sheet.feed.skip(f"{type(event).__name__}: not done")
        return
    status = event.status or ""
    level = status if status in ("in-progress", "stopped") else "completed"
    yield from _told(event, said._replace(status=_EVENT.get(status)), [moment._replace(level=level)], sheet)


def _conclusions(report: Report, sheet: Sheet) -> Iterator[Item]:
    found = [_named(concept) for concept in report.conclusionCode or ()]
    if not found:
        sheet.feed.skip("DiagnosticReport: only lists its results")
        return
    try:
        said = _Said(sheet.code(report.code), None, _REPORTED.get(report.status or ""), report.issued)
    except Refusal as refusal:
        sheet.feed.items += 1
        yield sheet.refused(refusal)
        return
    when = (report.effectiveDateTime, report.effectivePeriod)
    yield from _told(report, said, [_Moment(f"#{n}", name, *when) for n, name in enumerate(found, 1)], sheet)


def _told(resource: Clinical, said: _Said, moments: list[_Moment], sheet: Sheet) -> Iterator[Item]:
    """One item per moment."""
    for mark, level, point, period in moments:
        sheet.feed.items += 1
        try:
            if said.status is None:
                raise Refusal("bad status", f"{sheet.id.partition('/')[0]} status '{resource.status}'", said.code)
            if said.entity == "" or not level:
                raise Refusal("no code", "neither a coding nor a text", said.code)
            at, recorded = _times(point, period, said, resource, sheet)
        except Refusal as refusal:
            yield sheet.refused(refusal)
        else:
            yield Observation(
                id=sheet.id + mark, code=said.code, value=Level(level[:200]), unit="1", at=at, recorded=recorded,
                status=said.status, source=sheet.name, entity=said.entity,
            )  # fmt: skip


def _times(
    point: str | None, period: Period | None, said: _Said, resource: Clinical, sheet: Sheet
) -> tuple[Instant, Instant]:
    """When it happened and when it was known.  Of a period the end, unless it is the onset of something."""
    withdrawn = said.status is Status.ENTERED_IN_ERROR
    try:
        start, end = effective(point, period, sheet.zone, day=True)
        recorded = sheet.known(said.known, resource.meta, changed=withdrawn)
    except TimelineError as error:
        raise Refusal("bad time", str(error), said.code) from error
    onset = isinstance(resource, Condition)
    at = start if start is not None and (onset or end is None) else end
    if at is None and withdrawn:
        at = recorded
    if at is None:
        raise Refusal("no time", "it does not say when", said.code)
    return at, at if recorded is None else recorded


def _timed(text: str | None) -> str | None:
    """A dateTime that has a time of day."""
    return text if text and len(text) > 10 else None


def _word(concept: Concept | None) -> str:
    return next((c.code for c in concept.coding or () if c.code), "") if concept is not None else ""


def _named(concept: Concept | None) -> str:
    """The first coding as 'system:code', else the text; '' where there is neither."""
    if concept is None:
        return ""
    codes = [coded(c.system, c.code) for c in concept.coding or () if c.code]
    return codes[0] if codes else f"text:{concept.text.strip()[:80]}" if concept.text and concept.text.strip() else ""
