"""What an entry of a diabetes diary says, and how it becomes a fact: sensor and meter readings, doses, pump rates.

Every reader of such a diary (`clarity`, `libreview`, `tidepool`, `nightscout`) tells its entries in these words.  A
fact's id is made of the entry's own name where it has one, so that a later version amends it, and else of what it says,
so that an overlapping export repeats it.  Of entries under different names that say the same, the first counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple

from gemel.core.clock import MINUTE
from gemel.core.errors import GemelError
from gemel.core.fact import Above, Below, Exact, Instant, Intervention, Observation, Status, Value

from .account import Account
from .codes import CARBOHYDRATE, LONG_ACTING_INSULIN, RAPID_INSULIN, SENSOR_GLUCOSE
from .feed import Item, content_id, reject
from .terms import Terms
from .values import check, number
from .vendor_reading import Passed

__all__ = [
    "BROKEN",
    "METER_GLUCOSE",
    "Entry",
    "Refused",
    "Said",
    "acting",
    "carbohydrate",
    "extended",
    "glucose",
    "insulin",
    "items",
]

METER_GLUCOSE = "loinc:41653-7"
BROKEN = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, IndexError, GemelError)
"""What a malformed entry raises."""

SENSOR_LOW, SENSOR_HIGH = 40.0, 400.0
"""[mg/dL] The least a sensor shows before 'Low', and the most any shows before 'High' (Dexcom G6 and G7 user guides;
FreeStyle Libre shows up to 500 outside America: 'above 400' holds for it too)."""
_LOW, _HIGH = ("low", "lo"), ("high", "hi")
_STEP: Instant = 5 * MINUTE  # structure: how finely an extended bolus is told as doses

Kind = Literal["observation", "dose", "rate"]


class Said(NamedTuple):
    """A value with its code, UCUM unit and instant; `name` is the entry's own, `withdrawn` that it no longer holds."""

    code: str
    value: Value
    unit: str
    at: Instant
    kind: Kind = "observation"
    until: Instant | None = None
    recorded: Instant | None = None
    name: str = ""
    withdrawn: bool = False


class Refused(NamedTuple):
    """Why an entry that should say something cannot be used."""

    kind: str
    detail: str
    code: str = ""


Told = Said | Passed | Refused


class Entry(NamedTuple):
    """An entry of a diary: where it stands, its text, and what it tells."""

    where: str
    raw: str
    tell: Callable[[], Iterable[Told]]


def glucose(text: str, unit: str, at: Instant, code: str = SENSOR_GLUCOSE) -> Told:
    """A reading as written: a number, 'Low' or 'High'."""
    word = text.casefold()
    if word in _LOW:
        return Said(code, Below(SENSOR_LOW), "mg/dL", at)
    if word in _HIGH:
        return Said(code, Above(SENSOR_HIGH), "mg/dL", at)
    if not text:
        return Refused("no value", "the glucose is empty", code)
    return Said(code, Exact(_number(text)), unit, at)


def insulin(text: str, at: Instant, code: str = RAPID_INSULIN) -> Told:
    """Insulin given at once [[IU]]."""
    return _dose(text, "[IU]", at, code)


def carbohydrate(text: str, at: Instant) -> Told:
    """Carbohydrate eaten [g]."""
    return _dose(text, "g", at, CARBOHYDRATE)


def _dose(text: str, unit: str, at: Instant, code: str) -> Told:
    if not text:
        return Refused("no value", "something was given, and how much is not said", code)
    amount = _number(text)
    return Said(code, Exact(amount), unit, at, "dose") if amount else Passed("a dose of nothing")


def extended(amount: float, at: Instant, lasting: Instant) -> Iterator[Said]:
    """A bolus spread over `lasting` as equal doses of rapid insulin every five minutes, each at its share's middle: the
    basal rate is another fact, which a second rate would replace."""
    shares = max(1, round(lasting / _STEP))
    for i in range(shares):
        middle = at + (2 * i + 1) * lasting // (2 * shares)
        yield Said(RAPID_INSULIN, Exact(amount / shares), "[IU]", middle, "dose")


def _number(text: str) -> float:
    return number(text, "," if "," in text else ".")


def items(entries: Iterable[Entry], vendor: str, terms: Terms, account: Account) -> Iterator[Item]:
    """The facts and rejected rows of the entries; the rest is counted in `account`."""
    named: dict[tuple[object, ...], str] = {}
    for entry in entries:
        account.count("entries")
        try:
            told = list(entry.tell())
        except BROKEN as error:
            told = [Refused("malformed", f"{type(error).__name__}: {error}")]
        for one in told:
            if isinstance(one, Passed):
                account.skip(one.reason)
            elif isinstance(one, Refused):
                yield reject(one.kind, one.detail, source=entry.where, raw=entry.raw, code=one.code)
            elif one.name and named.setdefault((one.code, one.kind, one.at, one.value), one.name) != one.name:
                account.skip("the same entry under another name")
            else:
                yield _item(one, vendor, entry, terms)


def _item(said: Said, vendor: str, entry: Entry, terms: Terms) -> Item:
    known = terms.codes.get(said.code)
    limits = None if known is None else known.rate_limits if said.kind == "rate" else known.limits
    if limits is not None and (wrong := check(said.value, said.unit, limits, said.code)):
        return reject(*wrong, source=entry.where, raw=entry.raw, code=said.code)
    told = said.name or (said.at, said.value, said.unit)
    id = content_id(terms.subject, vendor, said.code, said.kind, told)
    recorded = said.recorded if terms.recorded is None and said.recorded is not None else terms.recorded
    recorded = said.at if recorded is None else recorded
    status = Status.ENTERED_IN_ERROR if said.withdrawn else Status.FINAL
    if said.kind == "observation":
        return Observation(
            id=id, code=said.code, value=said.value, unit=said.unit, at=said.at, recorded=recorded, status=status,
            source=vendor,
        )  # fmt: skip
    assert isinstance(said.value, Exact)  # doses and rates are numbers
    dose, rate = (said.value.value, None) if said.kind == "dose" else (None, said.value.value)
    return Intervention(
        id=id, code=said.code, at=said.at, recorded=recorded, unit=said.unit, dose=dose, rate=rate, until=said.until,
        status=status, source=vendor,
    )  # fmt: skip


def acting(word: str) -> str | None:
    """The code of an insulin that acts as the word says ('rapid', 'Fast-Acting', 'long'); None where no code fits."""
    start = word.casefold().partition("-")[0].strip()
    return {"rapid": RAPID_INSULIN, "fast": RAPID_INSULIN, "long": LONG_ACTING_INSULIN}.get(start)
