"""A subject is whom or what a twin is of: a person, a ward, a device, a city.

Facts, time zone, consent, erasure and merge are the subject's, so one glucose value feeds every twin of one person.
"""

from __future__ import annotations

from datetime import date

import msgspec

from .clock import zone

__all__ = ["Subject"]


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """Identity and the few things that hold for every twin of it.  `id` is opaque: never a name or record number.

    `merged_into`: the subject that this one turned out to be, and that its facts belong to from then on.
    """

    id: str
    zone: str = "UTC"
    kind: str = "person"
    born: date | None = None
    sex: str | None = None
    holidays: frozenset[date] = frozenset()
    merged_into: str = ""

    def __post_init__(self) -> None:
        zone(self.zone)
