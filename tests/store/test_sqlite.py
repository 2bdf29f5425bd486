"""The embedded store: the laws of every store, and what is true of this one."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gemel.core.errors import StoreError
from gemel.store import SqliteStore
from gemel.store.commit import GroupCommit
from tests.store.conformance import StoreConformance
from tests.store.toys import (
    ANN,
    SUBJECT,
    Reopen,
    closing_each,
    reading,
    run_together,
    tampered,
)


class TestSqliteFile(StoreConformance):
    @pytest.fixture
    def reopen(self, tmp_path: Path) -> Iterator[Reopen]:
        yield from closing_each(lambda **options: SqliteStore(tmp_path / "gemel.db", **options))


def test_a_store_in_memory_reads_and_writes_from_many_threads() -> None:
    with SqliteStore() as store:
        store.enrol(SUBJECT, ANN)

        def work(first: int) -> None:
            for n in range(first, first + 10):
                store.append("s-1", [reading(n)], ANN)
                assert store.facts("s-1", ANN)

        run_together([lambda first=first: work(first) for first in range(0, 80, 10)])
        assert len(store.facts("s-1", ANN)) == 80


def test_a_commit_is_on_disk_before_it_is_acknowledged(path: Path) -> None:
    with SqliteStore(path) as store, store._database.read() as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
        assert store._database._connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_new_file_is_for_its_owner_alone(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_waiting_writers_share_one_commit() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    writer, busy, free = GroupCommit(connection, threading.Lock()), threading.Event(), threading.Event()

    def hold(_: sqlite3.Connection) -> None:
        busy.set()
        assert free.wait(10)

    def behind() -> None:
        assert busy.wait(10)
        writer.write(lambda _: None)

    def release() -> None:
        while writer._jobs.qsize() < 20:
            free.wait(0.001)
        free.set()

    run_together([lambda: writer.write(hold), release, *[behind] * 20])
    writer.close()
    connection.close()
    assert statements.count("SAVEPOINT job") == 21
    assert statements.count("COMMIT") == 2


def test_a_file_locked_by_another_process_is_an_error_that_says_so(path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    with SqliteStore(path) as store:
        store._database._connection.execute("PRAGMA busy_timeout = 1")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another process"):
            store.append("s-1", [reading(9)], ANN)
        other.execute("ROLLBACK")
        assert store.append("s-1", [reading(9)], ANN).last == 4
    other.close()


def test_a_call_that_fails_inside_sqlite_is_an_error_and_the_writer_lives_on(path: Path) -> None:
    with SqliteStore(path) as store:
        tampered(path, "ALTER TABLE fact RENAME TO elsewhere")
        with pytest.raises(StoreError, match="no such table"):
            store.append("s-1", [reading(9)], ANN)
        tampered(path, "ALTER TABLE elsewhere RENAME TO fact")
        assert store.append("s-1", [reading(9)], ANN).last == 4


def test_a_full_disk_refuses_the_call_and_keeps_what_was_there(path: Path) -> None:
    with SqliteStore(path) as store:
        connection = store._database._connection
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreError, match=r"disk is full.*free space"):
            store.append("s-1", [reading(n) for n in range(10, 5000)], ANN)
        connection.execute("PRAGMA max_page_count = 1000000")
        assert store.append("s-1", [reading(3)], ANN).last == 4
        assert store.verify() == []


def test_two_processes_may_write_to_one_file(path: Path) -> None:
    with SqliteStore(path) as one, SqliteStore(path) as two:
        one.append("s-1", [reading(3)], ANN)
        assert two.append("s-1", [reading(3), reading(4)], ANN).last == 5
        assert one.facts("s-1", ANN) == two.facts("s-1", ANN)
        assert one.verify() == []


FORK = """
import os, sys
from gemel.core.errors import StoreError
from gemel.core.ports import Caller
from gemel.store import SqliteStore

with SqliteStore(sys.argv[1]) as store:
    child = os.fork()
    if child == 0:
        try:
            store.facts("s-1", Caller(id="ann"))
        except StoreError as error:
            print(error, flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_forked_process_is_told_to_open_the_store_itself(path: Path) -> None:
    """In a process of its own: the suite's has threads of JAX by now, which must not be forked."""
    done = subprocess.run([sys.executable, "-c", FORK, str(path)], capture_output=True, text=True, check=True)
    assert "open it in the child process" in done.stdout
