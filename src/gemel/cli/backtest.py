"""`gemel backtest`: were the forecasts right?  Several subjects are scored side by side and pooled."""

from __future__ import annotations

import os
import queue
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import msgspec

from ..core.errors import IngestError
from ..domains.health.backtest import Settings, SubjectCases, pool
from ..domains.health.backtest import backtest as score_subject
from .records import Wanted, read, subjects
from .shapes import BacktestShape, Forecasters, ScoreShape

__all__ = ["Task", "backtest", "forecasters", "rows"]

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Task:
    """Which data, in which zone, and how the twin is run."""

    data: Path
    zone: str
    settings: Settings


def backtest(task: Task, ids: Sequence[str], progress: Progress) -> BacktestShape:
    """Pooled scores.  IngestError lists the subjects there are when one is unknown."""
    known = subjects(task.data)
    for missing in (i for i in ids if i not in known):
        raise IngestError(f"no subject '{missing}' in '{task.data}': there are {', '.join(known) or 'none'}")
    cases = _side_by_side(task, ids, progress) if len(ids) > 1 and _processors() > 1 else _in_turn(task, ids, progress)
    return msgspec.convert(pool(cases), BacktestShape)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _in_turn(task: Task, ids: Sequence[str], progress: Progress) -> list[SubjectCases]:
    return [_one(task, own, lambda done, total, own=own: progress(own, done, total)) for own in ids]


def _one(task: Task, own: str, progress: Callable[[int, int], None]) -> SubjectCases:
    records = read(Wanted(task.data, own, zone=task.zone))
    return score_subject(records.subject, records.facts, task.settings, progress)


def _side_by_side(task: Task, ids: Sequence[str], progress: Progress) -> list[SubjectCases]:
    """A process per subject, as many at once as there are processors; results in the order asked for."""
    fresh = get_context("spawn")  # a fork of a process with JAX's threads may hang
    with fresh.Manager() as manager:
        news: Any = manager.Queue()
        workers = min(len(ids), _processors())
        with ProcessPoolExecutor(workers, mp_context=fresh) as crew:
            jobs = [crew.submit(_reporting, task, own, news) for own in ids]
            _follow(jobs, news, progress)
            return [job.result() for job in jobs]


def _reporting(task: Task, own: str, news: Any) -> SubjectCases:
    return _one(task, own, lambda done, total: news.put((own, done, total)))


def _follow(jobs: Sequence[Future[SubjectCases]], news: Any, progress: Progress) -> None:
    while not all(job.done() for job in jobs):
        try:
            progress(*news.get(timeout=0.2))
        except queue.Empty:
            continue


def forecasters(group: Forecasters) -> list[tuple[str, ScoreShape]]:
    """Scores by forecaster, the twin first."""
    return [
        ("twin", group.twin),
        ("persistence", group.persistence),
        ("linear", group.linear),
        ("ridge_ar", group.ridge_ar),
    ]


def rows(shape: BacktestShape) -> list[list[str]]:
    """Cells for people: mode, horizon, cases, forecaster, RMSE, MAE, CRPS, coverages, n."""
    table: list[list[str]] = []
    for mode, horizons in (("past", shape.past), ("announced", shape.announced)):
        for name, times in (("30", horizons.m30), ("60", horizons.m60), ("120", horizons.m120)):
            for which, group in (("all", times.overall), ("after bolus", times.post_bolus)):
                for who, score in forecasters(group):
                    table.append([mode, name, which, who, *_numbers(score)])
    return table


def _numbers(score: ScoreShape) -> list[str]:
    def pair(value: float | None, error: float | None, unit: float = 1.0, digits: int = 1) -> str:
        if value is None:
            return "–"
        return f"{unit * value:.{digits}f}" + ("" if error is None else f" ± {unit * error:.{digits}f}")

    return [
        pair(score.rmse, score.rmse_se), pair(score.mae, score.mae_se), pair(score.crps, score.crps_se),
        pair(score.cov50, score.cov50_se, 100.0, 0), pair(score.cov90, score.cov90_se, 100.0, 0), str(score.n),
    ]  # fmt: skip
