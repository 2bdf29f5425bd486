"""How fast the hospital's readers are, per CPU second, on made-up records of a fixed size.

dfg_15k_events_ms    flow map (edges, starts, ends, variants) of 15,000 events of 1,000 cases, after the file is read
adt_msgs_per_s       ADT messages from bytes to events: framed, cut, times and places read
adt_census_per_s     the same to a census of every ward at 24 moments
hl7_msgs_per_s       messages framed and cut only
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.clock import HOUR, instant
from ..domains.hospital.census import Census
from ..domains.hospital.mining import event_log, flow_map
from ..ingest import hl7v2
from ..runtime.census import movement

__all__ = ["bench_hospital_parts"]

_CASES, _EVENTS, _ACTIVITIES = 1_000, 15, 16
_START = instant("2026-03-01T00:00:00Z")


def bench_hospital_parts(patients: int = 5_000, runs: int = 5) -> dict[str, float]:
    """The figures by name, with four messages a patient; the best of `runs`, as other work on the machine only adds."""
    luck = np.random.default_rng(1)
    steps = luck.integers(0, _ACTIVITIES, _CASES * _EVENTS)
    log = event_log([f"c{k % _CASES}" for k in range(steps.shape[0])], [f"step {k}" for k in steps.tolist()])
    feed, messages = _feed(luck, patients)
    return {
        "dfg_15k_events_ms": 1000.0 * _best(4 * runs, lambda: flow_map(log)),
        "adt_msgs_per_s": messages / _best(runs, lambda: _events(feed)),
        "adt_census_per_s": messages / _best(runs, lambda: _census(feed)),
        "hl7_msgs_per_s": messages / _best(runs, lambda: list(hl7v2.messages(io.BytesIO(feed), "feed"))),
    }


def _best(times: int, work: Callable[[], object]) -> float:
    """CPU seconds of the quickest run."""
    spent: list[float] = []
    for _ in range(times):
        begun = time.process_time()
        work()
        spent.append(time.process_time() - begun)
    return min(spent)


def _feed(luck: np.random.Generator, patients: int) -> tuple[bytes, int]:
    """Admission, two transfers and discharge of many patients."""
    parts: list[str] = []
    for patient in range(patients):
        minute = int(luck.integers(0, 20 * 1440))
        for step, trigger in enumerate(("A01", "A02", "A02", "A03")):
            minute += int(luck.integers(10, 2000))
            day, clock = divmod(minute, 1440)
            stamp = f"202603{day % 28 + 1:02d}{clock // 60:02d}{clock % 60:02d}00"
            parts.append(
                f"MSH|^~\\&|PAS|HOSP|TWIN|HOSP|{stamp}||ADT^{trigger}|{patient}-{step}|P|2.5.1\r"
                f"EVN|{trigger}|{stamp}||||{stamp}\r"
                f"PID|1||{patient:06d}^^^HOSP^MR||TEST^PATIENT{patient}||19700101|F\r"
                f"PV1|1|I|WARD{luck.integers(0, 9)}^{patient % 30}^A^HOSP|||\r"
            )
    return "\n".join(parts).encode(), len(parts)


def _events(feed: bytes) -> list[Any]:
    return list(hl7v2.events(hl7v2.messages(io.BytesIO(feed), "feed")))


def _census(feed: bytes) -> object:
    census = Census()
    census.extend(move for event in _events(feed) if (move := movement(event)) is not None)
    return census.counts([_START + k * HOUR for k in range(24)])
