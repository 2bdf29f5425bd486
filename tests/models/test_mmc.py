"""The M/M/c ward agrees with Erlang's exact results.

Statistical tests allow 5 standard errors: a false alarm in 2 million seeds each, were the seed not fixed.
"""

import numpy as np
import pytest

from gemel.core.registry import load_model
from gemel.domains.hospital.mmc import bench_mmc, simulate, wait_check
from gemel.domains.hospital.queues import delay
from gemel.models.hospital.mmc import model


@pytest.mark.parametrize(("arrivals", "beds"), [(0.8, 1), (8.0, 10)])
def test_the_mean_wait_is_erlangs(arrivals: float, beds: int) -> None:
    check = wait_check(arrivals, beds, rows=400)
    assert abs(check["z"]) < 5.0 and check["se"] < 0.05 * check["exact"]


def test_the_census_is_the_load_and_the_wait_of_littles_law() -> None:
    read = simulate(8.0, 10, rows=4000, ends=[200.0])[:, 0]
    for column, mean in ((1, 8.0), (0, 8.0 * delay(8.0, 1.0, 10).wait)):
        error = read[:, column].std() / np.sqrt(len(read))
        assert abs(read[:, column].mean() - mean) < 5.0 * error


def test_it_is_registered() -> None:
    assert load_model("mmc") == model and model.card.kind == "hospital"


def test_the_benchmark_reports_speed_and_agreement() -> None:
    figures = bench_mmc(0.05)
    assert figures["mmc_within_3_se"]
    assert figures["mmc_events_per_cpu_s"] > 1e6  # the goal is 5e6; a loaded machine may be slow, not five times
