"""What `gemel queues`, `mine`, `census`, `what-if` and `backtest arrivals` print with --json, as types."""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = [
    "ArrivalScoreShape", "ArrivalsShape", "CensusShape", "ConformanceShape", "HospitalDemoShape",
    "HospitalPlanRow", "MiningShape", "PassageShape", "PatientRow", "QueuesShape", "ResourceRow", "VariantShape",
    "WhatIfShape",
]  # fmt: skip


class QueuesShape(msgspec.Struct, kw_only=True):
    """`gemel queues`: each case as given with its answers, or with `refused` and the reason."""

    cases: list[dict[str, Any]]


class CensusShape(msgspec.Struct, kw_only=True):
    """`gemel census`: patients by ward at each time asked for; counts of messages read, repeated and passed over."""

    messages: int
    unique_control_ids: int
    patients: int
    rejected: dict[str, int]
    passed_over: dict[str, int]
    census: list[dict[str, str | int]]


class VariantShape(msgspec.Struct, kw_only=True):
    """A sequence of activities and how many cases took it."""

    activities: list[str]
    cases: int


class PassageShape(msgspec.Struct, kw_only=True):
    """Hours from one activity to the next; `backwards`: how often the later row has the earlier time."""

    step: str
    count: int
    mean_h: float
    median_h: float
    backwards: int


class ConformanceShape(msgspec.Struct, kw_only=True):
    """Share of steps and of cases that keep to the allowed steps, and the steps that do not."""

    steps: float
    cases: float
    violations: dict[str, int]


class MiningShape(msgspec.Struct, kw_only=True):
    """`gemel mine`: counts, most frequent first; steps are written 'a -> b'."""

    cases: int
    events: int
    variants: int
    activities: dict[str, int]
    starts: dict[str, int]
    ends: dict[str, int]
    directly_follows: dict[str, int]
    commonest_variants: list[VariantShape]
    passages: list[PassageShape]
    conformance: ConformanceShape | None
    rejected: dict[str, int]
    times_lost: int


class ArrivalScoreShape(msgspec.Struct, kw_only=True):
    """Scores of one forecaster over all origins.

    `mean` count; `mae` of the number it gives (the median; of `weekday_hour_mean` the mean itself, as Poisson in the
    rest); `cov90` the share of counts in its 90 % interval of whole numbers, `said90` the share it promised to hold.
    """

    n: int
    mean: float
    mae: float
    crps: float
    cov90: float
    said90: float


class ArrivalsShape(msgspec.Struct, kw_only=True):
    """`gemel backtest arrivals`: scores by group ('total', then specialties), hours ahead and forecaster.

    `only_in_test`: specialties without a single arrival in the training file: in the total, but not scored alone.
    """

    train_arrivals: int
    test_arrivals: int
    origins: int
    first_origin: str
    last_origin: str
    rejected: dict[str, int]
    only_in_test: dict[str, int]
    scores: dict[str, dict[str, dict[str, ArrivalScoreShape]]]


class ResourceRow(msgspec.Struct, kw_only=True):
    """A resource under a plan, at each of `hours` ahead: units wanted (in use and waited for; 5, 50, 95 %), units
    there, P(more are wanted than there are); units in use on average."""

    name: str
    hours: list[float]
    q05: list[float]
    q50: list[float]
    q95: list[float]
    units: list[int]
    exceeds: list[float]
    used: float


class HospitalPlanRow(msgspec.Struct, kw_only=True):
    """One plan: its burden (weighted hours in line: mean and its 95 % interval), that minus the first plan's by pairs,
    the share of members in which it is less, hours in line by class, and how many gave up or were turned away."""

    plan: str
    burden: tuple[float, float, float]
    difference: tuple[float, float, float]
    better: float
    waited: dict[str, float]
    lost: float
    resources: list[ResourceRow]


class PatientRow(msgspec.Struct, kw_only=True):
    """One who is in: hours at the step and since they came; hours left there (10, 50, 90 %), P(done within a day) and
    where they go then; null and nothing for one who waits."""

    step: str
    kind: str
    here: float
    since: float
    left: tuple[float, float, float] | None
    within_day: float | None
    goes: dict[str, float]


class WhatIfShape(msgspec.Struct, kw_only=True):
    """`gemel what-if`: plans for a hospital weighed from who is in now.

    `winner` has the least expected burden with at least this `probability` if it leads by `indifference` or more; null
    where that cannot be said.  `wards_left_out`: patients in wards of the feed that stand for nothing.
    """

    hospital: str
    at: str
    hours: float
    members: int
    patients: int
    wards_left_out: dict[str, int]
    verdict: str
    winner: str | None
    probability: float
    indifference: float
    weights: dict[str, float]
    plans: list[HospitalPlanRow]
    present: list[PatientRow]


class HospitalDemoShape(msgspec.Struct, kw_only=True):
    """`gemel demo hospital`: the files it wrote, the answer, and what the simulated life really wanted of each resource
    at the end of the time looked at."""

    messages: int
    feed: str
    question: str
    page: str
    answer: WhatIfShape
    happened: dict[str, int]
