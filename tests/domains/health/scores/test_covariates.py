"""Canonical covariates: one unit each, and conversions that can be undone."""

from __future__ import annotations

import numpy as np
import pytest

from gemel.core.errors import UnitError
from gemel.core.units import convert, parse
from gemel.domains.health.scores import catalogue, covariates
from gemel.domains.health.scores.covariates import convert_from


def test_every_covariate_has_a_ucum_unit_and_a_kind() -> None:
    for covariate in covariates().values():
        parse(covariate.unit)
        assert covariate.kind in ("number", "choice", "flag")
        assert covariate.about and (covariate.kind != "number" or covariate.low < covariate.high)
        assert all(code.partition(":")[0] in ("loinc", "snomed") for code in covariate.codes)


def test_no_code_belongs_to_two_covariates() -> None:
    codes = [code for covariate in covariates().values() for code in covariate.codes]
    assert len(codes) == len(set(codes))


def test_every_input_converts_from_its_covariate_and_back_to_nine_digits() -> None:
    tried = 0
    for score in catalogue().values():
        for entry in score.inputs:
            if entry.kind == "number" and entry.covariate and entry.covariate != "hba1c":
                covariate = covariates()[entry.covariate]
                there = convert_from(covariate, np.array([1.0, 17.3, 523.0]), entry.unit)
                back = convert(there, entry.unit, covariate.unit, covariate.analyte)
                assert np.allclose(back, [1.0, 17.3, 523.0], rtol=1e-9), (score.id, entry.name)
                tried += 1
    assert tried > 200


def test_a_printed_cut_off_survives_the_way_there_and_back() -> None:
    bilirubin = covariates()["bilirubin"]
    stored = convert(1.2, "mg/dL", bilirubin.unit, "bilirubin")
    assert convert_from(bilirubin, np.array([stored]), "mg/dL")[0] == 1.2


def test_hba1c_goes_by_the_master_equation() -> None:
    hba1c = covariates()["hba1c"]
    assert convert_from(hba1c, np.array([53.0]), "%")[0] == pytest.approx(7.0, abs=0.01)
    assert convert_from(hba1c, np.array([53.0]), "mmol/mol")[0] == 53.0


def test_zero_and_missing_stay_as_they_are() -> None:
    assert np.array_equal(
        convert_from(covariates()["glucose"], np.array([0.0, np.nan]), "mg/dL"), [0.0, np.nan], equal_nan=True
    )


def test_a_unit_of_another_kind_is_refused() -> None:
    with pytest.raises(UnitError):
        convert_from(covariates()["glucose"], np.array([1.0]), "kg")
