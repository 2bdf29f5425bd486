"""What every test relies on: annotations are executed, warnings are errors, larger data may lie beside the clone."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import jaxtyping
import pytest

ROOT = Path(__file__).resolve().parents[1]
_NUMBA = re.compile(r"^\s*(?:from|import) numba\b", re.M)


def _package() -> Path:
    found = find_spec("gemel")
    assert found is not None and found.origin is not None, "gemel is not installed: make setup"
    mutant = os.environ.get("GEMEL_MUTANT")  # tools/mutate.py: the broken copy must be the one that is tested
    assert mutant is None or Path(found.origin).is_relative_to(mutant), f"testing {found.origin}, not {mutant}"
    return Path(found.origin).parent


def _checked(package: Path) -> Iterator[str]:
    """Every module but those that import numba: what it compiles must stay the bare function."""
    for path in package.rglob("*.py"):
        if path.name != "__init__.py" and not _NUMBA.search(path.read_text()):
            yield ".".join(("gemel", *path.relative_to(package).with_suffix("").parts))


# From here on every function and dataclass of gemel checks its annotations, shapes included, on each call.
jaxtyping.install_import_hook([*_checked(_package())], "beartype.beartype")


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
