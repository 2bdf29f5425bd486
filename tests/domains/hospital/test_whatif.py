from __future__ import annotations

import math

import numpy as np
import pytest

from gemel.core.errors import PlanError
from gemel.domains.hospital.changes import HospitalPlan, Span, Stay, Units
from gemel.domains.hospital.queues.transient import transient
from gemel.domains.hospital.whatif import Case, outlooks, weigh
from gemel.models.hospital.census import Patient
from gemel.models.hospital.declared import model
from gemel.models.hospital.durations import exponential
from gemel.models.hospital.pathway import Exit, Hospital, PatientClass, Resource, Source, station

LAM, MU, C, N0, T = 3.0, 1.0, 2, 5, 4.0
WARD = Hospital(
    "one ward", (PatientClass("any"),), (Resource("bed", C),), (Source("door", {"any": 1.0}, (LAM,)),),
    (*station("stay", exponential(1.0 / MU), resource="bed"), Exit("home")),
)  # fmt: skip
PRESENT = (*[Patient("stay: service", "any")] * C, *[Patient("stay", "any")] * (N0 - C))
AS_IS, MORE = HospitalPlan(name="as is"), HospitalPlan(name="more", changes=[Units(resource="bed", by=2)])


def test_a_plan_of_more_beds_is_the_exact_transient_queue_of_so_many_servers():
    members = 4000
    case = Case(WARD, PRESENT, Span(start=0.0, ahead=T), spread=0.0)
    for plan, beds in ((AS_IS, C), (MORE, C + 2)):
        (seen,) = outlooks(case, [plan], members=members)
        (exact,) = transient(LAM, MU, beds, start=N0, times=[T])
        wanted = np.asarray(seen.wanted)[:, -1, 0]
        error = wanted.std() / math.sqrt(members)
        assert abs(wanted.mean() - exact.mean) < 4.0 * error, beds  # false alarm: 6e-5
        p = float((exact.probability[beds + 1 :]).sum())
        assert abs(float(seen.exceeds(0)[-1]) - p) < 4.0 * math.sqrt(p * (1 - p) / members), beds


def test_time_in_line_is_the_exact_area_under_the_expected_line():
    members, times = 4000, np.linspace(0.0, T, 81)
    (seen,) = outlooks(Case(WARD, PRESENT, Span(start=0.0, ahead=T), spread=0.0), [AS_IS], members=members)
    found = transient(LAM, MU, C, start=N0, times=times.tolist())
    lines = [float(np.maximum(np.arange(len(f.probability)) - C, 0) @ np.asarray(f.probability)) for f in found]
    waited = np.asarray(seen.waited)[:, 0]
    # those who wait at the start are counted from the start; 4 errors: false alarm 6e-5; grid error of the area < 0.01
    assert abs(waited.mean() - np.trapezoid(lines, times)) < 4.0 * waited.std() / math.sqrt(members) + 0.01


def test_more_beds_never_make_anybody_wait_longer_under_the_same_luck():
    found = weigh(Case(WARD, PRESENT, Span(start=0.0, ahead=24.0), indifference=5.0), [AS_IS, MORE], members=300)
    less, more = (np.asarray(o.burden) for o in found.outlooks)
    assert (more <= less + 1e-9).all() and found.differences[1].mean + found.differences[1].half_width < 0.0
    assert found.choice.winner == "more" and found.better[0] == 0.0


def test_plans_that_do_the_same_have_no_winner_or_an_idle_one():
    same = HospitalPlan(name="same", changes=[Stay(step="stay: service", factor=1.0)])
    found = weigh(Case(WARD, PRESENT, Span(start=0.0, ahead=12.0), indifference=5.0), [AS_IS, same], members=100)
    assert found.differences[1].mean == 0.0 and found.better[1] == 0.0


def test_members_are_the_same_however_many_are_asked_for():
    case = Case(WARD, PRESENT, Span(start=0.0, ahead=12.0))
    (few,), (many,) = (outlooks(case, [MORE], members=n) for n in (10, 30))
    assert np.array_equal(few.wanted, np.asarray(many.wanted)[:10])


def test_demand_that_is_not_known_well_widens_the_forecast():
    spans = []
    for spread in (0.0, 0.3):
        (seen,) = outlooks(Case(model.hospital, (), Span(start=0.0, ahead=48.0), spread=spread), [AS_IS], members=200)
        ward = np.asarray(seen.wanted)[:, -1, seen.resources.index("ward")]
        spans.append(ward.std())
    assert spans[1] > 1.5 * spans[0]


def test_weights_and_plans_without_meaning_are_refused():
    span = Span(start=0.0, ahead=4.0)
    with pytest.raises(PlanError, match="weights of waiting"):
        weigh(Case(WARD, (), span, weights={"nobody": 1.0}), [AS_IS, MORE], members=10)
    with pytest.raises(PlanError, match="a name of its own"):
        weigh(Case(WARD, (), span), [AS_IS, AS_IS], members=10)
