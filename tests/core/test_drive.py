"""Cutting time: inputs hold on [start, end), an output sees the state before a dose of its own instant, ticks count
from the twin's epoch, and a batch changes nothing for any of its twins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from gemel import forecast, observe
from gemel.core.clock import HOUR
from gemel.core.drive import Drive, InputEvent, cut, grid_hours, input_events, rate_steps, stack
from gemel.core.errors import PlanError, ShapeError, SupportError, UnitError
from gemel.core.plan import Action, Schedule
from gemel.core.quantity import Drift, Quantity
from gemel.core.subject import Subject
from tests.laws.cases import BY_NAME, START, at, give
from tests.laws.conformance import MADE

SUBJECT = Subject(id="s")
INSULIN = Quantity("insulin", "[IU]/h", low=0.0, high=50.0, dose_unit="[IU]", code="test:insulin")
CARBS = Quantity("carbs", "g/h", low=0.0, code="test:carbs")
INPUTS = (INSULIN, CARBS)
NONE = np.zeros(2)


def made(
    events: Sequence[InputEvent],
    outputs: Sequence[float],
    hours: float = 4.0,
    grid: float | None = None,
    start: float = 0.0,
) -> tuple[Drive, Any]:
    return cut(
        SUBJECT, (at(start), at(hours)), outputs=[at(h) for h in outputs], events=events, rates=NONE,
        covariates=np.zeros((1, 0)), grid=(START, grid),
    )  # fmt: skip


def test_cuts_fall_on_events_outputs_and_ticks() -> None:
    drive, last = made([InputEvent(at(1.5), 0, 0.0, 2.0)], [1.0, 4.0], grid=2.0)
    assert (np.asarray(drive.dt)[0] / HOUR).tolist() == [1.0, 0.5, 0.5, 2.0]
    assert drive.rate[0, :, 0].tolist() == [0.0, 0.0, 2.0, 2.0] and last.tolist() == [2.0, 0.0]
    assert drive.tick[0].tolist() == [0, -1, -1, 1]
    assert drive.output[0].tolist() == [0, 3] and drive.hours == 4.0


def test_a_dose_acts_at_its_segments_start_and_not_at_the_span_s_end() -> None:
    doses = [InputEvent(at(h), 0, 1.0 + h, None) for h in (0.0, 2.0, 4.0)]
    drive, _ = made(doses, [4.0])
    assert drive.dose[0, :, 0].tolist() == [1.0, 3.0]
    later, _ = made(doses, [8.0], hours=8.0, start=4.0)
    assert later.dose[0, :, 0].tolist() == [5.0]


def test_an_output_at_the_start_sees_the_state_before_anything_happens() -> None:
    drive, _ = made([InputEvent(at(0), 0, 5.0, None)], [0.0, 1.0], hours=1.0, grid=1.0)
    assert np.asarray(drive.dt)[0].tolist() == [0.0, HOUR]
    assert drive.dose[0, :, 0].tolist() == [0.0, 5.0] and drive.tick[0].tolist() == [-1, 0]
    assert drive.output[0].tolist() == [0, 1]


def test_two_doses_of_one_instant_add_up_and_the_last_rate_holds() -> None:
    events = [
        InputEvent(at(1), 0, 2.0, None),
        InputEvent(at(1), 0, 3.0, None),
        InputEvent(at(1), 1, 0.0, 7.0),
    ]
    drive, last = made(events, [2.0], hours=2.0)
    assert drive.dose[0, 1, 0] == 5.0 and last[1] == 7.0


def test_ticks_count_from_the_epoch_in_every_window() -> None:
    whole, _ = made([], [6.0], hours=6.0, grid=1.5)
    assert [t for t in whole.tick[0].tolist() if t >= 0] == [0, 1, 2, 3]
    late, _ = made([], [6.0], hours=6.0, grid=1.5, start=3.1)
    assert [t for t in late.tick[0].tolist() if t >= 0] == [3]
    before, _ = cut(SUBJECT, (at(-3), at(0)), outputs=[at(0)], events=[], rates=NONE, covariates=np.zeros((1, 0)),
                    grid=(START, 1.5))  # fmt: skip
    assert [t for t in before.tick[0].tolist() if t < -1 or t >= 0] == [-2]


def test_an_output_outside_the_span_is_refused() -> None:
    with pytest.raises(PlanError, match="within the span"):
        made([], [5.0])


def test_the_grid_is_the_longest_step_all_drifts_are_multiples_of() -> None:
    def drifting(every: float) -> Quantity:
        return Quantity("q", "1", drift=Drift("walk", 1.0, MADE, every=every))

    assert grid_hours([INSULIN]) is None
    assert grid_hours([drifting(2.0), drifting(6.0)]) == 2.0
    assert grid_hours([drifting(1.0), drifting(1.5)]) == 0.5


def test_steps_cover_the_drive_once_and_doses_once() -> None:
    events = [InputEvent(at(h), 0, h, None) for h in (0.5, 1.0, 2.5)]
    drive, _ = made(events, [1.0, 1.0, 3.0, 4.0], grid=1.0)
    pieces = drive.steps()
    assert [p.hours for p in pieces] == [1.0, 0.0, 2.0, 1.0]
    assert sum(float(np.sum(p.dose)) for p in pieces) == 4.0
    assert sorted(t for p in pieces for t in p.tick[0].tolist() if t >= 0) == [0, 1, 2, 3]
    assert all(p.output.tolist() == [[p.dt.shape[1] - 1]] for p in pieces)
    np.testing.assert_array_equal(pieces[1].clock[0, :, 0], [7.0])  # a second look at 07:00, not at 06:30


def test_an_instant_of_a_drive_has_its_last_inputs_and_its_end_s_clock() -> None:
    drive, _ = made([InputEvent(at(1), 0, 3.0, None), InputEvent(at(1), 1, 0.0, 4.0)], [4.0])
    still = drive.instant()
    assert still.hours == 0.0 and still.rate[0, 0].tolist() == [0.0, 4.0] and not np.any(still.dose)
    assert still.clock[0, 0, 0] == 10.0 and still.tick.tolist() == [[-1]]


def test_a_part_of_a_segment_has_its_dose_only_at_its_start() -> None:
    drive, _ = made([InputEvent(at(0), 0, 3.0, None)], [4.0], grid=4.0)
    first, second = (drive.part(0, np.array([s * HOUR]), np.array([1.0 * HOUR])) for s in (0.0, 1.0))
    assert first.dose[0, 0, 0] == 3.0 and first.tick.tolist() == [[0]] and first.clock[0, 0, 0] == 6.0
    assert second.dose[0, 0, 0] == 0.0 and second.tick.tolist() == [[-1]] and second.clock[0, 0, 0] == 7.0


def test_a_stack_pads_the_short_drive_with_nothing_happening() -> None:
    one, _ = made([InputEvent(at(1), 1, 0.0, 4.0)], [2.0], hours=2.0)
    two, _ = made([InputEvent(at(h), 0, 1.0, None) for h in (0.5, 1.0, 1.5)], [2.0], hours=2.0)
    both = stack([one, two])
    assert np.asarray(both.dt)[0].tolist() == [HOUR, HOUR, 0.0, 0.0]
    assert both.rate[0, :, 1].tolist() == [0.0, 4.0, 4.0, 4.0]  # inputs stay in force
    assert both.dose[0].sum() == 0.0 and both.dose[1].sum() == 3.0
    assert both.output.tolist() == [[1], [3]]
    for j, own in enumerate((one, two)):
        alone, among = own.steps()[0], both.steps()[0]
        assert among.dt[j].sum() == alone.dt.sum() and among.dose[j].sum() == alone.dose.sum()
        assert among.rate[j, -1].tolist() == alone.rate[0, -1].tolist()
    three, _ = made([], [1.0, 2.0], hours=2.0)
    with pytest.raises(ShapeError, match="same number of outputs"):
        stack([one, three])


def test_spread_repeats_each_twin_s_row_for_its_members() -> None:
    one, _ = made([], [2.0], hours=2.0)
    two, _ = made([InputEvent(at(0), 1, 0.0, 4.0)], [2.0], hours=2.0)
    rows = stack([one, two]).spread(6)
    assert rows.rate[:, 0, 1].tolist() == [0.0, 0.0, 0.0, 4.0, 4.0, 4.0]
    assert one.spread(6) is one
    with pytest.raises(ShapeError, match="whole number of members"):
        stack([one, two]).spread(5)


def held(acts: list[Any], until: float, pending: Any = (), rates: Any = NONE) -> list[tuple[float, float]]:
    """(hour, rate) of insulin's events."""
    events, _ = input_events(INPUTS, acts, np.asarray(rates, dtype=float), pending)
    return [((e.at - START) / HOUR, e.rate) for e in events if e.rate is not None and e.at <= at(until)]


