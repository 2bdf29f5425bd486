"""The mutation tool, on a toy package: a noticed breakage passes, a survivor, a stale entry and a dead test do not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tools.mutate import LIST, Mutation, mutations, problems, sound, survives

TESTS = """
from gemel.toy import double

def test_double():
    assert double(3) == 6

def test_weak():
    assert double(0) == 0
"""
NOTICED = Mutation("toy.py", "return 2 * x", "return 3 * x", "tests/test_toy.py::test_double", "wrong factor")


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    for name, text in {
        "src/gemel/__init__.py": "",
        "src/gemel/toy.py": "def double(x):\n    return 2 * x\n",
        "tests/test_toy.py": TESTS,
        "pytest.ini": "[pytest]\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_noticed_breakage_is_fine_and_the_tree_is_untouched(toy: Path) -> None:
    assert survives(NOTICED, toy) is None
    assert "2 * x" in (toy / "src/gemel/toy.py").read_text()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"test": "tests/test_toy.py::test_weak"}, "survived"),
        ({"old": "return 4 * x"}, "occurs 0 times"),
        ({"old": "x"}, "occurs 2 times"),
        ({"test": "tests/test_toy.py::test_gone"}, "did not run"),
        ({"new": "return ("}, "did not run"),
    ],
)
def test_breakage_that_shows_nothing_is_reported(toy: Path, changes: dict[str, str], message: str) -> None:
    found = survives(replace(NOTICED, **changes), toy)
    assert found is not None
    assert message in found


def test_list_is_read_and_failing_tests_are_told_apart(toy: Path) -> None:
    (toy / LIST).parent.mkdir()
    fields = "\n".join(f'{k} = "{getattr(NOTICED, k)}"' for k in ("file", "old", "new", "test", "why"))
    (toy / LIST).write_text(f"[[mutation]]\n{fields}\n")
    assert mutations(toy / LIST) == [NOTICED]
    assert problems(toy) == []
    (toy / "src/gemel/toy.py").write_text("def double(x):\n    return 2 * x + 1\n")
    assert sound([NOTICED], toy) is not None
