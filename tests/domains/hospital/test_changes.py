from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gemel.core.errors import PlanError
from gemel.domains.hospital.changes import (
    Arrive,
    Down,
    HospitalPlan,
    Open,
    Rank,
    Reserve,
    Rounds,
    Span,
    Stay,
    Surge,
    Units,
    changed,
)
from gemel.domains.hospital.whatif import Case, outlooks
from gemel.models.hospital.declared import model
from gemel.models.hospital.durations import empirical, erlang, exponential, lognormal, normal, triangular, weibull

HOSPITAL, SPAN = model.hospital, Span(start=8.0, ahead=24.0)
CASE = Case(HOSPITAL, (), SPAN)


def units(hospital, name: str, hour: float) -> int:
    """Units of a roster at an hour."""
    (own,) = [r for r in hospital.resources if r.name == name]
    return own.units if own.units is not None else [n for at, n in own.roster if at <= hour % own.period][-1]


@pytest.mark.parametrize(
    "change",
    [
        Units(resource="ward", by=0, since=3, until=9), Down(resource="icu", units=1, since=30, until=31),
        Surge(source="ed", factor=1.0, until=5), Stay(step="ward: service", factor=1.0),
        Reserve(step="ward", resource="ward", leave=0), Rank(priorities={"minor": 2}),
    ],
)  # fmt: skip
def test_a_change_of_nothing_leaves_every_life_as_it_was_to_the_bit(change):
    as_is, same = outlooks(CASE, [HospitalPlan(name="as is"), HospitalPlan(name="same", changes=[change])], members=20)
    assert np.array_equal(as_is.wanted, same.wanted) and np.array_equal(as_is.waited, same.waited)


def test_units_are_added_at_the_hours_given_every_day_and_over_midnight():
    more = changed(HOSPITAL, [Units(resource="doctor", by=3, since=22, until=6)], SPAN)
    for hour, usual in ((5.9, 5), (6.0, 5), (12.0, 9), (21.9, 10), (22.0, 10), (29.0, 5), (30.0, 5), (47.0, 10)):
        inside = hour % 24 >= 22 or hour % 24 < 6
        assert units(more, "doctor", hour) == usual + (3 if inside else 0), hour
    assert units(changed(HOSPITAL, [Units(resource="icu", by=-30)], SPAN), "icu", 1.0) == 0


def test_a_failure_lasts_from_and_until_hours_from_now():
    less = changed(HOSPITAL, [Down(resource="ward", units=40, since=2, until=5)], SPAN)
    assert [units(less, "ward", SPAN.start + h) for h in (1.9, 2.0, 4.9, 5.0)] == [240, 200, 200, 240]


def test_opening_hours_shut_a_resource_for_the_rest_of_its_week():
    open_days = Open(resource="icu", units=2, hours=[(8.0, 16.0), (32.0, 40.0)], period=168.0)
    mri = changed(HOSPITAL, [open_days], SPAN)
    assert [units(mri, "icu", h) for h in (0, 8, 15.9, 16, 33, 100, 168 + 9)] == [0, 2, 2, 0, 2, 0, 2]


def test_a_surge_doubles_the_expected_patients_of_its_hours_and_no_others():
    usual = changed(HOSPITAL, [Surge(source="ed", factor=1.0, since=0.5, until=2.0)], SPAN)
    more = changed(HOSPITAL, [Surge(source="ed", factor=2.0, since=0.5, until=2.0)], SPAN)
    (a, _), (b, _) = usual.sources, more.sources
    extra = np.subtract(b.rates, a.rates)
    assert extra.sum() == pytest.approx(0.5 * a.rates[8] + a.rates[9]) and np.flatnonzero(extra).tolist() == [8, 9]


def test_a_mass_casualty_brings_exactly_those_patients():
    plans = [
        HospitalPlan(name="as is"),
        HospitalPlan(name="crash", changes=[Arrive(counts={"resus": 12, "minor": 3}, since=1.0, until=2.0)]),
    ]
    quiet = replace(HOSPITAL, sources=tuple(replace(s, rates=(0.0,)) for s in HOSPITAL.sources))
    none, crash = outlooks(Case(quiet, (), SPAN), plans, members=5)
    assert not np.asarray(none.wanted).any()
    assert (np.asarray(crash.wanted)[:, 1].sum(axis=1) >= 10).all()  # two hours on, few have been through


@pytest.mark.parametrize(
    "law", [exponential(2.0), lognormal(3.0, 0.5), erlang(4.0, 3), weibull(2.0, 1.5), triangular(1.0, 2.0, 4.0),
            normal(5.0, 1.0), empirical([1.0, 2.0, 6.0])],
)  # fmt: skip
def test_a_duration_twice_as_long_has_twice_the_mean_and_twice_every_draw(law):
    twice = law.times(2.0)
    assert twice.mean == pytest.approx(2.0 * law.mean)
    stay = replace(HOSPITAL, steps=tuple(
        replace(s, time=law) if s.name == "ward: service" else s for s in HOSPITAL.steps))  # fmt: skip
    (step,) = [s for s in changed(stay, [Stay(step="ward: service", factor=2.0)], SPAN).steps
               if s.name == "ward: service"]  # fmt: skip
    assert step.time == twice


def test_discharge_rounds_keep_beds_until_the_round():
    quiet = replace(HOSPITAL, sources=tuple(replace(s, rates=(0.0,)) for s in HOSPITAL.sources))
    from gemel.models.hospital.census import Patient

    full = tuple(Patient("ward: service", "urgent", here=50.0, since=50.0) for _ in range(100))
    plan = HospitalPlan(name="rounds", changes=[Rounds(step="ward: service", since=14.0, until=15.0)])
    (seen,) = outlooks(Case(quiet, full, SPAN), [plan], members=20)
    ward = np.asarray(seen.wanted)[:, :, seen.resources.index("ward")]
    before, after = seen.hours.index(6.0), seen.hours.index(7.0)  # now is 8 o'clock
    assert (ward[:, : before - 1] == 100).all() and (ward[:, after] < 100).all()
    assert not np.asarray(seen.waited).any()  # who waits to leave is not in line


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (Units(resource="beds", by=1), "no resource 'beds'"), (Surge(source="x", factor=2, until=1), "no source 'x'"),
        (Stay(step="ward", factor=2.0), "takes no time"), (Rank(priorities={"x": 1}), "no class 'x'"),
        (Reserve(step="icu", resource="ward", leave=1), "does not ask for"),
        (Arrive(counts={"resus": 1}, since=3, until=2), "within the 24 h"),
        (Open(resource="icu", units=1, hours=[(9.0, 8.0)]), "from before until"),
    ],
)  # fmt: skip
def test_a_change_without_meaning_is_refused_by_name(change, told):
    with pytest.raises(PlanError, match=told):
        changed(HOSPITAL, [change], SPAN)
