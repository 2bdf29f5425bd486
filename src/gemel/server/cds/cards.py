"""What CDS Hooks answers with, as its specification names it (CDS Hooks 2.0, "CDS Service Response").

Nothing is null and nothing empty: what is not there is left out.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

__all__ = ["REASONS", "Action", "Card", "Cards", "Coding", "Link", "Source", "Suggestion", "percent"]

LONGEST: Final = 140
"""A summary has fewer characters than this."""


class Coding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A code and how it is shown."""

    code: str
    system: str = ""
    display: str = ""


class Source(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where the guidance comes from; an absolute address."""

    label: str
    url: str = ""
    topic: Coding | None = None


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """Where to read on; an absolute address."""

    label: str
    url: str
    type: Literal["absolute"] = "absolute"


class Action(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A change that the user may choose; the client makes it, never this service."""

    type: Literal["create", "update", "delete"]
    description: str
    resource: dict[str, Any] = {}
    resourceId: str = ""


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """A choice offered."""

    label: str
    uuid: str
    actions: tuple[Action, ...]


class Card(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One card.  `detail` is GitHub-flavoured Markdown."""

    uuid: str
    summary: str
    detail: str
    indicator: Literal["info", "warning", "critical"]
    source: Source
    suggestions: tuple[Suggestion, ...] = ()
    selectionBehavior: Literal["at-most-one", "any"] | None = None
    overrideReasons: tuple[Coding, ...] = ()
    links: tuple[Link, ...] = ()

    def __post_init__(self) -> None:
        if len(self.summary) >= LONGEST:
            raise ValueError(f"a card's summary has {len(self.summary)} characters, and may have {LONGEST - 1}")
        if bool(self.suggestions) != (self.selectionBehavior is not None):
            raise ValueError("a card has a selectionBehavior exactly when it has suggestions")


class Cards(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a call: no card is an answer, too."""

    cards: tuple[Card, ...] = ()


REASONS_SYSTEM: Final = "urn:gemel:cds-override-reasons"
REASONS: Final = tuple(
    Coding(code=code, system=REASONS_SYSTEM, display=display)
    for code, display in (
        ("known", "Known and being attended to"),
        ("not-this-patient", "Does not fit this patient"),
        ("data-wrong", "The data behind it is wrong or old"),
        ("not-plausible", "The forecast is not plausible"),
        ("other", "Another reason"),
    )
)
"""Why somebody may dismiss a card; the codes are this package's."""


def percent(chance: float) -> str:
    """A probability in words: an ensemble knows no certainty, so the ends are '<1%' and '>99%'."""
    if chance < 0.005:
        return "<1%"
    return ">99%" if chance >= 0.995 else f"{chance:.0%}"
