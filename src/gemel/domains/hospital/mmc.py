"""How fast and how right the event loop is, on queues with an exact answer.

Rates are per CPU second (`time.process_time`), with two events per completed stay, so a busy machine disturbs them
less.  SimPy, where installed, does the same work in the same run.
"""

from __future__ import annotations

import random
import time
from importlib.util import find_spec
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from ...core.array import Array
from ...core.clock import CLOCK, HOUR
from ...core.draws import member_keys
from ...core.drive import Drive
from ...models.hospital.mmc import model
from .queues import delay

__all__ = ["bench_mmc", "simulate", "wait_check"]

CASES = {"mm1": (0.8, 1), "mm10": (8.0, 10)}  # structure: two textbook queues
"""Arrivals per mean stay, beds: both 80 % full."""
ROWS = 64
SIMPY_PATIENTS = 20_000


def simulate(arrivals: float, beds: int, *, rows: int, ends: list[float], seed: int = 1) -> Float[Array, "r t c"]:
    """Observables of `rows` independent wards with mean stay 1 h, from empty, at the hours `ends`."""
    edges: Int[Array, "s"] = np.rint(np.array([0.0, *ends]) * HOUR).astype(np.int64)
    s = len(ends)
    rate = np.zeros((1, s, 2))
    rate[..., 0] = beds
    drive = Drive(
        dt=np.diff(edges)[None].astype(np.float64),
        clock=np.zeros((1, s, len(CLOCK))),
        tick=np.full((1, s), -1),
        rate=rate,
        dose=np.zeros((1, s, 2)),
        covariates=np.zeros((1, 1, 0)),
        output=np.arange(s)[None],
    )
    theta, key = np.tile([arrivals, 1.0], (rows, 1)), member_keys(seed, rows)
    fixed = model.prepare({}, {})
    state = model.init(theta, np.zeros((rows, 0)), np.tile(rate[0, 0], (rows, 1)), fixed, key)
    return np.asarray(model.run(state, theta, drive, fixed, key)[1])


def wait_check(arrivals: float, beds: int, *, rows: int = 400, seed: int = 1) -> dict[str, float]:
    """Mean wait [h] of 1000 h after 1000 h of warm-up, its standard error over `rows` independent wards, and Erlang's.

    The slower of the two queues here forgets its start with a time constant of 90 h (M/M/1: 1 / (1 - sqrt(rho))^2).
    """
    read = simulate(arrivals, beds, rows=rows, ends=[1000.0, 2000.0], seed=seed)  # structure: length of the check
    gained = read[:, 1] - read[:, 0]
    admitted, waited = gained[:, 2], gained[:, 4]
    mean = waited.sum() / admitted.sum()
    error = np.std(waited - mean * admitted, ddof=1) / np.sqrt(rows) / admitted.mean()
    exact = delay(arrivals, 1.0, beds).wait
    return {"wait": mean, "se": error, "exact": exact, "z": (mean - exact) / error}


def bench_mmc(seconds: float = 2.0) -> dict[str, Any]:
    """Events per CPU second, agreement with Erlang C, and the ratio to SimPy; `seconds` is the CPU time per case."""
    result: dict[str, Any] = {}
    for name, (arrivals, beds) in CASES.items():
        rate = _events_per_second(arrivals, beds, seconds)
        check = wait_check(arrivals, beds)
        result[f"{name}_events_per_cpu_s"] = rate
        result |= {f"{name}_wait_{key}": value for key, value in check.items()}
        if find_spec("simpy") is not None:
            peer = _simpy_events_per_second(arrivals, beds)
            result |= {f"{name}_simpy_events_per_cpu_s": peer, f"{name}_ratio_simpy": rate / peer}
    result["mmc_events_per_cpu_s"] = min(result[f"{name}_events_per_cpu_s"] for name in CASES)
    result["mmc_within_3_se"] = all(abs(result[f"{name}_wait_z"]) <= 3.0 for name in CASES)
    ratios = [result[f"{name}_ratio_simpy"] for name in CASES if f"{name}_ratio_simpy" in result]
    return result | ({"ratio_simpy": min(ratios)} if ratios else {})


def _events_per_second(arrivals: float, beds: int, seconds: float) -> float:
    """Two events per completed stay, per CPU second, over enough runs of about 0.1 s to fill `seconds`."""
    ends = [25_000.0 / arrivals]  # structure: about 0.1 s
    simulate(arrivals, beds, rows=1, ends=[1.0])
    events, spent, seed = 0.0, 0.0, 0
    while spent < seconds:
        begun = time.process_time()
        read = simulate(arrivals, beds, rows=ROWS, ends=ends, seed=seed)
        spent += time.process_time() - begun
        events += 2.0 * float(read[:, -1, 3].sum())
        seed += 1
    return events / spent


def _simpy_events_per_second(arrivals: float, beds: int) -> float:
    """The same ward written for SimPy, with Python's own random numbers."""
    import simpy  # pyright: ignore[reportMissingImports]

    luck = random.Random(1)  # noqa: S311 - simulation, not secrets
    env = simpy.Environment()
    ward = simpy.Resource(env, capacity=beds)
    left = [0]

    def patient() -> Any:
        with ward.request() as bed:
            yield bed
            yield env.timeout(luck.expovariate(1.0))
        left[0] += 1

    def door() -> Any:
        for _ in range(SIMPY_PATIENTS):
            yield env.timeout(luck.expovariate(arrivals))
            env.process(patient())

    env.process(door())
    begun = time.process_time()
    env.run()
    return 2.0 * left[0] / (time.process_time() - begun)
