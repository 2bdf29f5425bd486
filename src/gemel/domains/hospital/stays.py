"""Where one patient was, from everything that was told about it, in whatever order it came.

1. A cancellation takes back the latest event of its kind that occurred no later than the time it gives (the time of
   that event, or of the cancellation itself): if it names a place, the latest that agrees with it.  Among events of one
   instant it takes back those told before it, so what is entered again afterwards stands.  A cancelled admission takes
   its transfers with it.  A cancellation for which there is no event is believed: the patient is there.
2. What is left is played in order of occurrence.  At one instant a stay opens, moves and closes in this order, but a
   patient who is in already is discharged before being admitted anew; transfers of one instant are chained from ward
   to ward.  A discharge of another visit than the one under way ends nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import msgspec

from ...core.fact import Instant

__all__ = ["UNASSIGNED", "Kind", "Movement", "Placement", "placements"]

UNASSIGNED = "unassigned"
"""The ward of a patient who is in, nobody said where."""

Kind = Literal[
    "admit", "transfer", "reclass", "discharge", "cancel-admit", "cancel-transfer", "cancel-discharge", "merge"
]
"""What a movement does; `reclass` changes the class of a visit, with the place that goes with it."""

_TAKES_BACK = {
    "cancel-admit": ("admit", "reclass"),
    "cancel-transfer": ("transfer",),
    "cancel-discharge": ("discharge",),
}
_LONGEST_CHAIN = 6
"""Transfers of one instant that are put in order: more are taken as told."""
_RANK = {"admit": 0, "reclass": 1, "transfer": 2, "discharge": 3}


class Movement(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One report about where a patient is: `id` as the sender numbers it, occurrence `at` and `sent` [us].

    `ward` is where the patient is afterwards, `prior` where before, or for a cancelled transfer the ward it was to;
    `merged` is the other patient who turned out to be the same.  '' where nothing is said.
    """

    id: str
    kind: Kind
    patient: str
    at: Instant
    sent: Instant
    ward: str = ""
    prior: str = ""
    visit: str = ""
    merged: str = ""


@dataclass(frozen=True, slots=True)
class Placement:
    """A patient in a ward from `start` to `end` [us] (None: still there), in a stay that began at `arrived`."""

    patient: str
    ward: str
    arrived: Instant
    start: Instant
    end: Instant | None


def placements(patient: str, reports: Sequence[Movement]) -> tuple[Placement, ...]:
    """Every place of the patient in order; the reports' own patient ids and merges are not looked at."""
    found: list[Placement] = []
    ward: str | None = None
    visit, arrived, since, left = "", 0, 0, None
    for at, group in groupby(_standing(reports), key=lambda m: m.at):
        for move in _in_order(list(group), ward):
            if move.kind == "discharge":
                if ward is None or _other(move.visit, visit):
                    continue
                found.append(Placement(patient, ward, arrived, since, at))
                ward, left = None, at
                continue
            if ward is None:
                if move.kind != "admit" and left == at:
                    continue  # moved and discharged at one instant: out
                arrived = since = at
                ward = move.ward or UNASSIGNED
            elif move.ward and move.ward != ward:
                found.append(Placement(patient, ward, arrived, since, at))
                ward, since = move.ward, at
            visit = move.visit or visit if move.kind != "admit" else move.visit
    if ward is not None:
        found.append(Placement(patient, ward, arrived, since, None))
    return tuple(p for p in found if p.end is None or p.end > p.start)


