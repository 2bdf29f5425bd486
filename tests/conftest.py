"""What every test relies on: annotations are executed, warnings are errors, larger data may lie beside the clone."""

from __future__ import annotations

import ast
import os
from importlib.util import find_spec
from pathlib import Path

import jaxtyping
import jaxtyping._import_hook as hook
import pytest

ROOT = Path(__file__).resolve().parents[1]

COMPILED = {"njit", "cfunc", "vectorize", "guvectorize", "overload", "intrinsic"}
"""numba's decorators: what they compile must stay the bare function."""

_opted_out = hook._is_no_type_check


def _left_alone(decorator: ast.AST) -> bool:
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
    return name in COMPILED or _opted_out(decorator)


# From here on every function and dataclass of gemel checks its annotations, shapes included, on each call.
hook._is_no_type_check = _left_alone
jaxtyping.install_import_hook("gemel", "beartype.beartype")

if mutant := os.environ.get("GEMEL_MUTANT"):  # tools/mutate.py: the broken copy must be the one that is tested
    found = find_spec("gemel")
    assert found and found.origin and Path(found.origin).is_relative_to(mutant), f"testing {found}, not {mutant}"


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the clone."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Data too large or not ours to put into the repository: GEMEL_SHARED, or the folder `shared` beside the clone."""
    path = Path(os.environ.get("GEMEL_SHARED", ROOT.parent / "shared"))
    if not path.is_dir():
        pytest.skip(f"no shared data at {path}: set GEMEL_SHARED to its folder")
    return path
