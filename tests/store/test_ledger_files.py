"""The ledger in files: a file of the first schema is read on, and kill -9 leaves whole writes only."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import msgspec
import numpy as np
import pytest

from gemel.core.ledger import IssuedForecast, Score
from gemel.store import SqliteStore
from gemel.store.database import SqliteConnection
from gemel.store.plain import HashChainJournal, PlainCipher
from gemel.store.schema import MIGRATIONS, migrate
from gemel.store.vault import STORE, Vault
from tests.store import scorer
from tests.store.toys import ANN, SUBJECT, forecast, score, scores

OLD = {
    "id": "f1", "twin": "t-1", "subject": "s-1", "model": "insulin", "model_version": "1", "plan": "as is",
    "issued": 60, "target": 90, "observable": "glucose", "unit": "mg/dL", "quantiles": {"0.05": 80.0, "0.95": 140.5},
    "facts_hash": "00", "truth": None, "crps": None, "stale": "",
}  # fmt: skip
"""A forecast as version 1 kept it."""


@pytest.fixture
def first(tmp_path: Path) -> Path:
    """A file of schema version 1 with two forecasts, one of them scored."""
    path, vault = tmp_path / "gemel.db", Vault(PlainCipher(), HashChainJournal())
    connection = sqlite3.connect(path, isolation_level=None)
    assert migrate(connection, "x", vault, MIGRATIONS[:1]) == 1
    connection.close()
    with SqliteStore(path) as store:
        store.enrol(SUBJECT, ANN)
    connection = sqlite3.connect(path, isolation_level=None)
    twin = vault.add_twin(SqliteConnection(connection), "t-1", "s-1")
    for name, plan, sealed in (("f1", "as is", {"truth": 101.0, "crps": 3.25}), ("f2", "more", None)):
        blind = vault.blind(STORE, "forecast", name)
        payload = msgspec.msgpack.encode({**OLD, "id": name, "plan": plan})
        connection.execute(
            "INSERT INTO forecast (blind, twin, issued, target, key_id, payload, score_key, score) "
            "VALUES (?, ?, 60, 90, 'plain', ?, ?, ?)",
            (blind, twin.key, payload, sealed and "plain", sealed and msgspec.msgpack.encode(sealed)),
        )
    connection.close()
    return path


def test_a_ledger_of_the_first_schema_is_read_scored_anew_and_added_to(first: Path) -> None:
    with SqliteStore(first) as store:
        assert store.info()["schema"] == len(MIGRATIONS) > 1
        one, two = store.ledger("t-1", ANN)
        plain = {k: v for k, v in OLD.items() if k not in ("truth", "crps")}
        assert one == msgspec.convert({**plain, "score": {"truth": 101.0, "crps": 3.25}}, IssuedForecast)
        assert one.score == Score(truth=101.0, crps=3.25) and two.score is None
        assert (two.plan, two.course) == ("more", "policy")  # its actions were not kept: it can never be scored
        (table,) = store.waiting("t-1", ANN, since=0)
        assert table.shown.tolist() == [[80.0, 140.5]] * 2 and list(table.plans) == [1]
        store.issue([one_again := msgspec.convert(plain, IssuedForecast)], ANN)
        assert one_again.score is None and len(store.ledger("t-1", ANN)) == 2
        store.issue([forecast(7)], ANN)
        store.score("t-1", scores((1, 120.0)), ANN)
        assert store.ledger("t-1", ANN)[0].score == score(120.0)
        assert store.verify() == []


def test_a_file_made_new_and_a_file_brought_forward_have_the_same_tables(first: Path, tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "new.db"), SqliteStore(first):
        tables = [
            sorted(sqlite3.connect(path).execute("SELECT type, name, sql FROM sqlite_schema").fetchall())
            for path in (tmp_path / "new.db", first)
        ]
    assert tables[0] == tables[1]


ROUNDS = 8


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_kill_9_leaves_whole_blocks_of_scores_and_loses_none_that_was_acknowledged(tmp_path: Path) -> None:
    path, moments, acknowledged = tmp_path / "gemel.db", random.Random(20260301), 0
    with SqliteStore(path) as store:
        store.enrol(SUBJECT, ANN)
    for kills in range(1, ROUNDS + 1):
        acknowledged = killed(path, acknowledged, moments.uniform(0.0, 0.2))
        with SqliteStore(path) as store:
            rows, blocks = store.ledger("t-1", ANN), store.scores("t-1", ANN)
            assert len(rows) % scorer.TOGETHER == 0 and len(rows) // scorer.TOGETHER >= acknowledged
            assert len(blocks) >= acknowledged
            assert len(blocks) - kills <= len(store.switches(ANN)) <= len(blocks)
            for block in blocks:
                assert block.rows.size == scorer.TOGETHER and np.ptp(block.rows["truth"]) == 0.0
            assert sum(row.score is not None for row in rows) == scorer.TOGETHER * len(blocks)
    with SqliteStore(path) as store:
        assert store.verify() == [] and acknowledged > ROUNDS


def killed(path: Path, done: int, seconds: float) -> int:
    """Score on from what was acknowledged, then kill; the number of the last acknowledged write."""
    command = [sys.executable, "-m", "tests.store.scorer", str(path), str(done)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        timer = threading.Timer(seconds, process.kill)
        timer.start()
        lines += process.stdout.readlines()
        timer.join()
    return max((int(line) for line in lines if line.endswith("\n")), default=done)
