"""Process mining against the shared log, an independent count by loops, and small logs worked by hand."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from statistics import mean, median

import pytest

from gemel.core.clock import HOUR
from gemel.core.errors import ShapeError
from gemel.domains.hospital.mining import NO_TIME, conformance, event_log, flow_map, passages
from gemel.ingest.event_log import read


def test_counts_of_the_shared_log_are_identical_to_the_expected_ones(shared: Path) -> None:
    folder = shared / "data/hospital"
    wanted = json.loads((folder / "sepsis_cases_train_expected.json").read_text())
    rows = read(folder / "sepsis_cases_train.csv")
    flow = flow_map(event_log(rows.case, rows.activity))
    assert not rows.rejected and not rows.times_lost
    assert (flow.cases, flow.events, len(flow.variants)) == (wanted["cases"], wanted["events"], wanted["variants"])
    assert {f"{a} -> {b}": n for (a, b), n in flow.edges.items()} == wanted["directly_follows"]


def _random_log(seed: int) -> tuple[list[str], list[str], list[int]]:
    luck = random.Random(seed)
    n = luck.randrange(0, 300)
    case = [f"c{luck.randrange(12)}" for _ in range(n)]
    activity = [luck.choice("abcdé") for _ in range(n)]
    return case, activity, [luck.choice([NO_TIME, luck.randrange(9) * HOUR]) for _ in range(n)]


@pytest.mark.parametrize("seed", range(20))
def test_random_logs_are_counted_as_plain_loops_count_them(seed: int) -> None:
    case, activity, at = _random_log(seed)
    traces: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for c, a, t in zip(case, activity, at, strict=True):
        traces[c].append((a, t))
    edges: Counter[tuple[str, str]] = Counter()
    spent: dict[tuple[str, str], list[float]] = defaultdict(list)
    for trace in traces.values():
        for (a, s), (b, t) in pairwise(trace):
            edges[a, b] += 1
            if NO_TIME not in (s, t):
                spent[a, b].append((t - s) / HOUR)
    log = event_log(case, activity, at)
    flow = flow_map(log)
    assert flow.edges == edges
    assert flow.variants == Counter(tuple(a for a, _ in trace) for trace in traces.values())
    assert flow.activities == Counter(activity)
    assert flow.starts == Counter(trace[0][0] for trace in traces.values())
    assert flow.ends == Counter(trace[-1][0] for trace in traces.values())
    found = passages(log)
    assert found.keys() == spent.keys()
    for edge, hours in spent.items():
        assert found[edge].mean == pytest.approx(mean(hours), abs=1e-12)
        assert found[edge].median == pytest.approx(median(hours), abs=1e-12)
        assert (found[edge].count, found[edge].backwards) == (len(hours), sum(h < 0 for h in hours))


def test_rules_are_scored_by_the_steps_and_the_cases_that_keep_to_them() -> None:
    log = event_log(list("111222333"), list("abcabbacb"))
    free = conformance(log, {("a", "b"), ("b", "c")})
    assert (free.steps, free.cases) == (pytest.approx(3 / 6), pytest.approx(1 / 3))
    assert free.violations == {("b", "b"): 1, ("a", "c"): 1, ("c", "b"): 1}
    strict = conformance(log, {("a", "b"), ("b", "c"), ("b", "b")}, starts={"a"}, ends={"c"})
    assert (strict.steps, strict.cases) == (pytest.approx(8 / 12), pytest.approx(1 / 3))
    assert strict.violations[("b", "")] == 2


def test_empty_log_has_nothing_and_conforms() -> None:
    log = event_log([], [])
    flow = flow_map(log)
    assert (flow.cases, flow.events, flow.edges, flow.variants) == (0, 0, {}, {})
    assert conformance(log, set()).steps == conformance(log, set()).cases == 1.0
    assert passages(log) == {}


def test_columns_of_different_length_and_missing_times_are_refused() -> None:
    with pytest.raises(ShapeError, match="2 cases, 1 activities"):
        event_log(["1", "2"], ["a"])
    with pytest.raises(ShapeError, match="no times"):
        passages(event_log(["1"], ["a"]))