def _standing(reports: Sequence[Movement]) -> list[Movement]:
    """The movements that were not taken back, by occurrence, with what an unmatched cancellation implies."""
    facts = sorted((m for m in reports if m.kind in _RANK), key=lambda m: (m.at, _RANK[m.kind], m.sent, m.id))
    cancels = sorted((m for m in reports if m.kind in _TAKES_BACK), key=lambda m: (m.at, m.sent, m.id))
    gone: set[int] = set()
    done: set[tuple[str, Instant, str]] = set()
    implied: list[Movement] = []
    for cancel in cancels:
        targets = [i for i, m in enumerate(facts) if m.kind in _TAKES_BACK[cancel.kind] and m.at <= cancel.at
                   and not _other(m.visit, cancel.visit)]  # fmt: skip
        exact = [i for i in targets if facts[i].at == cancel.at]
        key = (cancel.kind, cancel.at, cancel.visit)
        if not exact and key in done:
            continue  # told twice
        done.add(key)
        taken = _taken(facts, [i for i in exact or targets if i not in gone], gone, cancel)
        if taken:
            gone.update(taken)
        elif not targets and cancel.kind != "cancel-admit":
            implied.append(_implied(cancel))
    standing = [m for i, m in enumerate(facts) if i not in gone] + implied
    return sorted(standing, key=lambda m: (m.at, _RANK[m.kind], m.sent, m.id))


def _implied(cancel: Movement) -> Movement:
    """What a cancellation says when the event it cancels is not known: the patient is in that ward."""
    return msgspec.structs.replace(cancel, kind="transfer", prior="")


def _taken(facts: Sequence[Movement], open_targets: list[int], gone: set[int], cancel: Movement) -> list[int]:
    """Indices of what this cancellation takes back; none when its event is gone or belongs to an earlier stay."""
    place = cancel.ward if cancel.kind != "cancel-transfer" else cancel.prior if cancel.prior != cancel.ward else ""
    agreeing = [i for i in open_targets if place and facts[i].ward == place] or open_targets
    if not agreeing:
        return []
    at = facts[agreeing[-1]].at
    later = [i for i, m in enumerate(facts) if i not in gone and m.kind == "admit" and at < m.at <= cancel.at]
    if later and cancel.kind != "cancel-admit":
        return []
    group = [i for i in agreeing if facts[i].at == at]
    taken = [i for i in group if facts[i].sent <= cancel.sent] or [min(group, key=lambda i: facts[i].sent)]
    if cancel.kind == "cancel-admit" and len(taken) == len(group):  # no entry made again
        taken += _carried(facts, at, gone, cancel)
    return taken


def _carried(facts: Sequence[Movement], at: Instant, gone: set[int], cancel: Movement) -> Iterator[int]:
    """Transfers of an admission that never happened: all if the patient was not in before, else those known by then."""
    earlier = [
        m for i, m in enumerate(facts) if i not in gone and (m.at < at or (m.at == at and m.kind == "discharge"))
    ]
    before = earlier[-1] if earlier else None
    absent = before is None or before.kind == "discharge"
    for i, move in enumerate(facts):
        if move.kind in ("admit", "discharge") and move.at > at:
            return
        if move.at >= at and move.kind in ("transfer", "reclass"):
            if absent or move.at <= cancel.at or move.sent <= cancel.sent:
                yield i


def _in_order(group: list[Movement], ward: str | None) -> Iterator[Movement]:
    """Movements of one instant as they can have happened; `ward` is where the patient is before it."""
    if ward is not None and group[0].kind == "admit" and group[-1].kind == "discharge":
        group.sort(key=lambda m: m.kind != "discharge")
    moves = [m for m in group if m.kind in ("transfer", "reclass")]
    here = next((m.ward for m in group if m.kind == "admit"), ward)
    chained = iter((_chain(moves, here) if len(moves) <= _LONGEST_CHAIN else None) or moves)
    for move in group:
        yield next(chained) if move.kind in ("transfer", "reclass") else move


def _chain(moves: list[Movement], here: str | None) -> list[Movement] | None:
    """Transfers of one instant so that each starts in the ward where the one before ended; None if they cannot."""
    if not moves:
        return []
    for i, move in enumerate(moves):
        if move.prior in ("", here):
            rest = _chain(moves[:i] + moves[i + 1 :], move.ward)
            if rest is not None:
                return [move, *rest]
    return None


def _other(visit: str, current: str) -> bool:
    """Whether two visit numbers are given and differ."""
    return bool(visit) and bool(current) and visit != current
