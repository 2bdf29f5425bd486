"""How a feed names a person, and whom it turns out to mean."""

from __future__ import annotations

from datetime import date

import msgspec

from gemel.core.subject import Subject

__all__ = ["Meant", "Mention"]


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """Identifiers ('system|value') of one person, the most trusted first, and what else is said of them.

    `merged` identifies somebody who turned out to be this person.  `sex` '' asks to forget what is known, None says
    nothing.  `changes`: what is said replaces what was known; else it only fills gaps.
    """

    identifiers: tuple[str, ...]
    merged: tuple[str, ...] = ()
    sex: str | None = None
    born: date | None = None
    changes: bool = False


class Meant(msgspec.Struct, frozen=True, kw_only=True):
    """The subject that a mention means.

    `identifiers`: those that shall lead to it from now on; `enrol`: its description where that is new or has changed;
    `prior`: descriptions of other subjects that turned out to be it; `doubtful`: identifiers that lead to somebody
    else.
    """

    subject: str
    identifiers: tuple[str, ...] = ()
    enrol: Subject | None = None
    prior: tuple[Subject, ...] = ()
    doubtful: tuple[str, ...] = ()
