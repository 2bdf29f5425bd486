"""What each fact did to the belief: facts are added one group after another, in order of time, and after each the
forecast is made anew on the same luck.

The shifts add up to the whole change between knowing none of the facts and knowing all.  An intervention counts by what
it does to the course, a reading by what it tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..core.errors import CapabilityError
from ..core.fact import Fact, Instant, Intervention
from ..core.forecast import Forecast
from ..core.model import Absorbs
from ..core.plan import Plan
from ..core.quantity import free
from ..core.timeline import Timeline
from ..core.twin import Twin
from .forecast import forecast_all
from .observe import observe_all
from .target import Target, hidden_values

__all__ = ["Contribution", "Move", "contributions", "groups"]


@dataclass(frozen=True, slots=True)
class Move:
    """How far a parameter's mean moved, in its standard deviations before (both in free space)."""

    name: str
    by: float


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one group of facts did: `shift` of the forecast's mean, in the target's unit, `spread` its standard
    deviation after divided by that before, and the parameters it `moved` most; `names` are the facts' own words in the
    model."""

    facts: tuple[Fact, ...]
    names: tuple[str, ...]
    shift: float
    spread: float
    moved: tuple[Move, ...]

    @property
    def acted(self) -> bool:
        """Whether it is an intervention: it changed the course, and not only what we know."""
        return isinstance(self.facts[0], Intervention)


def contributions(
    before: Twin, facts: Sequence[Fact], until: Instant, target: Target, *, plan: Plan | None = None, most: int = 12
) -> tuple[Contribution, ...]:
    """Contribution of each of at most `most` groups of `facts` to the forecast of the target at `until`.

    `before` is the twin that knows none of them.  Raises CapabilityError when there are no facts, and what `observe`
    and `forecast` raise.
    """
    held = list(Timeline(before.subject, tuple(facts)))
    if not held:
        raise CapabilityError("there are no facts to explain: give those that came after the twin's present")
    parts = groups(held, most)
    known: list[list[Fact]] = [[]]
    for part in parts:
        known.append([*known[-1], *part])
    end = max(before.now, held[-1].at)
    twins = observe_all([before] * len(known), known, until=end)
    made = forecast_all(twins, until - end, [plan] * len(twins), ahead=_times(until - end))
    means, sizes = zip(*(_moments(f, target) for f in made), strict=True)
    spreads = [after / size if size > 0.0 else 1.0 for size, after in pairwise(sizes)]
    return tuple(
        Contribution(
            tuple(part), _names(before, part), means[k + 1] - means[k], spreads[k], _moves(twins[k], twins[k + 1])
        )
        for k, part in enumerate(parts)
    )


def groups(facts: Sequence[Fact], most: int) -> list[list[Fact]]:
    """Facts in order of time, in at most `most` groups: neighbours of one code that lie closest together are joined
    first, then readings of different codes, and interventions only when nothing else is left."""
    parts = [[fact] for fact in facts]
    while len(parts) > max(most, 1):
        k = min(range(len(parts) - 1), key=lambda j: _distance(parts[j], parts[j + 1]))
        parts[k : k + 2] = [parts[k] + parts[k + 1]]
    return parts


def _distance(a: Sequence[Fact], b: Sequence[Fact]) -> tuple[int, int]:
    """How unlike two neighbouring groups are: what kinds of fact, then the time the joined group would span."""
    if {f.code for f in a} == {f.code for f in b}:
        unlike = 1 if isinstance(a[0], Intervention) else 0
    else:
        unlike = 3 if any(isinstance(f, Intervention) for f in (*a, *b)) else 2
    return unlike, b[-1].at - a[0].at


def _names(twin: Twin, facts: Sequence[Fact]) -> tuple[str, ...]:
    """What the model calls these facts; their code's own word where it has none."""
    model = twin.model
    absorbs = model.absorbs if isinstance(model, Absorbs) else ()
    words = {code: q.name for q in (*model.observables, *model.inputs, *model.covariates, *absorbs) for code in q.codes}
    return tuple(sorted({words.get(f.code, f.code.partition(":")[2] or f.code) for f in facts}))


def _times(span: Instant) -> list[Instant]:
    """The 48 output times of a forecast, so that a derived value sees a path."""
    step = max(1, span // 48)
    return [*range(step, span, step), span]


def _moments(made: Forecast, target: Target) -> tuple[float, float]:
    w, y = np.asarray(made.weights), hidden_values(made, target)
    mean = float(w @ y)
    return mean, float(np.sqrt(w @ (y - mean) ** 2))


def _moves(before: Twin, after: Twin, most: int = 2) -> tuple[Move, ...]:
    """The parameters whose means moved most, those by less than a tenth of their spread left out."""
    w, v = before.belief.weights()[0], after.belief.weights()[0]
    moves: list[Move] = []
    for i, q in enumerate(before.model.parameters):
        x, y = (free(q, np.asarray(t.belief.theta)[:, i]) for t in (before, after))
        x, y = (np.where(u > 0.0, z, 0.0) for u, z in ((w, x), (v, y)))
        size = float(np.sqrt(w @ (x - w @ x) ** 2))
        if size > 0.0:
            moves.append(Move(q.name, float(v @ y - w @ x) / size))
    moves.sort(key=lambda m: -abs(m.by))
    return tuple(m for m in moves[:most] if abs(m.by) >= 0.1)
