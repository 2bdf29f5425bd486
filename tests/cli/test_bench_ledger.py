"""The ledger's benchmark measures what it says: every forecast is scored, from a store and back into it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gemel.cli.bench_ledger import CALLER, fill, in_memory, settle_all
from gemel.store import SqliteStore


def test_every_forecast_is_scored_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    with SqliteStore(path) as store:
        assert fill(store, 2, 20) == 120
    assert settle_all(path, 2) == 120
    with SqliteStore(path) as store:
        rows = store.ledger("twin-1", CALLER)
    assert len(rows) == 60 and all(row.score is not None and row.score.truth is not None for row in rows)
    assert settle_all(path, 2) == 0


def test_in_memory_the_scores_are_those_of_the_law_they_were_drawn_from() -> None:
    """20,000 normal forecasts of sd 20: the mean CRPS is 20 / sqrt(pi), its standard error 0.06."""
    assert np.mean(in_memory(20_000)) == pytest.approx(20.0 / np.sqrt(np.pi), abs=0.35)
