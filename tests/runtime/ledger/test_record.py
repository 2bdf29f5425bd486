"""Track records: the sentence, the figures behind it, and what they borrow from siblings."""

from __future__ import annotations

import numpy as np
import pytest

from gemel.core.clock import DAY, HOUR
from gemel.core.ledger import SCORE, Kind, Scores
from gemel.runtime.ledger import shrink
from gemel.runtime.ledger.books import EMPTY, Book
from gemel.runtime.ledger.record import LAST, kinds_of, skill_of, tallies, track

KIND = Kind("ward 3", "insulin", "1", "glucose", "mg/dL")


def book(inside: list[int], *, error: float = 8.0, persistence: float = 10.0, kind: Kind = KIND) -> Book:
    """Hourly forecasts an hour ahead, with these truths inside (1) or outside (0) the band."""
    rows = np.zeros(len(inside), dtype=SCORE)
    rows["forecast"] = np.arange(1, len(inside) + 1)
    rows["issued"] = np.arange(len(inside)) * HOUR
    rows["target"], rows["inside90"] = rows["issued"] + HOUR, inside
    rows["error"], rows["persistence"], rows["climatology"], rows["crps"] = error, persistence, 16.0, 5.0
    return EMPTY.after([Scores((kind,), ("",), rows, 1, 1, 1, 1)])


def test_the_sentence_is_about_the_last_thirty() -> None:
    record = track(book([0] * 50 + [1] * 27 + [0] * 3), (KIND, HOUR), [])
    assert record.words == "last 30 of this kind: 27 inside the 90 % band; error 20 % below persistence"
    assert (record.n, record.recent, record.inside90, record.crps) == (80, LAST, 27, 5.0)
    assert record.error_below_climatology == pytest.approx(0.5)
    worse = track(book([1] * 30, error=15.0), (KIND, HOUR), [], drift="since noon")
    assert worse.words.endswith("error 50 % ABOVE persistence; DRIFT: since noon")
    assert track(book([1] * 3), (KIND, HOUR), []).words == "no track record yet: 3 of this kind scored"


def test_a_later_record_of_a_forecast_replaces_the_earlier_and_kinds_keep_their_places() -> None:
    other = Kind("ward 3", "insulin", "2", "glucose", "mg/dL")
    first = book([1] * 4)
    amended = first.rows[1:3].copy()
    amended["truth"], amended["note"] = [7.0, np.nan], [0, 1]
    later = first.after([Scores((other,), ("", "withdrawn"), amended, 2, 2, 4, 2)])
    assert later.rows["truth"].tolist()[:2] == [0.0, 7.0] and later.notes == ("", "withdrawn")
    assert [later.kinds[k].version for k in later.rows["kind"]] == ["1", "2", "2", "1"]
    assert np.asarray(later.scored).tolist() == [True, True, False, True]
    assert later.of("glucose", HOUR, version="1").size == 2 and later.of("glucose", 2 * HOUR).size == 0
    assert (later.of("glucose", site="ward 3").size, later.of("glucose", site="ward 4").size) == (3, 0)
    assert kinds_of(later) == [(KIND, HOUR), (other, HOUR)] and (later.number, later.sequence) == (2, 2)


def test_a_new_twin_borrows_from_its_ward_and_an_old_one_keeps_its_own() -> None:
    ward = [tallies(book([1] * 430 + [0] * 70)) for _ in range(6)]  # 86 %
    new = track(book([1] * 4), (KIND, HOUR), ward)
    old = track(book([1] * 250 + [0] * 250), (KIND, HOUR), ward)
    assert new.coverage == pytest.approx(0.86, abs=0.03) and new.twins == 7
    assert old.coverage == pytest.approx(0.5, abs=0.05)


def test_coverage_of_alike_twins_is_drawn_together_and_of_unlike_ones_left_apart() -> None:
    luck = np.random.default_rng(1)
    n = np.full(40, 30.0)
    alike = shrink.coverage(luck.binomial(30, 0.9, 40).astype(float), n, 0.9)
    assert np.std(alike) < 0.02 and np.mean(alike) == pytest.approx(0.9, abs=0.03)
    unlike = shrink.coverage(np.repeat([6.0, 29.0], 20), n, 0.9)
    assert unlike[0] == pytest.approx(0.2, abs=0.07) and unlike[-1] == pytest.approx(0.95, abs=0.05)
    assert shrink.coverage(np.zeros(2), np.zeros(2), 0.9).tolist() == [0.9, 0.9]


def test_drawn_coverage_is_closer_to_the_truth_than_each_twin_s_own() -> None:
    """Forty wards of twenty twins: the mean squared error falls, in every ward but by chance."""
    luck, gain = np.random.default_rng(2), []
    for _ in range(40):
        truth = luck.beta(45.0, 5.0, 20)
        inside = luck.binomial(30, truth).astype(float)
        drawn = shrink.coverage(inside, np.full(20, 30.0), 0.9)
        gain.append(np.mean(np.square(inside / 30 - truth)) - np.mean(np.square(drawn - truth)))
    assert np.mean(gain) > 4 * np.std(gain) / np.sqrt(40)


def test_skill_of_one_twin_stands_alone_and_of_many_is_drawn_by_its_error() -> None:
    value, error = shrink.skill(np.array([0.2]), np.array([0.05]))
    assert (value[0], error[0]) == pytest.approx((0.2, 0.05))
    value, error = shrink.skill(np.array([0.1, 0.1, 0.1, 0.9]), np.array([0.02, 0.02, 0.02, 0.5]))
    assert value[3] < 0.2 and error[3] < 0.5 and value[0] == pytest.approx(0.1, abs=0.01)
    value, _ = shrink.skill(np.array([0.0, 1.0, np.nan]), np.array([0.01, 0.01, np.nan]))
    assert value[:2] == pytest.approx([0.0, 1.0], abs=0.01) and value[2] == pytest.approx(0.5, abs=0.01)


def test_skill_and_its_error_are_those_of_a_ratio_over_days() -> None:
    rows = np.zeros(6, dtype=SCORE)
    rows["target"] = np.array([0, 1, 2, 3, 4, 5]) * DAY
    rows["error"], rows["persistence"] = [1, 2, 3, 1, 2, 3], [2, 2, 4, 2, 4, np.nan]
    value, error = skill_of(rows, "persistence")
    assert value == pytest.approx(1 - 9 / 14)
    without = [1 - (9 - e) / (14 - p) for e, p in zip([1, 2, 3, 1, 2], [2, 2, 4, 2, 4], strict=True)]
    assert error == pytest.approx(np.sqrt(4 / 5 * np.sum(np.square(np.array(without) - np.mean(without)))))
    assert np.isnan(skill_of(rows[:1], "persistence")[1]) and np.isnan(skill_of(rows, "climatology")[0])
