"""What a patient holds at each step of a pathway, found by walking it once: the check that units come back.

Every way to a step must arrive with the same units, a release gives back what is held, and nobody leaves, or waits for
a batch, with anything in hand.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int64

from ...core.array import Array
from ...core.errors import ShapeError
from ...numerics.des import layout as at
from .pathway import Hospital

__all__ = ["holdings"]


def holdings(
    hospital: Hospital,
    steps: Sequence[Sequence[int]],
    reach: Sequence[Sequence[int]],
    entries: Sequence[int],
    lines: Sequence[Sequence[tuple[int, int, int]]],
) -> Int64[Array, "s q"]:
    """Units held on arrival at each step; `reach` are the steps that may follow, `lines` the needs of each line.

    Raises ShapeError naming the step at which the accounts do not balance.
    """
    names = [s.name for s in hospital.steps]
    known: list[tuple[tuple[int, ...], bool] | None] = [None] * len(steps)
    nothing = (0,) * len(hospital.resources)
    waiting: list[tuple[int, tuple[int, ...], bool, str]] = [(i, nothing, False, "the door") for i in entries]
    while waiting:
        i, hand, batched, came = waiting.pop()
        if known[i] is not None:
            if known[i] != (hand, batched):
                raise ShapeError(
                    f"step '{names[i]}' is reached from '{came}' with {_told(hospital, hand)} in hand, and otherwise "
                    "from elsewhere: release before the ways meet, or give each its own step"
                )
            continue
        known[i] = hand, batched
        after, together = _after(hospital, names[i], steps[i], hand, batched, lines)
        for goal in reach[i]:
            kept = hand if goal == steps[i][at.ELSE] and goal != steps[i][at.THEN] else after
            waiting.append((goal, kept, together, names[i]))
    return np.array([nothing if k is None else k[0] for k in known], dtype=np.int64).reshape(len(steps), -1)


def _after(
    hospital: Hospital,
    name: str,
    row: Sequence[int],
    hand: tuple[int, ...],
    batched: bool,
    lines: Sequence[Sequence[tuple[int, int, int]]],
) -> tuple[tuple[int, ...], bool]:
    """What is in hand after a step, and whether the patient is part of a batch."""
    op, held = row[at.OP], list(hand)
    if op in (at.SEIZE, at.RELEASE):
        for r, units, _ in lines[row[at.A]]:
            held[r] += units if op == at.SEIZE else -units
            if held[r] < 0:
                raise ShapeError(
                    f"step '{name}' gives back {units} of '{hospital.resources[r].name}', "
                    f"holding {_told(hospital, hand)}: release what was seized"
                )
            if hospital.resources[r].when_less == "handover" and hand[r] and held[r]:
                raise ShapeError(
                    f"step '{name}' takes or gives a part of '{hospital.resources[r].name}', whose shifts hand over: "
                    "seize and release it as a whole"
                )
    if op in (at.EXIT, at.BATCH) and (any(hand) or batched):
        carried = "others of a batch" if batched else _told(hospital, hand)
        raise ShapeError(f"step '{name}' is reached with {carried} in hand: release, or unbatch, first")
    if op == at.UNBATCH and (any(hand) or not batched):
        raise ShapeError(f"step '{name}' needs a batch to part, and {_told(hospital, hand)} given back before")
    return tuple(held), (batched or op == at.BATCH) and op != at.UNBATCH


def _told(hospital: Hospital, hand: tuple[int, ...]) -> str:
    said = [f"{units} {r.name}" for r, units in zip(hospital.resources, hand, strict=True) if units]
    return ", ".join(said) or "nothing"
