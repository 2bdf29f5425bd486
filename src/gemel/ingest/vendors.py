"""Answers of the vendors' web APIs, saved as JSON: Fitbit, Google Fit, iHealth, Misfit and Withings.

An answer says neither whose it is nor, often, in which zone its local times are: both come from the terms.  What each
member means was read from the vendors' documentation as quoted in openmhealth/shimmer (Apache-2.0), release branch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from types import MappingProxyType
from typing import Any

import msgspec

from gemel.core.errors import GemelError, IngestError
from gemel.core.fact import Observation
from gemel.core.writing import Write

from . import vendor_fitbit, vendor_others
from .account import Account
from .feed import Item, content_id, reject
from .objects import members
from .portions import portions
from .source import Source, name_of, whole
from .terms import Terms
from .values import check
from .vendor_reading import Passed, Reading

__all__ = ["read", "told_by"]

Answer = Callable[[Any, str], Iterator[Any]]
"""From the value of a member and the zone, entries and how each is read: (entry, convert)."""

_ANSWERS: Mapping[str, tuple[str, Answer]] = MappingProxyType(
    {
        "activities-heart": ("fitbit", vendor_fitbit.heart),
        "activities-steps": ("fitbit", vendor_fitbit.steps),
        "weight": ("fitbit", vendor_fitbit.weight),
        "sleep": ("fitbit", vendor_fitbit.sleep),
        "activities": ("fitbit", vendor_fitbit.activities),
        "dataSourceId": ("googlefit", vendor_others.google_fit),
        "ARDataList": ("ihealth", vendor_others.ihealth_activity),
        "BPDataList": ("ihealth", vendor_others.ihealth_pressure),
        "BGDataList": ("ihealth", vendor_others.ihealth_glucose),
        "BODataList": ("ihealth", vendor_others.ihealth_oxygen),
        "SPORTDataList": ("ihealth", vendor_others.ihealth_sport),
        "WeightDataList": ("ihealth", vendor_others.ihealth_weight),
        "summary": ("misfit", vendor_others.misfit),
        "body": ("withings", vendor_others.withings),
    }
)
_BROKEN = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, GemelError)


def told_by(keys: AbstractSet[str]) -> str:
    """The member by which an answer is told among these keys; '' where there is none."""
    return next((name for name in _ANSWERS if name in keys), "")


def read(source: Source, terms: Terms, account: Account) -> Iterator[Write]:
    """The readings of one answer.  IngestError when it is no JSON object that is known."""
    name = name_of(source)
    try:
        document = msgspec.json.decode(whole(source).removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise IngestError(f"'{name}' is not JSON ({error}): it may be cut short") from error
    member = told_by((members(document) or {}).keys())
    if not member:
        raise IngestError(f"'{name}' is no vendor's answer that is known: it has none of {', '.join(_ANSWERS)}")
    vendor, answer = _ANSWERS[member]
    account.put("vendor", vendor)
    yield from portions(terms.subject, _items(answer(document, terms.zone), (vendor, name), terms, account))


def _items(entries: Iterator[Any], origin: tuple[str, str], terms: Terms, account: Account) -> Iterator[Item]:
    vendor, name = origin
    number = 0
    while True:
        try:
            entry, convert = next(entries)
        except StopIteration:
            return
        except _BROKEN as error:
            yield reject("malformed", f"{type(error).__name__}: {error}", source=name, raw="")
            return
        number += 1
        account.count("entries")
        where = f"{name}#{number}"
        try:
            found: list[Reading | Passed] = list(convert(entry))
        except _BROKEN as error:
            yield reject("malformed", f"{type(error).__name__}: {error}", source=where, raw=repr(entry))
            continue
        for reading in found:
            if isinstance(reading, Passed):
                account.skip(reading.reason)
            else:
                yield _fact(reading, (vendor, where), terms)


def _fact(reading: Reading, origin: tuple[str, str], terms: Terms) -> Item:
    vendor, where = origin
    code, value, unit, at = reading.code, reading.value, reading.unit, reading.at
    entry = terms.codes.get(code)
    if entry is not None and entry.limits is not None and (wrong := check(value, unit, entry.limits, code)):
        return reject(*wrong, source=where, raw=str(value), code=code)
    recorded = at if terms.recorded is None else terms.recorded
    id = content_id(terms.subject, vendor, code, at, value, unit)
    return Observation(id=id, code=code, value=value, unit=unit, at=at, recorded=recorded, source=vendor)
