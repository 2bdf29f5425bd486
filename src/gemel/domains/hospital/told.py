"""Movements as a patient's facts tell them, whichever feed left the facts.

A fact that was amended counts as it was recorded last, one that was withdrawn or is merely ordered not at all; an
encounter of unknown status neither.  Where no visit number is told, the movements of one FHIR Encounter are one visit.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...core.fact import Fact, Instant, Level, Observation, Status
from ...core.movement import MOVEMENT, PRIOR, PRIOR_MARK, VISIT, VISIT_MARK, ward_of
from .stays import Movement

__all__ = ["movements"]

_MARKS = {VISIT: VISIT_MARK, PRIOR: PRIOR_MARK}
_COUNT_NOT = (Status.ENTERED_IN_ERROR, Status.ORDERED, Status.PRELIMINARY)


def movements(patient: str, facts: Iterable[Fact], known: Instant | None = None) -> list[Movement]:
    """What these facts say of a patient, in order of occurrence; as it was known at an instant [us], or is known."""
    held = _held(facts, known)
    words = {code: _words(held, code) for code in _MARKS}
    found = [_moved(patient, fact, words) for fact in held.values() if fact.code == MOVEMENT]
    return sorted(found, key=lambda move: (move.at, move.id))


def _held(facts: Iterable[Fact], known: Instant | None) -> dict[str, Observation]:
    """The last word of each record about a movement, those that do not count left out."""
    latest: dict[str, Observation] = {}
    for fact in facts:
        if fact.code not in (MOVEMENT, VISIT, PRIOR) or not isinstance(fact, Observation):
            continue
        if known is not None and fact.recorded > known:
            continue
        before = latest.get(fact.id)
        if before is None or fact.recorded >= before.recorded:
            latest[fact.id] = fact
    return {id: fact for id, fact in latest.items() if fact.status not in _COUNT_NOT and isinstance(fact.value, Level)}


def _words(held: dict[str, Observation], code: str) -> dict[str, str]:
    """What is said of each movement under a code."""
    return {id.removesuffix(_MARKS[code]): _level(fact) for id, fact in held.items() if fact.code == code}


def _moved(patient: str, fact: Observation, words: dict[str, dict[str, str]]) -> Movement:
    kind: Any = _level(fact)
    encounter = fact.id.partition("#")[0] if fact.id.startswith("Encounter/") else ""
    return Movement(
        id=fact.id, kind=kind, patient=patient, at=fact.at, sent=fact.recorded, ward=ward_of(fact.entity),
        prior=words[PRIOR].get(fact.id, ""), visit=words[VISIT].get(fact.id) or encounter,
    )  # fmt: skip


def _level(fact: Observation) -> str:
    return fact.value.name if isinstance(fact.value, Level) else ""
