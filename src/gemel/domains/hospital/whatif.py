"""Which plan for a hospital, from the patients who are there now: every plan meets the same patients and the same luck.

A member of the ensemble has its own demand and stays, as factors of what is declared, and its own luck; the spread over
members is the spread of what can happen.  The burden of a plan is the time that patients
wait in line [h], weighted by class as the user says, with the waits of those still in line at the end; lower is better.
Who gives up or is turned away is counted apart, as their waits are not known.  A winner is named only by `verbs.select`
(Kim and Nelson's procedure), with the probability it states.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from jaxtyping import Float, Int, Int64, UInt64

from ...core.array import Array
from ...core.clock import HOUR
from ...core.draws import member_keys, normal, purpose
from ...core.errors import PlanError
from ...models.hospital.census import Patient, present
from ...models.hospital.compiled import Compiled, compiled
from ...models.hospital.declared import scaled
from ...models.hospital.pathway import Hospital, Seize
from ...numerics.des import layout as at
from ...numerics.des.layout import ORIGIN, fresh
from ...numerics.des.run import Outcome, run
from ...verbs.select import Selection, select
from .changes import HospitalPlan, Span, changed
from .output import Estimate, estimate, paired

__all__ = ["HOURS", "Case", "Outlook", "Weighed", "outlooks", "weigh"]

HOURS: Final = (*(float(h) for h in range(1, 49)), *(float(h) for h in range(52, 745, 4)))
"""Hours ahead at which beds are told, those within the time looked at: every one for two days, then every fourth."""
SPREAD: Final = 0.1
"""How far a declaration is trusted unless something else is said: to a tenth, as in `models.hospital.declared`."""
SURE: Final = 0.95  # structure: the usual level
"""Probability with which a winner is to be the best."""
MOST: Final = 20_000
"""Members of one plan after which choosing gives up."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is decided about: the hospital as it is, who is there, how far is looked, what waiting weighs.

    `weights` are by class, of an hour that such a patient waits (default: each 1); `indifference` [weighted h]: plans
    that differ by less are as good as each other.  `spread`: standard deviation of the logarithm of the factors of
    demand and of stays: how far a declared rate or mean is trusted.
    """

    hospital: Hospital
    patients: tuple[Patient, ...]
    span: Span
    weights: Mapping[str, float] = field(default_factory=dict[str, float])
    indifference: float = 10.0
    spread: float = SPREAD

    def weight(self) -> Float[Array, "k"]:
        """Weights in the order of classes.  Raises PlanError for a class there is not, or a weight below 0."""
        classes = [c.name for c in self.hospital.classes]
        if not set(self.weights) <= set(classes) or any(not 0.0 <= w < np.inf for w in self.weights.values()):
            raise PlanError(f"weights of waiting {dict(self.weights)}: of some of {classes}, none below 0")
        return np.array([self.weights.get(name, 1.0) for name in classes])


@dataclass(frozen=True, slots=True)
class Outlook:
    """A plan's future in each member (r): units wanted (in use and waited for) and there, by hour (t) and resource (q);
    units in use on average; time waited by class (k) [h], weighted together the burden; how many gave up or were turned
    away."""

    plan: str
    resources: tuple[str, ...]
    hours: tuple[float, ...]
    wanted: Int64[Array, "r t q"]
    units: Int64[Array, "r t q"]
    used: Float[Array, "r q"]
    waited: Float[Array, "r k"]
    burden: Float[Array, "r"]
    lost: Int64[Array, "r"]

    def exceeds(self, resource: int) -> Float[Array, "t"]:
        """P(more units are wanted than there are), by hour."""
        return (np.asarray(self.wanted)[:, :, resource] > np.asarray(self.units)[:, :, resource]).mean(axis=0)


@dataclass(frozen=True, slots=True)
class Weighed:
    """Plans beside each other.  `differences`: burden of each plan minus that of the first, by pairs (95 %); `better`:
    share of members in which it is the lower; `choice`: which is best on average, if that can be said."""

    outlooks: tuple[Outlook, ...]
    burdens: tuple[Estimate, ...]
    differences: tuple[Estimate, ...]
    better: tuple[float, ...]
    choice: Selection


def weigh(
    case: Case, plans: Sequence[HospitalPlan], *, members: int = 1000, seed: int = 0, probability: float = SURE
) -> Weighed:
    """Weigh two plans or more; the first is what the others are held against.

    Raises PlanError for fewer, for two of one name, or for a change the hospital does not know.
    """
    names = [plan.name for plan in plans]
    if len(plans) < 2 or len(set(names)) < len(names):
        raise PlanError(f"plans {names}: give two or more, each with a name of its own")
    futures = outlooks(case, plans, members=members, seed=seed)
    own = [_Own.of(case, plan) for plan in plans]

    def sample(which: Int[Array, "a"], begin: int, count: int) -> Float[Array, "a n"]:
        return np.stack([-own[int(i)].run(case, seed, (begin, begin + count)).burden for i in which])

    first = futures[0].burden
    return Weighed(
        outlooks=futures, burdens=tuple(estimate(f.burden) for f in futures),
        differences=tuple(paired(f.burden, first) for f in futures),
        better=tuple(float((f.burden < first).mean()) for f in futures),
        choice=select(sample, names, indifference=case.indifference, probability=probability, most=MOST),
    )  # fmt: skip


def outlooks(
    case: Case, plans: Sequence[HospitalPlan], *, members: int = 1000, seed: int = 0
) -> tuple[Outlook, ...]:  # fmt: skip
    """What each plan leads to, with the same members."""
    return tuple(_Own.of(case, plan).run(case, seed, (0, members)) for plan in plans)


@dataclass(frozen=True, slots=True)
class _Own:
    """A plan's hospital, ready to run."""

    plan: str
    hospital: Compiled

    @staticmethod
    def of(case: Case, plan: HospitalPlan) -> _Own:
        return _Own(plan.name, compiled(changed(case.hospital, plan.changes, case.span)))

    def run(self, case: Case, seed: int, rows: tuple[int, int]) -> Outlook:
        """Members number `rows[0]` to `rows[1]` - 1, the same whichever plan and however many are asked for."""
        own, keys = self.hospital, member_keys(seed, rows[1])[rows[0] :]
        start = fresh(own.tables, patients=max(64, 2 * len(case.patients)))  # structure: room at first, grown if short
        np.asarray(start.s)[:, ORIGIN] = round(case.span.start * HOUR)
        hours = (*(h for h in HOURS if h < case.span.ahead), case.span.ahead)
        made = run(
            scaled(own, _factors(case.spread, keys)), keys, [round(h * HOUR) for h in hours], start=start,
            kept=(len(hours) - 1,), present=present(own, case.patients, keys), end=True,
        )  # fmt: skip
        told = [r.name for r in case.hospital.resources]
        usage = np.asarray(made.usage)[:, :, [own.resources[name] for name in told]]
        waited, lost = _waits(case, own, made)
        return Outlook(
            plan=self.plan, resources=tuple(told), hours=hours, wanted=usage[..., 2] + usage[..., 3],
            units=usage[..., 4], used=usage[:, -1, :, 0] / HOUR / case.span.ahead, waited=waited,
            burden=waited @ case.weight(), lost=lost,
        )  # fmt: skip


