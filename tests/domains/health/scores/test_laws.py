"""Laws that hold whatever the person: order in time, direction of risk factors, bounds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gemel.domains.health.scores import Score, catalogue, evaluate, find

PREVENT = ("prevent_cvd", "prevent_ascvd", "prevent_chd", "prevent_stroke", "prevent_hf")
RISING = {
    **dict.fromkeys(PREVENT, ("age", "smoker", "diabetes")),
    "pce2013": ("sbp", "diabetes"),
    "frs_cvd2008": ("age", "sbp", "total_cholesterol", "smoker", "diabetes"),
    "frs_cvd2008_bmi": ("age", "sbp", "bmi", "smoker"),
    "mesa_chd": ("age", "sbp", "total_cholesterol", "smoker"),
    "mesa_chd_cac": ("age", "cac"),
    "score2": ("age", "smoker"),
    "charge_af": ("age", "weight", "sbp", "heart_failure"),
    "kfre4": ("uacr",),
    "plcom2012": ("age", "smoking_years", "copd"),
    "bcra_gail": ("relatives",),
    "news2": ("on_oxygen",),
    "meld_orig": ("bilirubin", "inr", "creatinine"),
    "fib4": ("age", "ast"),
    "mayo_nodule": ("diameter", "age"),
}
"""Inputs in which the published equation rises, the others held."""
FALLING = {
    "frs_cvd2008": ("hdl_cholesterol",),
    "kfre4": ("egfr",),
    "kfre8": ("egfr", "albumin"),
    "fib4": ("platelets",),
}
ODDITIES = {"hyperplasia": 99.0, "biopsies": 0.0, "menarche": 13.0, "first_birth": 22.0, "end_age": 88.0}


def middle(score: Score, rows: int) -> dict[str, Any]:
    """A person in the middle of every range, so many times; people of 35 to 60, as every score allows."""
    usual = {"age": 58.0, "sbp": 130.0, "dbp": 80.0, "bmi": 27.0, "egfr": 80.0, "total_cholesterol": 200.0}
    usual |= {"hdl_cholesterol": 50.0, "weight": 75.0, "height": 170.0, "platelets": 200.0, "quit_years": 0.0}
    given: dict[str, Any] = {}
    for entry in score.inputs:
        if entry.kind == "number":
            low, high = (entry.low, entry.high) if np.isfinite(entry.low + entry.high) else (1.0, 9.0)
            given[entry.name] = np.full(rows, ODDITIES.get(entry.name, usual.get(entry.name, (low + high) / 2)))
        else:
            given[entry.name] = np.zeros(rows)
    if score.id.startswith("kfre"):
        given["egfr"] = np.full(rows, 30.0)
    return {n: v for n, v in given.items() if n not in ("model", "sdi", "hba1c")}


def swept(score: Score, name: str) -> Any:
    entry = next(i for i in score.inputs if i.name == name)
    if entry.kind == "number":
        ends = {"age": (45, 59), "egfr": (15, 59), "relatives": (0, 2), "sbp": (112, 178), "inr": (1, 9)}
        low, high = ends.get(name, (max(entry.low, 1.0), min(entry.high, 60.0)))
        values = np.linspace(low, high, 3 if name == "relatives" else 25)
    else:
        values = np.array([0.0, 1.0])
    given = middle(score, len(values)) | {name: values}
    result = evaluate(score, given)
    assert not result.refused.any(), (score.id, result.reasons[0])
    return result.values[score.answers[0].name]


@pytest.mark.parametrize(("name", "inputs"), sorted(RISING.items()))
def test_risk_rises_with_what_raises_it(name: str, inputs: tuple[str, ...]) -> None:
    for entry in inputs:
        assert (np.diff(swept(find(name), entry)) >= -1e-12).all(), entry


@pytest.mark.parametrize(("name", "inputs"), sorted(FALLING.items()))
def test_risk_falls_with_what_protects(name: str, inputs: tuple[str, ...]) -> None:
    for entry in inputs:
        assert (np.diff(swept(find(name), entry)) <= 1e-12).all(), entry


@pytest.mark.parametrize("name", PREVENT)
def test_ten_years_never_exceed_thirty_where_thirty_may_be_shown(name: str) -> None:
    """Where both horizons are in domain (to 59 years), over a keyed sample of 4,000 people within the ranges.

    The ranges' far corners break it: 1 person in 40,000, all published coefficients as printed.
    """
    score, draw, rows = find(name), np.random.default_rng(7), 4000
    given = {
        i.name: draw.uniform(i.low, i.high, rows) if i.kind == "number" else draw.integers(0, 2, rows).astype(float)
        for i in score.inputs
        if i.name not in ("model", "cvd", "hba1c", "uacr", "sdi")
    } | {"age": draw.uniform(30.0, 59.0, rows)}
    result = evaluate(score, given)
    both = result.valid("risk_10y") & result.valid("risk_30y")
    late = result.values["risk_30y"] - result.values["risk_10y"]
    assert both.all() and (late < 0).mean() <= 0.001, f"{(late < 0).sum()} of {rows}"


def test_the_parts_of_prevent_never_exceed_the_whole_by_much() -> None:
    """Each part was fitted by itself; a part above the whole by more than a tenth would be a slip in a table."""
    rows, draw = 2000, np.random.default_rng(3)
    risks: dict[str, Any] = {}
    people: dict[str, Any] = {}
    for name in PREVENT:
        for i in find(name).inputs:
            if i.name not in ("model", "cvd", "hba1c", "uacr", "sdi") and i.name not in people:
                wide = draw.uniform(i.low, i.high, rows) if i.kind == "number" else draw.integers(0, 2, rows)
                people[i.name] = wide.astype(float)
        risks[name] = evaluate(find(name), people).values["risk_10y"]
    assert (risks["prevent_chd"] < risks["prevent_ascvd"] * 1.1).mean() > 0.99
    assert (risks["prevent_ascvd"] < risks["prevent_cvd"] * 1.1).mean() > 0.99


def test_every_risk_is_a_probability() -> None:
    for score in catalogue().values():
        fractions = [a.name for a in score.answers if a.scale == "fraction"]
        if fractions and score.status == "verified":
            result = evaluate(score, middle(score, 1))
            for name in fractions:
                assert result.refused[0] or 0.0 <= result.values[name][0] <= 1.0, score.id


def test_points_of_a_table_reach_from_its_least_to_its_greatest() -> None:
    """NEWS2 runs from 0 to 20 and SOFA to 24; Child-Pugh from 5 to 15."""
    well = {"respiratory_rate": 16, "spo2": 97, "spo2_scale2": 0, "on_oxygen": 0, "sbp": 120, "heart_rate": 70}
    ill = {"respiratory_rate": 30, "spo2": 80, "spo2_scale2": 0, "on_oxygen": 1, "sbp": 80, "heart_rate": 140}
    for people, acvpu, temperature, total in ((well, "A", 37.0, 0), (ill, "U", 34.0, 20)):
        given = {k: np.array([float(v)]) for k, v in people.items()}
        given |= {"acvpu": np.array([acvpu]), "temperature": np.array([temperature])}
        assert evaluate(find("news2"), given).values["news2"][0] == total
    for level, total in ((1.0, 5), (3.0, 15)):
        given = {"bilirubin": level * 1.5, "albumin": 6.0 - level * 1.2, "inr_points": level, "ascites": level}
        row = {k: np.array([float(v)]) for k, v in (given | {"encephalopathy": level}).items()}
        assert evaluate(find("child_pugh"), row).values["score"][0] == total
