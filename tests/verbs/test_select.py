"""Ranking and selection: the probability of correct selection that is claimed is kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from gemel.core.derived import Derived
from gemel.core.errors import CardError, CollapseError, PlanError
from gemel.core.plan import Action, Schedule
from gemel.verbs.replicate import replicate
from gemel.verbs.select import FIRST, select, select_plan
from tests.laws.cases import BY_NAME, at
from tests.laws.conformance import MADE
from tests.verbs.test_policy import Fixed

FALSE_ALARM = 1e-6


def sampler(seed: int, mean: Any, sd: Any, rho: float) -> Any:
    """Normal utilities with common luck."""
    luck = np.random.default_rng(seed)

    def sample(which: Any, begin: int, count: int) -> Any:
        own, shared = luck.normal(size=(len(mean), count)), luck.normal(size=count)
        drawn = np.asarray(mean)[:, None] + np.asarray(sd)[:, None] * (np.sqrt(rho) * shared + np.sqrt(1.0 - rho) * own)
        return drawn[which]

    return sample


@pytest.mark.parametrize(("rho", "probability"), [(0.0, 0.95), (0.6, 0.95), (0.0, 0.8)])
def test_the_best_is_selected_as_often_as_claimed_in_the_slippage_configuration(rho: float, probability: float) -> None:
    """All others exactly the indifference below the best, unequal variances; 400 repetitions, one-sided binomial."""
    labels, right, runs = list("abcde"), 0, 400
    for seed in range(runs):
        best = seed % 5
        sample = sampler(seed, np.arange(5) == best, np.linspace(2.0, 4.0, 5), rho)
        right += select(sample, labels, indifference=1.0, probability=probability).winner == labels[best]
    assert stats.binom.cdf(right, runs, probability) > FALSE_ALARM, right / runs


def step_by_step(x: Any, delta: float, probability: float) -> tuple[int, int]:
    """KN as printed (Kim and Nelson 2001, with c = 1), one replication and one pair at a time: winner and last r."""
    k, n0 = x.shape[0], FIRST
    eta = 0.5 * ((2.0 * (1.0 - probability) / (k - 1)) ** (-2.0 / (n0 - 1)) - 1.0)
    alive, r = set(range(k)), n0
    while True:
        total = x[:, :r].sum(axis=1)
        out = set()
        for i in alive:
            for j in alive - {i}:
                spread = np.var(x[i, :n0] - x[j, :n0], ddof=1)
                slack = max(0.0, delta / 2.0 * (2.0 * eta * (n0 - 1) * spread / delta**2 - r))
                if total[i] < total[j] - slack:
                    out.add(i)
        alive -= out
        if len(alive) == 1:
            return alive.pop(), r
        r += 1


def test_runs_in_batches_equal_the_procedure_step_by_step() -> None:
    for seed in range(20):
        x = np.random.default_rng(seed).normal(size=(4, 3000)) * [[1.0], [2.0], [3.0], [1.5]] + [
            [0.0],
            [0.4],
            [0.2],
            [0.3],
        ]
        found = select(lambda w, b, n, x=x: x[w, b : b + n], list("abcd"), indifference=0.3)
        winner, r = step_by_step(x, 0.3, 0.95)
        assert (found.winner, max(found.replications)) == ("abcd"[winner], r)
        for i, used in enumerate(found.replications):
            assert found.means[i] == pytest.approx(x[i, :used].mean())


def test_what_cannot_be_decided_is_not_decided() -> None:
    found = select(sampler(1, [0.0, 0.0, -50.0], [3.0] * 3, 0.0), list("abc"), indifference=0.01, most=200)
    assert found.winner is None and found.contenders == ("a", "b")
    assert "Undecided after 200 replications between a, b" in found.words
    sure = select(sampler(1, [0.0, 9.0], [1.0] * 2, 0.0), list("ab"), indifference=1.0)
    assert sure.winner == "b" and sure.replications == (FIRST, FIRST)
    assert sure.words.startswith("'b' has the highest expected utility, with probability at least 95%")


@pytest.mark.parametrize(
    ("names", "more"),
    [("a", {}), ("ab", {"indifference": 0.0}), ("ab", {"probability": 0.5}), ("ab", {"probability": 1.0}),
     ("ab", {"first": 1})],
)  # fmt: skip
def test_a_claim_that_means_nothing_is_refused(names: str, more: Any) -> None:
    with pytest.raises(PlanError, match="selection among"):
        select(sampler(1, [0.0] * len(names), [1.0] * len(names), 0.0), list(names), **{"indifference": 1.0} | more)


def test_a_failed_replication_is_not_left_out() -> None:
    def sample(which: Any, begin: int, count: int) -> Any:
        return np.full((len(which), count), np.nan)

    with pytest.raises(CollapseError, match="no utility"):
        select(sample, ["a", "b"], indifference=1.0)


LAST = Derived("last", "1", lambda path: np.asarray(path["y"])[:, -1], "the last value", MADE)


def test_plans_of_a_twin_are_ranked_by_their_means() -> None:
    """A dose of 0.2 two hours before the end is worth 0.2 exp(-0.6) = 0.11 on average, and no dose nothing."""
    doses = [Schedule(f"{d:g}", (Action(at(2), "push", dose=d),)) for d in (0.0, 0.1, 0.2)]
    found = select_plan(BY_NAME["linear"].twin(256), doses, at(4), LAST, indifference=0.05)
    assert found.winner == "0.2" and max(found.replications) == FIRST  # common luck: no error at all in the difference
    gap = np.diff(found.means)
    np.testing.assert_allclose(gap, 0.1 * np.exp(-0.6), rtol=1e-5)


def test_a_policy_may_be_among_the_plans() -> None:
    push = Schedule("push", (Action(at(2), "push", dose=1.0),))
    found = select_plan(BY_NAME["linear"].twin(), [Fixed(), push], at(4), LAST, indifference=0.3)
    assert found.winner == "push"


def test_an_associational_model_is_not_asked_which_plan_is_best() -> None:
    with pytest.raises(CardError, match="associational"):
        select_plan(BY_NAME["history"].twin(), [Schedule("a"), Schedule("b")], at(1), LAST, indifference=1.0)


def test_replications_follow_the_weights_and_share_no_luck_between_batches() -> None:
    from dataclasses import replace

    twin = BY_NAME["linear"].twin(64)
    twin = replace(twin, belief=replace(twin.belief, logw=np.where(np.arange(64) < 16, np.log(3.0), 0.0)))
    one, same, other = (replicate(twin, 20_000, k) for k in (0, 0, 1))
    np.testing.assert_array_equal(one.belief.theta, same.belief.theta)
    assert one.seed == same.seed != other.seed and not np.array_equal(one.belief.theta, other.belief.theta)
    heavy = np.isin(np.asarray(one.belief.theta)[:, 0], np.asarray(twin.belief.theta)[:16, 0]).sum()
    assert stats.binomtest(int(heavy), 20_000, 0.5).pvalue > FALSE_ALARM
