"""`gemel risk`: a file of cases in, a row each out; refusals and similar names said plainly."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gemel.cli.risk import time_scores

Run = Callable[..., tuple[int, str, str]]
CASES = "age,ast,alt,platelets,fib4\n60,40,36,180,1.0\n70,80,49,,0\n20,30,25,300,0\n"


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    path = tmp_path / "cases.csv"
    path.write_text(CASES)
    return path


def test_one_row_per_case_in_order_with_units_and_version(valid: Callable[..., Any], cases: Path) -> None:
    first, second, third = valid("risk", "risk", "fib4", "--input", cases)
    assert first["fib4"] == pytest.approx(60 * 40 / (180 * 6)) and first["units"]["fib4"] == "1"
    assert first["versions"] == {"fib4": "FIB-4, 2006"} and first["in_domain"] and not first["refused"]
    assert second["refused"] and second["fib4"] is None and second["reason"].startswith("missing: platelets")
    assert third["fib4"] > 0 and not third["in_domain"] and "age outside 35 to 65" in third["reason"]
    assert [row["row"] for row in (first, second, third)] == [1, 2, 3]


def test_json_cases_may_keep_their_inputs_apart(valid: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "cases.json"
    inputs = {"age": 60, "ast": 40, "alt": 36, "platelets": 180}
    path.write_text(json.dumps([{"inputs": inputs, "expected": 1}, inputs]))
    one, two = valid("risk", "risk", "fib4", "--input", path)
    assert one["fib4"] == two["fib4"] > 0


def test_people_read_a_table_with_the_reason_beside_the_row(run: Run, cases: Path) -> None:
    code, out, _ = run("risk", "fib4", "--input", cases)
    assert code == 0
    assert "refused: missing: platelets" in " ".join(out.split()) and "indeterminate" in out


def test_the_list_counts_what_is_verified(valid: Callable[..., Any], run: Run) -> None:
    listed = valid("risk list", "risk", "list")
    assert {"verified", "not_shipped"} <= {row["status"] for row in listed}
    assert all(row["sources"] or row["status"] != "verified" for row in listed)
    verified = sum(row["status"] == "verified" for row in listed)
    code, out, _ = run("risk", "list")
    assert code == 0 and f"{verified} verified" in " ".join(out.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["risk", "scor2", "--input", "x.csv"], "score2"),
        (["risk", "fib4"], "--input"),
        (["risk", "fib4", "--input", "no-such.csv"], "is no file"),
    ],
)
def test_a_slip_is_answered_with_the_way_out(run: Run, arguments: list[str], words: str) -> None:
    code, _, err = run(*arguments)
    assert code == 2 and words in " ".join(err.split())


@pytest.mark.parametrize("text", ["{", "[1, 2]"])
def test_a_file_that_is_not_cases_is_refused(run: Run, tmp_path: Path, text: str) -> None:
    path = tmp_path / "odd.json"
    path.write_text(text)
    code, _, err = run("risk", "fib4", "--input", path)
    assert code == 2 and "odd.json" in err.replace("\n", "")


def test_the_benchmark_evaluates_as_many_scores_as_it_says() -> None:
    assert time_scores(people=20, scores=50) > 0
