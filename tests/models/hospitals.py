"""Small hospitals made at random, with every feature the kernel has."""

from __future__ import annotations

import random
from typing import Any

from gemel.models.hospital.durations import (
    Duration,
    clipped_normal,
    empirical,
    erlang,
    exponential,
    fixed,
    folded_normal,
    gamma,
    lognormal,
    normal,
    poisson,
    triangular,
    uniform,
    weibull,
)
from gemel.models.hospital.pathway import (
    Batch,
    Branch,
    Breakdown,
    Choose,
    Delay,
    Exit,
    Hospital,
    Need,
    PatientClass,
    Reclass,
    Release,
    Resource,
    Seize,
    Source,
    Unbatch,
)


def some_time(luck: random.Random, mean: float) -> Duration:
    laws = (
        lambda: exponential(mean), lambda: lognormal(mean, luck.uniform(0.2, 1.5)),
        lambda: gamma(mean, luck.uniform(0.4, 2.0)),
        lambda: erlang(mean, 3), lambda: fixed(round(mean, 1)), lambda: uniform(0.0, 2 * mean),
        lambda: triangular(0.0, mean / 2, 3 * mean), lambda: weibull(mean, luck.uniform(0.7, 2.0)),
        lambda: normal(mean, mean / 2), lambda: clipped_normal(mean, mean / 2, mean / 9),
        lambda: folded_normal(mean, mean),
        lambda: empirical([mean / 2, mean, 2 * mean], [1.0, 3.0, 1.0]), lambda: poisson(5.0, mean / 5),
    )  # fmt: skip
    return luck.choice(laws)()


def some_hospital(seed: int) -> Hospital:
    """Doctors, rooms and beds: batches, choices, branches back, boarding, reneging, pre-emption, shifts, breakdowns."""
    luck = random.Random(seed)
    kinds = ("resus", "urgent", "minor")
    when: Any = luck.choice(("finish", "handover", "preempt"))
    after: Any = luck.choice(("resume", "restart", "redraw"))
    broken = Breakdown(exponential(6.0), some_time(luck, 1.0), 2) if luck.random() < 0.5 else None
    resources = (
        Resource("doctor", roster=((0.0, 2), (8.0, 4), (16.0, luck.randint(0, 3))), when_less=when, interrupted=after),
        Resource("nurse", luck.randint(3, 5)),
        Resource("scanner", 2, when_less=luck.choice(("finish", "preempt")), interrupted=after, breaks=broken),
        Resource("bed a", luck.randint(2, 4), interrupted=after), Resource("bed b", 2), Resource("porter"),
    )  # fmt: skip
    by_class = {k: some_time(luck, 0.3) for k in kinds}
    bed = some_time(luck, 3.0)
    scanner = (Need("scanner", luck.randint(1, 2)),)
    a, b, porter = Need("bed a"), Need("bed b"), Need("porter")
    steps = (
        Seize("see", (Need("nurse"), Need("doctor"))), Delay("seen", by_class), Release("seen: end", (Need("doctor"),)),
        Seize("hold", (Need("nurse", 2),), patience=exponential(2.0), otherwise="let go",
              longest=luck.choice((None, 3))),
        Delay("held", some_time(luck, 0.2)), Release("held: end", (Need("nurse", 2),)),
        Release("let go", (Need("nurse"),)),
        Branch("next", {"resus": {"scan": 0.5, "bed?": 0.5}, "urgent": {"scan": 0.4, "bed?": 0.3, "home": 0.3},
                        "minor": {"home": 0.6, "scan": 0.3, "see": 0.1}}),
        Seize("scan", scanner, preempts=luck.random() < 0.7, priority=luck.choice((None, 1)),
              patience={"minor": some_time(luck, 1.0)}, otherwise="home"),
        Delay("scanned", some_time(luck, 0.5)), Release("scan: end", scanner),
        Reclass("calm", "urgent"),
        Branch("after scan", {"bed?": 0.5, "home": 0.5}),
        Choose("bed?", ("bed in a", "bed in b"), luck.choice(("shortest", "free"))),
        Seize("bed in a", (a,), preempts=luck.random() < 0.5), Delay("stay in a", bed),
        Seize("move", (porter, b)), Release("leave a", (a,)), Delay("moved", some_time(luck, 0.3)),
        Release("moved: end", (porter, b), then="wait for bus"),
        Seize("bed in b", (Need("bed b", 1, luck.randint(0, 1)),)), Delay("stay in b", bed), Release("leave b", (b,)),
        Batch("wait for bus", 3, some_time(luck, 2.0)), Delay("bus", fixed(0.25)), Unbatch("off the bus"),
        Exit("home"),
    )  # fmt: skip
    return Hospital(
        "some", tuple(PatientClass(k, n) for n, k in enumerate(kinds)), resources, _doors(luck, kinds), steps
    )


def _doors(luck: random.Random, kinds: tuple[str, ...]) -> tuple[Source, ...]:
    mix = dict(zip(kinds, (0.2, 0.3, 0.5), strict=True))
    rates = tuple(luck.choice((0.0, 2.0, 6.0)) for _ in range(6))
    return (
        Source("door", mix, (1.0, *rates)), Source("surge", mix, (0.0, 0.0, 9.0), repeats=False),
        Source("clinic", {"urgent": 1.0}, gap=poisson(20.0, 0.1)),
        Source("stale", {"minor": 1.0}, (1.0, 2.0), stale=True),
        Source("planned", {}, listed=((3.0, "minor"), (1.0, "urgent"), (3.0, "resus"))),
    )  # fmt: skip
