"""The ledger: forecasts as rows that can be scored, and their scores once the truth is known.

A row holds 21 quantiles of what the instrument would read: 1 %, 5 %, 10 % ... 95 %, 99 %.  Its score is

    CRPS = 2 * integral over p in (0, 1) of (y - q_p) (p - [y < q_p]) dp

(Gneiting and Ranjan 2011, doi:10.1198/jbes.2010.08110), by the trapezoidal rule over the stored levels, the outermost
quantiles held to 0 and 1: within 1 % of the CRPS for a normal law.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import msgspec
import numpy as np

from ..core.clock import MINUTE
from ..core.fact import Count, Exact, Fact, Instant, Observation
from ..core.forecast import Forecast
from ..core.ports import IssuedForecast
from ..core.quantity import Quantity
from ..core.units import convert
from ..verbs.forecast import AS_IS
from .fault import fault
from .standing import Standing

__all__ = ["HORIZONS", "LEVELS", "Issued", "crps_of_quantiles", "rows_of", "scored", "targets"]

LEVELS = (0.01, *(k / 20 for k in range(1, 20)), 0.99)
"""Levels of the stored quantiles."""

HORIZONS = (30 * MINUTE, 60 * MINUTE, 120 * MINUTE)
"""How far ahead of the twin's present a forecast is written into the ledger, unless the caller says otherwise."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A forecast that was issued, its rows in the ledger, and why its twin is stale (empty: it is not)."""

    forecast: Forecast
    rows: tuple[IssuedForecast, ...]
    stale: str


def targets(standing: Standing, until: Instant, horizons: Sequence[Instant]) -> list[Instant]:
    """The instants that go into the ledger: the horizons that lie within the forecast, or else its end."""
    now = standing.twin.now
    return [now + ahead for ahead in sorted(horizons) if now + ahead <= until] or [until]


def rows_of(standing: Standing, made: Forecast, wanted: Sequence[Instant]) -> list[IssuedForecast]:
    """Ledger rows of each observable read at an instant (running totals have none) at the wanted instants."""
    twin, times = standing.twin, [int(at) for at in np.asarray(made.times)]
    rows: list[IssuedForecast] = []
    for q in made.observables:
        if q.span == "interval":
            continue
        table = np.asarray(made.quantile(q.name, LEVELS))
        for at in wanted:
            values = table[:, times.index(at)]
            if not np.isfinite(values).all():
                continue
            row = IssuedForecast(
                id="", twin=twin.id, subject=twin.subject.id, model=standing.birth.model,
                model_version=twin.model.card.version, plan=made.plan, issued=made.issued, target=at,
                observable=q.name, unit=q.unit, facts_hash=standing.facts_hash, stale=standing.stale,
                quantiles={f"{level:g}": float(v) for level, v in zip(LEVELS, values, strict=True)},
            )  # fmt: skip
            rows.append(msgspec.structs.replace(row, id=_name(row)))
    return rows


def scored(
    standing: Standing, rows: Sequence[IssuedForecast], facts: Sequence[Fact], now: Instant
) -> list[IssuedForecast]:
    """Rows not yet scored whose truth is there: the reading nearest to the target, within half the median gap.

    A row is due once half a gap has passed since its target.  Only forecasts of what happens as things are can be
    compared with what happened; one under another plan stays unscored.
    """
    model = standing.twin.model
    done: list[IssuedForecast] = []
    for q in model.observables:
        open_rows = [r for r in rows if r.observable == q.name and r.truth is None and r.plan == AS_IS.name]
        if not open_rows:
            continue
        read = [fact for fact in facts if fact.code in (*q.codes, q.name) and not fault(model, fact)]
        times, values = _readings(q, read)
        if times.size < 2:
            continue
        reach = int(np.median(np.diff(times))) // 2
        for row in open_rows:
            nearest = int(np.argmin(np.abs(times - row.target)))
            if abs(int(times[nearest]) - row.target) <= reach and row.target + reach <= now:
                truth = float(values[nearest])
                crps = crps_of_quantiles(row.quantiles, truth)
                done.append(msgspec.structs.replace(row, truth=truth, crps=crps))
    return done


def crps_of_quantiles(quantiles: Mapping[str, float], truth: float) -> float:
    """CRPS from stored quantiles (see above), in their unit."""
    pairs = sorted((float(level), value) for level, value in quantiles.items())
    levels = np.array([0.0, *(level for level, _ in pairs), 1.0])
    values = np.array([pairs[0][1], *(value for _, value in pairs), pairs[-1][1]])
    loss = (truth - values) * (levels - (truth < values))
    return float(np.sum((loss[1:] + loss[:-1]) * np.diff(levels)))


def _readings(quantity: Quantity, facts: Sequence[Fact]) -> tuple[np.ndarray, np.ndarray]:
    """Instants and values, in the quantity's unit, of the readings that are numbers."""
    times: list[Instant] = []
    values: list[float] = []
    for fact in facts:
        if isinstance(fact, Observation) and isinstance(fact.value, Count):
            times.append(fact.at)
            values.append(float(fact.value.n))
        elif isinstance(fact, Observation) and isinstance(fact.value, Exact):
            times.append(fact.at)
            values.append(convert(fact.value.value, fact.unit, quantity.unit, quantity.analyte))
    return np.array(times, dtype=np.int64), np.array(values, dtype=np.float64)


def _name(row: IssuedForecast) -> str:
    """An id made of what the row says: issuing the same forecast again is the same row."""
    return blake2b(msgspec.json.encode(row, order="deterministic"), digest_size=16).hexdigest()
