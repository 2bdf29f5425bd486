"""`learn` against closed forms of mixed models, against published fits of real data, and as the start of a new subject.

A learned number may differ from the exact one by the Monte Carlo error of its rounds only: the tolerances below are
some ten of those, and a small part of the statistical error, which is the same for both.
"""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

import gemel
from gemel.core.draws import member_keys
from gemel.core.errors import CapabilityError, SupportError
from gemel.core.fact import Fact
from gemel.core.prior import JointPrior
from gemel.core.quantity import Prior
from gemel.core.subject import Subject
from gemel.core.twin import Twin
from gemel.engines.enkf import EnsembleKalman
from gemel.engines.particle import TemperedParticle
from gemel.numerics.sample import draw
from gemel.verbs.learn import Learned, Round, Study, learn
from tests.laws.cases import BY_NAME, at, give, read
from tests.laws.conformance import MADE, law
from tests.verbs.cohort import Line, Oral, cohort, readings

HOURS = (1.0, 2.0, 3.0, 5.0)
ERROR = 0.5


def only_level() -> JointPrior:
    """One-way random effects: no slope, and an error that is known."""
    level, slope, error = Line.parameters
    fixed = [replace(q, prior=Prior("fixed", (v,), MADE)) for q, v in ((slope, 0.0), (error, ERROR))]
    return JointPrior((level, *fixed))


def one_way(n: int = 12, seed: int = 0) -> Any:
    luck = np.random.default_rng(seed)
    return 2.0 + 0.8 * luck.normal(size=(n, 1)) + ERROR * luck.normal(size=(n, len(HOURS)))


def number(learned: Learned, name: str) -> tuple[float, float]:
    row = next(r for r in learned.rows() if r["name"] == name)
    return row["free"], row["se"]


@pytest.mark.parametrize("engine", [EnsembleKalman(shrink=False), TemperedParticle()], ids=["enkf", "particle"])
def test_one_way_random_effects_are_the_exact_maximum_likelihood_whatever_the_engine(engine: Any) -> None:
    """Balanced, error known: mean of means; variance of means less error variance / J; textbook standard errors."""
    y = one_way()
    twins = cohort(Line(), [50.0] * 12, engine, members=256)
    found = learn(twins, readings(y, HOURS), prior=only_level(), study=Study(burn=16, average=12))
    n, means = len(y), y.mean(axis=1)
    between = means.var() - ERROR**2 / len(HOURS)
    mean, se = number(found, "level")
    assert mean == pytest.approx(means.mean(), abs=0.01) and se == pytest.approx(np.sqrt(means.var() / n), rel=0.03)
    sd, se = number(found, "sd of level")
    assert sd == pytest.approx(np.sqrt(between), rel=0.02)
    assert se == pytest.approx(means.var() / np.sqrt(2 * n * between), rel=0.06)
    whole = stats.multivariate_normal(np.full(4, means.mean()), between + ERROR**2 * np.eye(4))
    assert found.log_likelihood == pytest.approx(whole.logpdf(y).sum(), abs=0.3)
    assert found.settled and found.words.startswith("Line 1, 12 subjects, stochastic EM with")


def growth(n: int, seed: int) -> tuple[Any, Any]:
    """Growth curves with correlated level and slope, the level rising with age."""
    luck = np.random.default_rng(seed)
    age = luck.normal(50.0, 10.0, n)
    own = luck.multivariate_normal([0.0, 0.0], [[0.64, 0.1], [0.1, 0.16]], n)
    level, slope = 2.0 + 0.05 * (age - 50.0) + own[:, 0], 0.3 + own[:, 1]
    return age, level[:, None] + slope[:, None] * np.array(HOURS) + ERROR * luck.normal(size=(n, len(HOURS)))


