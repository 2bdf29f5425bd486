"""The particle filter on a queue, against its exact filter by enumeration of the states."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.linalg import expm

import gemel
from gemel import observe_all
from gemel.core.fact import Below
from gemel.core.prior import JointPrior
from gemel.core.subject import Subject
from gemel.core.twin import Twin
from gemel.engines.particle import TemperedParticle
from gemel.numerics.jump import Jump
from tests.laws.cases import at, read
from tests.laws.conformance import law
from tests.laws.conformance.ward import Ward
from tests.laws.test_engines import SEEDS, far

ARRIVALS, STAY, BEDS, ERROR = 5.0, 1.5, 8, 0.5
MOST = 80
"""States enumerated: at most so many in the system; the chance of more is below 1e-12."""
SEEN = {2: 5.0, 3: 7.0, 5: 8.0, 6: 6.0}
SHORT = Below(6.5)


@dataclass(frozen=True)
class Known(Ward):
    """The ward with known rates: what is hidden is who is there."""

    parameters = (
        replace(Ward.parameters[0], prior=law("fixed", ARRIVALS)),
        replace(Ward.parameters[1], prior=law("fixed", STAY)),
    )
    prior = JointPrior(parameters)


def exact() -> tuple[Any, float]:
    """Chance of each number in the system after the readings, and the log evidence: M/M/c from empty, the generator's
    exponential between readings, Bayes at each; the last reading says only that the census is below 6.5."""
    n = np.arange(MOST + 1)
    leave = np.minimum(n, BEDS) / STAY
    generator = np.diag(np.where(n < MOST, ARRIVALS, 0.0)[:-1], 1) + np.diag(leave[1:], -1)
    generator -= np.diag(generator.sum(axis=1))
    p, evidence, before = np.eye(MOST + 1)[0], 0.0, 0
    census = np.minimum(n, BEDS)
    for hour, value in [*SEEN.items(), (8, None)]:
        p = p @ expm(generator * (hour - before))
        told = stats.norm.cdf((SHORT.limit - census) / ERROR) if value is None else stats.norm.pdf(value, census, ERROR)
        p, before = p * told, hour
        evidence += float(np.log(p.sum()))
        p = p / p.sum()
    return p, evidence


def in_system(twin: Twin) -> Any:
    return np.asarray(twin.belief.state["arrived"]) - np.asarray(twin.belief.state["left"])


@pytest.mark.slow
def test_a_queue_is_filtered_as_by_enumeration() -> None:
    """Over SEEDS twins at a false-alarm rate of 1e-6: expected number in the system, chance that every bed is taken,
    chance of at most three, log evidence."""
    engine = TemperedParticle()
    group = [gemel.twin(Jump(Known()), Subject(id="s"), at=at(0), members=512, engine=engine, seed=s)
             for s in range(SEEDS)]  # fmt: skip
    told = [*(read("test:census", h, y, "{patients}") for h, y in SEEN.items()),
            read("test:census", 8, SHORT, "{patients}")]  # fmt: skip
    seen = observe_all(group, [told] * SEEDS)
    p, evidence = exact()
    n = np.arange(MOST + 1)
    cloud = [(t.belief.weights()[0], in_system(t)) for t in seen]
    table = {
        "number": far([w @ k for w, k in cloud], float(p @ n), 4),
        "full": far([w @ (k >= BEDS) for w, k in cloud], float(p[BEDS:].sum()), 4),
        "few": far([w @ (k <= 3) for w, k in cloud], float(p[:4].sum()), 4),
        "evidence": far([t.evidence.log_evidence[0] for t in seen if t.evidence is not None], evidence, 4),
    }
    assert max(table.values()) < 1.0, table
    assert far([w @ k for w, k in cloud], ARRIVALS * STAY, 1) > 1.0  # without the readings it would be another number
