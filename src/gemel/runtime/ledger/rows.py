"""A forecast as rows of the ledger: what was shown, what the model said, and what simple rules would have said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

import msgspec
import numpy as np

from ...core.clock import DAY, MINUTE
from ...core.fact import Instant
from ...core.forecast import Forecast
from ...core.ledger import LEVELS, IssuedForecast, Planned
from ...core.plan import Plan, Schedule
from ...core.twin import Twin
from ...verbs.forecast import AS_IS
from .truth import Readings
from .widen import widened

__all__ = ["HORIZONS", "RECALL", "Origin", "rows_of", "targets"]

HORIZONS = (30 * MINUTE, 60 * MINUTE, 120 * MINUTE)
"""How far ahead of the twin's present a forecast is written into the ledger, unless the caller says otherwise."""

RECALL: Instant = 7 * DAY
"""How far back readings tell what is usual."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Who speaks: a twin, the registered name of its model, the site, and the hash of the facts the twin has used."""

    twin: Twin
    model: str
    site: str
    facts_hash: str


def targets(now: Instant, until: Instant, horizons: Sequence[Instant]) -> list[Instant]:
    """The instants that go into the ledger: the horizons that lie within the forecast, or else its end."""
    return [now + ahead for ahead in sorted(horizons) if now + ahead <= until] or [until]


def rows_of(
    origin: Origin, made: Forecast, plan: Plan | None, *, wanted: Sequence[Instant], seen: Mapping[str, Readings],
    widths: Mapping[tuple[str, Instant], float],
) -> list[IssuedForecast]:  # fmt: skip
    """Rows of each observable read at an instant (running totals have none) at the wanted instants.

    `seen` are the readings of the week before, by observable; `widths` the factor by which the quantiles of an
    observable and horizon are moved away from their median (see `widen`), 1 where none is given.
    """
    times = [int(at) for at in np.asarray(made.times)]
    course, actions = _course(plan, made)
    rows: list[IssuedForecast] = []
    for q in made.observables:
        if q.span == "interval":
            continue
        table, before = np.asarray(made.quantile(q.name, LEVELS)), seen[q.name].until(made.issued)
        last, usual = _simple(before)
        for at in wanted:
            raw = table[:, times.index(at)]
            if not np.isfinite(raw).all():
                continue
            shown = widened(q, raw, LEVELS, widths.get((q.name, at - made.issued), 1.0))
            row = IssuedForecast(
                id="", twin=origin.twin.id, subject=origin.twin.subject.id, model=origin.model,
                model_version=origin.twin.model.card.version, plan=made.plan, issued=made.issued, target=at,
                observable=q.name, unit=q.unit, quantiles=_levelled(shown), facts_hash=origin.facts_hash,
                site=origin.site, course=course, actions=actions, last=last, usual=usual, stale=origin.twin.stale,
                raw={} if np.array_equal(shown, raw) else _levelled(raw), reach=before.reach(at - made.issued),
            )  # fmt: skip
            rows.append(msgspec.structs.replace(row, id=_name(row)))
    return rows


def _course(plan: Plan | None, made: Forecast) -> tuple[Literal["open", "schedule", "policy"], tuple[Planned, ...]]:
    """Whether the future was left open or fixed, and how."""
    if plan is None or plan == AS_IS:
        return "open", ()
    if not isinstance(plan, Schedule):
        return "policy", ()
    acts = plan.interventions(made.inputs)
    return "schedule", tuple(Planned(a.code, a.at, a.unit, a.dose, a.rate, a.until) for a in acts)


def _simple(before: Readings) -> tuple[float | None, float | None]:
    """The last reading and the median of the week's; None where there are none."""
    values = np.asarray(before.values)
    return (float(values[-1]), float(np.median(values))) if values.size else (None, None)


def _levelled(values: np.ndarray) -> dict[str, float]:
    return {f"{level:g}": float(v) for level, v in zip(LEVELS, values, strict=True)}


def _name(row: IssuedForecast) -> str:
    """An id made of what the row says: issuing the same forecast again is the same row."""
    return blake2b(msgspec.json.encode(row, order="deterministic"), digest_size=16).hexdigest()