@pytest.mark.slow
def test_growth_curves_with_a_covariate_and_an_unknown_error_are_the_exact_maximum_likelihood() -> None:
    """Balanced growth curves: pooled residuals give the error; least squares per subject, regressed on age, give the
    means and slope; their covariance less that of least squares gives the population's (Laird and Ware 1982)."""
    age, y = growth(24, 5)
    study = Study(shared=("error",), slopes=(("level", "age"), ("slope", "age")), shape="full", burn=14, average=10)
    found = learn(cohort(Line(), age.tolist(), members=384), readings(y, HOURS), study=study)
    x = np.stack([np.ones(4), HOURS], axis=1)
    inverse = np.linalg.inv(x.T @ x)
    each = y @ x @ inverse
    error = np.square(y - each @ x.T).sum() / (24 * 2)
    design = np.stack([np.ones(24), age - age.mean()], axis=1)
    line = np.linalg.lstsq(design, each, rcond=None)[0]
    residual = each - design @ line
    covariance = residual.T @ residual / 24 - error * inverse
    assert np.linalg.eigvalsh(covariance).min() > 0.0
    assert number(found, "level")[0] == pytest.approx(line[0, 0], abs=0.01)
    assert number(found, "slope")[0] == pytest.approx(line[0, 1], abs=0.005)
    assert number(found, "level per age")[0] == pytest.approx(line[1, 0], abs=0.002)
    assert number(found, "slope per age")[0] == pytest.approx(line[1, 1], abs=0.001)
    assert number(found, "error")[0] == pytest.approx(0.5 * np.log(error), abs=0.03)
    np.testing.assert_allclose(found.population.covariance[:2, :2], covariance, rtol=0.06, atol=0.004)
    se = np.sqrt((error * inverse + covariance)[0, 0] / 24)
    assert number(found, "level")[1] == pytest.approx(se, rel=0.05)
    # a new subject: older, so a higher level; correlated as the others were; the error a constant
    new = gemel.twin(Line(), Subject(id="new"), at=at(0), members=4096, prior=found.prior, covariates={"age": 70.0})
    assert np.ptp(new.parameter("error")) == 0.0 and new.parameter("error")[0] == pytest.approx(
        np.sqrt(error), rel=0.03
    )
    expected = line[0, 0] + line[1, 0] * (70.0 - age.mean())
    assert new.parameter("level").mean() == pytest.approx(expected, abs=0.1)
    rho = covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])
    assert np.corrcoef(new.parameter("level"), new.parameter("slope"))[0, 1] == pytest.approx(rho, abs=0.08)


def theophylline(shared: Path, engine: Any) -> tuple[list[Twin], list[list[Fact]]]:
    with (shared / "data" / "pharma" / "theoph.csv").open() as file:
        rows = list(csv.DictReader(file))
    twins: list[Twin] = []
    facts: list[list[Fact]] = []
    for name in dict.fromkeys(r["Subject"] for r in rows):
        own = [r for r in rows if r["Subject"] == name]
        twins.append(gemel.twin(Oral(), Subject(id=name), at=at(0), members=384, seed=int(name), engine=engine))
        facts.append([give("test:oral", 0.0, "mg", dose=float(own[0]["Dose"]) * float(own[0]["Wt"])),
                      *(read("test:conc", float(r["Time"]), float(r["conc"]), "mg/L") for r in own)])  # fmt: skip
    return twins, facts


@pytest.mark.slow
def test_theophylline_is_fitted_as_published(shared: Path) -> None:
    """Twelve subjects, 132 readings; adaptive Gauss-Hermite maximum likelihood and FOCEI of the fact sheet (pharma.md,
    section 2): -2 log L 360.71; ka 1.584, V 31.62, CL 2.750; sd .635, .136, .265; error .696; errors of the log means
    .192, .0466, .0835.  nlme's Lindstrom-Bates fit is 1.563, 31.48, 2.769; .622, .135, .265; .697."""
    study = Study(shared=("error",), shape="diagonal", burn=18, average=12)
    found = learn(*theophylline(shared, EnsembleKalman()), study=study)
    typical = {r["name"]: r["value"] for r in found.rows() if "value" in r}
    assert typical == pytest.approx({"ka": 1.584, "V": 31.62, "CL": 2.750, "error": 0.696}, rel=0.015)
    sds = [number(found, f"sd of {n}")[0] for n in ("ka", "V", "CL")]
    np.testing.assert_allclose(sds, [0.635, 0.136, 0.265], rtol=0.03)
    errors = [number(found, n)[1] for n in ("ka", "V", "CL")]
    np.testing.assert_allclose(errors, [0.192, 0.0466, 0.0835], rtol=0.05)
    assert -2.0 * found.log_likelihood == pytest.approx(360.71, abs=0.5)
    assert found.settled


def test_an_ordering_is_learned_as_part_of_the_law_and_not_as_a_bias() -> None:
    """The slope must lie below the level; a third of the free law would not obey.  Exact readings of 400 subjects give
    back the free law, not the narrower law of those who obey."""
    level, slope, error = Line.parameters
    known = replace(error, prior=law("fixed", 0.01))
    truth = JointPrior((replace(level, prior=law("normal", 1.0, 1.0)), replace(slope, prior=law("normal", 0.5, 0.6)),
                        known), order=(("slope", "level"),))  # fmt: skip
    theta = draw(truth, member_keys(9, 400))
    obey = stats.norm.cdf(0.5 / np.hypot(1.0, 0.6))
    assert 0.6 < obey < 0.7 and abs(theta[:, 0].mean() - 1.0) > 0.3  # what a fit of moments would say
    from gemel.verbs.fit_population import Ensemble, maximise, statistics, unconditioned
    from gemel.verbs.population import begin

    start = JointPrior((level, slope, known), order=truth.order)
    population = begin(Line(), start, shared=(), slopes=(), centre={})
    subjects = [Ensemble(np.ones((1, 1)), t[None, :2], np.ones(1)) for t in theta]
    seen = statistics(subjects)
    for _ in range(300):
        population = maximise(population, unconditioned(population, seen, np.ones((1, 1))), "diagonal", 0.1)
    np.testing.assert_allclose(population.coefficients[0], [1.0, 0.5], atol=0.2)
    np.testing.assert_allclose(np.sqrt(np.diag(population.covariance)), [1.0, 0.6], atol=0.12)


