"""What `gemel bench health` prints with --json, as a type."""

from __future__ import annotations

import msgspec

__all__ = ["BenchHealthShape"]


class BenchHealthShape(msgspec.Struct, kw_only=True):
    """`gemel bench health`: processor and wall milliseconds for one person's whole map, wall seconds for 10,000 people
    times 50 scores."""

    health_map_ms: float
    health_map_wall_ms: float
    risk_10000x50_s: float
    people: int
    scores_evaluated: int
