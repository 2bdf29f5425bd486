"""A store file to open."""

from __future__ import annotations

from pathlib import Path

import pytest

from gemel.store import SqliteStore
from tests.store.toys import ANN, SUBJECT, reading


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with one subject and three facts, each in a block of its own, closed."""
    path = tmp_path / "gemel.db"
    with SqliteStore(path) as store:
        store.enrol(SUBJECT, ANN)
        for n in range(3):
            store.append("s-1", [reading(n)], ANN)
    return path
