"""A member that runs beyond what anybody can be has failed, is counted, and is nowhere clipped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import gemel
from gemel.core.clock import HOUR, instant
from gemel.core.errors import SupportError
from gemel.core.fact import Exact, Observation
from gemel.core.registry import load_model
from gemel.core.subject import Subject
from gemel.core.twin import Twin
from gemel.models.patient.replaybg import SURVIVED

START = instant("2026-03-02T08:00:00Z")
FREE = replace(load_model("replaybg"), limits=())


def unknown(model: object = "replaybg", members: int = 256) -> Twin:
    """A twin of whom nobody told the usual basal, without any insulin."""
    return gemel.twin(model, Subject(id="p"), at=START, members=members, seed=3)  # type: ignore[arg-type]


def test_nobody_is_forecast_above_what_anybody_outlived_and_run_away_members_are_counted() -> None:
    seen, wild = (gemel.forecast(unknown(m), START + 24 * HOUR, every=1.0) for m in ("replaybg", FREE))
    beyond = (wild.paths > SURVIVED.value).any(axis=(1, 2))
    assert 0 < beyond.sum() == seen.failed < 256
    assert wild.failed == 0 and wild.paths.max() > 1e9  # what the limit is for
    np.testing.assert_array_equal(seen.paths[~beyond], wild.paths[~beyond])
    assert np.isnan(seen.paths[wild.paths > SURVIVED.value]).all() and np.nanmax(seen.paths) <= SURVIVED.value
    assert seen.weights[beyond].sum() == 0.0
    assert float(np.max(seen.quantile("glucose", 0.99))) < SURVIVED.value + 30.0  # and six sd of the reading's noise


def test_a_reading_takes_the_members_that_ran_away_out_of_the_belief() -> None:
    facts = [Observation(id="r", code="loinc:99504-3", value=Exact(140.0), unit="mg/dL", at=START + HOUR, recorded=0)]
    seen = gemel.observe(unknown(), facts)
    assert seen.evidence is not None and 0 < seen.evidence.failed[0] < 128
    assert np.isfinite(gemel.forecast(seen, seen.now + 4 * HOUR, every=1.0).quantile("glucose", 0.99)).all()


def test_the_slow_path_knows_the_same_limit() -> None:
    fast = unknown(members=8)
    slow = replace(fast, model=replace(fast.model, solver="numpy"))  # type: ignore[type-var]
    one, two = (gemel.forecast(t, START + 2 * HOUR, every=0.5) for t in (fast, slow))
    np.testing.assert_array_equal(np.isnan(one.paths), np.isnan(two.paths))


def test_a_limit_on_what_nobody_can_read_is_refused() -> None:
    with pytest.raises(SupportError, match="happiness"):
        replace(FREE, limits=(("happiness", 1.0),))
