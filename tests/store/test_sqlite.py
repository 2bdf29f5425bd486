"""The embedded store: the laws of every store, and what is true of this one."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gemel.core.errors import StoreError
from gemel.core.writing import Write
from gemel.store import SqliteStore
from gemel.store.commit import Note
from gemel.store.connection import Connection
from tests.store.conformance import StoreConformance
from tests.store.sharing_laws import Pair, SharingLaws
from tests.store.toys import (
    ANN,
    OTHER,
    SUBJECT,
    LockedCipher,
    Reopen,
    closing_each,
    everything,
    reading,
    run_together,
    tampered,
)


class TestSqliteFile(StoreConformance):
    @pytest.fixture
    def reopen(self, tmp_path: Path) -> Iterator[Reopen]:
        yield from closing_each(lambda **options: SqliteStore(tmp_path / "gemel.db", **options))

    @pytest.fixture
    def at_rest(self, tmp_path: Path) -> Callable[[], bytes]:
        return lambda: b"".join(file.read_bytes() for file in tmp_path.iterdir())


class TestSqliteFileOpenedTwice(SharingLaws):
    @pytest.fixture
    def pair(self, tmp_path: Path) -> Iterator[Pair]:
        with SqliteStore(tmp_path / "gemel.db") as one, SqliteStore(tmp_path / "gemel.db") as two:
            yield one, two


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
        assert connection.row("PRAGMA journal_mode") == ("wal",)
        assert connection.row("PRAGMA synchronous") == (2,)  # FULL
        assert store._database._writer.raw.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_new_file_is_for_its_owner_alone(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_waits_shares_one_commit_and_a_job_that_fails_undoes_itself_alone() -> None:
    busy, free = threading.Event(), threading.Event()

    def hold(_: Connection) -> tuple[None, list[Note]]:
        busy.set()
        assert free.wait(10)
        return None, []

    def fail(connection: Connection) -> tuple[None, list[Note]]:
        connection.run("UPDATE subject SET key_id = 'another'")
        raise ValueError("no")

    with SqliteStore() as store:
        store.enrol(SUBJECT, ANN)
        statements: list[str] = []
        store._database._writer.raw.set_trace_callback(statements.append)
        held = store._writer.run(hold)
        assert busy.wait(10)
        first = store.submit([Write(subject="s-1", facts=(reading(1),))], ANN)
        failing = store._writer.run(fail)
        unknown = store.submit([Write(subject="nobody", facts=(reading(1),))], ANN)
        others = [store.submit([Write(subject="s-1", facts=(reading(n),))], ANN) for n in range(2, 20)]
        free.set()
        assert [one.result()[0].last for one in (first, *others)] == list(range(1, 20))
        with pytest.raises(ValueError, match="no"):
            failing.result()
        with pytest.raises(StoreError, match="nobody"):
            unknown.result()
        held.result()
        assert statements.count("COMMIT") == 2 and statements.count("SAVEPOINT job") == 2
        assert sum("INTO fact_block" in one for one in statements) == 2  # before the failing job, and after
        assert store.subjects(ANN) == [SUBJECT] and len(store.facts("s-1", ANN)) == 19


@dataclass
class TornCipher(LockedCipher):
    """Refuses to seal anything more for one subject, as after its erasure."""

    gone: str = "nobody"

    def seal(self, subject: str, clear: bytes, bound_to: bytes) -> tuple[str, bytes]:
        if subject == self.gone:
            raise StoreError(f"the key of '{subject}' is gone")
        return super().seal(subject, clear, bound_to)


def test_a_subject_whose_key_is_gone_does_not_disturb_those_it_shares_a_commit_with() -> None:
    cipher = TornCipher()
    with SqliteStore(cipher=cipher) as store:
        store.commit([Write(subject="s-1", enrol=SUBJECT), Write(subject="s-2", enrol=OTHER)], ANN)
        cipher.gone = "s-2"
        busy, free = threading.Event(), threading.Event()

        def hold(_: Connection) -> tuple[None, list[Note]]:
            busy.set()
            assert free.wait(10)
            return None, []

        held = store._writer.run(hold)
        assert busy.wait(10)
        jobs = [
            [Write(subject=f"s-{1 + n % 2}", facts=(reading(n),), documents=everything(n).documents[: n // 3])]
            for n in range(6)
        ]
        jobs[5] = [*jobs[0], *jobs[5]]  # all of it or none
        submitted = [store.submit(job, ANN) for job in jobs]
        free.set()
        held.result()
        failures = [future.exception() for future in submitted]
        assert [failure is None for failure in failures] == [True, False, True, False, True, False]
        assert all("is gone" in str(failure) for failure in failures if failure is not None)
        assert store.facts("s-1", ANN) == [(1, reading(0)), (2, reading(2)), (3, reading(4))]
        assert len(store.journal(ANN)) == 5
        cipher.gone = "nobody"
        assert store.append("s-2", [reading(1)], ANN).last == 1 and store.verify() == []


def test_a_file_locked_by_another_process_is_an_error_that_says_so(path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    with SqliteStore(path) as store:
        store._database._writer.raw.execute("PRAGMA busy_timeout = 1")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another process"):
            store.append("s-1", [reading(9)], ANN)
        other.execute("ROLLBACK")
        assert store.append("s-1", [reading(9)], ANN).last == 4
    other.close()


def test_a_call_that_fails_inside_sqlite_is_an_error_and_the_writer_lives_on(path: Path) -> None:
    with SqliteStore(path) as store:
        tampered(path, "ALTER TABLE fact_block RENAME TO elsewhere")
        with pytest.raises(StoreError, match="no such table"):
            store.append("s-1", [reading(9)], ANN)
        tampered(path, "ALTER TABLE elsewhere RENAME TO fact_block")
        assert store.append("s-1", [reading(9)], ANN).last == 4


def test_a_full_disk_refuses_the_call_and_keeps_what_was_there(path: Path) -> None:
    with SqliteStore(path) as store:
        connection = store._database._writer.raw
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
