"""`gemel bench health`: how fast the health map is.

health_map_ms        one person's whole map, from facts in memory: readings, belief of 512 members, every score, organs,
                     comparison, what-ifs, what to measure next.  Processor time, as in `gemel bench core`, so that a
                     busy machine disturbs it less; the median person of a round, best of five rounds
health_map_wall_ms   the same by the clock on the wall
risk_10000x50_s      50 scores for 10,000 people, by the clock on the wall
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from ..domains.health.healthmap import Record, health_map
from ..domains.health.healthmap.example import people
from .risk import time_scores
from .shapes_map import BenchHealthShape

__all__ = ["bench_health"]

PEOPLE, ROUNDS = 8, 5


def bench_health(*, quick: bool = False) -> BenchHealthShape:
    """Measure; `quick` does a tenth of the work, to see that it runs."""
    records = people(2 if quick else PEOPLE)
    made = [health_map(record, region="us") for record in records]  # the first ones fill the caches
    rounds = [_round(records) for _ in range(1 if quick else ROUNDS)]
    scores = max(len({r.score.id for r in m.scored.risks} | {i.score.id for i in m.scored.indices}) for m in made)
    return BenchHealthShape(
        health_map_ms=round(min(cpu for cpu, _ in rounds), 2),
        health_map_wall_ms=round(min(wall for _, wall in rounds), 2),
        risk_10000x50_s=round(time_scores(1_000, 5) if quick else time_scores(), 3),
        people=len(records),
        scores_evaluated=scores,
    )


def _round(records: Sequence[Record]) -> tuple[float, float]:
    """Processor and wall milliseconds of the median person."""
    cpu: list[float] = []
    wall: list[float] = []
    for record in records:
        begun, worked = time.perf_counter(), time.process_time()
        health_map(record, region="us")
        wall.append((time.perf_counter() - begun) * 1e3)  # structure: milliseconds in a second
        cpu.append((time.process_time() - worked) * 1e3)
    return sorted(cpu)[len(cpu) // 2], sorted(wall)[len(wall) // 2]