def test_facts_that_contradict_an_ordering_are_told_apart_from_those_that_do_not() -> None:
    from gemel.verbs.fit_population import Statistics, unconditioned
    from gemel.verbs.population import begin

    start = JointPrior(Line.parameters, order=(("level", "slope"),))
    population = begin(Line(), start, shared=(), slopes=(), centre={})
    far = replace(population, coefficients=np.array([[50.0, 0.0, 0.0]]), covariance=np.eye(3))
    empty = Statistics(2, np.eye(1), np.zeros((1, 3)), np.eye(3))
    with pytest.raises(SupportError, match="contradict"):
        unconditioned(far, empty, np.ones((1, 1)))


@pytest.mark.slow
def test_a_model_with_luck_of_its_own_is_learned_through_its_engine() -> None:
    """The linear conformance model has process noise and drift; level 1.5 +- 0.4 over ten subjects is found within
    three standard errors, which are honest to a factor of two."""
    luck = np.random.default_rng(2)
    case = BY_NAME["linear"]
    facts: list[list[Fact]] = []
    for k, level in enumerate(1.5 + 0.4 * luck.normal(size=10)):
        true = case.twin(1, seed=500 + k)
        true = replace(true, belief=replace(true.belief, theta=np.array([[level]]), state={
            **true.belief.state, "x": np.array([level])}))  # fmt: skip
        path = gemel.forecast(true, at(8), every=1.0).readings[0, :, 0]
        facts.append([read("test:y", float(h + 1), float(v)) for h, v in enumerate(path)])
    twins = [case.twin(64, seed=k, engine="enkf") for k in range(10)]
    found = learn(twins, facts, study=Study(burn=8, average=6))
    mean, se = number(found, "level")
    assert abs(mean - 1.5) < 3 * se and 0.05 < se < 0.4


def test_progress_is_told_round_by_round_and_a_seed_repeats_the_study() -> None:
    y = one_way(4)
    twins = cohort(Line(), [50.0] * 4, members=64)
    rounds: list[Round] = []
    study = Study(burn=3, average=2)
    first, again = (
        learn(twins, readings(y, HOURS), study=study, prior=only_level(), progress=rounds.append) for _ in range(2)
    )
    assert [r.number for r in rounds] == [1, 2, 3, 4, 5] * 2 and rounds[0].of == 5
    np.testing.assert_array_equal(first.trace, again.trace)
    np.testing.assert_array_equal(first.trace[-1], first.population.values)
    other = learn(twins, readings(y, HOURS), study=replace(study, seed=2), prior=only_level())
    assert not np.array_equal(first.trace, other.trace)


def test_the_subjects_come_back_with_the_population_as_their_prior() -> None:
    """Shrinkage: each subject's mean lies between its own data and the population's mean."""
    y = one_way()
    twins = cohort(Line(), [50.0] * 12, EnsembleKalman(shrink=False), members=256)
    found = learn(twins, readings(y, HOURS), prior=only_level(), study=Study(burn=12, average=8))
    w = 0.5636**2 / (0.5636**2 + ERROR**2 / 4)
    for twin, own in zip(found.twins, y.mean(axis=1), strict=True):
        mean = float(twin.belief.weights()[0] @ twin.parameter("level"))
        assert mean == pytest.approx(w * own + (1 - w) * y.mean(), abs=0.06)
        assert twin.inference == twins[0].inference and twin.now == at(5)


def test_what_cannot_be_learned_is_refused() -> None:
    twins, facts = cohort(Line(), [50.0, 60.0], members=16), readings(one_way(2), HOURS)
    with pytest.raises(CapabilityError, match="two subjects or more"):
        learn(twins[:1], facts[:1])
    with pytest.raises(CapabilityError, match="two subjects or more"):
        learn(twins, facts[:1])
    with pytest.raises(CapabilityError, match="'sigma' is not a parameter to learn"):
        learn(twins, facts, study=Study(shared=("sigma",)))
    with pytest.raises(CapabilityError, match="'weight' is no covariate"):
        learn(twins, facts, study=Study(slopes=(("level", "weight"),)))
