"""The floor check sees imports that go up or sideways, wherever they hide."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.floors import problems


def _tree(root: Path, file: str, text: str) -> Path:
    path = root / "src" / "gemel" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return root


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("core/a.py", "import gemel.numerics"),
        ("core/a.py", "from ..numerics import flow"),
        ("core/a.py", "from .. import verbs"),
        ("core/a.py", "def f():\n    import jax"),
        ("core/a.py", "if TYPE_CHECKING:\n    from gemel.verbs import observe"),
        ("store/a.py", "import scipy.stats"),
        ("ingest/a.py", "from gemel.store import sqlite"),
        ("govern/a.py", "from importlib import import_module\nimport_module('gemel.runtime.live')"),
        ("ingest/a.py", "require('numba', 'twin')"),
        ("models/patient/a.py", "from ...engines import enkf"),
        ("engines/a.py", "from gemel.coupling import wire"),
        ("verbs/a.py", "from gemel.store import sqlite"),
        ("verbs/a.py", "from gemel import observe"),
        ("domains/health/a.py", "from ..drug import exposure"),
        ("domains/health.py", "import gemel.domains.drug"),
        ("runtime/a.py", "from gemel import server"),
        ("server/a.py", "import gemel.cli"),
        ("__init__.py", "import numba"),
        ("helpers/a.py", ""),
    ],
)
def test_import_up_or_sideways_is_found(tmp_path: Path, file: str, text: str) -> None:
    found = problems(_tree(tmp_path, file, text))
    assert len(found) == 1
    assert found[0].startswith(f"src/gemel/{file}")


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("core/a.py", "import numpy\nfrom .quantity import Quantity\nfrom . import units"),
        ("numerics/a.py", "import jax\nfrom ..core import model"),
        (
            "models/patient/a.py",
            "from ...numerics.flow import Flow\nfrom .shared import x\nfrom ...core.card import Card",
        ),
        ("verbs/a.py", "from ..engines.enkf import EnsembleKalman"),
        ("domains/health/a.py", "from .scores import news2\nfrom ...verbs import forecast\nimport scipy"),
        ("runtime/a.py", "from ..store import sqlite\nfrom ..domains.health import scores"),
        ("cli.py", "from gemel.server import app"),
        ("__init__.py", "from importlib import import_module\nimport_module(f'gemel.{x}')"),
    ],
)
def test_import_down_is_fine(tmp_path: Path, file: str, text: str) -> None:
    assert problems(_tree(tmp_path, file, text)) == []
