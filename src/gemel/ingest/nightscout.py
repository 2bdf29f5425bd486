"""Nightscout's collections as JSON: entries (sensor and meter), treatments (insulin, carbohydrate, temporary basal
rates) and profile (the basal schedule), each a file of its own or members of one document.

An entry's `date` is its instant [ms since 1970]; a treatment's `created_at` is UTC.  `srvCreated` is when the server
was told.  Below 39 `sgv` is a sensor's error code, 39 is 'low' and 401 is 'high', above the most a sensor shows.  A
document that the server has marked `isValid: false` withdraws what an earlier export said.

The basal rate is the schedule's except during a temporary rate.  A treatments file finds the schedule in a profile
beside it in its folder; without one, a percentage of it cannot be read, and the rate after a temporary one is what was
in force before.  Source: nightscout/cgm-remote-monitor, lib/api3/swagger.yaml and its wiki.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from gemel.core.clock import MINUTE, instant
from gemel.core.errors import IngestError
from gemel.core.fact import Above, Below, Exact, Instant
from gemel.core.writing import Write

from .account import Account
from .codes import SENSOR_GLUCOSE
from .diary import BROKEN, METER_GLUCOSE, SENSOR_HIGH, SENSOR_LOW, Entry, Refused, Said, Told, items
from .nightscout_basal import Schedule, busy, schedule_of, scheduled, temporary
from .nightscout_doses import doses
from .objects import elements, members
from .portions import portions
from .source import Source, name_of, whole
from .terms import Terms
from .vendor_reading import Passed

__all__ = ["read", "told_by"]

_ERROR_BELOW, _LOW, _HIGH = 39.0, 39.0, 401.0
_MILLI = 1000  # us in a ms
_TEMPORARY = ("Temp Basal", "Temp Basal Start", "Temp Basal End")
_NONE = "no document"
_COLLECTIONS = ("entries", "treatments", "profile", "devicestatus")
_PROFILE = b'"defaultProfile"'
_LARGEST_PROFILE = 1 << 20  # bytes of a file that is looked into for a profile

Document = Mapping[str, Any]


def told_by(keys: frozenset[str] | set[str]) -> bool:
    """Whether these are members of a document of Nightscout's, or of its collections together."""
    entry = bool(keys & {"sgv", "mbg"}) and bool(keys & {"date", "dateString"})
    treatment = "eventType" in keys and bool(keys & {"created_at", "date", "srvCreated"})
    together = {"entries", "treatments"} <= keys or {"status", "result"} <= keys
    return entry or treatment or together or {"defaultProfile", "store"} <= keys


def read(source: Source, terms: Terms, account: Account) -> Iterator[Write]:
    """The facts of one document or file, of the subject of the terms; IngestError where it is no JSON."""
    found = list(_documents(_decoded(source), "entries"))
    name = name_of(source)
    try:
        schedule = _schedule(source, [document for kind, document in found if kind == "profile"], terms.zone)
        why = "" if schedule else "no profile here: the basal schedule is not known"
    except BROKEN as error:
        schedule, why = None, f"the profile cannot be read ({type(error).__name__}: {error}): no basal schedule"
    if why:
        account.put("assumed", [why])
    entries = (
        Entry(f"{name}#{number}", repr(document), lambda own=document, kind=kind: _told(own, kind, schedule))
        for number, (kind, document) in enumerate(found, 1)
    )
    yield from portions(terms.subject, items(_with_basal(entries, found, schedule, name), "nightscout", terms, account))


