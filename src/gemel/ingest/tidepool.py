"""Tidepool's export as JSON, and the same entries as a table whose columns are the members' paths (`dose.total`).

    cbg, smbg           sensor and meter glucose, with an annotation `bg/out-of-range` where off the scale
    bolus               `normal` at once, `extended` over `duration` [ms]
    basal               `rate` [[IU]/h] from `time` on; a suspension is a rate of nothing
    insulin             injections, by how the formulation acts
    food, wizard        carbohydrate eaten, and as told to a bolus calculator; told to both it counts once

`time` is UTC; `createdTime` is when Tidepool was told.  Entries of one reading that were uploaded twice have ids of
their own, so an id here is made of what is said.  Source: Tidepool data model (tidepool-org/data-model and
tidepool.redocly.app, device data), and the annotations of tidepool-org/viz.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, cast

import msgspec

from gemel.core.clock import instant
from gemel.core.errors import IngestError
from gemel.core.fact import Above, Below, Exact, Instant
from gemel.core.writing import Write

from .account import Account
from .codes import CARBOHYDRATE, RAPID_INSULIN, SENSOR_GLUCOSE
from .diary import METER_GLUCOSE, Entry, Refused, Said, Told, acting, extended, items
from .diary_table import Cells, table
from .objects import elements, members
from .portions import portions
from .source import Source, first_bytes, name_of, whole
from .terms import Terms
from .vendor_reading import Passed

__all__ = ["fits", "read", "told_by"]

_MILLI = 1000  # us in a ms
_SIGNS = frozenset({"deviceTime", "uploadId", "timezoneOffset", "createdTime"})


def told_by(keys: frozenset[str] | set[str]) -> bool:
    """Whether these are members of an entry of Tidepool's."""
    return {"type", "time"} <= keys and bool(keys & _SIGNS)


def fits(names: list[str]) -> bool:
    """Whether these are the columns of such entries as a table."""
    return told_by(set(names))


def read(source: Source, terms: Terms, account: Account) -> Iterator[Write]:
    """The facts of one export, of the subject of the terms; IngestError where it is neither JSON nor a table."""
    head = first_bytes(source, 64).removeprefix(b"\xef\xbb\xbf").lstrip()
    entries = _documents(source) if head[:1] in (b"[", b"{") else _rows(source)
    yield from portions(terms.subject, items(_once(entries, account), "tidepool", terms, account))


