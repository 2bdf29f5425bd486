"""A declared hospital as a twin: plans move staff, factors scale what is declared, a census narrows the belief."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gemel
from gemel.core.clock import HOUR, instant
from gemel.core.draws import member_keys
from gemel.core.fact import Exact, Observation
from gemel.core.plan import Action, Schedule
from gemel.core.quantity import names
from gemel.engines.particle import TemperedParticle
from gemel.models.hospital import durations as d
from gemel.models.hospital.compiled import compiled
from gemel.models.hospital.declared import HospitalModel, model, scaled
from gemel.models.hospital.pathway import Exit, Hospital, PatientClass, Resource, Source, station
from gemel.numerics.des.run import run

START = instant("2026-03-02T06:00:00Z")
LAWS = (
    d.fixed(0.7), d.exponential(2.0), d.lognormal(2.0, 0.8), d.gamma(2.0, 0.5), d.gamma(2.0, 1.6), d.uniform(1.0, 3.0),
    d.triangular(1.0, 2.0, 5.0), d.weibull(2.0, 1.5), d.normal(1.0, 0.8), d.clipped_normal(1.0, 0.8, 0.5),
    d.folded_normal(0.5, 1.0), d.empirical([1.0, 2.0, 4.0], [1.0, 2.0, 1.0]), d.poisson(5.0, 0.1),
)  # fmt: skip


def twin(members: int = 200) -> Any:
    return gemel.twin(
        model, gemel.Subject(id="h"), at=START, members=members, seed=3, engine=TemperedParticle(floor=0.0)
    )


def ward(law: d.Duration) -> Hospital:
    door = Source("door", {"adult": 1.0}, (5.0,))
    return Hospital("ward", (PatientClass("adult"),), (Resource("bed"),), (door,), (*station("bed", law), Exit("out")))


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.law)
def test_a_factor_of_stay_doubles_every_service_of_any_law(law: d.Duration) -> None:
    """The same patients with the same luck: totals are twice as long, to the rounding of each to a microsecond."""
    own = compiled(ward(law))
    tables = scaled(own, np.array([[1.0, 1.0], [1.0, 2.0]]))
    keys = np.repeat(member_keys(1, 1), 2)
    n, total, _ = np.moveaxis(
        own.tally(np.asarray(run(tables, keys, [200 * HOUR], kept=(0,)).members))[:, 0, 1, 0], -1, 0
    )
    assert n[0] == n[1] > 500 and abs(int(total[1]) - 2 * int(total[0])) <= 2 * int(n[0])


def test_a_factor_of_demand_brings_so_many_more() -> None:
    own = compiled(ward(d.fixed(1.0)))
    made = run(scaled(own, np.array([[1.0, 1.0], [3.0, 1.0]])), member_keys(2, 2), [2000 * HOUR])
    come = np.asarray(made.people)[:, 0, 0]
    assert come[1] / come[0] == pytest.approx(3.0, rel=0.05)  # 10,000 patients: five standard errors


def test_more_doctors_leave_fewer_waiting_in_every_pair() -> None:
    own = twin()
    more = Schedule("two more", (Action(START + 3 * HOUR, "extra_doctor", rate=2.0, until=START + 12 * HOUR),))
    i = names(model.observables).index("doctor_waiting")
    as_is, plus = (
        np.asarray(gemel.forecast(own, START + 12 * HOUR, p, every=1.0).paths)[:, :, i] for p in (None, more)
    )
    assert (as_is[:, :3] == plus[:, :3]).all() and plus[:, -1].mean() < 0.7 * as_is[:, -1].mean()


def test_a_full_ward_says_that_more_patients_came_than_was_declared() -> None:
    own = twin(400)
    readings = [
        Observation(id=f"{code}{hours}", code=code, value=Exact(value), unit=unit, at=START + hours * HOUR,
                    recorded=START + hours * HOUR)
        for hours, code, value, unit in ((12, "arrived", 185.0, "{patients}"), (24, "arrived", 95.0, "{patients}"))
    ]  # fmt: skip
    seen = gemel.observe(own, readings, until=START + 24 * HOUR)
    before, after = (np.asarray(t.belief.theta)[:, 0] for t in (own, seen))
    assert after.mean() > before.mean() + 0.05 and after.std() < before.std()


def test_models_are_equal_when_their_declarations_are() -> None:
    same = HospitalModel(model.hospital)
    assert same == model and hash(same) == hash(model) and HospitalModel(ward(d.fixed(1.0))) != model