def _factors(spread: float, keys: UInt64[Array, "r"]) -> Float[Array, "r 2"]:
    """Each member's factors of demand and of stays."""
    return np.stack(
        [np.exp(spread * normal(np.asarray(keys), purpose(name), np.uint64(0))) for name in ("demand", "stay")], axis=1
    )


def _waits(case: Case, own: Compiled, made: Outcome) -> tuple[Float[Array, "r k"], Int64[Array, "r"]]:
    """Time in line [h] by class, with those who are still there; and how many left a line without being served.

    The lines are those of the hospital as it is: a gate that a plan puts behind a service is not one.
    """
    assert made.end is not None
    lines = [own.steps[step.name] for step in case.hospital.steps if isinstance(step, Seize)]
    tally = own.tally(np.asarray(made.members)[:, -1])[:, lines]
    waited = np.asarray(tally)[..., at.TOTAL].sum(axis=1) / HOUR
    s, first = np.asarray(made.end.s), len(own.tables.member)
    patients = s[:, first : first + (s.shape[1] - first) // at.PATIENT * at.PATIENT].reshape(len(s), -1, at.PATIENT)
    in_line = (patients[..., at.STATUS] == at.WAITING) & np.isin(
        patients[..., at.STEP], [own.places.steps[line] for line in lines]
    )
    since = np.where(in_line, s[:, at.NOW, None] - patients[..., at.ASKED], 0) / HOUR
    for k in range(waited.shape[1]):
        waited[:, k] += np.where(patients[..., at.CLASS] == k, since, 0.0).sum(axis=1)
    return waited, np.asarray(tally)[..., at.OTHERWISE].sum(axis=(1, 2))
