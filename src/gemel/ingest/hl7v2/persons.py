"""Who a message is about: the identifiers of PID and MRG as 'system|value', sex and date of birth.

The system of an identifier is its assigning authority: 'urn:oid:...' where that has an ISO object identifier, else
'hl7v2:<namespace>', and where it names none 'hl7v2:<sending facility>'.  Record numbers identify; numbers of visits and
accounts do not.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import msgspec

from .message import NULL, Separators, text_of

__all__ = ["Person", "identifiers", "person"]

_SEXES = {"F": "female", "M": "male", "O": "other", "A": "other", "N": "other", "U": "unknown"}
"""HL7 table 0001 as FHIR's administrative gender, by HL7's v2-to-FHIR concept map."""
_OF_A_PERSON = ("MR", "MRN", "PI", "")
_OF_SOMETHING_ELSE = frozenset({"VN", "AN", "ANON", "ANC", "AND", "ANT"})


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """What PID says; the preferred identifier first.  None: nothing is said; `sex` '' asks to forget what is known."""

    identifiers: tuple[str, ...]
    sex: str | None = None
    born: date | None = None


@lru_cache(maxsize=16384)
def identifiers(field: bytes, marks: Separators, codec: str, facility: str) -> tuple[str, ...]:
    """Every identifier of a list (CX), by preference a medical record number first."""
    found: list[tuple[int, str]] = []
    for one in field.split(marks.repetition):
        parts = one.split(marks.component)
        value = _text(parts[0], marks, codec)
        kind = _text(parts[4], marks, codec).upper() if len(parts) > 4 else ""
        if not value or kind in _OF_SOMETHING_ELSE:
            continue
        authority = _authority(parts[3], marks, codec) if len(parts) > 3 else ""
        rank = _OF_A_PERSON.index(kind) if kind in _OF_A_PERSON else len(_OF_A_PERSON)
        found.append((rank, f"{authority or f'hl7v2:{facility}'}|{value}"))
    return tuple(dict.fromkeys(name for _, name in sorted(found, key=lambda pair: pair[0])))


@lru_cache(maxsize=16384)
def person(segment: bytes, marks: Separators, codec: str, facility: str) -> Person:
    """The person of a PID segment; PID-2 counts where PID-3 names nobody."""
    fields = segment.split(marks.field, 9)
    fields += [b""] * (10 - len(fields))
    names = identifiers(fields[3], marks, codec, facility) or identifiers(fields[2], marks, codec, facility)
    sex = text_of(fields[8].partition(marks.component)[0], marks, codec).strip()
    return Person(
        identifiers=names,
        sex="" if sex == NULL else _SEXES.get(sex.upper()[:1]) if sex else None,
        born=_day(fields[7]),
    )


def _authority(part: bytes, marks: Separators, codec: str) -> str:
    names = [_text(one, marks, codec) for one in part.split(marks.subcomponent)]
    if len(names) > 2 and names[2].upper() == "ISO" and names[1]:
        return f"urn:oid:{names[1]}"
    name = names[0] or (names[1] if len(names) > 1 else "")
    return f"hl7v2:{name}" if name else ""


def _day(value: bytes) -> date | None:
    try:
        return date.fromisoformat(value[:8].decode("ascii"))
    except (ValueError, UnicodeDecodeError):
        return None


def _text(part: bytes, marks: Separators, codec: str) -> str:
    text = text_of(part, marks, codec).strip()
    return "" if text == NULL else text
