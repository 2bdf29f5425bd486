"""Readings that may be too low: the likelihood is the model's, and attenuation planted in real nights is found."""

from __future__ import annotations

from math import log, pi
from pathlib import Path

import numpy as np
import pytest
from jaxtyping import Float, Int
from numpy.typing import NDArray

from gemel.cli.records import Wanted, read
from gemel.core.array import Array
from gemel.core.clock import DAY, HOUR, MINUTE, instant
from gemel.core.fact import Exact, Fact, Observation, bounds
from gemel.domains.health.compression import compression_lows, doubted, log_likelihood
from gemel.domains.health.sensor_grid import GLUCOSE_CODE

ZONE = "Europe/London"
NIGHT = instant("2026-02-02T02:00:00Z")


def night(dip: slice, depth: float, at: int = NIGHT) -> tuple[Int[Array, "n"], Float[Array, "n"]]:
    """Three quiet hours, a reading every 5 min, some of them less than they should be."""
    times = at + 5 * MINUTE * np.arange(36, dtype=np.int64)
    glucose = 130.0 + 4.0 * np.sin(np.arange(36) / 5.0)
    glucose[dip] *= 1.0 - depth
    return times, glucose


def normal(miss: NDArray[np.float64], cover: NDArray[np.float64]) -> float:
    """Log density of a multivariate normal."""
    root = np.linalg.cholesky(cover)
    scaled = np.linalg.solve(root, miss)
    return -0.5 * float(scaled @ scaled) - float(np.sum(np.log(np.diag(root)))) - 0.5 * len(miss) * log(2.0 * pi)


def test_the_likelihood_is_that_of_the_joint_normal_distribution() -> None:
    """An independent account: the covariance of integrated Ornstein-Uhlenbeck noise by small steps."""
    times = np.array([0, 5, 15, 20], dtype=np.int64) * MINUTE
    readings, variance = np.array([100.0, 96.0, 90.0, 101.0]), np.array([25.0, 25.0, 900.0, 25.0])
    step, tau, q = 1e-4, 0.45, 180.0**2
    n = round(20 / 60 / step)
    decay = np.exp(-step / tau)
    # g(t) - g(0) is a sum of the start's flux (variance 1e4) and of kicks, each spread out by the decay
    index = [round(int(t) / HOUR / step) for t in times]
    total = np.array([(1.0 - decay**k) / (1.0 - decay) * step for k in range(n + 1)])
    effect = np.array([[total[i - j] if i >= j else 0.0 for j in range(n)] for i in index[1:]])
    start = total[index[1:]]
    cover = q * step * effect @ effect.T + 1e4 * np.outer(start, start) + variance[0] + np.diag(variance[1:])
    miss = readings[1:] - readings[0]
    assert log_likelihood(times, readings, variance) == pytest.approx(normal(miss, cover), abs=0.01)


def test_a_sudden_dip_at_night_is_in_doubt_and_a_quiet_night_is_not() -> None:
    (found,) = compression_lows(*night(slice(12, 20), 0.4), ZONE)
    assert (found.first, found.last) == (NIGHT + 12 * 5 * MINUTE, NIGHT + 19 * 5 * MINUTE) and found.ended
    assert "lain upon" in found.reason
    assert compression_lows(*night(slice(0, 0), 0.0), ZONE) == []


def test_by_day_the_same_dip_is_believed_less() -> None:
    (asleep,) = compression_lows(*night(slice(12, 20), 0.3), ZONE)
    awake = compression_lows(*night(slice(12, 20), 0.3, NIGHT + 10 * HOUR), ZONE)
    assert all(one.probability < asleep.probability for one in awake)


def test_nothing_is_deleted_and_readings_in_doubt_say_why() -> None:
    times, glucose = night(slice(12, 20), 0.4)
    facts: list[Fact] = [
        Observation(id=str(t), code=GLUCOSE_CODE, value=Exact(float(g)), unit="mg/dL", at=int(t), recorded=int(t))
        for t, g in zip(times, glucose, strict=True)
    ]
    after, found = doubted(facts, ZONE)
    assert [f.id for f in after] == [f.id for f in facts] and len(found) == 1
    wide = [f for f in after if isinstance(f, Observation) and f.sd is not None]
    assert len(wide) == 8 and all("in doubt" in f.source for f in wide)
    assert [f.value for f in wide] == [Exact(float(g)) for g in glucose[12:20]]


def test_attenuation_planted_in_real_nights_is_found_and_few_readings_are_doubted_without(shared: Path) -> None:
    """Proportional attenuation that sets in within a reading: not the shape that the odds assume."""
    records = read(Wanted(shared / "data/metabolic/t1d_uom", "2301", zone=ZONE))
    seen = {f.at: bounds(f.value)[0] for f in records.facts if isinstance(f, Observation) and f.code == GLUCOSE_CODE}
    times = np.array(sorted(seen), dtype=np.int64)
    glucose = np.array([seen[t] for t in times.tolist()])
    luck, found, planted = np.random.default_rng(0), 0, 0
    for day in range(1, 27):
        begin = int(times[0] - times[0] % DAY + day * DAY + luck.uniform(1, 5) * HOUR)
        inside = (times >= begin) & (times <= begin + luck.uniform(25, 50) * MINUTE)
        if inside.sum() < 4 or glucose[inside].min() < 90.0:
            continue
        near = (times >= begin - 2 * HOUR) & (times <= begin + 3 * HOUR)
        told = compression_lows(times[near], np.where(inside, 0.6 * glucose, glucose)[near], ZONE)
        planted, middle = planted + 1, np.median(times[inside])
        found += any(one.first <= middle <= one.last for one in told)
    assert planted >= 20 and found / planted >= 0.8
    assert len(compression_lows(times, glucose, ZONE)) <= 0.5 * 28  # stretches, in 28 days as they are
