"""Whether a resource matches a search parameter (R4, https://hl7.org/fhir/R4/search.html).

A date is a range: 2024-05 is the whole month, a Period without an end goes on.  Per prefix, with the parameter's range
p and the resource's r: eq p holds r; ne not eq; gt r reaches beyond p; lt r begins before p; ge gt or eq; le lt or eq.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, cast

from ...core.clock import instant
from ...core.errors import TimelineError
from ...ingest.fhir.walking import at, fields
from .kinds import Parameter
from .outcome import FhirError

__all__ = ["Test", "test_of"]

Test = Callable[[Any], bool]
"""Whether a decoded resource matches."""

_FOREVER = 2**63
_Range = tuple[int, int]
_MODIFIERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"token": ("", "not", "missing"), "date": ("", "missing"), "string": ("", "exact", "contains", "missing"),
     "reference": ("", "missing", "Patient")}
)  # fmt: skip


def test_of(name: str, parameter: Parameter, value: str, zone: str) -> Test:
    """The test that 'name[:modifier]=value' asks for.  FhirError 400 for what this server cannot test."""
    _, _, modifier = name.partition(":")
    if modifier not in _MODIFIERS[parameter.type]:
        raise FhirError(
            400, "not-supported", f"'{name}': there is no modifier '{modifier}' for a {parameter.type} here"
        )
    paths = [path.split(".") for path in parameter.paths]

    def found(resource: Any) -> list[Any]:
        return [v for path in paths for v in at(resource, path)]

    if modifier == "missing":
        if value not in ("true", "false"):
            raise FhirError(400, "invalid", f"'{name}' is either true or false, got '{value}'")
        return lambda resource: (not found(resource)) == (value == "true")
    one = _ONE[parameter.type](value, modifier, name, zone)
    if modifier == "not":
        return lambda resource: not any(one(v) for v in found(resource))
    return lambda resource: any(one(v) for v in found(resource))


def _token(value: str, modifier: str, name: str, zone: str) -> Test:
    wanted = [_split(one) for one in _alternatives(value)]

    def matches(found: Any) -> bool:
        return any(
            (system is None or system == (s or "")) and (not code or code == c)
            for s, c in _coded(found) for system, code in wanted
        )  # fmt: skip

    return matches


def _split(text: str) -> tuple[str | None, str]:
    system, bar, code = text.partition("|")
    return (system, code) if bar else (None, system)


def _coded(found: Any) -> Iterator[tuple[str | None, str]]:
    """System and code of a CodeableConcept, Coding, Identifier, code or boolean."""
    if isinstance(found, bool):
        yield None, "true" if found else "false"
    elif isinstance(found, str):
        yield None, found
    members = fields(found)
    for coding in at(members, ("coding",)):
        yield from _coded(coding)
    for key in ("code", "value"):
        if isinstance(members.get(key), str):
            yield members.get("system"), members[key]


def _string(value: str, modifier: str, name: str, zone: str) -> Test:
    plain: Callable[[str], str] = str if modifier == "exact" else _plain
    wanted = [plain(one) for one in _alternatives(value)]

    def matches(found: Any) -> bool:
        for text in map(plain, _texts(found)):
            for one in wanted:
                if (modifier == "exact" and text == one) or (modifier == "contains" and one in text):
                    return True
                if not modifier and text.startswith(one):
                    return True
        return False

    return matches


def _texts(found: Any) -> Iterator[str]:
    """A string, or the parts of a HumanName."""
    if isinstance(found, str):
        yield found
    for key in ("text", "family", "given", "prefix", "suffix"):
        yield from (text for text in at(fields(found), (key,)) if isinstance(text, str))


def _plain(text: str) -> str:
    """Without case, accents and marks."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(c for c in apart if not unicodedata.combining(c)).casefold()


def _reference(value: str, modifier: str, name: str, zone: str) -> Test:
    wanted = [f"{modifier}/{one}" if modifier else one for one in _alternatives(value)]
    if name.partition(":")[0] == "patient":
        wanted = [one if "/" in one else f"Patient/{one}" for one in wanted]

    def matches(found: Any) -> bool:
        pointed = fields(found).get("reference")
        if not isinstance(pointed, str):
            return False
        pointed = pointed.partition("/_history/")[0]
        return any(pointed == one or pointed.endswith("/" + one) or one.endswith("/" + pointed) for one in wanted)

    return matches


def _date(value: str, modifier: str, name: str, zone: str) -> Test:
    tests = [_dated(one, name, zone) for one in _alternatives(value)]
    return lambda found: (r := _range(found, zone)) is not None and any(test(r) for test in tests)


def _dated(value: str, name: str, zone: str) -> Callable[[_Range], bool]:
    prefix, text = (value[:2], value[2:]) if value[:2].isalpha() else ("eq", value)
    p = _range(text, zone)
    if p is None:
        raise FhirError(400, "invalid", f"'{name}={value}' is no date such as 2024-05-02 or ge2024-05-02T10:00:00Z")
    low, high = p
    tests: dict[str, Callable[[_Range], bool]] = {
        "eq": lambda r: low <= r[0] and r[1] <= high,
        "ne": lambda r: not (low <= r[0] and r[1] <= high),
        "gt": lambda r: r[1] > high,
        "lt": lambda r: r[0] < low,
        "ge": lambda r: r[1] > high or (low <= r[0] and r[1] <= high),
        "le": lambda r: r[0] < low or (low <= r[0] and r[1] <= high),
    }
    if prefix not in tests:
        raise FhirError(400, "not-supported", f"'{name}={value}': prefix '{prefix}' is none of {', '.join(tests)}")
    return tests[prefix]


def _range(found: Any, zone: str) -> _Range | None:
    """First instant and the one after the last [us] of a date, dateTime, instant or Period; None for what is none."""
    if isinstance(found, dict):
        period = fields(cast("object", found))
        begin, end = _range(period.get("start"), zone), _range(period.get("end"), zone)
        if begin is None and end is None:
            return None
        return begin[0] if begin else -_FOREVER, end[1] if end else _FOREVER
    if not isinstance(found, str):
        return None
    try:
        if len(found) <= 10:
            return _days(found, zone)
        begin = instant(found.replace(" ", "+"), tz=zone)  # a '+' that was not escaped in an address arrives as a space
    except (TimelineError, ValueError, OverflowError):
        return None
    return begin, begin + (1_000_000 if "." not in found else 1000)


def _days(text: str, zone: str) -> _Range:
    full = {4: f"{text}-01-01", 7: f"{text}-01"}.get(len(text), text)
    first = datetime.strptime(full, "%Y-%m-%d").replace(tzinfo=UTC)
    step = {4: 366, 7: 31}.get(len(text), 1)
    after = first + timedelta(days=step)
    after = after.replace(day=1) if step > 1 else after
    after = after.replace(month=1) if step > 31 else after
    return instant(first.replace(tzinfo=None), tz=zone), instant(after.replace(tzinfo=None), tz=zone)


def _alternatives(value: str) -> list[str]:
    """The values between commas; a comma that is meant stands as '\\,'."""
    return [one.replace("\0", ",") for one in value.replace("\\,", "\0").split(",")]


_ONE: Mapping[str, Callable[[str, str, str, str], Test]] = MappingProxyType(
    {"token": _token, "string": _string, "reference": _reference, "date": _date}
)
