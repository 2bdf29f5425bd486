"""A live glucose twin on a real record whose sensor reads 10 % high from a day on: what can be heard of it.

The filter believes its sensor, so the bias leaves errors that carry far less information than an alarm at one in 1,000
days needs (ln 24,000 = 10.1 nats within 24 readings; Lorden 1971, doi:10.1214/aoms/1177693055).  The test holds that
bound, that the same bias would be heard if nothing believed it, and that the alarm is silent on the record as it is.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gemel
from gemel.core.clock import DAY, HOUR, MINUTE
from gemel.core.ledger import LEVELS
from gemel.domains.health.sensor_grid import SensorGrid, on_grid
from gemel.ingest import t1d_uom
from gemel.ingest.report import collect
from gemel.runtime.ledger.alarm import FALSE_ALARM, evidence, fresh
from gemel.runtime.ledger.judge import pit
from gemel.verbs.forecast import forecast_all

DAYS, BIASED = 8, 6
STEP = 15 * MINUTE


def hourly(grid: SensorGrid, glucose: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Quantiles a step ahead, issued each hour, the truths, and the instants of issue."""
    own = gemel.twin("replaybg-everyday", grid.subject, at=grid.start, members=64, covariates={"basal": 0.8}, seed=1)
    quantiles, truths, issued, seen = [], [], [], 0
    for k in range(HOUR // STEP, DAYS * DAY // STEP, HOUR // STEP):
        now = int(grid.times[k])
        facts = [
            gemel.Observation(id=f"g{j}", code="loinc:99504-3", value=gemel.Exact(float(glucose[j])), unit="mg/dL",
                              at=int(grid.times[j]), recorded=int(grid.times[j]))
            for j in range(seen + 1, k + 1) if np.isfinite(glucose[j])
        ]  # fmt: skip
        seen = k
        own = gemel.observe(own, facts, until=now)
        (made,) = forecast_all([own], STEP, [None], ahead=[STEP])
        if np.isfinite(glucose[k + 1]):
            quantiles.append(np.asarray(made.quantile("glucose", LEVELS))[:, 0])
            truths.append(glucose[k + 1])
            issued.append(now)
    return np.array(quantiles), np.array(truths), np.array(issued)


@pytest.mark.slow
def test_ten_percent_on_a_sensor_that_the_twin_believes_is_beyond_what_any_alarm_could_hear(shared: Path) -> None:
    subject = gemel.Subject(id="2314", zone="Europe/London")
    facts, _ = collect(t1d_uom.read(shared / "data" / "metabolic" / "t1d_uom", "2314"))
    grid = on_grid(subject, facts)
    assert grid.step == STEP
    as_is, late = np.array(grid.glucose), np.array(grid.glucose)
    late[BIASED * DAY // STEP :] *= 1.1
    (plain, truth, at), (biased, higher, again) = hourly(grid, as_is), hourly(grid, late)
    assert (at == again).all()
    after = (at >= grid.start + BIASED * DAY) & (at < grid.start + (BIASED + 1) * DAY)
    low, middle, high = (list(LEVELS).index(level) for level in (0.05, 0.5, 0.95))
    sd = (plain[:, high] - plain[:, low]) / 2 / 1.6449
    shift = ((higher - biased[:, middle]) - (truth - plain[:, middle])) / sd
    believed, unbelieved = 0.5 * np.sum(shift[after] ** 2), 0.5 * np.sum((0.1 * truth / sd)[after] ** 2)
    assert believed < 3.0 < np.log(FALSE_ALARM / HOUR) < unbelieved
    path, _ = evidence(fresh(pit(np.array(LEVELS), plain, truth)), np.full(truth.size, 0.5))
    assert path.max() < FALSE_ALARM / HOUR
