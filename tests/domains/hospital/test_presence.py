from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from gemel.core.clock import HOUR
from gemel.core.draws import member_keys
from gemel.core.errors import PlanError
from gemel.domains.hospital.presence import Where, prospect, standing
from gemel.domains.hospital.stays import Placement
from gemel.models.hospital.census import Patient, present
from gemel.models.hospital.compiled import compiled
from gemel.models.hospital.declared import model
from gemel.models.hospital.durations import exponential
from gemel.models.hospital.pathway import Branch, Exit, Hospital, PatientClass, Resource, Source, station
from gemel.numerics.des.run import run

NOW = 100 * HOUR
WARDS = {"W1": Where(step="ward: service", kind="urgent"), "ED": Where(step="doctor: service", kind="resus")}


def test_patients_stand_at_their_steps_with_what_has_passed_and_unknown_wards_are_counted():
    places = [
        Placement("b", "ED", NOW - HOUR, NOW - HOUR // 2, None), Placement("a", "W1", NOW - 9 * HOUR, NOW - HOUR, None),
        Placement("c", "LAB", NOW - HOUR, NOW - HOUR, None),
    ]  # fmt: skip
    patients, unknown = standing(places, NOW, WARDS, model.hospital)
    assert patients == (
        Patient("ward: service", "urgent", here=1.0, since=9.0),
        Patient("doctor: service", "resus", here=0.5, since=1.0),
    )  # fmt: skip
    assert unknown == {"LAB": 1}
    with pytest.raises(PlanError, match="ward 'W1' is said to be step 'bed'"):
        standing(places, NOW, {"W1": Where(step="bed", kind="urgent")}, model.hospital)


def test_what_is_left_of_a_memoryless_stay_does_not_depend_on_what_has_passed():
    mean = 30.0
    hospital = Hospital(
        "one", (PatientClass("any"),), (Resource("bed", 5),), (Source("door", {"any": 1.0}, (1.0,)),),
        (*station("stay", exponential(mean), resource="bed"), Exit("home")),
    )  # fmt: skip
    for here in (0.0, 100.0):
        told = prospect(compiled(hospital), Patient("stay: service", "any", here=here, since=here))
        assert told is not None and told.goes == {"out": 1.0}
        assert told.left == pytest.approx([-mean * math.log(1 - q) for q in (0.1, 0.5, 0.9)])
        assert told.within_day == pytest.approx(1.0 - math.exp(-24.0 / mean), abs=1 / 4000)


def test_where_patients_go_is_what_the_simulator_does_with_them():
    own = compiled(model.hospital)
    (branch,) = [s for s in model.hospital.steps if isinstance(s, Branch) and s.name == "doctor: next"]
    told = prospect(own, Patient("doctor: service", "resus", here=0.5, since=1.0))
    shares = branch.ways["resus"]
    assert told is not None and isinstance(shares, dict)
    assert told.goes == {"icu": shares["icu"], "ward": shares["ward"], "out": shares["exit"]}
    quiet = replace(model.hospital, sources=tuple(replace(s, rates=(0.0,)) for s in model.hospital.sources))
    alone, keys = compiled(quiet), member_keys(1, 4000)
    who = present(alone, [Patient("doctor: service", "resus", here=0.5, since=1.0)], keys)
    made = run(alone.tables, keys, [round(500 * HOUR)], present=who, kept=(0,))
    seen = alone.tally(np.asarray(made.members))[:, 0, :, alone.classes["resus"], 0]
    share = (seen[:, alone.steps["icu"]] > 0).mean()
    assert abs(share - told.goes["icu"]) < 4.0 * math.sqrt(0.3 * 0.7 / 4000)  # false alarm: 6e-5


def test_nothing_is_said_of_one_who_waits():
    assert prospect(compiled(model.hospital), Patient("ward", "urgent")) is None
