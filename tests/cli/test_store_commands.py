"""`gemel store`: copies of a store, what it holds and whether it is sound, told to people and to machines."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gemel.store import SqliteStore
from tests.store.server import new_schema
from tests.store.toys import ANN, SUBJECT, reading

Run = Callable[..., tuple[int, str, str]]
Valid = Callable[..., Any]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with a store of forty facts in it."""
    (tmp_path / "data").mkdir()
    with SqliteStore(tmp_path / "data" / "gemel.db") as store:
        store.enrol(SUBJECT, ANN)
        store.append("s-1", [reading(n) for n in range(40)], ANN)
    return tmp_path / "data"


def test_a_store_goes_into_a_file_and_back_into_a_new_folder(valid: Valid, data: Path, tmp_path: Path) -> None:
    made = valid("store backup", "store", "backup", tmp_path / "copy", "--data", data)
    back = valid("store restore", "store", "restore", tmp_path / "copy", "--data", tmp_path / "new")
    assert (made["facts"], back["facts"], back["faults"]) == (40, 40, [])
    assert (made["digest"], made["journal_head"]) == (back["digest"], back["journal_head"])
    assert made["bytes"] == (tmp_path / "copy").stat().st_size
    told = valid("store verify", "store", "verify", "--data", tmp_path / "new" / "gemel.db")
    assert told["sound"] and told["journal_head"] == made["journal_head"]
    with SqliteStore(data / "gemel.db") as old, SqliteStore(tmp_path / "new" / "gemel.db") as new:
        assert new.facts("s-1", ANN) == old.facts("s-1", ANN)


def test_a_store_moves_to_postgresql(valid: Valid, data: Path, tmp_path: Path) -> None:
    with new_schema() as url:
        valid("store backup", "store", "backup", tmp_path / "copy", "--data", data)
        back = valid("store restore", "store", "restore", tmp_path / "copy", "--data", url)
        assert (back["facts"], back["faults"]) == (40, [])
        told = valid("store info", "store", "info", "--data", url)
        assert (told["kind"], told["counts"]["fact"]) == ("postgresql", 40)


def test_people_are_told_in_words(run: Run, data: Path, tmp_path: Path) -> None:
    code, out, _ = run("store", "backup", tmp_path / "copy", "--data", data)
    assert code == 0 and "40 facts" in out
    code, out, _ = run("store", "restore", tmp_path / "copy", "--data", tmp_path / "other.db")
    assert code == 0 and "read back and compared" in out
    code, out, _ = run("store", "verify", "--data", tmp_path / "other.db")
    assert code == 0 and "sound" in out
    code, out, _ = run("store", "info", "--data", data)
    assert code == 0 and "sqlite" in out and "fact" in out


def test_an_altered_store_ends_with_code_1_and_says_what_is_wrong(run: Run, data: Path) -> None:
    connection = sqlite3.connect(data / "gemel.db")
    connection.execute("DROP TRIGGER journal_block_no_delete")
    connection.execute("DELETE FROM journal_block WHERE first = 1")
    connection.commit()
    connection.close()
    code, out, complaint = run("store", "verify", "--data", data)
    assert (code, out) == (1, "") and "missing" in complaint
    code, out, _ = run("store", "verify", "--data", data, "--json")
    assert code == 1 and '"sound": false' in out


def test_what_is_no_store_and_what_is_full_is_refused(run: Run, data: Path, tmp_path: Path) -> None:
    code, _, complaint = run("store", "info", "--data", tmp_path / "absent")
    assert code == 2 and "no store at" in complaint and not (tmp_path / "absent").exists()
    run("store", "backup", tmp_path / "copy", "--data", data)
    code, _, complaint = run("store", "restore", tmp_path / "copy", "--data", data)
    assert code == 2 and "restore into a new one" in complaint
    code, _, complaint = run("store", "backup", tmp_path / "copy", "--data", data)
    assert code == 2 and "exists" in complaint
