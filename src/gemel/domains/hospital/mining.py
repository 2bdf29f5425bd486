"""Process mining of an event log: which step follows which, how often, after how long, and what the rules do not allow.

The rows of a case are taken in the order given, whatever their times say.  An edge a -> b counts how often b comes
directly after a in a case; a variant is a sequence of activities that at least one case went through  (van der Aalst
2016, Process Mining, doi:10.1007/978-3-662-49851-4, chapters 2 and 5).  Every count is one pass of numpy over integer
codes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from jaxtyping import Bool, Float, Int

from ...core.array import Array
from ...core.clock import HOUR
from ...core.errors import ShapeError

__all__ = [
    "NO_TIME",
    "Conformance",
    "EventLog",
    "FlowMap",
    "Passage",
    "conformance",
    "event_log",
    "flow_map",
    "passages",
]

Edge = tuple[str, str]
K = TypeVar("K")

NO_TIME = np.iinfo(np.int64).min
"""Stands for the time of a row that has none."""


@dataclass(frozen=True, slots=True)
class EventLog:
    """Events grouped by case, each case's in the order given: codes into `cases` and `activities`, and times.

    `at` are instants [us], `NO_TIME` where a row has none, or empty when the log has no times.
    """

    cases: tuple[str, ...]
    activities: tuple[str, ...]
    case: Int[Array, "n"]
    activity: Int[Array, "n"]
    at: Int[Array, "m"]


@dataclass(frozen=True, slots=True)
class FlowMap:
    """Counts of cases, events, activities, first and last ones of the cases, edges, variants; most frequent first."""

    cases: int
    events: int
    activities: dict[str, int]
    starts: dict[str, int]
    ends: dict[str, int]
    edges: dict[Edge, int]
    variants: dict[tuple[str, ...], int]


@dataclass(frozen=True, slots=True)
class Passage:
    """Time from one activity to the one directly after it: mean and median [h], count, how often it ran backwards."""

    mean: float
    median: float
    count: int
    backwards: int


@dataclass(frozen=True, slots=True)
class Conformance:
    """Share of the steps, and of the cases, that keep to the rules; the steps that do not, most frequent first."""

    steps: float
    cases: float
    violations: dict[Edge, int]


def event_log(case: Sequence[str], activity: Sequence[str], at: Sequence[int] = ()) -> EventLog:
    """A log of rows in order; `at` are instants [us] or `NO_TIME`, one per row or none at all.

    Raises ShapeError for columns of different length.
    """
    if len(case) != len(activity) or len(at) not in (0, len(case)):
        raise ShapeError(f"{len(case)} cases, {len(activity)} activities, {len(at)} times: give one of each per row")
    cases, case_code = _codes(case)
    activities, activity_code = _codes(activity)
    order = np.argsort(case_code, kind="stable")
    times = np.array(at, dtype=np.int64)
    return EventLog(cases, activities, case_code[order], activity_code[order], times[order] if len(at) else times)


def flow_map(log: EventLog) -> FlowMap:
    """The directly-follows graph, starts, ends and variants."""
    names, width = log.activities, len(log.activities)
    source, target = _edges(log)
    codes, counts = np.unique(source * width + target, return_counts=True)
    pairs = zip(codes.tolist(), counts.tolist(), strict=True)
    new = _new_case(log)
    begins = np.flatnonzero(new)
    ends = np.append(begins[1:], log.case.shape[0]) - 1 if begins.size else begins
    return FlowMap(
        cases=len(log.cases),
        events=log.case.shape[0],
        activities=_named(np.bincount(log.activity, minlength=width), names),
        starts=_named(np.bincount(log.activity[begins], minlength=width), names),
        ends=_named(np.bincount(log.activity[ends], minlength=width), names),
        edges=_ranked({(names[k // width], names[k % width]): count for k, count in pairs}),
        variants=_variants(log, begins, ends),
    )


def passages(log: EventLog) -> dict[Edge, Passage]:
    """Time spent on each edge, where both times are known.  Raises ShapeError for a log without times."""
    if log.at.shape != log.case.shape:
        raise ShapeError("this log has no times: give a time for every row")
    source, target = _edges(log)
    inside = ~_new_case(log)[1:]
    known = (log.at[1:][inside] != NO_TIME) & (log.at[:-1][inside] != NO_TIME)
    hours = (log.at[1:][inside][known] - log.at[:-1][inside][known]) / HOUR
    code = (source * len(log.activities) + target)[known]
    order = np.lexsort((hours, code))
    code, hours = code[order], hours[order]
    distinct, firsts = np.unique(code, return_index=True)
    names, width = log.activities, len(log.activities)
    return {
        (names[k // width], names[k % width]): _passage(spent)
        for k, spent in zip(distinct.tolist(), np.split(hours, firsts)[1:], strict=True)
    }


def conformance(
    log: EventLog, allowed: Set[Edge], *, starts: Set[str] | None = None, ends: Set[str] | None = None
) -> Conformance:
    """How far the log keeps to the allowed edges, and to the allowed first and last activities where they are given.

    A step is an edge, and with `starts` or `ends` also a case's first or last activity, shown as ("", first) or
    (last, "").  An empty log conforms.
    """
    flow = flow_map(log)
    broken = {edge: count for edge, count in flow.edges.items() if edge not in allowed}
    if starts is not None:
        broken |= {("", name): count for name, count in flow.starts.items() if name not in starts}
    if ends is not None:
        broken |= {(name, ""): count for name, count in flow.ends.items() if name not in ends}
    steps = sum(flow.edges.values()) + flow.cases * ((starts is not None) + (ends is not None))
    kept = sum(
        count
        for variant, count in flow.variants.items()
        if not any(edge in broken for edge in zip(("", *variant), (*variant, ""), strict=True))
    )
    violations = sum(broken.values())
    return Conformance(
        1.0 - violations / steps if steps else 1.0, kept / flow.cases if flow.cases else 1.0, _ranked(broken)
    )


def _codes(values: Sequence[str]) -> tuple[tuple[str, ...], Int[Array, "n"]]:
    """Distinct values in order of appearance, and the index of each."""
    known: dict[str, int] = {}
    codes = np.fromiter((known.setdefault(value, len(known)) for value in values), np.int64, len(values))
    return tuple(known), codes


def _new_case(log: EventLog) -> Bool[Array, "n"]:
    """True where a case begins."""
    return np.concatenate([np.ones(min(1, log.case.shape[0]), bool), log.case[1:] != log.case[:-1]])


def _edges(log: EventLog) -> tuple[Int[Array, "e"], Int[Array, "e"]]:
    """Codes of the activities before and after each step within a case."""
    inside = log.case[1:] == log.case[:-1]
    return log.activity[:-1][inside], log.activity[1:][inside]


def _variants(log: EventLog, begins: Int[Array, "k"], ends: Int[Array, "k"]) -> dict[tuple[str, ...], int]:
    """Distinct sequences with how many cases took them."""
    raw = log.activity.astype(np.int32).tobytes()
    size = 4  # bytes of an int32
    found = Counter(raw[a * size : (b + 1) * size] for a, b in zip(begins.tolist(), ends.tolist(), strict=True))
    names = log.activities
    return {tuple(names[k] for k in np.frombuffer(key, np.int32).tolist()): n for key, n in found.most_common()}


def _named(counts: Int[Array, "a"], names: Sequence[str]) -> dict[str, int]:
    return _ranked({name: count for name, count in zip(names, counts.tolist(), strict=True) if count})


def _ranked(counts: dict[K, int]) -> dict[K, int]:
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


def _passage(hours: Float[Array, "n"]) -> Passage:
    """Summary of sorted times [h]."""
    n = hours.shape[0]
    median = float(hours[(n - 1) // 2] + hours[n // 2]) / 2.0
    return Passage(float(hours.mean()), median, n, int(np.searchsorted(hours, 0.0)))