def _decoded(source: Source) -> Any:
    try:
        return msgspec.json.decode(whole(source).removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise IngestError(f"'{name_of(source)}' is not JSON ({error}): it may be cut short") from error


def _documents(value: Any, kind: str) -> Iterator[tuple[str, Document]]:
    """Documents with the collection each is of, by its members where the collection is not named."""
    own = members(value)
    if own is None:
        for one in elements(value) or []:
            yield from [(_NONE, {"is": repr(one)})] if members(one) is None else _documents(one, kind)
    elif "result" in own and "status" in own:
        yield from _documents(own["result"], kind)
    elif any(elements(own.get(name)) is not None for name in _COLLECTIONS):
        for name in _COLLECTIONS:
            yield from _documents(own.get(name), name)
    elif "eventType" in own:
        yield "treatments", own
    elif "defaultProfile" in own and "store" in own:
        yield "profile", own
    else:
        yield kind, own


def _schedule(source: Source, profiles: Sequence[Document], zone: str) -> Schedule | None:
    """The basal schedule of the newest profile of the source, or of a file beside it."""
    if profiles or isinstance(source, bytes):
        return schedule_of(profiles, zone)
    beside: list[Document] = []
    for path in sorted(Path(source).parent.glob("*.json")):
        try:
            if path != Path(source) and path.stat().st_size <= _LARGEST_PROFILE and _PROFILE in path.read_bytes():
                beside += [document for kind, document in _documents(_decoded(path), "") if kind == "profile"]
        except (OSError, IngestError):
            continue  # a neighbour that cannot be read says so when its own turn comes
    return schedule_of(beside, zone)


def _with_basal(
    entries: Iterator[Entry], found: Sequence[tuple[str, Document]], schedule: Schedule | None, name: str
) -> Iterator[Entry]:
    """The entries, and the scheduled basal rates from the first to the last treatment."""
    yield from entries
    times: list[Instant] = []
    temporaries: list[tuple[Instant, Instant]] = []
    for kind, document in found:
        try:
            at = _time(document) if kind == "treatments" else None
            lasting = _lasting(document) if document.get("eventType") in _TEMPORARY else None
        except BROKEN:
            continue  # the entry itself is rejected with its reason
        if at is not None:
            times.append(at)
            temporaries += [] if lasting is None else [(at, lasting)]
    if schedule is not None and times:
        span = min(times), max(times)
        yield Entry(f"{name}, basal schedule", "", lambda: scheduled(schedule, span, busy(temporaries)))


def _lasting(document: Document) -> Instant:
    return round(float(document.get("duration") or 0.0) * MINUTE)


def _told(document: Document, kind: str, schedule: Schedule | None) -> Iterator[Told]:
    if kind == _NONE:
        yield Refused("malformed", f"no object: {document['is'][:40]}")
    elif kind == "profile":
        yield Passed("profile")
    elif kind == "devicestatus":
        yield Passed("device status")
    elif kind == "treatments":
        yield from _marked(document, _treatment(document, _time(document), schedule))
    else:
        yield from _marked(document, _entry(document))


def _marked(document: Document, told: Iterator[Told]) -> Iterator[Told]:
    """What is told, under the document's own name, as of when the server was told."""
    name = str(document.get("identifier") or document.get("_id") or "")
    told_at = document.get("srvModified") or document.get("srvCreated")
    recorded = None if told_at is None else round(float(told_at)) * _MILLI
    withdrawn = document.get("isValid") is False
    for number, one in enumerate(told):
        if isinstance(one, Said):
            yield one._replace(name=f"{name}/{number}" if name else "", recorded=recorded, withdrawn=withdrawn)
        else:
            yield one


def _time(document: Document) -> Instant:
    """When it happened; a time without an offset is UTC."""
    if isinstance(document.get("date"), int | float):
        return round(float(document["date"]) * _MILLI)
    text = str(document.get("created_at") or document.get("dateString") or document["timestamp"])
    return instant(text) if text.endswith("Z") or "+" in text or "-" in text[11:] else instant(text, tz="UTC")


def _entry(document: Document) -> Iterator[Told]:
    unit = _unit(document.get("units") or "mg")
    if "sgv" in document:
        yield _sensor(float(document["sgv"]), unit, _time(document))
    elif "mbg" in document:
        yield Said(METER_GLUCOSE, Exact(float(document["mbg"])), unit, _time(document))
    else:
        yield Passed(f"entry of type {document.get('type', 'unknown')}")


def _sensor(value: float, unit: str, at: Instant) -> Told:
    if unit == "mg/dL" and value < _ERROR_BELOW:
        return Passed("a sensor's error code")
    if unit == "mg/dL" and value == _LOW:
        return Said(SENSOR_GLUCOSE, Below(SENSOR_LOW), unit, at)
    if unit == "mg/dL" and value == _HIGH:
        return Said(SENSOR_GLUCOSE, Above(SENSOR_HIGH), unit, at)
    return Said(SENSOR_GLUCOSE, Exact(value), unit, at)


def _unit(given: Any) -> str:
    start = str(given).casefold()
    return "mmol/L" if start.startswith("mmol") else "mg/dL" if start.startswith("mg") else str(given)


def _treatment(document: Document, at: Instant, schedule: Schedule | None) -> Iterator[Told]:
    told: list[Told] = [*doses(document, at), *_checked(document, at)]
    if document["eventType"] in _TEMPORARY:
        told.append(temporary(document, at, _lasting(document), schedule))
    yield from told or [Passed(f"{document['eventType'] or 'unnamed'} treatment")]


def _checked(document: Document, at: Instant) -> Iterator[Told]:
    """Glucose stated with a treatment: a meter's; a sensor's is an entry already."""
    given = document.get("glucose")
    if given in (None, "", 0):
        return
    if document.get("glucoseType") == "Sensor":
        yield Passed("a sensor's value repeated in a treatment")
    elif not document.get("units"):
        yield Refused("no unit", f"glucose {given} without a unit", METER_GLUCOSE)
    else:
        yield Said(METER_GLUCOSE, Exact(float(str(given))), _unit(document["units"]), at)
