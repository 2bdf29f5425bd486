"""Open mHealth bodies checked against the schema that they claim to follow (`openmhealth.toml`).

A body may hold members that its schema does not name; what is named must be as the schema says.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from .objects import is_number, members

__all__ = ["Schema", "content", "fault", "is_instant", "schemas", "seconds"]

Document = Mapping[str, Any]
_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_PARTS_OF_DAY = ("morning", "afternoon", "evening", "night")
_INTERVALS = (
    ("start_date_time", "duration"), ("end_date_time", "duration"), ("start_date_time", "end_date_time"),
    ("date", "part_of_day"),
)  # fmt: skip
_SECONDS = {
    "ps": 1e-12, "ns": 1e-9, "us": 1e-6, "ms": 1e-3, "sec": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0,
    "wk": 604800.0, "Mo": 2629800.0, "yr": 31557600.0,
}  # fmt: skip
"""Seconds of each duration unit; month and year are the Julian ones, as UCUM has them."""


@dataclass(frozen=True, slots=True)
class Schema:
    """One version of a schema: what each member must be, and which members must be there."""

    name: str
    version: str
    members: Mapping[str, str]
    must: Sequence[str]


@cache
def content() -> Mapping[str, Any]:
    """The table as it is written."""
    return tomllib.loads(files("gemel.ingest").joinpath("openmhealth.toml").read_text(encoding="utf-8"))


@cache
def schemas() -> Mapping[str, tuple[Schema, ...]]:
    """Every version of every schema, oldest first, by name."""
    return {
        name: tuple(
            Schema(
                name, version, {**entry["base"], **own.get("also", {})}, [*entry.get("must", []), *own.get("must", [])]
            )
            for version, own in sorted(entry["versions"].items())
        )
        for name, entry in content()["schemas"].items()
    }


def fault(body: Document, schema: Schema) -> str | None:
    """Why a body does not follow a schema; None where it does."""
    missing = [name for name in schema.must if name not in body]
    if missing:
        return f"{schema.name} {schema.version} needs {', '.join(missing)}"
    for name, form in schema.members.items():
        if name in body and (wrong := _wrong(body[name], form)):
            return f"{schema.name} {schema.version}: {name} {wrong}"
    return None


def _wrong(value: Any, form: str) -> str | None:
    kind, *rest = form.split(" ")
    return _FORMS[kind](value, rest)


def _number(value: Any, _: Sequence[str]) -> str | None:
    return None if is_number(value) else f"is {_shown(value)}, not a number"


def _text(value: Any, _: Sequence[str]) -> str | None:
    return None if isinstance(value, str) else f"is {_shown(value)}, not text"


def _word(value: Any, names: Sequence[str]) -> str | None:
    known: list[str] = content()["words"][names[0]]
    return None if value in known else f"is {_shown(value)}, not one of {', '.join(known)}"


def _quantity(value: Any, units: Sequence[str]) -> str | None:
    given = members(value)
    if given is None:
        return f"is {_shown(value)}, not a value with a unit"
    if not is_number(given.get("value")):
        return f"has the value {_shown(given.get('value'))}, not a number"
    known = [unit.replace("_", " ") for unit in units]
    if not isinstance(given.get("unit"), str) or given["unit"] not in known:
        return f"has the unit {_shown(given.get('unit'))}, not {' or '.join(known)}"
    return None


def _frame(value: Any, _: Sequence[str]) -> str | None:
    given = members(value)
    if given is None:
        return f"is {_shown(value)}, not a time frame"
    detail = _interval_fault(given["time_interval"]) if "time_interval" in given else "there is none"
    if is_instant(given.get("date_time")) == (detail is None):
        return f"has no valid date_time or time_interval ({detail or 'both are there'})"
    return None


def _interval(value: Any, rest: Sequence[str]) -> str | None:
    if (given := members(value)) is not None and "time_interval" not in given:
        return "is not an interval: it has no time_interval"
    return _frame(value, rest)


def _interval_fault(value: Any) -> str | None:
    """An interval is given by exactly one of four pairs (time-interval 1.0, oneOf)."""
    given = members(value)
    if given is None:
        return f"interval is {_shown(value)}"
    checks: dict[str, Callable[[Any], bool]] = {
        "start_date_time": is_instant, "end_date_time": is_instant, "duration": lambda v: _duration_fault(v) is None,
        "date": lambda v: isinstance(v, str) and bool(_DAY.fullmatch(v)), "part_of_day": lambda v: v in _PARTS_OF_DAY,
    }  # fmt: skip
    wrong = [name for name, right in checks.items() if name in given and not right(given[name])]
    if wrong:
        return f"{wrong[0]} is {_shown(given[wrong[0]])}"
    complete = sum(all(name in given for name in pair) for pair in _INTERVALS)
    return None if complete == 1 else f"{complete} of its four forms are complete, where exactly one must be"


def _duration_fault(value: Any) -> str | None:
    return _quantity(value, list(_SECONDS))


_FORMS: Mapping[str, Callable[[Any, Sequence[str]], str | None]] = {
    "value": _quantity,
    "number": _number,
    "text": _text,
    "time": _frame,
    "interval": _interval,
    "word": _word,
    "word?": _text,
}


def seconds(duration: Mapping[str, Any]) -> float:
    """The length of a valid duration [s]."""
    return float(duration["value"]) * _SECONDS[duration["unit"]]


def is_instant(value: Any) -> bool:
    """Whether this is a date-time of RFC 3339, section 5.6."""
    if not isinstance(value, str) or not _DATE_TIME.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value.upper())
    except ValueError:
        return False
    return True


def _shown(value: Any) -> str:
    return repr(value)[:60]