def test_a_temporary_rate_falls_back_to_what_would_have_held() -> None:
    base = give("test:insulin", 0, "[IU]/h", rate=1.0)
    low = give("test:insulin", 1, "[IU]/h", rate=0.2, until=at(3))
    assert held([base, low], 9) == [(0.0, 1.0), (1.0, 0.2), (3.0, 1.0)]
    assert held([low], 9, rates=[0.7, 0.0]) == [(1.0, 0.2), (3.0, 0.7)]
    meanwhile = give("test:insulin", 2, "[IU]/h", rate=0.9)  # for good: the fall-back is gone
    assert held([base, low, meanwhile], 9) == [(0.0, 1.0), (1.0, 0.2), (2.0, 0.9)]
    inner = give("test:insulin", 1.5, "[IU]/h", rate=0.0, until=at(2))
    assert held([base, low, inner], 9) == [(0.0, 1.0), (1.0, 0.2), (1.5, 0.0), (2.0, 0.2), (3.0, 1.0)]


def test_units_are_converted_and_limits_kept() -> None:
    events, unknown = input_events(
        INPUTS, [give("test:insulin", 0, "m[IU]", dose=4000.0), give("x", 1, "g", dose=1.0)], NONE
    )
    assert events == [InputEvent(START, 0, 4.0, None)] and unknown == ["x"]
    with pytest.raises(SupportError, match=r"insulin 60 \[IU\]/h"):
        input_events(INPUTS, [give("test:insulin", 0, "[IU]/h", rate=60.0)], NONE)
    with pytest.raises(UnitError, match=r"input 'insulin' expects \[IU\], got 'g'"):
        input_events(INPUTS, [give("test:insulin", 0, "g", dose=1.0)], NONE)
    with pytest.raises(PlanError, match="takes rates"):
        input_events(INPUTS, [give("test:carbs", 0, "g", dose=1.0)], NONE)


