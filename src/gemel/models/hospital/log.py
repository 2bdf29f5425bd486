"""The event log of a simulated member: who did what at which step and when, for people and for process mining.

A run keeps a log when its start has room for one: `fresh(tables, log=1024)`; it grows as needed.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...core.clock import HOUR, text
from ...core.fact import Instant
from ...numerics.des import layout as at
from ...numerics.des.layout import States
from .compiled import Compiled

__all__ = ["Line", "event_log", "write_log"]

WORDS = ("gets", "begins", "leaves")
"""What counts as an activity for mining: something granted, a service begun, a departure."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: hours since the member's start, patient's number, class, step, and what happened there."""

    hours: float
    patient: int
    kind: str
    step: str
    what: str


def event_log(own: Compiled, states: States, row: int = 0) -> list[Line]:
    """The log of a member, in order; empty when the run kept none."""
    entries: Any = np.asarray(states.log)[row, : int(np.asarray(states.s)[row, at.LOGGED])]
    kinds, steps = [*own.classes], [*own.steps]
    return [Line(e[0] / HOUR, e[1], kinds[e[2]], steps[e[3]], at.WORDS[e[4]]) for e in entries.tolist()]


def write_log(lines: list[Line], start: Instant, file: Path, *, zone: str = "UTC") -> int:
    """Write a CSV of case_id, activity, timestamp and class that `gemel mine` reads; how many rows."""
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(["case_id", "activity", "timestamp", "class"])
        kept = [line for line in lines if line.what in WORDS]
        for line in kept:
            writer.writerow([line.patient, line.step, text(start + round(line.hours * HOUR), zone), line.kind])
    return len(kept)
