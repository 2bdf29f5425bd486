"""Dexcom Clarity's export: a table of sensor readings, calibrations, insulin and carbohydrate as entered on the device.

    Index, Timestamp (YYYY-MM-DDThh:mm:ss), Event Type, Event Subtype, ..., Glucose Value (mg/dL or mmol/L),
    Insulin Value (u), Carb Value (grams), ...

The first rows name the person, the devices and the alerts and have no time.  Times are local, of a zone that the file
does not say; an hour that the autumn change repeats is placed by the order of the rows.  'Low' is a reading below 40,
'High' one above 400 mg/dL.  Dexcom publishes no description: the layout is that of exports in public repositories.
"""

from __future__ import annotations

from collections.abc import Iterator

from gemel.core.writing import Write

from .account import Account
from .diary import METER_GLUCOSE, Entry, Refused, Told, acting, carbohydrate, glucose, insulin, items
from .diary_table import Cells, Table, table
from .portions import portions
from .source import Source, name_of
from .terms import Terms
from .times import Calendar
from .vendor_reading import Passed

__all__ = ["fits", "read"]

_TIME, _GLUCOSE, _INSULIN, _CARBS = "Timestamp", "Glucose Value", "Insulin Value", "Carb Value"
_UNTIMED = {"FirstName": "personal detail", "LastName": "personal detail", "DateOfBirth": "personal detail"}


def fits(names: list[str]) -> bool:
    """Whether these are the columns of such an export."""
    return "Event Type" in names and any(n.startswith(_TIME) for n in names) and any(_GLUCOSE in n for n in names)


def read(source: Source, terms: Terms, account: Account) -> Iterator[Write]:
    """The facts of one export, of the subject of the terms."""
    own = table(source, fits)
    account.put("assumed", [f"times without a zone are of {terms.zone}", "insulin 'u' are units"])
    yield from portions(terms.subject, items(_entries(own, terms.zone), "dexcom clarity", terms, account))


def _entries(own: Table, zone: str) -> Iterator[Entry]:
    unit, calendar, name = own.unit(_GLUCOSE), Calendar(zone), name_of(own.source)
    for row in own.rows():
        yield Entry(f"{name}:{row.number}", row.text, lambda row=row: _told(row, unit, calendar))


def _told(row: Cells, unit: str, calendar: Calendar) -> Iterator[Told]:
    event, subtype, time = row.of("Event Type"), row.of("Event Subtype"), row.of(_TIME)
    if row.fault[0]:
        yield Refused(*row.fault)
        return
    if not time:
        yield Passed(_UNTIMED.get(event, f"{event.lower() or 'empty'} row without a time"))
        return
    at = calendar.instant(time.replace(" ", "T"))
    match event:
        case "EGV":
            yield glucose(row.of(_GLUCOSE) or subtype, unit, at)
        case "Calibration":
            yield glucose(row.of(_GLUCOSE), unit, at, METER_GLUCOSE)
        case "Insulin":
            code = acting(subtype)
            yield Refused("unknown insulin", f"'{subtype}'") if code is None else insulin(row.of(_INSULIN), at, code)
        case "Carbs":
            yield carbohydrate(row.of(_CARBS), at)
        case _:
            yield Passed(f"{event.lower() or 'unnamed'} event")
