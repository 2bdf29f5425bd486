"""Was the plan followed?  A forecast under a plan says what happens if the plan is carried out, and nothing else.

A plan fixes the inputs it sets (one without actions fixes them all); the others are left to the world.  It was followed
until an instant if each of its actions before then was recorded, and nothing else was recorded of the inputs it fixes:
the same input, the time within `TIME`, the amount within `AMOUNT`.  Both are engineering choices, wide enough for
a nurse's watch and a rounded dose.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ...core.clock import MINUTE, text
from ...core.errors import UnitError
from ...core.fact import Fact, Instant, Intervention
from ...core.ledger import Planned
from ...core.model import Model
from ...core.quantity import Quantity
from ...core.units import convert

__all__ = ["AMOUNT", "POLICY", "TIME", "departure"]

TIME: Final[Instant] = 15 * MINUTE
"""How much earlier or later than planned an action may be recorded."""
AMOUNT: Final = 0.1
"""How much more or less than planned it may be, as a share of the plan's amount."""
POLICY: Final = (
    "not followed: a policy acts differently for each possible subject, so it cannot be followed to the letter"
)


def departure(
    model: Model, actions: Sequence[Planned], facts: Sequence[Fact], span: tuple[Instant, Instant], zone: str
) -> str:
    """How what was recorded between issue and target departs from the plan, in words; empty if it was followed."""
    issued, target = span
    by_name = {q.name: q for q in model.inputs}
    fixed = {a.input for a in actions} or set(by_name)
    done = [
        (q, act)
        for act in facts
        if isinstance(act, Intervention) and issued - TIME <= act.at <= target
        for q in model.inputs
        if q.name in fixed and act.code in (*q.codes, q.name)
    ]
    for action in sorted(actions, key=lambda a: a.at):
        match = next((k for k, (q, act) in enumerate(done) if q.name == action.input and _same(q, action, act)), None)
        if match is not None:
            del done[match]
        elif action.at + TIME <= target and (action.dose is None or action.dose > 0):
            return f"not followed: {_words(action.input, action, zone)} was planned and not recorded"
    for q, act in done:
        if act.at > issued:
            return f"not followed: {_words(q.name, act, zone)} was recorded and not planned"
    return ""


def _same(quantity: Quantity, planned: Planned, act: Intervention) -> bool:
    """Whether an act is the planned one, within the tolerances."""
    wanted, given = (planned.rate, act.rate) if planned.dose is None else (planned.dose, act.dose)
    if wanted is None or given is None or abs(act.at - planned.at) > TIME:
        return False
    if act.until is not None and planned.until is not None and abs(act.until - planned.until) > TIME:
        return False
    try:
        amount = convert(given, act.unit, planned.unit, quantity.analyte)
    except UnitError:
        return False
    return abs(amount - wanted) <= AMOUNT * abs(wanted)


def _words(name: str, act: Planned | Intervention, zone: str) -> str:
    amount = act.rate if act.dose is None else act.dose
    return f"{name} {amount:g} {act.unit} at {text(act.at, zone)[11:16]}"
