"""LibreView's export (FreeStyle Libre): a table of what sensor, reader and person recorded.

    Device, Serial Number, Device Timestamp, Record Type, Historic Glucose mg/dL, Scan Glucose mg/dL, ...

Record types: 0 the sensor's own readings, 1 scans, 2 strips, 3 ketones, 4 insulin, 5 food, 6 notes and events.  The
unit is part of the columns' names.  Rows are grouped by device and type, so the order of the rows places a repeated
hour within such a group only.  Abbott publishes no description: columns and types are those of exports in public
repositories and of Tidepool's reader of them (BSD-2).

Times are local, without a zone, day or month first as the account was set: the way of writing that fits most rows, and
of two that fit alike (no day above the twelfth) the one by which the rows follow one another more closely.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice, pairwise

from gemel.core.fact import Instant
from gemel.core.writing import Write

from .account import Account
from .codes import LONG_ACTING_INSULIN
from .diary import METER_GLUCOSE, Entry, Refused, Told, carbohydrate, glucose, insulin, items
from .diary_table import Cells, Table, table
from .portions import portions
from .source import Source, name_of
from .terms import Terms
from .times import Calendar
from .values import number
from .vendor_reading import Passed

__all__ = ["fits", "read"]

_TIME, _HISTORIC, _SCAN, _STRIP = "Device Timestamp", "Historic Glucose", "Scan Glucose", "Strip Glucose"
_RAPID, _LONG, _CARBS = "Rapid-Acting Insulin", "Long-Acting Insulin", "Carbohydrates (grams)"
_PARTS = ("Meal Insulin", "Correction Insulin", "User Change Insulin")
_ISO, _DAY, _MONTH = "%Y-%m-%d %H:%M", "%d-%m-%Y %H:%M", "%m-%d-%Y %H:%M"
_MONTH_NOON, _DAY_NOON = "%m-%d-%Y %I:%M %p", "%d-%m-%Y %I:%M %p"
_TYPES = {"3": "ketone reading", "6": "note or event"}
_LOOKED_AT = 20_000  # structure: rows by which the order of day and month is told


def fits(names: list[str]) -> bool:
    """Whether these are the columns of such an export."""
    return {_TIME, "Record Type"} <= set(names) and any(n.startswith(_HISTORIC) for n in names)


def read(source: Source, terms: Terms, account: Account) -> Iterator[Write]:
    """The facts of one export, of the subject of the terms."""
    own = table(source, fits)
    form, why = _form([_clean(row.of(_TIME)) for row in islice(own.rows(), _LOOKED_AT)])
    account.put("assumed", [f"times without a zone are of {terms.zone}", f"times are written {form}: {why}"])
    yield from portions(terms.subject, items(_entries(own, terms.zone, form), "libreview", terms, account))


def _entries(own: Table, zone: str, form: str) -> Iterator[Entry]:
    unit, name = own.unit(_HISTORIC), name_of(own.source)
    groups: dict[tuple[str, str], Calendar] = {}
    for row in own.rows():
        group = (row.of("Serial Number"), row.of("Record Type"))
        calendar = groups.setdefault(group, Calendar(zone, form=form))
        yield Entry(f"{name}:{row.number}", row.text, lambda row=row, own=calendar: _told(row, unit, own))


def _told(row: Cells, unit: str, calendar: Calendar) -> Iterator[Told]:
    if row.fault[0]:
        yield Refused(*row.fault)
        return
    kind = row.of("Record Type")
    if kind in _TYPES or kind not in "012345" or not kind:
        yield Passed(_TYPES.get(kind, f"record type '{kind}'"))
        return
    at = calendar.instant(_clean(row.of(_TIME)))
    match kind:
        case "0":
            yield glucose(row.of(_HISTORIC), unit, at)
        case "1":
            yield glucose(row.of(_SCAN), unit, at)
        case "2":
            yield glucose(row.of(_STRIP), unit, at, METER_GLUCOSE)
        case "4":
            yield from _injected(row, at)
        case _:
            yield _eaten(row, carbohydrate(row.of(_CARBS), at))


def _injected(row: Cells, at: Instant) -> Iterator[Told]:
    """Rapid and long-acting insulin; the parts that a bolus calculator adds up count where their sum is not given."""
    rapid, long = row.of(_RAPID), row.of(_LONG)
    parts = [number(text) for name in _PARTS if (text := row.of(name))]
    if not rapid and parts:
        rapid = f"{sum(parts):g}"
    if rapid or not long:
        yield insulin(rapid, at)
    if long:
        yield insulin(long, at, LONG_ACTING_INSULIN)


def _eaten(row: Cells, told: Told) -> Told:
    if isinstance(told, Refused) and (servings := row.of("Carbohydrates (servings)")):
        return told._replace(detail=f"{servings} servings, and how many grams each has is not said")
    return told


def _clean(time: str) -> str:
    """A time as written, with one way to part its date."""
    day, _, rest = time.strip().partition(" ")
    return f"{day.replace('/', '-').replace('.', '-')} {rest.upper()}".strip()


def _form(times: Sequence[str]) -> tuple[str, str]:
    """How the times of a file are written, and what says so."""
    given = [time for time in times if time]
    noon = any(time.endswith("M") for time in given)
    forms = (_MONTH_NOON, _DAY_NOON) if noon else (_ISO, _DAY, _MONTH)
    read = {form: [_moment(time, form) for time in given] for form in forms}
    best = max(len(given) - moments.count(None) for moments in read.values())
    fitting = [form for form, moments in read.items() if len(given) - moments.count(None) == best]
    if len(fitting) == 1:
        return fitting[0], "no other way fits as many rows"
    spread = {form: _spread([m for m in read[form] if m is not None]) for form in fitting}
    least = min(spread.values())
    if [*spread.values()].count(least) == 1:
        return min(spread, key=lambda form: spread[form]), "so the days follow one another more closely"
    return fitting[0], "nothing in the file tells day from month, so check it"


def _moment(time: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(time, form)
    except ValueError:
        return None


def _spread(moments: Sequence[datetime]) -> float:
    """Sum of the steps between times, forwards or backwards [s]."""
    return sum((abs((b - a).total_seconds()) for a, b in pairwise(moments)), 0.0)
