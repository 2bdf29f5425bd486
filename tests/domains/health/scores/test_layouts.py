"""Files of cases: columns found, variants chosen, answers under the file's own names."""

from __future__ import annotations

from typing import Any

import pytest

from gemel.core.errors import RegistryError
from gemel.domains.health.scores import catalogue, find
from gemel.domains.health.scores.layouts import layout_for, layouts, work_out

KFRE = {
    "age": "60", "male": "1", "egfr": "25", "uacr_mg_g": "300", "dm": "0", "htn": "1", "north_american": "True",
    "years": "5", "model": "4", "risk": "9.9",
}  # fmt: skip


def test_columns_choose_the_variant_and_the_answer_column_is_no_input() -> None:
    two, five = work_out(layout_for("kfre"), [KFRE | {"years": "2"}, KFRE])
    six = work_out(layout_for("kfre"), [KFRE | {"model": "6"}])[0]
    assert 0 < two.answers["risk"] < five.answers["risk"] < 1  # type: ignore[operator]
    assert six.answers["risk"] != five.answers["risk"]
    assert list(five.versions) == ["kfre4"] and five.units == {"risk": "1"}


def test_a_region_of_the_file_leads_to_its_baseline() -> None:
    here, there = work_out(layout_for("kfre"), [KFRE, KFRE | {"north_american": "False"}])
    assert here.answers["risk"] > there.answers["risk"]  # type: ignore[operator]


def test_a_row_that_fits_no_variant_is_refused_and_the_others_are_not() -> None:
    good, bad = work_out(layout_for("kfre"), [KFRE, KFRE | {"years": "7"}])
    assert not good.refused and bad.refused
    assert list(bad.reasons) == ["no variant of 'kfre' fits model=4, years=7"]


def test_a_catalogue_id_of_a_family_reads_the_familys_layout() -> None:
    rows: list[dict[str, Any]] = [KFRE, KFRE | {"model": "6"}]
    answered, other = work_out(layout_for("kfre4"), rows)
    assert answered.answers["risk"] == work_out(layout_for("kfre"), rows)[0].answers["risk"]
    assert other.refused


def test_a_score_without_a_family_reads_its_own_names_with_or_without_unit() -> None:
    plain = {"age": 60, "ast": 40, "alt": 36, "platelets": 180}
    named = {"age [a]": 60, "ast [U/L]": "40", "alt": 36, "platelets": 180, "note": "ignored"}
    left, right = work_out(layout_for("fib4"), [plain])[0], work_out(layout_for("fib4"), [named])[0]
    assert left.answers == right.answers and left.answers["fib4"] == pytest.approx(60 * 40 / (180 * 6))
    assert left.answers["band"] == "indeterminate"


def test_what_is_not_shipped_refuses_each_row_with_the_reason() -> None:
    case = work_out(layout_for("qrisk3_2017"), [{"age": "60"}])[0]
    assert case.refused and case.answers == {"QRISK_C_algorithm_score": None}
    assert "separate plug-in" in next(iter(case.reasons))


def test_the_unknown_codes_of_the_breast_cancer_tool_count_as_unknown() -> None:
    """BCRAT codes: 99 is unknown, 98 no birth; contradictions and impossible ages are refused."""
    woman = {"T1": "45", "T2": "50", "N_Biop": "99", "HypPlas": "99", "AgeMen": "99", "Age1st": "99", "N_Rels": "99"}
    rows = [
        woman | {"Race": "1"},
        {"T1": "45", "T2": "50", "Race": "1"},
        woman | {"Race": "1", "N_Biop": "0", "HypPlas": "1"},
        woman | {"Race": "1", "AgeMen": "50"},
        woman | {"Race": "1", "AgeMen": "15", "Age1st": "14"},
        woman | {"Race": "1", "T2": "44"},
        woman | {"Race": "12"},
        woman | {"Race": "1", "Age1st": "98"},
    ]
    cases = work_out(layout_for("bcra"), rows)
    assert [case.refused for case in cases] == [False, False, True, True, True, True, True, False]
    assert cases[0].answers == cases[1].answers and cases[0].answers["RR1"] == 1.0


def test_every_layout_names_scores_and_answers_that_exist() -> None:
    for layout in layouts().values():
        for answer in layout.answers:
            score = find(answer.score)
            known = {a.name for a in score.answers}
            assert score.status == "not_shipped" or any(name in answer.value for name in known), answer
        for name in layout.columns:
            inputs = {i.name for a in layout.answers for i in find(a.score).inputs}
            assert name.rpartition(".")[2] in inputs, (layout.name, name)


def test_every_shipped_score_can_be_asked_by_its_id() -> None:
    for score in catalogue().values():
        if score.answers:
            assert layout_for(score.id).answers


def test_an_unknown_family_brings_up_similar_ones() -> None:
    with pytest.raises(RegistryError, match="kfre4"):
        layout_for("kfre5")
