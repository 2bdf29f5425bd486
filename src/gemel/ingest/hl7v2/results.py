"""OBX segments as facts, in whatever message they come (ORU, OUL, ADT, ...).

OBX-11 says what a result is worth (HL7 table 0085): P, R, S and I are PRELIMINARY, F, U, V and B FINAL, C and A
AMENDED; D, W and X withdraw what was known under the same id.  The id is made of the order's number (filler's, else
placer's), the code and OBX-4, so that a correction meets what it corrects; without a number, of the time and the code.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from gemel.core.errors import UnitError
from gemel.core.fact import Exact, Fact, Instant, Intervention, Level, Observation, Status, Value
from gemel.core.units import parse

from ..codes import Code, Codes
from ..feed import Item
from ..values import ANY, Span, check, number, span
from .message import Separators
from .sheet import Fields, Sheet, entity
from .terms import Refusal, ucum
from .values import Skip, value_of

__all__ = ["Order", "observed", "order_of"]

_STATUS = {
    **dict.fromkeys((b"P", b"R", b"S", b"I"), Status.PRELIMINARY), **dict.fromkeys((b"C", b"A"), Status.AMENDED),
    **dict.fromkeys((b"F", b"U", b"V", b"B"), Status.FINAL),
    **dict.fromkeys((b"D", b"W", b"X"), Status.ENTERED_IN_ERROR),
}  # fmt: skip
_BATTERY = {b"F": Status.FINAL, b"C": Status.AMENDED}
"""OBR-25 (table 0123), where OBX-11 is empty; anything else is preliminary."""
_NO_RESULT = {b"N": "not asked", b"O": "detail of an order", b"I": "result pending", b"U": "status change alone"}


@dataclass(slots=True)
class Order:
    """The OBR under which results stand: its number, time and status; how often each name has come under it."""

    number: str = ""
    at: bytes = b""
    status: bytes = b""
    seen: dict[tuple[str, str], int] = field(default_factory=lambda: {})


def order_of(fields: Fields, sheet: Sheet, common: Fields) -> Order:
    """The order of an OBR of at least 25 fields; `common` is the ORC before it, of at least 3."""
    for one in (fields[3], fields[2], common[3], common[2]):
        if one and (number := entity(sheet, one)):
            return Order(number=number, at=fields[7], status=fields[25])
    return Order(at=fields[7], status=fields[25])


def observed(segment: bytes, order: Order, sheet: Sheet, items: list[Item]) -> None:
    """Add the facts of an OBX, one for each repetition of its value."""
    fields = sheet.fields(segment, 14)
    told = fields[11]
    empty = not fields[5] or fields[5] == b'""'
    if told in _NO_RESULT and (empty or told in b"NO"):
        sheet.skip(f"OBX: {_NO_RESULT[told]}")
        return
    for value in fields[5].split(sheet.marks.repetition):
        try:
            fact = _fact(fields, value, order, sheet)
        except Refusal as refusal:
            sheet.items += 1
            items.append(sheet.refused(refusal, segment))
        except Skip as kept:
            sheet.skip(f"OBX: {kept}")
        else:
            sheet.items += 1
            items.append(fact)


def _fact(fields: Fields, value: bytes, order: Order, sheet: Sheet) -> Fact:
    status = _status(fields[11], order)
    code = sheet.code(fields[3])
    at = sheet.time(fields[14], order.at)
    recorded = at if sheet.sent is None else sheet.sent
    if at is None:
        if status is not Status.ENTERED_IN_ERROR or recorded is None:
            raise Refusal("no time", "neither OBX-14 nor OBR-7", code)
        at = recorded
    entry = sheet.codes.get(code)
    read, unit = _value(fields, value, code, entry, sheet, withdrawn=status is Status.ENTERED_IN_ERROR)
    name = _name(fields, code, at, order, sheet)
    told = at if recorded is None else recorded
    if entry is None or not entry.is_input:
        return Observation(id=name, code=code, value=read, unit=unit, at=at, recorded=told, status=status,
                           source=sheet.feed)  # fmt: skip
    if not isinstance(read, Exact) and status is not Status.ENTERED_IN_ERROR:
        raise Refusal("unsupported value", f"an intake needs an exact amount, not {read}", code)
    dose = read.value if isinstance(read, Exact) else 0.0
    return Intervention(id=name, code=code, at=at, recorded=told, unit=unit, dose=dose, status=status,
                        source=sheet.feed)  # fmt: skip


def _status(told: bytes, order: Order) -> Status:
    if not told:
        return _BATTERY.get(order.status, Status.PRELIMINARY)
    status = _STATUS.get(told) or _STATUS.get(told.upper())
    if status is None:
        raise Refusal("bad status", f"OBX-11 '{told[:10].decode('ascii', 'replace')}' is not in HL7 table 0085")
    return status


def _value(
    fields: Fields, value: bytes, code: str, entry: Code | None, sheet: Sheet, *, withdrawn: bool
) -> tuple[Value, str]:
    if fields[2] == b"NM" and (known := _usual(code, fields[6], sheet.marks, sheet.codec, sheet.codes)) is not None:
        try:
            size = number(value.decode("ascii"))
        except ValueError:
            pass  # a bound, or none at all: see below
        else:
            if known[1].low <= size * known[1].scale + known[1].shift <= known[1].high:
                return Exact(size), known[0]
    try:
        read = value_of(fields[2], value, sheet.marks, sheet.codec, sheet.sender, sheet.codes)
        return read, "1" if isinstance(read, Level) else _unit(fields[6], read, code, entry, sheet)
    except (Refusal, Skip) as problem:
        if withdrawn:
            return Level("withdrawn"), "1"
        if isinstance(problem, Refusal) and not problem.code:
            raise Refusal(problem.kind, problem.detail, code) from problem
        raise


@lru_cache(maxsize=16384)
def _usual(code: str, element: bytes, marks: Separators, codec: str, codes: Codes) -> tuple[str, Span] | None:
    """The unit of a number of this code, and between what it can be true; None where that must be looked into."""
    entry = codes.get(code)
    limits = entry.limits if entry is not None else None
    try:
        unit = ucum(element, marks, codec, limits.unit if limits is not None else None)
    except UnitError:
        return None
    if limits is None:
        return unit or "1", ANY
    if not unit and any(parse(limits.unit).dimension):
        return None
    found = span(unit or "1", limits)
    return None if found is None else (unit or "1", found)


def _unit(element: bytes, value: Value, code: str, entry: Code | None, sheet: Sheet) -> str:
    """The unit, with which the value can be true of this code."""
    limits = entry.limits if entry is not None else None
    try:
        unit = ucum(element, sheet.marks, sheet.codec, limits.unit if limits is not None else None)
    except UnitError as error:
        raise Refusal("wrong unit", str(error), code) from error
    if limits is not None and entry is not None:
        if not unit and any(parse(limits.unit).dimension):
            raise Refusal("wrong unit", f"no unit where {limits.unit} is expected", code)
        wrong = check(value, unit or "1", limits, entry.title)
        if wrong is not None:
            raise Refusal(*wrong, code)
    return unit or "1"


def _name(fields: Fields, code: str, at: Instant, order: Order, sheet: Sheet) -> str:
    sub = sheet.text(fields[4])
    count = order.seen[code, sub] = order.seen.get((code, sub), 0) + 1
    return sheet.id(order.number or str(at), code, sub, str(count))
