"""Scores of many forecasts at once: laws of a normal law, and what happens at ends and ties."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from gemel.core.ledger import BANDS, LEVELS, Kind, Waiting
from gemel.runtime.ledger.judge import CHUNK, crps, judged, log_score, pit

LAW = NormalDist(100.0, 15.0)
P = np.array(LEVELS)
QUANTILES = np.array([[LAW.inv_cdf(p) for p in LEVELS]])


def table(values: np.ndarray, raw: np.ndarray | None = None) -> Waiting:
    n = len(values)
    many, nothing = np.arange(n, dtype=np.int64), np.full(n, np.nan)
    kinds = (Kind("s", "m", "1", "x", "mg/dL"),)
    return Waiting(kinds, P, many + 7, 0 * many, many, many + 5, many, values, values if raw is None else raw,
                   np.full(n, 90.0), nothing, {})  # fmt: skip


def test_the_score_from_quantiles_is_the_score_of_a_normal_law_within_one_percent() -> None:
    truths = np.array([LAW.inv_cdf((k + 0.5) / 400) for k in range(400)])
    many = np.repeat(QUANTILES, 400, axis=0)
    assert crps(P, many, truths).mean() == pytest.approx(15.0 / np.sqrt(np.pi), rel=0.01)
    z = 2.0
    exact = 15.0 * (z * (2 * NormalDist().cdf(z) - 1) + 2 * NormalDist().pdf(z) - 1 / np.sqrt(np.pi))
    assert crps(P, QUANTILES, np.array([130.0]))[0] == pytest.approx(exact, rel=0.01)


@pytest.mark.parametrize("far", [-60.0, 40.0, 100.0, 163.0, 250.0])
def test_the_score_is_the_integral_over_quantiles_by_any_finer_rule(far: float) -> None:
    fine = np.linspace(0.0, 1.0, 20_001)
    q = np.interp(
        fine, np.concatenate([[0.0], P, [1.0]]), np.concatenate([QUANTILES[0, :1], QUANTILES[0], QUANTILES[0, -1:]])
    )
    loss = (far - q) * (fine - (far < q))
    exact = float(np.sum(loss[1:] + loss[:-1]) * (fine[1] - fine[0]))
    assert crps(P, QUANTILES, np.array([far]))[0] == pytest.approx(exact, rel=0.02)


def test_pit_is_the_distribution_function_and_falls_off_beyond_the_last_quantile() -> None:
    truths = np.array([20.0, 62.0, 80.0, 100.0, 117.0, 137.0, 190.0])
    found = pit(P, np.repeat(QUANTILES, truths.size, axis=0), truths)
    exact = [LAW.cdf(y) for y in truths.tolist()]
    assert found[1:-1] == pytest.approx(exact[1:-1], abs=0.004)
    assert 0.0 < found[0] < found[1] and found[-2] < found[-1] < 1.0


def test_pit_of_draws_is_uniform_and_the_log_score_is_that_of_the_law() -> None:
    """20,000 draws: Kolmogorov's distance stays below 2.5 / sqrt(n) but for 1 in 100,000 seeds."""
    luck = np.random.default_rng(3)
    truths = luck.normal(100.0, 15.0, 20_000)
    many = np.repeat(QUANTILES, truths.size, axis=0)
    found = np.sort(pit(P, many, truths))
    assert np.max(np.abs(found - (np.arange(found.size) + 0.5) / found.size)) < 2.5 / np.sqrt(found.size)
    entropy = 0.5 * np.log(2 * np.pi * np.e) + np.log(15.0)
    assert log_score(P, many, truths).mean() == pytest.approx(entropy, abs=0.03)


def test_of_counts_pit_is_the_middle_of_the_step_and_there_is_no_density() -> None:
    counts = np.repeat(np.array([[0.0] * 8 + [1.0] * 10 + [2.0] * 5]), 3, axis=0)
    truths = np.array([0.0, 1.0, 3.0])
    found = pit(P, counts, truths)
    assert found[:2] == pytest.approx([0.5 * (P[0] + P[7]), 0.5 * (P[8] + P[17])]) and found[2] > 0.99
    assert np.isnan(log_score(P, counts, truths)).all()


def test_records_say_what_was_inside_and_by_how_much_the_model_s_own_band_was_missed() -> None:
    wide = 100.0 + 2.0 * (QUANTILES - 100.0)
    rows = judged(table(wide, QUANTILES), np.array([0]), np.array([140.0]))
    assert [rows[f"inside{band}"][0] for band in BANDS] == [0, 0, 1, 1]
    assert rows["miss"][0] == pytest.approx(40.0 / (QUANTILES[0, P == 0.95][0] - 100.0))
    assert rows["pit"][0] < rows["raw_pit"][0]
    assert (rows["error"][0], rows["persistence"][0]) == (40.0, 50.0) and np.isnan(rows["climatology"][0])
    assert (rows["forecast"][0], rows["issued"][0], rows["target"][0]) == (7, 0, 5)


def test_chunks_leave_no_seam() -> None:
    n = CHUNK + 3
    luck = np.random.default_rng(0)
    centre = luck.normal(100.0, 5.0, n)
    many = centre[:, None] + QUANTILES - 100.0
    whole = judged(table(many), np.arange(n), centre + 1.0)
    assert np.ptp(whole["crps"]) == pytest.approx(0.0, abs=1e-9)
    some = np.array([3, CHUNK - 1, CHUNK, n - 1])
    part = judged(table(many), some, centre[some] + 1.0)
    for name in ("crps", "pit", "error", "persistence"):
        assert part[name] == pytest.approx(whole[name][some], rel=1e-12)
    assert (part["target"] == whole["target"][some]).all()
