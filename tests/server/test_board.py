"""The overview's memory: what changed since a number, merged and rounded, is what a viewer needs and no more."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.core.clock import MINUTE, SECOND
from gemel.server.board import Board, short
from gemel.server.board_entries import Spoken
from gemel.server.board_outlook import Coming, Outlook, Risk
from tests.server.test_board_outlook import rule

NOW = 1_800_000_000 * SECOND


def board(beds: int = 3) -> Board:
    own = Board([rule()], NOW)
    for k in range(beds):
        own.read(f"s{k}", "c", NOW - MINUTE, 100.0, "u")
        own.twin(f"s{k}", Spoken(f"t{k}", "m", "M", "patient", {"c": "x"}))
    own.settle(NOW)
    return own


def outlook(value: float) -> Outlook:
    ahead = tuple((m, value - 20.1, value + 0.2, value + 20.3) for m in (30.0, 60.0, 90.0, 120.0))
    return Outlook("x", "u", (value, value - 9.87, value + 9.87), 1, ahead, Risk(0, 0.123, 60.0), Coming(0, 41.7, 0.61))


def since(own: Board, number: int) -> list[Any]:
    told = own.since(number)
    assert told is not None
    after, parts = json.loads(told)
    assert after == own.number
    return parts


def test_a_viewer_who_is_up_to_date_is_told_nothing() -> None:
    own = board()
    assert since(own, own.number) == []
    assert not own.settle(NOW + SECOND)


def test_many_readings_of_one_subject_are_told_as_one_and_rounded() -> None:
    own = board()
    seen = own.number
    for k in range(10):
        own.read("s1", "c", NOW + k * SECOND // 10, 123.456 + k, "u")
    assert own.settle(NOW + SECOND)
    assert since(own, seen) == [[2, 0, 132, 0.9]]


def test_who_was_away_is_told_the_newest_of_each_part_and_who_was_not_only_the_last() -> None:
    own = board()
    first = own.number
    own.read("s0", "c", NOW, 101.0, "u")
    own.settle(NOW)
    second = own.number
    own.read("s0", "c", NOW + SECOND, 102.0, "u")
    own.read("s2", "c", NOW + SECOND, 90.0, "u")
    own.settle(NOW + SECOND)
    assert since(own, first) == since(own, second) == [[1, 0, 102, 1.0], [3, 0, 90, 1.0]]


def test_a_number_from_before_or_of_another_board_begins_anew() -> None:
    own = board()
    before = own.number
    assert own.since(own.number + 1) is None and own.since(own.first - 1) is None
    own.move("s0", "North/1/1", NOW)
    assert own.since(before) is None and own.since(own.number) is not None


def test_an_outlook_is_told_once_a_second_at_most_and_its_last_word_is_never_lost() -> None:
    own = board(1)
    own.speak("s0", "t0", outlook(150.0), "advisory", NOW)
    own.settle(NOW)
    seen = own.number
    own.speak("s0", "t0", outlook(160.0), "advisory", NOW + SECOND // 10)
    own.settle(NOW + SECOND // 10)
    assert [part for part in since(own, seen) if part[1] == 1] == []
    own.settle(NOW + 11 * SECOND // 10)
    (part,) = [part for part in since(own, seen) if part[1] == 1]
    assert part[:10] == [1, 1, 0, 0, 1, "", 160, 150, 170, 1]
    assert part[10:16] == [0, 12, 60, 0, 42, 61] and part[16][:4] == [30, 140, 160, 180]


def test_the_first_outlook_of_a_twin_begins_anew_as_parts_say_only_what_changes() -> None:
    own = board(1)
    seen = own.number
    own.speak("s0", "t0", outlook(150.0), "advisory", NOW)
    own.settle(NOW)
    assert own.since(seen) is None


def test_a_state_that_comes_with_time_alone_is_told() -> None:
    own = board(1)
    for k in range(8):
        own.read("s0", "c", NOW + k * MINUTE, 100.0, "u")
    own.settle(NOW + 7 * MINUTE)
    seen = own.number
    own.settle(NOW + 20 * MINUTE)
    assert [part[:4] for part in since(own, seen)] == [[1, 2, 3, 3]]  # not known, as the newest reading is old


def test_an_older_word_about_a_place_changes_nothing() -> None:
    own = board(1)
    own.move("s0", "North/1/1", NOW)
    own.move("s0", "South/1/1", NOW - SECOND)
    assert own.entries["s0"].place == "North/1/1"


def test_a_ward_at_ten_readings_a_second_stays_below_20_kb_a_second() -> None:
    """24 beds, each with ten readings and ten forecasts a second, told ten times a second."""
    own = board(24)
    for k in range(24):
        own.speak(f"s{k}", f"t{k}", outlook(100.0), "advisory", NOW)
    own.settle(NOW)
    seen, size = own.number, 0
    for tick in range(1, 101):
        now = NOW + tick * SECOND // 10
        for k in range(24):
            value = 100.0 + 3.7 * k + 0.31 * tick
            own.read(f"s{k}", "c", now, value, "u")
            own.speak(f"s{k}", f"t{k}", outlook(value), "advisory", now)
        own.settle(now)
        told = own.since(seen)
        assert told is not None
        size, seen = size + len(told), own.number
    assert size / 10 <= 20_000


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9))
def test_rounding_keeps_three_digits(value: float) -> None:
    assert short(value) == pytest.approx(value, rel=5.01e-3, abs=1e-12)


def test_what_is_no_number_is_told_as_none() -> None:
    assert short(float("nan")) is None and short(float("inf")) is None
