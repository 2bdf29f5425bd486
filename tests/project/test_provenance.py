"""The provenance check finds numbers and declarations without a source, and lets the sourced ones be."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.provenance import problems

HEAD = "from gemel.core.quantity import Constant, Drift, Noise, Prior, Quantity, Source\n"


def _found(root: Path, text: str, file: str = "models/patient/a.py") -> list[str]:
    path = root / "src" / "gemel" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEAD + text)
    return problems(root)


@pytest.mark.parametrize(
    "text",
    [
        "K = Constant(0.3, '1')",
        "K = Constant(0.3, '1', None)",
        "K = Constant(0.3, '1', Source(''))",
        "K = Constant(0.3, '1', source=Source(locator=' '))",
        "K = Constant(0.3, '1', UNKNOWN)",
        "HOVORKA = 'doi:10.1/x'\nK = Constant(0.3, '1', HOVORKA)",
        "P = Prior('normal', (1.0, 2.0))",
        "N = Noise('normal', sd=3.0)",
        "D = Drift('walk', 0.1, every=1.0)",
        "Q = Quantity('g', 'mg/dL', prior=Prior('fixed', (1.0,)))",
        "def f(source):\n    return Prior('fixed', (1.0,), source)",
    ],
)
def test_declaration_without_source_is_found(tmp_path: Path, text: str) -> None:
    (found,) = _found(tmp_path, text)
    assert "without a source" in found


@pytest.mark.parametrize(
    "text",
    [
        "TAU = 55.0",
        "TAU: float = 0.0185",
        "TABLE = {'a': 17.5}",
        "class M:\n    tau = 8.0",
        "def f(x):\n    return x * 0.7",
        "def f(x):\n    return 70 * x",
        "def f(age):\n    return age >= 65",
        "def f(x, k=0.35):\n    return x * k",
        "def f(x):\n    return g(x, 1.73)",
        "X = -1.96",
        "X = 5.5  # structure:",
    ],
)
@pytest.mark.parametrize("file", ["models/drug/a.py", "domains/health/scores.py"])
def test_bare_number_is_found(tmp_path: Path, text: str, file: str) -> None:
    (found,) = _found(tmp_path, text, file)
    assert "bare number" in found


@pytest.mark.parametrize(
    "text",
    [
        "S = Source('doi:10.1/x', 'table 2')\nK = Constant(0.3, '1', S)\nP = Prior('fixed', (17.5,), source=S)",
        "S = {'a': Source('doi:10.1/x')}\nK = Constant(0.3, '1', S['a'])",
        "K = Constant(0.3, '1', Source('doi:10.1/x'))\nP = Prior('fixed', (17.5,), K.source)",
        "def _rate(mean: float, s: Source) -> Quantity:\n"
        "    return Quantity('k', '/min', prior=Prior('fixed', (mean,), s))\n"
        "Q = _rate(-3.8, Source('doi:10.1/x'))",
        "Q = Quantity('g', 'mg/dL', 70.0, 180.0)",
        "CURVE = Curve([(0.15, 7.3)], source=Source('doi:10.1/x', 'figure 2'))",
        "def f(x, h):\n    return x * 60.0 / 1000.0 + 0.5 * h**2 + x[17] - 1e-9 * 24 * 7",
        "X = 5.5  # structure: Simpson's rule on eleven points",
        "from gemel.models.patient.sources import S\nfrom gemel.models.patient import sources\n"
        "K = Constant(0.3, '1', S)\nL = Constant(0.3, '1', sources.S)",
    ],
)
def test_sourced_and_structural_numbers_are_fine(tmp_path: Path, text: str) -> None:
    (tmp_path / "src/gemel/models/patient").mkdir(parents=True)
    (tmp_path / "src/gemel/models/patient/sources.py").write_text(HEAD + "S = Source('doi:10.1/x')\n")
    assert _found(tmp_path, text) == []