def _documents(source: Source) -> Iterator[tuple[str, str, Mapping[str, Any] | Refused]]:
    name = name_of(source)
    try:
        document = msgspec.json.decode(whole(source).removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise IngestError(f"'{name}' is not JSON ({error}): it may be cut short") from error
    for number, entry in enumerate(elements(document) or [document], 1):
        own = members(entry)
        yield f"{name}#{number}", repr(entry), Refused("malformed", "no object") if own is None else own


def _rows(source: Source) -> Iterator[tuple[str, str, Mapping[str, Any] | Refused]]:
    own = table(source, fits)
    for row in own.rows():
        place = f"{name_of(source)}:{row.number}"
        yield place, row.text, Refused(*row.fault) if row.fault[0] else _nested(row)


def _nested(row: Cells) -> Mapping[str, Any]:
    """The object whose members' paths are the columns; numbers as numbers, JSON as what it holds, blanks left out."""
    found: dict[str, Any] = {}
    for path, text in row.fields.items():
        if text:
            *above, last = path.split(".")
            place = found
            for step in above:
                if members(place.get(step)) is None:
                    place[step] = {}
                place = cast("dict[str, Any]", place[step])
            place[last] = _value(text)
    return found


def _value(text: str) -> Any:
    if text[:1] in "[{-0123456789":
        try:
            return msgspec.json.decode(text)
        except msgspec.MsgspecError:
            return text
    return text


def _once(given: Iterator[tuple[str, str, Mapping[str, Any] | Refused]], account: Account) -> Iterator[Entry]:
    """The entries, those of food before the wizard's, so that carbohydrate told to both counts once."""
    eaten: set[tuple[Instant, float]] = set()
    waiting: list[Entry] = []
    for where, raw, entry in given:
        if isinstance(entry, Refused):
            yield Entry(where, raw, lambda entry=entry: [entry])
        elif entry.get("type") == "wizard":
            waiting.append(Entry(where, raw, lambda entry=entry: _calculated(entry, eaten)))
        else:
            yield Entry(where, raw, lambda entry=entry: _told(entry, eaten))
    yield from waiting


def _told(entry: Mapping[str, Any], eaten: set[tuple[Instant, float]]) -> Iterator[Told]:
    kind = str(entry["type"])
    tell = _TELL.get(kind)
    if tell is None:
        yield Passed(f"{kind} entry")
        return
    at = _time(entry["time"])
    recorded = _time(entry["createdTime"]) if entry.get("createdTime") else None
    for one in tell(entry, at):
        if isinstance(one, Said):
            if one.code == CARBOHYDRATE and isinstance(one.value, Exact):
                eaten.add((one.at, one.value.value))
            yield one._replace(recorded=recorded)
        else:
            yield one


def _calculated(entry: Mapping[str, Any], eaten: set[tuple[Instant, float]]) -> Iterator[Told]:
    """Carbohydrate told to a bolus calculator; its bolus is an entry of its own."""
    at, grams = _time(entry["time"]), float(entry.get("carbInput") or 0.0)
    if not grams:
        yield Passed("bolus calculator without carbohydrate")
    elif str(entry.get("carbUnits", "grams")) != "grams":
        yield Refused("wrong unit", f"carbohydrate in {entry['carbUnits']} where grams are expected", CARBOHYDRATE)
    elif (at, grams) in eaten:
        yield Passed("carbohydrate that an entry of food tells, too")
    else:
        recorded = _time(entry["createdTime"]) if entry.get("createdTime") else None
        yield Said(CARBOHYDRATE, Exact(grams), "g", at, "dose", recorded=recorded)


def _time(text: Any) -> Instant:
    """An ISO 8601 time; UTC where it has no offset, as the data model says."""
    given = str(text)
    return instant(given) if given.endswith("Z") or "+" in given or "-" in given[11:] else instant(given, tz="UTC")


def _reading(entry: Mapping[str, Any], at: Instant, code: str) -> Iterator[Told]:
    units = str(entry["units"])
    unit = {"mg/dl": "mg/dL", "mmol/l": "mmol/L"}.get(units.casefold(), units)
    for note in _annotations(entry.get("annotations")):
        if note.get("code") == "bg/out-of-range" and note.get("value") in ("low", "high"):
            limit = float(note["threshold"])
            yield Said(code, Below(limit) if note["value"] == "low" else Above(limit), "mg/dL", at)
            return
    yield Said(code, Exact(float(entry["value"])), unit, at)


def _annotations(given: Any) -> list[Mapping[str, Any]]:
    """Annotations as given: an array, or the same as JSON text."""
    found = msgspec.json.decode(given) if isinstance(given, str) else given
    return [note for one in elements(found) or [] if (note := members(one)) is not None]


def _bolus(entry: Mapping[str, Any], at: Instant) -> Iterator[Told]:
    normal, more = float(entry.get("normal") or 0.0), float(entry.get("extended") or 0.0)
    if normal:
        yield Said(RAPID_INSULIN, Exact(normal), "[IU]", at, "dose")
    if more:
        yield from extended(more, at, round(float(entry["duration"])) * _MILLI)
    if not normal and not more:
        yield Passed("a bolus of nothing")


def _basal(entry: Mapping[str, Any], at: Instant) -> Iterator[Told]:
    rate = 0.0 if entry.get("deliveryType") == "suspend" else entry.get("rate")
    if rate is None:
        yield Refused("no value", "a basal rate that is not given", RAPID_INSULIN)
    else:
        yield Said(RAPID_INSULIN, Exact(float(rate)), "[IU]/h", at, "rate")


def _injection(entry: Mapping[str, Any], at: Instant) -> Iterator[Told]:
    kind = str(_inside(entry, "formulation", "simple").get("actingType", ""))
    code = acting(kind)
    if code is None:
        yield Refused("unknown insulin", f"a formulation that acts '{kind}'")
    else:
        yield Said(code, Exact(float(entry["dose"]["total"])), "[IU]", at, "dose")


def _inside(entry: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """The object at the end of a path; one without members where there is none."""
    for step in path:
        entry = members(entry.get(step)) or {}
    return entry


def _food(entry: Mapping[str, Any], at: Instant) -> Iterator[Told]:
    carbohydrate = _inside(entry, "nutrition", "carbohydrate")
    if not carbohydrate:
        yield Passed("food without carbohydrate")
    elif carbohydrate.get("units", "grams") != "grams":
        yield Refused("wrong unit", f"carbohydrate in {carbohydrate['units']} where grams are expected", CARBOHYDRATE)
    elif not float(carbohydrate["net"]):
        yield Passed("a dose of nothing")
    else:
        yield Said(CARBOHYDRATE, Exact(float(carbohydrate["net"])), "g", at, "dose")


def _event(entry: Mapping[str, Any], at: Instant) -> Iterator[Told]:
    kind = entry.get("subType", "")
    yield from _reading(entry, at, METER_GLUCOSE) if kind == "calibration" else [Passed(f"device event {kind}")]


_TELL: Mapping[str, Callable[[Mapping[str, Any], Instant], Iterator[Told]]] = MappingProxyType(
    {
        "cbg": lambda entry, at: _reading(entry, at, SENSOR_GLUCOSE),
        "smbg": lambda entry, at: _reading(entry, at, METER_GLUCOSE),
        "bolus": _bolus, "basal": _basal, "insulin": _injection, "food": _food, "deviceEvent": _event,
    }
)  # fmt: skip
