"""The catalogue keeps its promise: whatever is called verified has its sources and passes its worked examples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gemel.core.errors import RegistryError
from gemel.domains.health.scores import catalogue, evaluate, find
from gemel.domains.health.scores.layouts import layouts

EXAMPLES: dict[str, Any] = json.loads((Path(__file__).parent / "examples.json").read_text())
OUTSIDE = {"goff2014"}
"""Worked examples that are tested elsewhere: test_evaluate."""
PRINTED = {"points": 0.0, "fraction": 0.001}
"""Examples are printed rounded; this much by the scale of the answer, else 0.6 %."""


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_a_score_gives_its_worked_examples(name: str) -> None:
    score = catalogue()[name]
    for inputs, expected in EXAMPLES[name]["cases"]:
        result = evaluate(score, {k: np.array([v]) for k, v in inputs.items()})
        for answer, value in expected.items():
            scale = next(a.scale for a in score.answers if a.name == answer)
            printed = PRINTED.get(scale, 0.006 * max(1.0, abs(value)))
            slack = 0.6 if name == "fli" else printed + 1e-9  # the source rounds the index to a whole number
            assert abs(result.values[answer][0] - value) <= slack, (name, inputs, result.reasons)


def test_whatever_is_verified_has_two_sources_or_one_and_a_vector_set() -> None:
    for score in catalogue().values():
        if score.status == "verified":
            assert score.inputs and score.answers and score.sources, score.id
            assert len(score.sources) >= 2 or score.vectors, score.id


def test_every_vector_set_that_is_named_exists() -> None:
    for score in catalogue().values():
        for name in score.vectors:
            assert name in layouts() or name in OUTSIDE or (name == "examples" and score.id in EXAMPLES), score.id


def test_every_entry_says_what_it_is_and_the_others_say_why_not() -> None:
    for score in catalogue().values():
        assert score.title and score.organ and score.outcome, score.id
        if score.status == "not_shipped":
            assert score.reason and not score.answers, score.id
        elif score.status == "unverified":
            assert score.reason, score.id
        else:
            assert score.version and score.licence and score.population and not score.reason, score.id


def test_names_are_unique_within_a_score() -> None:
    for score in catalogue().values():
        names = [i.name for i in score.inputs]
        assert len(names) == len(set(names)), score.id
        assert len({a.name for a in score.answers}) == len(score.answers), score.id


def test_the_breadth_that_was_promised_is_there() -> None:
    verified = [s for s in catalogue().values() if s.status == "verified"]
    assert len(verified) >= 204
    assert len({s.outcome for s in verified}) >= 149


def test_qrisk3_and_closed_scores_are_listed_and_not_shipped() -> None:
    for name in ("qrisk3", "frax", "tyrer_cuzick", "canrisk_boadicea"):
        assert catalogue()[name].status == "not_shipped" and catalogue()[name].reason


def test_an_unknown_name_brings_up_similar_ones() -> None:
    with pytest.raises(RegistryError, match="score2"):
        find("scor2")
    with pytest.raises(RegistryError, match="gemel risk list"):
        find("zzzzzz")
