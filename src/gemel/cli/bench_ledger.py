"""How long a million forecasts take to be scored: in memory, and from a store and back into it.

Twins of the everyday glucose model, each with a reading every five minutes and three forecasts issued at each reading,
as the runtime issues them.  Making and issuing them is not counted.  Counted is everything that `Site.score` does for
every twin, in a new process's state: read facts and forecasts, find each truth, score, write the records durably.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float

from ..core.array import Array
from ..core.clock import MINUTE, instant
from ..core.fact import Exact, Instant, Observation
from ..core.ledger import LEVELS, IssuedForecast, Kind, Waiting
from ..core.ports import Caller, Store
from ..core.subject import Subject
from ..runtime import Site
from ..runtime.ledger.judge import judged
from ..runtime.ledger.rows import HORIZONS
from ..store import SqliteStore

__all__ = ["LedgerSeconds", "fill", "ledger_million_s", "settle_all"]

MODEL: Final = "replaybg-everyday"
START: Final = instant("2026-03-01T00:00:00Z")
STEP: Final[Instant] = 5 * MINUTE
READINGS: Final = 3334
"""Of each twin: with three horizons, 10,002 forecasts."""
CALLER: Final = Caller(id="bench")
NORMAL: Final = np.array(
    [-2.3263, -1.96, -1.6449, -1.2816, -1.0364, -0.8416, -0.6745, -0.5244, -0.3853, -0.2533, -0.1257]
)
"""Quantiles of a standard normal law below its median, at the first of `LEVELS`: only to have quantiles in order."""


@dataclass(frozen=True, slots=True)
class LedgerSeconds:
    """Wall and CPU seconds to score so many forecasts in memory, and from store to store; bytes of the store."""

    forecasts: int
    memory_s: float
    memory_cpu_s: float
    store_s: float
    store_cpu_s: float
    store_bytes: int


def ledger_million_s(forecasts: int = 1_000_000, folder: Path | None = None) -> LedgerSeconds:
    """Score so many forecasts in memory and through a store in a new folder (default: a temporary one)."""
    begun, spent = time.perf_counter(), time.process_time()
    in_memory(forecasts)
    memory = time.perf_counter() - begun, time.process_time() - spent
    with tempfile.TemporaryDirectory(dir=folder) as place:
        path = Path(place) / "ledger.db"
        twins = -(-forecasts // (READINGS * len(HORIZONS)))
        with SqliteStore(path) as store:
            made = fill(store, twins, READINGS)
        begun, spent = time.perf_counter(), time.process_time()
        done = settle_all(path, twins)
        through = time.perf_counter() - begun, time.process_time() - spent
        if done != made:
            raise RuntimeError(f"{made} forecasts were issued and {done} scored: this is no measurement")
        return LedgerSeconds(done, *memory, *through, os.path.getsize(path))


def in_memory(forecasts: int) -> Float[Array, "n"]:
    """CRPS of forecasts made up in memory."""
    luck = np.random.default_rng(0)
    many = np.arange(forecasts, dtype=np.int64)
    centre = luck.normal(120.0, 30.0, forecasts)
    shown = centre[:, None] + 20.0 * _z()
    kinds = (Kind("bench", MODEL, "1", "glucose", "mg/dL"),)
    table = Waiting(
        kinds, np.array(LEVELS), many, 0 * many, many, many, 0 * many, shown, shown, centre, centre, {}
    )  # fmt: skip
    return judged(table, many, centre + luck.normal(0.0, 20.0, forecasts))["crps"]


def fill(store: Store, twins: int, readings: int) -> int:
    """Enrol subjects with readings and a twin each, and issue every forecast; how many there are with a truth."""
    made = 0
    for k in range(twins):
        subject, luck = Subject(id=f"bench-{k}"), np.random.default_rng(k)
        store.enrol(subject, CALLER)
        level = 120.0 + 30.0 * np.sin(np.arange(readings + 24) / 30.0 + k) + luck.normal(0.0, 8.0, readings + 24)
        store.append(subject.id, _facts(level), CALLER)
        store.issue(list(_forecasts(subject.id, level, readings)), CALLER)
        made += readings * len(HORIZONS)
    return made


def settle_all(path: Path, twins: int) -> int:
    """What a site does for each twin when it scores; returns how many forecasts were scored."""
    from ..core.registry import load_model
    from ..runtime.ledger.desk import Desk
    from ..runtime.records import Records, codes_of

    model, done = load_model(MODEL), 0
    codes = codes_of(model)
    with Site.open(path, caller=CALLER) as site:
        desk = Desk(site.store, CALLER, "bench", site.now)
        for k in range(twins):
            records = Records()
            records.add(site.store.facts(f"bench-{k}", CALLER))
            found = desk.settle(
                f"twin-{k}", model, lambda after, until, own=records: own.held(codes, after, until),
                touched=lambda number, own=records: own.touched(codes, since=number), sequence=records.last, zone="UTC",
            )  # fmt: skip
            done += int(np.sum(found.rows["note"] == 0))
    return done


def _facts(level: Float[Array, "n"]) -> Iterator[Observation]:
    for j, value in enumerate(np.asarray(level).tolist()):
        at = START + j * STEP
        yield Observation(id=f"g{j}", code="loinc:99504-3", value=Exact(value), unit="mg/dL", at=at, recorded=at)


def _forecasts(subject: str, level: Float[Array, "n"], readings: int) -> Iterator[IssuedForecast]:
    """The last reading, with a band that grows with the horizon."""
    names, z, twin = [f"{p:g}" for p in LEVELS], _z(), subject.replace("bench", "twin")
    for j in range(readings):
        at, last = START + j * STEP, float(level[j])
        for ahead in HORIZONS:
            table = last + 10.0 * np.sqrt(ahead / HORIZONS[0]) * z
            yield IssuedForecast(
                id=f"{twin}/{j}/{ahead}", twin=twin, subject=subject, model=MODEL,
                model_version="1", plan="as is", issued=at, target=at + ahead, observable="glucose", unit="mg/dL",
                quantiles=dict(zip(names, table.tolist(), strict=True)), facts_hash="0" * 64, site="bench", last=last,
                usual=120.0, reach=STEP // 2,
            )  # fmt: skip


def _z() -> Float[Array, "q"]:
    return np.concatenate([NORMAL, [0.0], -NORMAL[::-1]])