def test_a_temporary_rate_outlives_the_window_it_began_in() -> None:
    """Its end waits in the cursor: two windows give what one gives, also where a forecast starts in between."""
    case = BY_NAME["linear"]
    temporary = give("test:push", 0.5, "/h", rate=1.0, until=at(2.5))
    twin = observe(case.twin(), [temporary], until=at(1))
    assert twin.cursor.rates == (1.0,) and twin.cursor.pending == (InputEvent(at(2.5), 0, 0.0, 0.0),)
    whole, halves = observe(case.twin(), [temporary], until=at(4)), observe(twin, until=at(4))
    np.testing.assert_array_equal(np.asarray(whole.belief.state["x"]), np.asarray(halves.belief.state["x"]))
    assert halves.cursor.rates == (0.0,) and halves.cursor.pending == ()
    seen = forecast(twin, at(4), every=0.5)
    np.testing.assert_allclose(seen.amounts[0, :, 0], [0.5, 1.0, 1.5, 1.5, 1.5, 1.5], atol=1e-12)


def test_a_dose_at_the_present_acts_once_and_only_after_it() -> None:
    case = BY_NAME["lag"]
    dose = give("test:pill", 1, "mg", dose=10.0)
    twin = observe(case.twin(), [dose])  # the twin stands at hour 1: the dose is still to act
    assert twin.now == at(1) and twin.cursor.pending == (InputEvent(at(1), 0, 10.0, None),)
    assert np.asarray(twin.belief.state["amount"]).sum() == 0.0
    later = observe(twin, until=at(1.25)).belief.state
    assert np.all(
        np.asarray(later["amount"]).sum(axis=1) + np.asarray(later["central"]) + np.asarray(later["gone"]) == 10.0
    )


def test_amounts_of_a_plan_are_what_it_gives() -> None:
    plan = Schedule("p", (Action(at(1), "push", dose=2.0), Action(at(2), "push", rate=0.5, until=at(3))))
    seen = forecast(BY_NAME["linear"].twin(4), at(4), plan, every=1.0)
    np.testing.assert_allclose(seen.amounts[0, :, 0], [0.0, 2.0, 2.5, 2.5])


def test_rate_steps_are_the_rates_that_input_events_put_in_force() -> None:
    given = [
        give("test:push", 0, "/h", rate=1.0), give("test:push", 1, "/h", rate=3.0, until=at(2)),
        give("test:push", 4, "/h", rate=5.0, until=at(7)), give("test:push", 6, "/h", rate=0.0, until=at(8)),
    ]  # fmt: skip
    push = BY_NAME["linear"].twin(4).model.inputs[0]
    events, _ = input_events((push,), given, np.zeros(1))
    expected = [(e.at, e.rate) for e in events]
    assert rate_steps(given[::-1]) == expected == [
        (at(0), 1.0), (at(1), 3.0), (at(2), 1.0), (at(4), 5.0), (at(6), 0.0), (at(8), 1.0),
    ]  # fmt: skip
