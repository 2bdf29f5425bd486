"""`gemel backtest arrivals`: rolling forecasts of arrivals, in total and by specialty, beside the weekday-hour mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import numpy as np

from ..core.errors import IngestError
from ..domains.hospital.arrivals import Counts, Predicted, rolling, weekday_hour_mean, windows
from ..domains.hospital.count_score import score_counts
from ..ingest.arrivals import ArrivalRows, read, read_days
from .console import number, say, show
from .shapes_hospital import ArrivalScoreShape, ArrivalsShape

__all__ = ["AHEADS", "Files", "backtest_arrivals", "spoken_arrivals"]

AHEADS = (4, 8, 24)
"""Hours ahead that are scored."""
TOTAL = "total"
OWN, BASELINE = "forecast", "weekday_hour_mean"
Scores = dict[str, dict[str, ArrivalScoreShape]]


@dataclass(frozen=True, slots=True)
class Files:
    """Training and test arrivals, and a file of holidays or none."""

    train: Path
    test: Path
    holidays: Path | None = None


def backtest_arrivals(files: Files, progress: Callable[[str], None]) -> ArrivalsShape:
    """Scores over every hour of the test days.  IngestError unless the test starts where the training ends."""
    train, test = read(files.train), read(files.test)
    holidays = frozenset[date]() if files.holidays is None else read_days(files.holidays)
    first, last = min(train.at).date(), max(test.at).date()
    days = (min(test.at).date() - first).days
    if days - 1 != (max(train.at).date() - first).days:
        raise IngestError(
            f"training ends on {max(train.at).date()} and the test starts on {min(test.at).date()}: it must start "
            "on the day after"
        )
    seen, later = Counter(train.specialty), Counter(test.specialty)
    length = (last - first).days + 1
    scores: dict[str, Scores] = {}
    for group in (TOTAL, *(name for name, _ in seen.most_common())):
        progress(group)
        at = [*_of(train, group), *_of(test, group)]
        scores[group] = _scores(Counts(first, _hourly(at, first, length), holidays), days)
    return ArrivalsShape(
        train_arrivals=len(train.at), test_arrivals=len(test.at), origins=scores[TOTAL][str(AHEADS[0])][OWN].n,
        first_origin=f"{min(test.at).date()}T00:00", last_origin=f"{last}T{24 - AHEADS[0]:02d}:00",
        rejected=dict(Counter(item.reason for item in (*train.rejected, *test.rejected))),
        only_in_test={name: count for name, count in later.items() if name not in seen}, scores=scores,
    )  # fmt: skip


def _of(rows: ArrivalRows, group: str) -> list[datetime]:
    if group == TOTAL:
        return rows.at
    return [at for at, specialty in zip(rows.at, rows.specialty, strict=True) if specialty == group]


def _hourly(at: Sequence[datetime], first: date, days: int) -> np.ndarray:
    """Counts by day and hour, shape (days, 24)."""
    hours = np.array([(moment.date() - first).days * 24 + moment.hour for moment in at], dtype=np.int64)
    return np.bincount(hours, minlength=days * 24).reshape(days, 24)


def _scores(counts: Counts, train: int) -> Scores:
    found: Scores = {}
    own = rolling(counts, train, AHEADS)
    for ahead in AHEADS:
        truth = windows(counts.hourly[train:].ravel(), ahead)
        found[str(ahead)] = {
            OWN: _score(own[ahead], truth, median=True),
            BASELINE: _score(weekday_hour_mean(counts, train, ahead), truth, median=False),
        }
    return found


def _score(predicted: Predicted, truth: np.ndarray, *, median: bool) -> ArrivalScoreShape:
    score = score_counts(predicted, truth)
    return ArrivalScoreShape(
        n=score.n, mean=score.mean, mae=score.mae if median else score.mae_of_mean, crps=score.crps, cov90=score.held,
        said90=score.said,
    )  # fmt: skip


def spoken_arrivals(shape: ArrivalsShape) -> None:
    """A row per group, horizon and forecaster."""
    say(
        f"learned from {shape.train_arrivals:,} arrivals, scored on {shape.test_arrivals:,}: forecasts from every hour "
        f"from {shape.first_origin} to {shape.last_origin}"
    )
    rows = [
        [group, ahead, "hour of week" if who == BASELINE else who, *map(number, (s.mean, s.mae, s.crps)),
         f"{s.cov90:.1%}", f"{s.said90:.1%}"]
        for group, horizons in shape.scores.items()
        for ahead, forecasters in horizons.items()
        for who, s in forecasters.items()
    ]  # fmt: skip
    columns = ("arrivals", "hours", "forecaster", "mean", "MAE", "CRPS", "in 90 %", "as said")
    show("Arrivals in the next hours", columns, rows, 3)
    for name, count in shape.only_in_test.items():
        say(f"{name}: {count:,} in the test, none in the training: in the total only")
    for reason, count in shape.rejected.items():
        say(f"rejected {count:,}: {reason}")
