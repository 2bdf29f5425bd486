"""Groups learn what no gain can: the sizes of noise and drift, against a grid of exact filters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import gemel
from gemel import observe, observe_all
from gemel.core.errors import CapabilityError, CollapseError
from gemel.core.registry import load_engine
from gemel.core.subject import Subject
from gemel.core.twin import Twin
from gemel.engines.nested import NestedFilter, sizes
from tests.engines.sized import exact, model
from tests.laws.cases import BY_NAME, at, read
from tests.laws.conformance.linear import RATE

HOURS, ERROR, JOLT = 48, 0.4, 0.3
TWINS = 6


def readings() -> list[float]:
    """One life with an error and jolts of its own, larger than the prior's middle."""
    luck = np.random.default_rng(4)
    level = x = 1.3
    values: list[float] = []
    for _ in range(HOURS):
        x = level + (x + JOLT * luck.normal() - level) * np.exp(-RATE)
        values.append(float(x + ERROR * luck.normal()))
    return values


def group(engine: Any, members: int, twins: int = TWINS) -> list[Twin]:
    return [gemel.twin(model, Subject(id="s"), at=at(0), members=members, engine=engine, seed=i) for i in range(twins)]


@pytest.mark.slow
def test_the_sizes_of_error_and_jolts_are_found_as_an_exact_filter_finds_them() -> None:
    """Mean and sd of the log of each size over TWINS twins of 32 groups.  A mean of 32 draws is off by a fifth of the
    posterior's sd, the mean over twins by a twelfth; the limit of 0.45 sd is five of those."""
    told = [read("test:y", k + 1, y) for k, y in enumerate(readings())]
    truth, log_evidence = exact(readings())
    seen = observe_all(group(NestedFilter(), 1024), [told] * TWINS)
    for name, (mean, sd) in truth.items():
        logs = [(t.belief.weights()[0], np.log(t.parameter(name))) for t in seen]
        means = [float(w @ v) for w, v in logs]
        sds = [float(np.sqrt(w @ (v - m) ** 2)) for (w, v), m in zip(logs, means, strict=True)]
        assert abs(np.mean(means) - mean) < 0.45 * sd, (name, means, mean, sd)
        assert 0.6 < np.mean(sds) / sd < 1.4, (name, sds, sd)
    found = [float(t.evidence.log_evidence[0]) for t in seen if t.evidence is not None]
    assert abs(np.mean(found) - log_evidence) < 0.7, (found, log_evidence)  # sd of one about 0.5
    assert all(t.evidence.ancestors[0] >= 4 for t in seen if t.evidence is not None)


@pytest.mark.parametrize("inner", ["enkf", "particle"])
def test_groups_stay_groups_from_one_window_to_the_next(inner: Any) -> None:
    values = readings()
    (twin,) = group(NestedFilter(groups=8, inner=inner), 128, 1)
    assert np.unique(twin.parameter("error")).size == 128
    early = observe(twin, [read("test:y", k + 1, values[k]) for k in range(6)])
    late = observe(early, [read("test:y", k + 1, values[k]) for k in range(6, 12)])
    for one in (early, late):
        error = one.parameter("error").reshape(8, 16)
        assert np.all(error == error[:, :1]) and np.unique(error[:, 0]).size > 2
        logw = np.asarray(one.belief.logw).reshape(8, 16)
        assert np.all(logw == logw[:, :1])
        assert np.unique(one.parameter("level")).size > 8  # inner parameters are not the groups' own


def test_a_dead_group_is_replaced_by_a_living_one() -> None:
    (twin,) = group(NestedFilter(groups=8), 128, 1)
    ready = observe(twin, [read("test:y", 1, 1.2)])
    logw = np.where(np.arange(128) < 16, -np.inf, np.asarray(ready.belief.logw))
    seen = observe(replace(ready, belief=replace(ready.belief, logw=logw)), [read("test:y", 2, 1.2)])
    gone = ready.parameter("error")[0]
    assert np.isfinite(seen.belief.logw).all() and gone not in seen.parameter("error")


def test_what_the_groups_differ_in_is_found_or_named() -> None:
    assert sizes(model) == ("error", "jolt") and sizes(BY_NAME["linear"].model) == ()
    told = [read("test:y", 1, 1.0)]
    (named,) = group(NestedFilter(groups=8, outer="level"), 128, 1)
    level = observe(named, told).parameter("level").reshape(8, 16)
    assert np.all(level == level[:, :1]) and np.unique(level[:, 0]).size > 2
    for engine, members, words in (
        (NestedFilter(groups=8, outer="nothing"), 128, "no parameter"),
        (NestedFilter(groups=8), 100, "do not fill"),
        (NestedFilter(groups=64), 64, "do not fill"),
    ):
        with pytest.raises(CapabilityError, match=words):
            observe(group(engine, members, 1)[0], told)
    with pytest.raises(CapabilityError, match="no size of noise"):
        observe(BY_NAME["linear"].twin(128, engine=NestedFilter(groups=8)), told)
    assert load_engine("nested") == NestedFilter()


def test_too_few_distinct_groups_raise() -> None:
    told = [read("test:y", k + 1, y) for k, y in enumerate(readings()[:12])]
    (twin,) = group(NestedFilter(groups=8, keep=0.9, moves=0.0, floor=1.0), 128, 1)
    with pytest.raises(CollapseError, match="of 8 groups explain"):
        observe(twin, told)
