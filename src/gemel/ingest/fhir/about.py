"""Whom a resource is about, of whatever type: the patient that its own elements point to.

Most types name their patient in `subject` or `patient`; those of the R4 patient compartment that do it elsewhere are in
a table.  A resource whose subject is a device, a place or a group is about nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec

from .document import UNREADABLE, Buffer
from .types import Head
from .walking import at, fields

__all__ = ["About", "Identifier", "Pointer", "about", "token"]


class Identifier(msgspec.Struct):
    """Identifier."""

    system: str | None = None
    value: str | None = None


class Pointer(msgspec.Struct):
    """Reference, literal or logical."""

    reference: str | None = None
    identifier: Identifier | None = None


class About(msgspec.Struct):
    """Type, id, business identifiers and patient of any resource."""

    resourceType: str
    id: str | None = None
    subject: Pointer | None = None
    patient: Pointer | None = None
    identifier: list[Identifier] | None = None

    @property
    def pointer(self) -> Pointer | None:
        """To whom it is about."""
        return self.subject if self.subject is not None else self.patient

    def tokens(self) -> tuple[str, ...]:
        """Its identifiers as 'system|value'."""
        return tuple(token(i.system, i.value) for i in self.identifier or () if i.value)


T = TypeVar("T")

_ABOUT = msgspec.json.Decoder(About)
_HEAD = msgspec.json.Decoder(Head)

_ELSEWHERE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Account": ("subject",),
        "Appointment": ("participant", "actor"),
        "AppointmentResponse": ("actor",),
        "AuditEvent": ("entity", "what"),
        "Coverage": ("beneficiary",),
        "EnrollmentRequest": ("candidate",),
        "Group": (),
        "Library": (),
        "Provenance": ("target",),
        "ResearchSubject": ("individual",),
        "Schedule": ("actor",),
        "Task": ("for",),
    }
)
"""Where a type names its patient, step by step, if not in `subject` or `patient`."""


def token(system: str | None, value: str | None) -> str:
    """'system|value', as the store finds it."""
    return f"{system or ''}|{value or ''}"


def about(content: Buffer | msgspec.Raw) -> About:
    """Whom a resource is about.  Raises msgspec.ValidationError when it is no JSON object with a resourceType."""
    try:
        found = _ABOUT.decode(content)
    except msgspec.ValidationError:
        return _lenient(content)
    if found.resourceType in _ELSEWHERE:
        return _lenient(content)
    return found


def _lenient(content: Buffer | msgspec.Raw) -> About:
    """The same for types that are built otherwise, and for elements that are not what they should be."""
    head = _HEAD.decode(content)
    if not head.resourceType:
        raise msgspec.ValidationError("the resource does not say its resourceType")
    try:
        whole = fields(msgspec.json.decode(content))
    except UNREADABLE as error:
        raise msgspec.ValidationError(str(error)) from error
    pointers = (_convert(v, Pointer) for path in _paths(head.resourceType) for v in at(whole, path))
    named = [pointer for pointer in pointers if pointer is not None]
    patient = next((p for p in named if "Patient/" in (p.reference or "")), named[0] if named else None)
    found = [_convert(identifier, Identifier) for identifier in at(whole, ("identifier",))]
    return About(head.resourceType, head.id, patient, None, [i for i in found if i is not None])


def _paths(kind: str) -> tuple[tuple[str, ...], ...]:
    return (_ELSEWHERE[kind],) if kind in _ELSEWHERE else (("subject",), ("patient",))


def _convert(value: Any, kind: type[T]) -> T | None:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return None
