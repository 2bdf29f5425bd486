"""Orders and what was given: ORC with OBR, RXO or RXE as ORDERED facts, RXA as a dose that was administered.

An order is never a given dose: only RXA, with completion status CP or PA (HL7 table 0322), says that something was
given.  ORC-1 (table 0119) cancels (CA, CR, DC, DR, OC, OD; RP, RQ and RU of the order that is replaced) or amends (XO,
XR, XX); a request answered in the negative (UA, UC, ...) and a mere report of status change no order.
"""

from __future__ import annotations

from gemel.core.errors import UnitError
from gemel.core.fact import Exact, Fact, Instant, Intervention, Level, Observation, Status
from gemel.core.units import parse

from ..values import check, number
from .sheet import Fields, Sheet, entity
from .terms import Refusal, ucum

__all__ = ["given", "ordered"]

_ASKED = (b"NW", b"RO", b"XO", b"XR", b"XX", b"OK", b"PA", b"CH", b"SN", b"RL", b"OE", b"OR", b"RF", b"")
_CANCELLED = (b"CA", b"CR", b"DC", b"DR", b"OC", b"OD", b"RP", b"RQ", b"RU")
_NOT_GIVEN = {b"RE": "refused", b"NA": "not administered"}
_DETAIL = {b"OBR": (4, 6), b"RXO": (1, 0), b"RXE": (2, 0)}
"""Where a detail segment says what is ordered, and for when."""
_AMOUNT = {b"RXO": (2, 4), b"RXE": (3, 5)}
"""Where it says how much (give amount, minimum) and in which unit."""


def ordered(common: Fields, detail: Fields, sheet: Sheet) -> Fact | None:
    """The order of an ORC (at least 15 fields) and its OBR, RXO or RXE (at least 25); None for one that changes no
    order.  Raises Refusal."""
    control = common[1].upper()
    if control not in _ASKED and control not in _CANCELLED:
        sheet.skip(f"order control {control[:4].decode('ascii', 'replace')}")
        return None
    kind = detail[0][:3]
    what, when = _DETAIL[kind]
    code = sheet.code(detail[what])
    timing = common[7].split(sheet.marks.component)
    start = timing[3] if len(timing) > 3 else b""
    at = sheet.time(start, detail[when] if when else b"", common[15], common[9])
    at = sheet.sent if at is None else at
    if at is None:
        raise Refusal("no time", "neither ORC-7, ORC-9 nor MSH-7", code)
    placer = entity(sheet, common[2]) or (entity(sheet, detail[2]) if kind == b"OBR" else "")
    filler = entity(sheet, common[3]) or (entity(sheet, detail[3]) if kind == b"OBR" else "")
    if not placer and not filler:
        raise Refusal("no order number", "ORC-2, ORC-3, OBR-2 and OBR-3 are empty", code)
    name = sheet.id("order", placer or filler, code)
    status = Status.ENTERED_IN_ERROR if control in _CANCELLED else Status.ORDERED
    told = _known(at, sheet)
    if kind == b"OBR":
        sheet.items += 1
        return Observation(id=name, code=code, value=Level("ordered"), unit="1", at=at, recorded=told, status=status,
                           source=sheet.feed)  # fmt: skip
    amount, unit = _AMOUNT[kind]
    dose, said = _dose(detail[amount], detail[unit], code, sheet, withdrawn=status is Status.ENTERED_IN_ERROR)
    sheet.items += 1
    return Intervention(id=name, code=code, at=at, recorded=told, unit=said, dose=dose, status=status,
                        source=sheet.feed)  # fmt: skip


def given(segment: Fields, common: Fields, sheet: Sheet) -> Fact | None:
    """The dose of an RXA (at least 21 fields); None for one that was not given.  Raises Refusal."""
    done, action = segment[20].upper(), segment[21].upper()
    if done in _NOT_GIVEN and action != b"D":
        sheet.skip(f"dose {_NOT_GIVEN[done]}")
        return None
    code = sheet.code(segment[5])
    at = sheet.time(segment[3])
    if at is None:
        raise Refusal("no time", "RXA-3 is empty", code)
    number_of = entity(sheet, common[3]) or entity(sheet, common[2])
    counters = f"{sheet.text(segment[1])}.{sheet.text(segment[2])}"
    name = sheet.id("given", number_of, counters, code, "" if number_of and counters not in (".", "0.0") else str(at))
    status = Status.ENTERED_IN_ERROR if action == b"D" else Status.AMENDED if action == b"U" else Status.FINAL
    dose, unit = _dose(segment[6], segment[7], code, sheet, withdrawn=action == b"D")
    sheet.items += 1
    return Intervention(
        id=name, code=code, at=at, recorded=_known(at, sheet), unit=unit, dose=dose, status=status, source=sheet.feed
    )


def _known(at: Instant, sheet: Sheet) -> Instant:
    return at if sheet.sent is None else sheet.sent


def _dose(amount: bytes, element: bytes, code: str, sheet: Sheet, *, withdrawn: bool) -> tuple[float, str]:
    """The amount and its unit, possible for the code; a withdrawn one may be missing."""
    entry = sheet.codes.get(code)
    limits = entry.limits if entry is not None else None
    try:
        unit = ucum(element, sheet.marks, sheet.codec, limits.unit if limits is not None else None) or "1"
        size = Exact(number(sheet.text(amount)))
    except (UnitError, ValueError) as error:
        if withdrawn:
            return 0.0, limits.unit if limits is not None else "1"
        kind = "wrong unit" if isinstance(error, UnitError) else "no number"
        raise Refusal(kind, f"{error}" or "the amount is empty", code) from error
    if limits is not None and not withdrawn:
        if unit == "1" and any(parse(limits.unit).dimension):
            raise Refusal("wrong unit", f"no unit where {limits.unit} is expected", code)
        if (wrong := check(size, unit, limits, code)) is not None:
            raise Refusal(*wrong, code)
    return size.value, unit
