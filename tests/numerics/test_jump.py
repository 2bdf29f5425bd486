"""Laws of the jump lifter, on a clinic with opening hours, a diary of every patient and a drifting arrival rate."""

import os
import subprocess
import sys
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gemel.core import draws
from gemel.core.card import Card
from gemel.core.clock import HOUR, local_clock
from gemel.core.draws import member_keys, purpose
from gemel.core.drive import Drive
from gemel.core.errors import CapabilityError, ShapeError
from gemel.core.model import Model
from gemel.core.prior import JointPrior
from gemel.core.quantity import Drift, Prior, Quantity, Setting, Source
from gemel.numerics.jump import (
    Jump,
    Leaf,
    Rules,
    after,
    exponential,
    fail,
    failures,
    hour_of_day,
    hours,
    normal,
    uniform,
    weekday,
)

HERE = Source("this test", "made up")
ARRIVAL, OPEN, STAY = purpose("arrival"), purpose("open"), purpose("stay")
ARRIVE, LEAVE, SPIN = 0, 1, 2


def start(w: Any) -> None:
    after(w, exponential(w, ARRIVAL, 0) / w.p.arrivals, ARRIVE, 0)


def handle(w: Any, kind: int, who: int) -> None:
    if kind == ARRIVE:
        if uniform(w, OPEN, who) < w.profile[int(hour_of_day(w))] and weekday(w) < 5:
            come(w)
        after(w, exponential(w, ARRIVAL, who + 1) / w.p.arrivals, ARRIVE, who + 1)
    elif kind == LEAVE:
        w.gone[who], w.left = w.now, w.left + 1
    else:
        after(w, 0.0, SPIN, who)
    fill(w)


def come(w: Any) -> None:
    if w.arrived == w.came.size:
        fail(w)
    else:
        w.came[w.arrived], w.arrived = w.now, w.arrived + 1


def fill(w: Any) -> None:
    while w.admitted < w.arrived and w.admitted - w.left < w.u.beds:
        w.began_at[w.admitted] = w.now
        after(w, exponential(w, STAY, w.admitted) * w.p.stay * w.p.frailty, LEAVE, w.admitted)
        w.admitted += 1


def give(w: Any, d: Any) -> None:
    for _ in range(round(d.bus)):
        come(w)
    if d.spin > 0.0:
        after(w, 0.0, SPIN, 0)
    fill(w)


def emit(w: Any, y: Any) -> None:
    y.waiting, y.census, y.left = w.arrived - w.admitted, w.admitted - w.left, w.left
    y.luck = normal(w, STAY, w.left)


@dataclass(frozen=True)
class Clinic:
    diary: int = 2048
    calendar: int = 64
    card = Card("Clinic", "1", "hospital", "tests", "anything else", "none", "mechanistic", (HERE,), "a test")
    parameters = (
        Quantity(
            "arrivals", "/h", low=0.0, prior=Prior("fixed", (6.0,), HERE), drift=Drift("ou", 0.3, HERE, 1.0, 24.0)
        ),
        Quantity("stay", "h", low=0.0, prior=Prior("fixed", (1.0,), HERE)),
    )
    prior = JointPrior(parameters)
    covariates = (Quantity("frailty", "1", prior=Prior("fixed", (1.0,), HERE)),)
    observables = tuple(Quantity(name, "1") for name in ("waiting", "census", "left", "luck"))
    inputs = (Quantity("beds", "1"), Quantity("bus", "1", dose_unit="1"), Quantity("spin", "1", dose_unit="1"))
    settings = (Setting("opens", (0, 8), 0),)
    rules = Rules(start=start, handle=handle, emit=emit, change=fill, dose=give)

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        diary = (Leaf(name, (self.diary,)) for name in ("came", "began_at", "gone"))
        return (*(Leaf(name) for name in ("arrived", "admitted", "left")), *diary)

    def tables(self, settings: Any, assets: Any) -> dict[str, Any]:
        return {"profile": np.where(np.arange(24) >= settings["opens"], 1.0, 0.0)}


MONDAY = 1_772_409_600_000_000 + 9 * HOUR  # 2026-03-02 00:00 UTC plus nine hours
FAST = Jump(Clinic())


