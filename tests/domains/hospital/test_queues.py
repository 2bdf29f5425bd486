"""Exact queueing against the shared file, textbook identities and independent brute force."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from math import exp, factorial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm
from scipy.stats import gamma, lognorm, poisson, weibull_min

from gemel.core.errors import ShapeError, SupportError
from gemel.domains.hospital import queues
from gemel.domains.hospital.queues import Roster, Stay, answer, answer_all, delay

SHIFTS = "M(t)/M/c(t) periodic, shift roster"


def _bare(case: dict[str, Any]) -> dict[str, Any]:
    """Only the inputs of a case."""
    kept = {key: case[key] for key in ("type", *queues.TYPES[case["type"]].inputs) if key in case}
    if "at" in kept:
        kept["at"] = [{"t": row["t"]} for row in kept["at"]]
    if "forecast" in kept:
        rows = kept["forecast"]
        kept["forecast"] = [{"t_h": row["t_h"], "P_gt_beds": dict.fromkeys(row["P_gt_beds"])} for row in rows]
    return kept


def _misses(found: Any, wanted: Any, where: str = "") -> Iterator[tuple[float, str]]:
    if isinstance(wanted, dict):
        for key in wanted.keys() - {"note", "tail_prob_at_truncation"}:
            yield from _misses(found[key], wanted[key], f"{where}/{key}")
    elif isinstance(wanted, list):
        for i, (a, b) in enumerate(zip(found, wanted, strict=True)):
            yield from _misses(a, b, f"{where}/{i}")
    elif isinstance(wanted, str):
        assert found == wanted
    else:
        yield abs(found - wanted) / max(abs(wanted), 1e-300), where


def test_every_case_of_the_shared_file_is_answered_from_its_inputs_alone(shared: Path) -> None:
    cases = json.loads((shared / "data/hospital/analytic_queues.json").read_text())["cases"]
    found = answer_all({"cases": [_bare(case) for case in cases]})["cases"]
    assert len(found) == len(cases) == 19 and {case["type"] for case in cases} == set(queues.TYPES)
    for mine, given in zip(found, cases, strict=True):
        worst, where = max(_misses(mine, given))
        assert worst < (1e-5 if given["type"] == SHIFTS else 1e-8), (given["type"], where)


@pytest.mark.parametrize(("lam", "mu", "c"), [(0.8, 1.0, 1), (47.0, 0.5, 100), (9_990.0, 1.0, 10_000)])
def test_littles_law_holds_and_few_wait_where_servers_are_many(lam: float, mu: float, c: int) -> None:
    steady = delay(lam, mu, c)
    assert steady.queue == pytest.approx(lam * steady.wait, rel=1e-12)
    assert steady.present == pytest.approx(lam * steady.stay, rel=1e-12)
    assert 0 < steady.waits < 1


def test_loss_recursion_is_the_defining_sum() -> None:
    terms = [7.5**k / factorial(k) for k in range(13)]
    assert queues.erlang_b(7.5, 12) == pytest.approx(terms[-1] / sum(terms), rel=1e-14)
    assert queues.erlang_b(1e6, 10**6) == pytest.approx(np.sqrt(2 / np.pi / 1e6), rel=1e-3)  # its square-root law


def test_single_server_queue_is_the_geometric_one() -> None:
    steady = delay(0.999, 1.0, 1)
    assert (steady.waits, steady.present) == (pytest.approx(0.999), pytest.approx(999.0, rel=1e-9))


def test_ninetieth_percentile_of_the_wait_leaves_a_tenth_above_it() -> None:
    t = queues.wait_quantile(3.6, 1.0, 4, 0.9)
    assert delay(3.6, 1.0, 4).waits * exp(-(4.0 - 3.6) * t) == pytest.approx(0.1, rel=1e-12)
    assert queues.wait_quantile(1.0, 1.0, 10, 0.9) == 0.0


def test_limited_queue_becomes_the_unlimited_one_as_places_grow() -> None:
    steady, many = delay(3.6, 1.0, 4), queues.limited(3.6, 1.0, 4, places=600)
    assert many.present == pytest.approx(steady.present, rel=1e-10)
    assert many.wait == pytest.approx(steady.wait, rel=1e-10)


def test_limited_queue_without_waiting_room_is_the_loss_system() -> None:
    assert queues.limited(9.0, 1.0, 12, places=12).blocked == pytest.approx(queues.erlang_b(9.0, 12), rel=1e-13)


def test_overloaded_limited_queue_serves_at_capacity() -> None:
    found = queues.limited(5_000.0, 1.0, 1_000, places=100_000)
    assert 5_000.0 * (1 - found.blocked) == pytest.approx(1_000.0, rel=1e-9)


def test_unreserved_pool_blocks_both_classes_alike_as_a_loss_system_does() -> None:
    found = queues.reserved(4.0, 5.0, 1.0, beds=12, kept=0)
    assert found.blocked_first == found.blocked_second == pytest.approx(queues.erlang_b(9.0, 12), rel=1e-13)


def test_fully_reserved_pool_is_the_first_class_alone() -> None:
    found = queues.reserved(4.0, 5.0, 1.0, beds=6, kept=6)
    assert found.blocked_first == pytest.approx(queues.erlang_b(4.0, 6), rel=1e-13)
    assert found.blocked_second == pytest.approx(1.0)
    nobody = queues.reserved(0.0, 5.0, 1.0, beds=6, kept=2)
    assert (nobody.blocked_first, nobody.blocked_second) == (0.0, pytest.approx(queues.erlang_b(5.0, 4), rel=1e-13))


def test_impatience_as_fast_as_service_makes_the_number_present_poisson() -> None:
    found = queues.abandonment(10.0, 1.0, 1.0, c=9)  # every patient leaves at rate 1, served or not
    n = np.arange(200)
    assert found.waits == pytest.approx(poisson.sf(8, 10.0), rel=1e-12)
    assert found.queue == pytest.approx(float(np.maximum(n - 9, 0) @ poisson.pmf(n, 10.0)), rel=1e-11)


def test_endless_patience_is_the_delay_system_and_overload_loses_the_surplus() -> None:
    assert queues.abandonment(8.0, 1.0, 0.0, c=10).queue == delay(8.0, 1.0, 10).queue
    assert queues.abandonment(8.0, 1.0, 1e-9, c=10).queue == pytest.approx(delay(8.0, 1.0, 10).queue, rel=1e-6)
    assert queues.abandonment(2_000.0, 1.0, 0.001, c=1_000).abandons == pytest.approx(0.5, rel=1e-9)


def test_one_class_with_priority_is_the_plain_queue() -> None:
    assert queues.priority_waits([0.75], [1.0], [1.3])[0] == pytest.approx(queues.single_server(0.75, 1.0, 1.3).wait)
    assert queues.priority_waits_many([3.6], 1.0, 4)[0] == pytest.approx(delay(3.6, 1.0, 4).wait)
    assert queues.preemptive_stays([0.8], [1.0])[0] == pytest.approx(delay(0.8, 1.0, 1).stay)


def test_priorities_move_waits_between_classes_but_conserve_the_work_waiting() -> None:
    lam, mean, cv = [0.1, 0.3, 0.35], [1.5, 1.0, 0.8], [0.7, 1.0, 1.2]
    load = np.array(lam) * mean
    waits = queues.priority_waits(lam, mean, cv)
    turned = queues.priority_waits(lam[::-1], mean[::-1], cv[::-1])[::-1]
    assert waits[0] < turned[0] and waits[2] > turned[2]
    assert load @ waits == pytest.approx(load @ turned, rel=1e-12)  # Kleinrock's conservation law


def test_equal_classes_with_priority_wait_on_average_as_without() -> None:
    lam = np.array([1.0, 2.0, 4.0])
    mean = lam @ queues.priority_waits_many(lam.tolist(), 1.0, 8) / 7.0
    assert mean == pytest.approx(delay(7.0, 1.0, 8).wait, rel=1e-12)


def test_network_of_one_station_with_return_is_a_queue_with_more_arrivals() -> None:
    found = queues.network([3.0], [[0.25]], [1.0], [5])
    steady = delay(4.0, 1.0, 5)
    assert found.arrivals[0] == pytest.approx(4.0)
    assert found.sojourn == pytest.approx(steady.stay * 4.0 / 3.0)


@pytest.mark.parametrize(("lam", "start"), [(8.0, 25), (14.0, 3), (0.0, 12)])
def test_transient_is_the_matrix_exponential_also_when_overloaded(lam: float, start: int) -> None:
    size, mu, c, hours = 160, 1.0, 10, 3.0
    n = np.arange(size)
    up = np.where(n < size - 1, lam, 0.0)
    q = np.diag(up[:-1], -1) + np.diag(mu * np.minimum(n[1:], c), 1) - np.diag(up + mu * np.minimum(n, c))
    wanted = expm(hours * q)[:, start]
    (ahead,) = queues.transient(lam, mu, c, start=start, times=[hours])
    found = np.zeros(size)
    found[: ahead.probability.shape[0]] = ahead.probability[:size]
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-13)


def test_transient_ends_in_the_steady_state_and_starts_where_it_is() -> None:
    steady = delay(8.0, 1.0, 10)
    now, late = queues.transient(8.0, 1.0, 10, start=40, times=[0.0, 400.0])
    assert (now.mean, now.q95, now.all_busy) == (40.0, 40, 1.0)
    assert late.mean == pytest.approx(steady.present, rel=1e-9)
    assert late.all_busy == pytest.approx(steady.waits, rel=1e-9)  # arrivals see time averages


def test_count_of_independent_events_is_that_of_all_outcomes_one_by_one() -> None:
    chances = np.array([0.1, 0.85, 0.5, 0.02, 0.999, 0.3, 0.0, 1.0])
    wanted = np.zeros(9)
    for outcome in product([0, 1], repeat=8):
        happened = np.array(outcome)
        wanted[happened.sum()] += np.prod(np.where(happened, chances, 1 - chances))
    np.testing.assert_allclose(queues.poisson_binomial(chances), wanted, rtol=1e-13, atol=1e-17)


def test_newcomers_alone_are_poisson_and_stayers_alone_binomial() -> None:
    alone = queues.occupancy(np.zeros(0), 12.5)
    np.testing.assert_allclose(alone.probability[:40], poisson.pmf(np.arange(40), 12.5), rtol=1e-12)
    both = queues.occupancy(np.full(50, 0.3), 400.0)
    assert (both.mean, both.exceeds(-1)) == (pytest.approx(415.0), pytest.approx(1.0, abs=1e-12))
    assert both.sd == pytest.approx(np.sqrt(50 * 0.21 + 400))


@pytest.mark.parametrize(
    ("stay", "law"),
    [
        (Stay("lognormal", 96.0, 1.2), lognorm(np.sqrt(np.log1p(1.44)), scale=96.0 / np.sqrt(1 + 1.44))),
        (Stay("gamma", 30.0, 0.8), gamma(1 / 0.64, scale=30.0 * 0.64)),
        (Stay("exponential", 5.0, 1.0), gamma(1.0, scale=5.0)),
        (Stay("weibull", 30.0, 0.5), None),
    ],
)
def test_stays_survive_and_average_as_their_distribution_integrated_numerically(stay: Stay, law: Any) -> None:
    if law is None:  # fitted here by another route: the moments of scipy's own distribution
        shape = 2.1013491
        law = weibull_min(shape, scale=30.0 / weibull_min(shape).mean())
        assert law.std() / law.mean() == pytest.approx(0.5, abs=1e-6)
    x = np.array([0.0, 0.5, 7.0, 50.0, 400.0])
    fine = np.linspace(0, 1, 20_001)
    wanted = [float(np.trapezoid(law.sf(fine * end), fine * end)) for end in x]
    np.testing.assert_allclose(queues.truncated_mean(stay, x), wanted, rtol=3e-6, atol=1e-12)
    np.testing.assert_allclose(queues.still_there(stay, x[:4], 6.0), law.sf(x[:4] + 6) / law.sf(x[:4]), rtol=3e-6)


def test_a_patient_far_beyond_every_usual_stay_still_leaves_at_the_rate_of_the_tail() -> None:
    chance = queues.still_there(Stay("gamma", 10.0, 0.5), np.array([5_000.0]), 1.0)
    assert chance[0] == pytest.approx(exp(-1 / 2.5), rel=1e-2)  # a gamma's hazard tends to 1 / scale
    assert queues.still_there(Stay("deterministic", 10.0, 0.0), np.array([3.0, 30.0]), 5.0).tolist() == [1.0, 0.0]


def test_newcomers_of_a_long_run_are_littles_law() -> None:
    stay = Stay("gamma", 20.0, 0.7)
    assert queues.newcomers(stay, [2.0] * 24, start=5.5, ahead=2_000.0) == pytest.approx(40.0, rel=1e-9)
    whole = queues.newcomers(stay, [1.0, 3.0], start=0.25, ahead=0.5)
    assert whole == pytest.approx(float(queues.truncated_mean(stay, np.array([0.5]))[0]), rel=1e-12)


@pytest.mark.parametrize("semantics", ["finish", "preempt"])
def test_constant_roster_is_the_steady_queue(semantics: str) -> None:
    found = queues.shifted([3.6] * 6, 1.0, Roster(((0, 4),)), semantics=semantics)
    steady = delay(3.6, 1.0, 4)
    assert found.present == pytest.approx(steady.present, rel=1e-9)
    assert found.wait == pytest.approx(steady.wait, rel=1e-9)


def test_roster_with_a_closed_night_follows_the_same_equations_solved_by_another_program() -> None:
    lam, mu, size = [1.0, 2.0, 4.0, 1.0], 1.5, 90
    roster = {0: 1, 1: 3, 2: 4, 3: 0}

    def slope(hour: int):  # preemptive: busy = min(n, c)
        n = np.arange(size)
        death = mu * np.minimum(n, roster[hour])

        def f(_: float, p: Any) -> Any:
            rate = np.where(n < size - 1, lam[hour], 0.0)
            flow = -(rate + death) * p
            flow[1:] += rate[:-1] * p[:-1]
            flow[:-1] += death[1:] * p[1:]
            return flow

        return f

    p = np.eye(size)[0]
    for _ in range(40):
        starts = []
        for hour in range(4):
            starts.append(float(np.arange(size) @ p))
            p = solve_ivp(slope(hour), (0, 1), p, "DOP853", rtol=1e-10, atol=1e-13).y[:, -1]
    entries = tuple((float(h), c) for h, c in roster.items())
    found = queues.shifted(lam, mu, Roster(entries), semantics="preempt")
    np.testing.assert_allclose(found.by_hour, starts, rtol=1e-7)


def test_servers_who_finish_their_patient_shorten_the_wait() -> None:
    roster = Roster(((0, 1), (8, 9)))
    lam = [3.0] * 24
    assert queues.shifted(lam, 1.0, roster).wait < queues.shifted(lam, 1.0, roster, semantics="preempt").wait


def test_those_in_service_when_the_roster_goes_home_finish_or_stay_as_the_rule_says() -> None:
    """Beds for all in the first hour, nobody on duty and nobody coming in the second: infinite servers, by hand."""
    lam, mu, roster = [6.0, 0.0], 1.0, Roster(((0, 60), (1, 0)))
    left = exp(-mu)
    grown = 6.0 / mu * (1 - left)  # come within the hour and not yet gone
    finish = queues.shifted(lam, mu, roster)
    after = grown / (1 - left**2)  # after = before exp(-mu) + grown, before = after exp(-mu)
    np.testing.assert_allclose(finish.by_hour, [after * left, after], rtol=1e-9)
    assert finish.wait == pytest.approx(0.0, abs=1e-12)
    preempt = queues.shifted(lam, mu, roster, semantics="preempt")
    still = grown / (1 - left)  # nobody leaves in the second hour
    np.testing.assert_allclose(preempt.by_hour, [still, still], rtol=1e-9)
    assert preempt.queue == pytest.approx(still / 2, rel=1e-9)  # all of them, half of the time


def test_roster_before_its_first_entry_holds_that_of_the_evening_before() -> None:
    roster = Roster(((8, 5), (20, 2)))
    assert [roster.at(h) for h in (0, 7.9, 8, 19.5, 20, 23)] == [2, 2, 5, 5, 2, 2]


OVERLOADED = [
    {"type": "M/M/c", "lam": 10.0, "mu": 1.0, "c": 10},
    {"type": "M/G/1", "service": "gamma", "lam": 2.0, "mean": 0.5, "cv": 1.0},
    {"type": "M/G/1 non-preemptive priority (Cobham)", "lam": [0.5, 0.6], "mean": [1.0, 1.0], "cv": [1.0, 1.0]},
    {"type": "M/M/1 preemptive-resume priority", "lam": [0.5, 0.6], "mu": [1.0, 1.0]},
    {"type": "M/M/c non-preemptive priority, equal mu", "lam": [3.0, 6.0], "mu": 1.0, "c": 8},
    {"type": "open Jackson network", "stations": ["a"], "external": [1.0], "routing": [[0.5]], "mu": [1.0], "c": [2]},
    {"type": "M/M/c+M (Erlang A, left without being seen)", "lam": 10.0, "mu": 1.0, "theta": 0.0, "c": 9},
    {"type": SHIFTS, "semantics": "preempt", "lam_by_hour": [5.0, 5.0], "mu": 1.0, "capacity_schedule": [[0, 5]]},
]


@pytest.mark.parametrize("case", OVERLOADED, ids=lambda case: case["type"])
def test_overload_has_no_steady_state_and_the_case_says_so_without_stale_answers(case: dict[str, Any]) -> None:
    found = answer({**case, "Wq": 1.0, "L": 1.0})
    assert "no steady state" in found["refused"]
    assert "Wq" not in found and "L" not in found


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ({"type": "M/M/oo"}, "no type 'M/M/oo'"),
        ({"type": "M/M/c", "lam": 1.0}, "mu, c missing"),
        ({"type": "M/M/c", "lam": 1.0, "mu": "fast", "c": 2}, "mu = 'fast' must be a number"),
        ({"type": "M/M/c", "lam": -1.0, "mu": 1.0, "c": 2}, "lam = -1"),
        ({"type": "M/M/c", "lam": 1.0, "mu": 1.0, "c": 2.5}, "c = 2.5 must be a whole number"),
        ({"type": "M/M/c/K", "lam": 1.0, "mu": 1.0, "c": 4, "K": 2}, "K = 2"),
        ({"type": "M/G/1", "service": "deterministic", "lam": 0.1, "mean": 1.0, "cv": 1.0}, "cv 0, not 1"),
        ({"type": SHIFTS, "semantics": "sleep", "lam_by_hour": [1], "mu": 1, "capacity_schedule": [[0, 2]]}, "finish"),
    ],
)
def test_case_that_cannot_be_read_names_what_is_wrong(case: dict[str, Any], words: str) -> None:
    assert words in answer(case)["refused"]


def test_one_refused_case_leaves_the_others_answered() -> None:
    found = answer_all({"cases": [{"type": "?"}, {"type": "M/M/c", "lam": 0.5, "mu": 1, "c": 1}]})["cases"]
    assert "refused" in found[0] and found[1]["Wq"] == pytest.approx(1.0)
    with pytest.raises(ShapeError, match="cases"):
        answer_all({"case": []})


def test_patients_who_can_never_leave_and_horizons_beyond_reach_are_refused() -> None:
    with pytest.raises(SupportError, match="never leave"):
        queues.network([1.0, 0.0], [[0.0, 1.0], [1.0, 0.0]], [9.0, 9.0], [1, 1])
    with pytest.raises(SupportError, match="shorter"):
        queues.transient(1e6, 1.0, 10, start=0, times=[1e3])


def test_waiting_has_its_textbook_probability() -> None:
    assert delay(0.8, 1.0, 1).waits == pytest.approx(0.8)  # one server: the load itself
    assert delay(1.0, 1.0, 2).waits == pytest.approx(1 / 3)  # c = 2: 2 rho^2 / (1 + rho) at rho = 1/2
    assert delay(8.0, 1.0, 10).waits == pytest.approx(0.4092, abs=5e-5)
