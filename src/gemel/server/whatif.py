"""Plans side by side: each plan's course, the difference between plans member by member, and which is better.

Every plan meets the same members with the same luck, so one run a plan gives the bands, the paired differences and the
comparison.  Bands are of readings, shown wider where the track record asks for it; differences are of hidden values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
import numpy as np

from ..core.clock import text
from ..core.derived import Derived, Path
from ..core.errors import CapabilityError
from ..core.fact import Instant
from ..core.forecast import Forecast, weighted_quantile
from ..core.quantity import Quantity, Source, names
from ..core.twin import Twin
from ..domains.health.glucose import UTILITIES
from ..runtime import Site
from ..runtime.answers.shapes import ComparisonShape, Fan, SummaryRow
from ..runtime.answers.twins import LEVELS, Noted, compared, forecasted
from ..runtime.ledger.switchboard import Status
from .asked import ComparisonAsked, Hours, Planned, end_of, schedule_of
from .asking import data_of, known

__all__ = ["Gap", "PlanCourse", "Utility", "WhatIf", "WhatIfAsked", "utilities", "utility_named", "whatif"]

MEANS = Source("gemel:assumption utility", "the mean over the time ahead: a convention, for want of the user's values")


class WhatIfAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Two to five plans, how far ahead, and what they are weighed by (default: the first that this twin offers)."""

    plans: Annotated[list[Planned | str], msgspec.Meta(min_length=2, max_length=5)]
    hours: Hours = 4.0
    utility: str | None = None


class Utility(msgspec.Struct, frozen=True, kw_only=True):
    """Something by which plans can be weighed; higher is better."""

    name: str
    unit: str
    about: str


class PlanCourse(msgspec.Struct, frozen=True, kw_only=True):
    """What would be read under one plan, and what its course amounts to."""

    plan: str
    failed: int
    observables: list[Fan]
    scores: dict[str, SummaryRow]


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """An observable under one plan minus the same under another, over the same members: mean and 90 % band."""

    plan: str
    against: str
    observable: str
    unit: str
    mean: list[float]
    low: list[float]
    high: list[float]


class WhatIf(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: courses at the same `times`, differences from the first plan, and the comparison."""

    twin: str
    issued: str
    hours: list[float]
    times: list[str]
    courses: list[PlanCourse]
    gaps: list[Gap]
    comparison: ComparisonShape
    standing: Status
    stale: str


def utilities(model_observables: Sequence[Quantity]) -> list[Derived]:
    """What plans of a model with these observables can be weighed by: those of its field, and the plain means."""
    own = list(UTILITIES.values()) if "glucose" in names(model_observables) else []
    return own + [_mean(q, sign) for q in model_observables for sign in (-1, 1)]


def utility_named(name: str | None, twin: Twin) -> Derived:
    """The utility of this name, or the first there is; CapabilityError lists them."""
    offered = {derived.name: derived for derived in utilities(twin.model.observables)}
    wanted = next(iter(offered)) if name is None else name
    if wanted not in offered:
        raise CapabilityError(f"no utility '{wanted}' for this twin: there are {', '.join(offered)}")
    return offered[wanted]


def whatif(site: Site, twin: str, asked: WhatIfAsked) -> WhatIf:
    """Run every plan once and say all that follows.  Raises CardError for a model that only knows associations."""
    from ..verbs.compare import compare

    own = known(site, twin)
    until: Instant = end_of(ComparisonAsked(plans=asked.plans, hours=asked.hours), own.now)
    plans = [schedule_of(plan, own) for plan in asked.plans]
    found = compare(own, plans, until, utility_named(asked.utility, own))
    data, standing = data_of(site, own), site.status(site.standing(twin).birth.model)
    noted = Noted([], site.widths(twin), standing)
    told = [forecasted(f, own, data, None, noted) for f in found.forecasts]
    first = found.forecasts[0]
    return WhatIf(
        twin=twin, issued=text(first.issued, own.subject.zone), hours=told[0].hours, times=told[0].times,
        courses=[
            PlanCourse(plan=t.plan, failed=t.failed, observables=t.observables, scores=t.scores) for t in told
        ],
        gaps=[_gap(f, first, q) for f in found.forecasts[1:] for q in first.observables],
        comparison=compared(found, own, data), standing=standing, stale=own.stale,
    )  # fmt: skip


def _gap(plan: Forecast, against: Forecast, q: Quantity) -> Gap:
    """The paired difference; a member that failed under either plan is left out."""
    column = plan.column(q.name)
    weights = np.minimum(plan.weights, against.weights)
    weights = weights / weights.sum()
    gap = np.where(weights[:, None] > 0, np.asarray(plan.paths)[:, :, column] - against.paths[:, :, column], 0.0)
    low, high = weighted_quantile(gap, weights, np.array([LEVELS[0], LEVELS[-1]])).tolist()
    return Gap(
        plan=plan.plan, against=against.plan, observable=q.name, unit=q.unit, mean=(weights @ gap).tolist(), low=low,
        high=high,
    )  # fmt: skip


def _mean(q: Quantity, sign: int) -> Derived:
    """Low or high in the mean over the time ahead; of a running total, at the end."""
    total, words = q.span == "interval", q.name.replace("_", " ")

    def compute(path: Path) -> np.ndarray:
        values = np.asarray(path[q.name], dtype=np.float64)
        if total:
            return sign * values[:, -1]
        spans = np.diff(np.asarray(path.hours), prepend=0.0)
        return sign * (values @ (spans / spans.sum()))

    way, what = ("low", "less") if sign < 0 else ("high", "more")
    about = f"{words}: {'total at the end' if total else 'mean over the time ahead'}, {what} is better"
    return Derived(f"{way}-{q.name}", q.unit, compute, about, MEANS)