def drive(
    cuts: list[float],
    beds: float | list[float] = 4.0,
    bus: dict[int, float] | None = None,
    reads: Any = None,
    start: float = 0.0,
) -> Drive:
    """Segments between `start` and `cuts` [h], with beds and bus doses by segment; read at the ends in `reads`."""
    edges = np.rint(np.array([start, *cuts]) * HOUR).astype(np.int64)
    s = len(cuts)
    rate, dose = np.zeros((1, s, 3)), np.zeros((1, s, 3))
    rate[0, :, 0] = beds
    for segment, patients in (bus or {}).items():
        dose[0, segment, 1] = patients
    return Drive(
        dt=np.diff(edges)[None].astype(float),
        clock=local_clock([MONDAY + int(e) for e in edges[:-1]], "Europe/Paris")[None],
        tick=np.where(edges[:-1] % HOUR == 0, edges[:-1] // HOUR, -1)[None],
        rate=rate,
        dose=dose,
        covariates=np.ones((1, 1, 1)),
        output=np.array([range(s) if reads is None else reads], dtype=np.int64),
    )


def born(model: Jump, rows: int, beds: float = 4.0, **theta: float) -> tuple[Any, Any, Any, Any]:
    """State, theta, fixed and keys of `rows` members."""
    values = {"arrivals": 6.0, "stay": 0.5} | theta
    array, key = np.tile(list(values.values()), (rows, 1)), member_keys(7, rows)
    fixed = model.prepare({"opens": 8}, {})
    rate = np.tile([beds, 0.0, 0.0], (rows, 1))
    return model.init(array, np.ones((rows, 1)), rate, fixed, key), array, fixed, key


def go(model: Jump, rows: int, path: Drive, **theta: float) -> tuple[Any, np.ndarray]:
    state, array, fixed, key = born(model, rows, **theta)
    return model.run(state, array, path, fixed, key)


def assert_same(a: tuple[Any, Any], b: tuple[Any, Any]) -> None:
    assert a[0].keys() == b[0].keys()
    for name in a[0]:
        np.testing.assert_array_equal(a[0][name], b[0][name], err_msg=name)
    np.testing.assert_array_equal(a[1], b[1])


HOURLY = [float(h) for h in range(1, 73)]


def test_it_is_a_model_and_hashes_by_value() -> None:
    assert isinstance(FAST, Model)
    assert Jump(Clinic()) == FAST and hash(Jump(Clinic(), threads=1)) == hash(FAST)
    assert Jump(Clinic(diary=4)) != FAST and FAST.smooth == ()


def test_plain_python_and_compiled_code_agree_bit_for_bit() -> None:
    path = drive(HOURLY, [4.0] * 30 + [2.0] * 42, {12: 9.0})
    end, read = go(FAST, 3, path)
    assert_same((end, read), go(replace(FAST, slow=True), 3, path))
    assert (end["left"] > 50).all() and not np.isnan(read).any() and failures(end) == {}


def test_two_half_runs_equal_one_run_bitwise() -> None:
    state, theta, fixed, key = born(FAST, 5)
    whole = FAST.run(state, theta, drive(HOURLY), fixed, key)
    for half in (1, 17, 71):
        middle, first = FAST.run(state, theta, drive(HOURLY[:half]), fixed, key)
        end, second = FAST.run(middle, theta, drive(HOURLY[half:], start=float(half)), fixed, key)
        assert_same(whole, (end, np.concatenate([first, second], axis=1)))


def test_a_cut_that_changes_nothing_changes_no_bit() -> None:
    state, theta, fixed, key = born(FAST, 5)
    ends = sorted([*HOURLY, 3.1, 26.123456, 26.7, 50.000000001])
    reads = [ends.index(h) for h in HOURLY]
    assert_same(
        FAST.run(state, theta, drive(HOURLY), fixed, key), FAST.run(state, theta, drive(ends, reads=reads), fixed, key)
    )


def test_segments_without_length_do_nothing_even_with_other_rates() -> None:
    state, theta, fixed, key = born(FAST, 2)
    plain = FAST.run(state, theta, drive([5.0, 9.0]), fixed, key)
    padded = FAST.run(state, theta, drive([0.0, 5.0, 5.0, 9.0, 9.0], [0, 4, 0, 4, 0], reads=[1, 4]), fixed, key)
    assert_same(plain, padded)


def test_one_member_equals_the_first_of_many_on_any_number_of_threads() -> None:
    path = drive(HOURLY[:24])
    one, many = go(FAST, 1, path), go(replace(FAST, threads=1), 64, path)
    np.testing.assert_array_equal(one[1][0], many[1][0])
    assert len(np.unique(many[0]["left"])) > 5
    for threads in (2, 3, 7):
        assert_same(many, go(replace(FAST, threads=threads), 64, path))


def test_rows_may_share_the_clock_and_yet_have_rates_and_doses_of_their_own() -> None:
    """One shared dt (1, s), and per row the beds (r, s, m): each member must be run as it would be alone."""
    state, theta, fixed, key = born(FAST, 3)
    alone = [drive(HOURLY, float(beds), {12: 3.0 * beds}) for beds in (1, 2, 4)]
    rate, dose = (np.concatenate([getattr(d, name) for d in alone]) for name in ("rate", "dose"))
    for model in (FAST, replace(FAST, slow=True)):
        _, together = model.run(state, theta, replace(alone[0], rate=rate, dose=dose), fixed, key)
        for row, path in enumerate(alone):
            one = {name: leaf[row : row + 1] for name, leaf in state.items()}
            _, read = model.run(one, theta[row : row + 1], path, fixed, key[row : row + 1])
            np.testing.assert_array_equal(together[row], read[0])
    assert together[0, -1, 1] <= 1 < together[2, :, 1].max()


def test_the_callers_state_is_never_changed() -> None:
    state, theta, fixed, key = born(FAST, 2)
    before = {name: np.array(leaf) for name, leaf in state.items()}
    FAST.run(state, theta, drive(HOURLY), fixed, key)
    assert_same((before, 0), (state, 0))


def test_patients_keep_their_stay_when_beds_change() -> None:
    few, many = (go(FAST, 8, drive(HOURLY[:40], beds))[0] for beds in (3.0, 6.0))
    both = (few["gone"] > 0) & (many["gone"] > 0)
    stays = [(end["gone"] - end["began_at"])[both] for end in (few, many)]
    np.testing.assert_array_equal(*stays)
    assert (few["began_at"] != many["began_at"])[both].sum() > 100  # they do not start at the same time
    np.testing.assert_array_equal(few["came"], many["came"])


def test_people_are_conserved_and_served_in_order() -> None:
    end, read = go(FAST, 16, drive(HOURLY, 3.0, {10: 25.0}))
    waiting, census, left, _ = read[:, -1].T
    np.testing.assert_array_equal(end["arrived"], waiting + census + left)
    assert (read[..., 1] <= 3).all() and (read[:, 10, 0] > 10).all()
    for row in range(16):
        served = end["began_at"][row][: end["admitted"][row]]
        assert (np.diff(served) >= 0).all() and (served >= end["came"][row][: served.size]).all()


def test_a_dose_acts_after_the_reading_at_its_instant() -> None:
    read = go(FAST, 4, drive([4.0, 5.0], bus={1: 50.0}), arrivals=1e-6)[1]
    assert (read[:, 0, :3] == 0.0).all() and (read[:, 1, :3].sum(axis=1) == 50.0).all()


def test_no_one_comes_when_the_clinic_is_closed() -> None:
    """Paris is one hour ahead of UTC: the start is Monday 10:00, and midnight comes 14 hours later."""
    came = go(FAST, 64, drive([14.0 * 24]))[0]["came"]
    day, hour = np.divmod(came[came > 0] / HOUR + 10.0, 24.0)
    assert hour.min() >= 8.0 and hour.max() > 23.0
    assert set(day.astype(int) % 7) == {0, 1, 2, 3, 4}


def test_a_failed_member_reads_nan_from_there_on_and_says_why() -> None:
    for small, reason in ((Clinic(diary=20), "a rule gave up"), (Clinic(calendar=4), "the calendar is full")):
        end, read = go(Jump(small), 4, drive(HOURLY))
        assert failures(end) == {reason: 4}
        for row in np.isnan(read).all(axis=2):
            assert row[-1] and (np.diff(row.astype(int)) >= 0).all()
        assert not np.isnan(read).all()
    end, read = go(FAST, 4, drive(HOURLY), stay=np.nan)
    assert failures(end) == {"a delay is negative or NaN": 4} and np.isnan(read[:, -1]).all()


def test_one_failed_member_leaves_the_others_alone() -> None:
    state, theta, fixed, key = born(FAST, 8)
    good = FAST.run(state, theta, drive(HOURLY), fixed, key)[1]
    theta[3, 1] = -1.0
    mixed = FAST.run(state, theta, drive(HOURLY), fixed, key)[1]
    np.testing.assert_array_equal(np.delete(mixed, 3, axis=0), np.delete(good, 3, axis=0))
    assert np.isnan(mixed[3, -1]).all()


def test_time_that_stands_still_fails_the_member_instead_of_hanging() -> None:
    path = drive([9.0, 10.0])
    path.dose[0, 1, 2] = 1.0
    end, read = go(FAST, 1, path)
    assert failures(end) == {"events go on at one instant": 1}
    assert not np.isnan(read[0, 0]).any() and np.isnan(read[0, 1]).all()


def test_draws_are_those_of_the_core() -> None:
    class Me:
        key = member_keys(3, 1)[0]

    with np.errstate(over="ignore"):
        for entity in (0, 1, 12345):
            index = np.array([entity])
            assert uniform(Me, STAY, entity) == draws.uniform(np.array([Me.key]), STAY, index)[0]
            core = draws.normal(np.array([Me.key]), STAY, index)[0]
            assert normal(Me, STAY, entity) == pytest.approx(core, rel=1e-13)  # numpy's log and cos: last bits differ


def test_an_event_that_never_happens_takes_no_place() -> None:
    end, read = go(FAST, 2, drive([100.0]), stay=np.inf)
    assert (end["pending"] == 1).all() and (end["admitted"] == 4).all() and (read[..., 2] == 0.0).all()
    assert hours(end["now"][0]) == 100.0


def test_drift_moves_arrivals_on_the_epoch_grid_only() -> None:
    state, theta, fixed, key = born(FAST, 400)
    assert np.std(state["arrivals_drift"]) == pytest.approx(0.3, rel=0.2)  # sd of 400: 0.2 is 5.6 standard errors
    end, _ = FAST.run(state, theta, drive([0.5]), fixed, key)
    again, _ = FAST.run(end, theta, drive([0.9], start=0.5), fixed, key)
    np.testing.assert_array_equal(end["arrivals_drift"], again["arrivals_drift"])
    assert (end["arrivals_drift"] != state["arrivals_drift"]).all()


def test_a_leaf_may_not_take_a_name_of_the_lifter_and_settings_are_checked() -> None:
    class Bad(Clinic):
        leaves = (Leaf("now"),)

    with pytest.raises(ShapeError, match=r"\['now'\] are taken"):
        Jump(Bad())
    with pytest.raises(CapabilityError, match="'opens' is 9"):
        FAST.prepare({"opens": 9}, {})


def test_the_plain_member_refuses_what_the_compiled_one_would() -> None:
    def set_array(w: Any) -> None:
        w.came = w.now

    def read_unknown(w: Any) -> None:
        w.left = w.nobody

    for rule, message in ((set_array, "'came' is no number"), (read_unknown, "no leaf or table 'nobody'")):

        class Odd(Clinic):
            rules = replace(Clinic.rules, start=rule)

        with pytest.raises(AttributeError, match=message):
            born(Jump(Odd(), slow=True), 1)


AGAIN = """
from tests.numerics import test_jump as t
from gemel.numerics import jump
t.go(t.FAST, 1, t.drive([1.0]))
leaves = (*jump.OWN, *(leaf.name for leaf in t.Clinic().leaves))
loops = jump._loops(t.Clinic.rules, leaves, ("profile",), False)
print(*(sum(loop.stats.cache_hits.values()) for loop in loops))
"""


@pytest.mark.slow
def test_a_second_process_finds_the_compiled_loops(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    paths = os.pathsep.join([str(root), str(root / "src")])
    settings = os.environ | {"GEMEL_CACHE": str(tmp_path), "PYTHONPATH": paths}
    said = [
        subprocess.run([sys.executable, "-c", AGAIN], env=settings, capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert said == ["0 0\n", "1 1\n"]
    assert all(b > a for a, b in pairwise([0, len(list(tmp_path.rglob("*.nbc")))]))
