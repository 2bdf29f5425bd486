"""Whom a card covers: is this subject one of those that the model is for?

Only what is known is judged: a subject without a birth date is not refused for its age, but what could not be checked
is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from math import inf
from typing import Final

from ..core.card import Card
from ..core.clock import zone
from ..core.fact import Instant
from ..core.subject import Subject

__all__ = ["Coverage", "covers"]

AGES: Final = {"adults": (18.0, inf)}
"""Years that the first word of a card's population means.  Adolescence ends at 16 to 18 years, dependent on region
(ICH E11, 2.5.5): who is 18 is an adult everywhere."""

OF_PERSONS: Final = ("patient", "organ", "drug")
OF_PLACES: Final = ("hospital", "population")
"""Kinds of model that are of a person, and that never are."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Why the card does not cover the subject (empty: it does), and what could not be checked."""

    outside: tuple[str, ...]
    unchecked: tuple[str, ...]


def covers(card: Card, subject: Subject, at: Instant) -> Coverage:
    """Hold a subject, as it is at an instant, against a model's card."""
    outside: list[str] = []
    unchecked: list[str] = []
    if card.kind in OF_PERSONS and subject.kind != "person":
        outside.append(f"it is of a person, and subject '{subject.id}' is a {subject.kind}")
    if card.kind in OF_PLACES and subject.kind == "person":
        outside.append(f"it is of a {card.kind}, and subject '{subject.id}' is a person")
    low, high = AGES.get(card.population.partition(" ")[0].lower(), (-inf, inf))
    if (low, high) != (-inf, inf):
        if subject.born is None:
            unchecked.append(f"age: it is for {card.population.partition(' ')[0].lower()}, and no birth date is known")
        elif not low <= (age := _years(subject.born, at, subject.zone)) < high:
            outside.append(f"it is for {low:g} years and older, and subject '{subject.id}' is {age:g}")
    return Coverage(tuple(outside), tuple(unchecked))


def _years(born: date, at: Instant, tz: str) -> int:
    """Whole years of life, by the calendar where the subject is."""
    today = datetime.fromtimestamp(at / 1e6, UTC).astimezone(zone(tz)).date()
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
