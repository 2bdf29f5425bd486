"""The rules that ship name their sources and hold the numbers of those; a bad file is refused with its reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gemel.domains.health.glucose import HIGH, LOW, VERY_HIGH, VERY_LOW
from gemel.domains.health.scores import evaluate, find
from gemel.ingest.codes import table
from gemel.server.alerts.rules import RuleError, read_rules


def test_every_shipped_rule_says_where_its_limit_comes_from_and_watches_known_codes() -> None:
    rules = read_rules().rule
    assert len(rules) > 8
    for rule in rules:
        assert rule.source.strip()
        for code in rule.codes:
            entry = table().get(code)
            assert entry is not None and not entry.is_input, code
        assert "probability" in rule.choices or rule.kind != "forecast"


def test_glucose_limits_are_those_of_the_consensus() -> None:
    limits = {(r.side, r.limit) for r in read_rules().rule if r.analyte == "glucose"}
    assert limits == {("below", LOW.value), ("below", VERY_LOW.value), ("above", VERY_HIGH.value)}
    assert HIGH.value not in {limit for _, limit in limits}  # merely high calls nobody


WELL = {"respiratory_rate": 16.0, "spo2": 98.0, "sbp": 120.0, "heart_rate": 70.0, "temperature": 37.0}


@pytest.mark.parametrize(
    ("rule", "input", "points", "step"),
    [
        ("respiration-slow", "respiratory_rate", "rr", 1.0), ("respiration-fast", "respiratory_rate", "rr", 1.0),
        ("saturation-low", "spo2", "saturation", 1.0), ("pressure-low", "sbp", "pressure", 1.0),
        ("pressure-high", "sbp", "pressure", 1.0), ("pulse-slow", "heart_rate", "pulse", 1.0),
        ("pulse-fast", "heart_rate", "pulse", 1.0), ("temperature-low", "temperature", "warmth", 0.1),
    ],
)  # fmt: skip
def test_vital_signs_call_from_the_value_that_first_has_three_points_in_news2(
    rule: str, input: str, points: str, step: float
) -> None:
    found = read_rules().get(rule)
    assert found is not None
    back = step if found.side == "at-most" else -step
    given: dict[str, Any] = {name: np.array([value, value]) for name, value in WELL.items()}
    given |= {"on_oxygen": np.zeros(2), "spo2_scale2": np.zeros(2), "acvpu": np.array(["A", "A"])}
    given[input] = np.array([found.limit, found.limit + back])
    told = evaluate(find("news2"), given).values[points]
    assert found.beyond(found.limit) and not found.beyond(found.limit + back)
    assert told[0] == 3 and told[1] < 3


def test_a_bad_file_is_refused_with_its_reason(tmp_path: Path) -> None:
    for text, reason in {
        "version = ": "Invalid value",
        'version = "1"\n[[rule]]\nname = "x"': "missing required field",
        'version = "1"\n[[rule]]\nname="x"\ntitle="x"\nkind="silence"\nseverity="info"\nsource="s"\ncodes=["c"]':
            "silence_minutes",
        'version = "1"\n[[rule]]\nname="x"\ntitle="x"\nkind="reading"\nseverity="info"\nsource=" "\ncodes=["c"]':
            "where its limit comes from",
    }.items():  # fmt: skip
        path = tmp_path / "rules.toml"
        path.write_text(text)
        with pytest.raises(RuleError, match=reason):
            read_rules(path)
