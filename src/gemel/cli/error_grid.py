"""`gemel error-grid`: pairs of true and read glucose in the zones of Clarke's and Parkes' grids.

A row that is no pair of glucose values is counted with its reason and left out.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np

from ..core.errors import IngestError
from ..domains.health.error_grid import GRIDS, shares
from . import console
from .shapes_glucose import ErrorGridShape

__all__ = ["error_grid", "sorted_pairs"]

COLUMNS = ("reference", "value")


def error_grid(file: Path, *, json: bool) -> None:
    """Read, sort, print."""
    shape = sorted_pairs(file)
    if json:
        return console.emit(shape)
    rows = [[name, *(f"{share:.1f} %" for share in zones.values())] for name, zones in shape.grids.items()]
    console.show(f"{shape.pairs} pairs, MARD {shape.mard:.1f} %", ("grid", *"ABCDE"), rows)
    for reason, count in shape.reasons.items():
        console.say(f"left out: {count} row(s), {reason}")


def sorted_pairs(file: Path) -> ErrorGridShape:
    """Shares by zone; MARD is the mean absolute difference relative to the reference [%].  Raises IngestError for a
    file without the two columns, or without a single pair."""
    try:
        with file.open(newline="", encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
    except (OSError, UnicodeDecodeError) as error:
        raise IngestError(f"'{file}' cannot be read: {error}") from error
    held: list[tuple[float, float]] = []
    reasons: Counter[str] = Counter()
    for row in rows:
        pair = _pair(row)
        if isinstance(pair, str):
            reasons[pair] += 1
        else:
            held.append(pair)
    if not held:
        raise IngestError(f"'{file}' holds no pair: give columns {' and '.join(COLUMNS)} with glucose in mg/dL")
    table = np.array(held, dtype=np.float64)
    reference, value = table[:, 0], table[:, 1]
    return ErrorGridShape(
        pairs=len(held), rejected=reasons.total(), reasons=dict(reasons),
        mard=float(100.0 * np.mean(np.abs(value - reference) / reference)),
        grids={name: dict(shares(grid(reference, value))) for name, grid in GRIDS.items()},
    )  # fmt: skip


def _pair(row: dict[str, str | None]) -> tuple[float, float] | str:
    """The row's pair, or why it has none."""
    try:
        reference, value = (float(row.get(name) or "") for name in COLUMNS)
    except ValueError:
        return "no number where one is needed"
    if not (np.isfinite(reference) and np.isfinite(value) and reference > 0.0 and value >= 0.0):
        return "no glucose: reference must be above 0, value 0 or more"
    return reference, value
