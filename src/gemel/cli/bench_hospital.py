"""`gemel bench hospital`: how fast hospitals are simulated and their messages read, per CPU second of one core.

mm1_events_per_cpu_s            M/M/1, 80 % busy
ref_events_per_cpu_s            a reference hospital: triage, doctors in shifts, ward, intensive care; four classes
ratio_simpy, ratio_ciw          the reference hospital against SimPy and Ciw on the same model in the same run, where
                                they are installed (Ciw: in the interpreter --peer-python or GEMEL_PEER_PYTHON)
ensemble_1000x7d_s              1,000 members for 7 days from a census of the reference hospital, read hourly
treat_sim_ms_per_replication    a day of an urgent care centre

Two events for every completed service and one for every arrival.  Every figure is the best of several runs, as other
work on the machine only adds.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..domains.hospital.bench import bench_engine, reference_file
from .bench_hospital_parts import bench_hospital_parts
from .console import number

__all__ = ["bench_hospital", "rows"]

PEER_DAYS = 100
"""Simulated days of a peer's run: seconds."""


def bench_hospital(peer: Path | None, progress: Callable[[str], None], *, quick: bool = False) -> dict[str, Any]:
    """Measure; `peer` is an interpreter that has Ciw, `quick` does a tenth of the work."""
    progress("event loop")
    found: dict[str, Any] = dict(bench_engine(runs=1 if quick else 5))
    days = PEER_DAYS // 10 if quick else PEER_DAYS
    if find_spec("simpy") is not None:
        progress("SimPy")
        found |= _beside("simpy", Path(sys.executable), found["ref_events_per_cpu_s"], days)
    if peer is not None:
        progress("Ciw")
        found |= _beside("ciw", peer, found["ref_events_per_cpu_s"], days)
    progress("messages and logs")
    return found | (bench_hospital_parts(500, 1) if quick else bench_hospital_parts())


def _beside(name: str, python: Path, own: float, days: int) -> dict[str, Any]:
    """A peer's rate on the same model and the ratio to ours, or why there is none."""
    script = Path(__file__).resolve().parents[3] / "benchmarks" / f"hospital_{name}.py"
    if not script.is_file():
        return {f"{name}_problem": f"the peer's script is in a clone of gemel only: benchmarks/{script.name}"}
    try:
        done = subprocess.run(
            [python, script, str(days)], input=reference_file(), capture_output=True, check=True, timeout=300
        )
        rate = float(json.loads(done.stdout)["events_per_cpu_s"])
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        told = error.stderr.decode() if isinstance(error, subprocess.CalledProcessError) else str(error)
        return {f"{name}_problem": (told.strip() or str(error)).splitlines()[-1]}
    return {f"{name}_events_per_cpu_s": rate, f"ratio_{name}": own / rate}


def rows(found: dict[str, Any]) -> list[list[str]]:
    """A table of the figures."""
    return [[name, value if isinstance(value, str) else number(value, 4)] for name, value in found.items()]
