"""Fleets on compiled kernels: the numbers of a twin alone, up to rounding; compiling ahead moves nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gemel.core.clock import MINUTE
from gemel.core.fact import Exact, Fact, Intervention, Observation
from gemel.core.ledger import LEVELS
from gemel.core.subject import Subject
from gemel.core.writing import Write
from gemel.runtime import Site
from gemel.runtime.fleet_outlook import AHEAD
from gemel.store import pack
from gemel.verbs.forecast import forecast_all
from tests.runtime.test_fleets import settle
from tests.runtime.world import START, open_site

CLOSE = 1e-9
"""Kernels of other sizes round otherwise: 1e-15 a step, hundreds of steps, through a filter that does not amplify."""
QUICK = 0.1
"""mg/dL: a live forecast, in single precision and with steps of two minutes, against the forecast of a twin alone.
A fiftieth of the sensor's error (sd 5 mg/dL), a tenth of the last digit that a sensor shows."""


def day(k: int) -> list[Fact]:
    """Two hours of a sensor, with a meal and a bolus, on other minutes for each person."""
    facts: list[Fact] = [
        Observation(id=f"g{m}", code="loinc:99504-3", value=Exact(120.0 + (7 * k + m) % 40), unit="mg/dL",
                    at=START + (m + k) * MINUTE, recorded=START)
        for m in range(5, 120, 10)
    ]  # fmt: skip
    eaten = START + (40 + 3 * k) * MINUTE
    facts += [
        Intervention(id="c", code="gemel:carbohydrate", at=eaten, recorded=START, unit="g", dose=40.0),
        Intervention(id="i", code="gemel:rapid-insulin", at=eaten, recorded=START, unit="[IU]", dose=3.0 + k),
        Intervention(id="r", code="gemel:rapid-insulin", at=eaten, recorded=START, unit="[IU]/h", rate=0.2,
                     until=eaten + 33 * MINUTE),
    ]  # fmt: skip
    return sorted(facts, key=lambda fact: (fact.at, fact.id))


def wards(folder: Path, people: int) -> Site:
    folder.mkdir(parents=True, exist_ok=True)
    site = open_site(folder)
    for k in range(people):
        site.enrol(Subject(id=f"p{k}"))
        site.create("replaybg", f"p{k}", at=START, rates={"insulin": 0.8}, members=64, seed=k, id=f"t{k}",
                    covariates={"weight": 75.0, "basal": 0.8})  # fmt: skip
    return site


@pytest.mark.slow
def test_compiled_twins_of_a_fleet_are_those_that_are_ticked_alone(tmp_path: Path) -> None:
    with wards(tmp_path / "fleet", 2) as site, wards(tmp_path / "alone", 2) as alone:
        writes = [Write(subject=f"p{k}", facts=tuple(day(k))) for k in range(2)]
        fleets = site.fleets()
        fleets.arrive(zip(writes, site.store.commit(writes, site.caller), strict=True))
        settle(fleets)
        made = {outlook.twin: outlook for outlook in fleets.forecast()}
        for k in range(2):
            alone.take_in(f"p{k}", day(k))
        twins = alone.tick([f"t{k}" for k in range(2)])
        whole = forecast_all(twins, AHEAD[-1], [None] * 2, ahead=[0, *AHEAD])
        for k, one in enumerate(twins):
            own = site.standing(f"t{k}")
            assert own.twin.cursor == one.cursor and own.facts_hash == alone.standing(f"t{k}").facts_hash
            assert np.allclose(own.twin.belief.theta, one.belief.theta, rtol=CLOSE, atol=0.0)
            for name, leaf in one.belief.state.items():
                scale = np.max(np.abs(np.asarray(leaf))) or 1.0
                assert np.allclose(own.twin.belief.state[name], leaf, rtol=CLOSE, atol=CLOSE * scale), name
            table = np.asarray(whole[k].quantile("glucose", LEVELS))[:, 1:].T
            told = np.asarray(made[f"t{k}"].quantiles["glucose"])
            assert np.max(np.abs(told - table)) < QUICK


@pytest.mark.slow
def test_compiling_ahead_moves_no_twin(tmp_path: Path) -> None:
    with wards(tmp_path, 1) as site:
        fleets = site.fleets()
        fleets.wake("p0")
        settle(fleets)
        assert fleets.cold
        (work,) = fleets.unwarmed()
        assert not fleets.cold and fleets.unwarmed() == []
        before = site.load("t0")
        fleets.wake("p0")
        settle(fleets)
        for piece, _ in zip(work, range(3), strict=False):
            piece()
        assert pack(site.load("t0").belief) == pack(before.belief)
