"""The store in PostgreSQL: the laws of every store, and what is true of this one."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from gemel.core.errors import StoreError
from gemel.core.fact import Rejected
from gemel.core.registry import load
from gemel.core.subject import Subject
from gemel.core.writing import Receipt, Write
from gemel.store.postgres import PostgresStore
from gemel.store.postgres_link import numbered
from gemel.store.postgres_schema import FIRST_VERSION, MIGRATIONS, migrate
from tests.store.conformance import StoreConformance
from tests.store.server import Road, address, ask, emptied, every_byte, new_schema, new_store, schema_of
from tests.store.sharing_laws import Pair, SharingLaws
from tests.store.toys import (
    ANN,
    SUBJECT,
    LockedCipher,
    Reopen,
    checkpoint,
    closing_each,
    document,
    forecast,
    reading,
    run_together,
    scores,
    signal,
    switch,
)


@pytest.fixture
def nowhere() -> Iterator[str]:
    """URL of a store that does not exist yet."""
    with new_schema() as url:
        yield url


@pytest.fixture(scope="module")
def made() -> Iterator[str]:
    """URL of a store that was opened once."""
    with new_store() as url:
        yield url


@pytest.fixture
def where(made: str) -> str:
    """URL of a store that holds nothing."""
    return emptied(made)


class TestPostgres(StoreConformance):
    @pytest.fixture
    def reopen(self, where: str) -> Iterator[Reopen]:
        yield from closing_each(lambda **options: PostgresStore(where, **options))

    @pytest.fixture
    def at_rest(self, where: str) -> Callable[[], bytes]:
        return lambda: every_byte(where)


class TestPostgresOpenedTwice(SharingLaws):
    @pytest.fixture
    def pair(self, where: str) -> Iterator[Pair]:
        with PostgresStore(where) as one, PostgresStore(where) as two:
            yield one, two


def filled(where: str) -> PostgresStore:
    """A store with a row in every table."""
    store = PostgresStore(where)
    write = Write(
        subject="s-1", enrol=SUBJECT, identifiers=("mrn|1",), facts=(reading(1), reading(2)),
        documents=(document("c", shared=True),), waveforms=(signal(),),
        rejected=(Rejected(reason="r", source="s", raw="x"),), receipt=Receipt(channel="c", id="m", reply=b""),
    )  # fmt: skip
    store.commit([write], ANN)
    store.save(checkpoint(1), ANN)
    store.issue([forecast(1)], ANN)
    store.score("t-1", scores((1, 100.0)), ANN)
    store.switch(switch(1), ANN)
    return store


def test_the_registered_scheme_opens_it(where: str) -> None:
    store = load("stores", "postgresql")(where)
    assert isinstance(store, PostgresStore)
    store.close()


def test_marks_become_numbers_in_order() -> None:
    assert numbered("SELECT a FROM b WHERE c = ? AND d IN (?,?)") == "SELECT a FROM b WHERE c = $1 AND d IN ($2,$3)"
    assert numbered("COMMIT") == "COMMIT"


def test_info_says_where_it_is_but_not_the_password(where: str) -> None:
    secret = where.replace("@", ":open-sesame@", 1)
    with PostgresStore(secret) as store:
        info = store.info()
    assert (info["kind"], info["schema"]) == ("postgresql", 3)
    assert "sesame" not in str(info) and schema_of(where) in info["location"]
    assert info["bytes"] > 0 and info["fsync"] in ("on", "off")


@pytest.mark.parametrize(
    "table",
    ["identifier", "fact_block", "rejected", "document_block", "document_index", "waveform", "receipt", "checkpoint",
        "forecast", "score", "switch", "journal_block"],
)  # fmt: skip
def test_history_cannot_be_changed_even_with_sql(table: str, full: str) -> None:
    column = ask(address(), "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum = 1",
        f"{schema_of(full)}.{table}")[0][0]  # fmt: skip
    name = f"{schema_of(full)}.{table}"
    assert ask(address(), f"SELECT FROM {name}")
    for change in (f"UPDATE {name} SET {column} = {column}", f"DELETE FROM {name}", f"TRUNCATE {name}"):
        with pytest.raises(Exception, match="append-only"):
            ask(address(), change)


@pytest.fixture(scope="module")
def full() -> Iterator[str]:
    """URL of a store with a row in every table, closed."""
    with new_schema() as url:
        filled(url).close()
        yield url


def test_facts_of_many_subjects_are_spread_over_the_parts(where: str) -> None:
    with PostgresStore(where) as store:
        people = [f"p{n}" for n in range(200)]
        store.commit([Write(subject=id, enrol=Subject(id=id), facts=(reading(1),)) for id in people], ANN)
        for id in people[::37]:
            assert store.facts(id, ANN) == [(1, reading(1))]
    counts = ask(address(), f"SELECT count(*) FROM {schema_of(where)}.fact_block GROUP BY tableoid")
    assert len(counts) == 16 and max(counts)[0] < 40  # 12.5 expected; 40 is 8 standard deviations off


def test_a_schema_of_another_program_is_refused_and_left_alone(nowhere: str) -> None:
    name = schema_of(nowhere)
    ask(address(), f"CREATE SCHEMA {name}")
    ask(address(), f"CREATE TABLE {name}.migration (version int)")
    with pytest.raises(StoreError, match="another program"):
        PostgresStore(nowhere)
    assert len(ask(address(), "SELECT FROM pg_tables WHERE schemaname = $1", name)) == 1


def test_a_newer_schema_is_refused(nowhere: str) -> None:
    PostgresStore(nowhere).close()
    ask(address(), f"INSERT INTO {schema_of(nowhere)}.migration VALUES (99, 0)")
    with pytest.raises(StoreError, match=r"version 99.*update gemel"):
        PostgresStore(nowhere)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("postgresql://root@127.0.0.1:1/test", "does not answer"),
        ("mysql://root@127.0.0.1/test", "no PostgreSQL store"),
        ("postgresql://root@127.0.0.1/test?schema=x;DROP", "small letters"),
        ("postgresql://root@127.0.0.1/test?schema=pg_catalog", "small letters"),
    ],
)
def test_a_url_that_leads_to_no_store_is_refused(wrong: str, reason: str) -> None:
    with pytest.raises(StoreError, match=reason):
        PostgresStore(wrong)


def test_a_database_that_does_not_exist_is_named_with_the_way_out() -> None:
    absent = re.sub(r"/[^/]*$", "/no_such_database", address())
    with pytest.raises(StoreError, match="createdb"):
        PostgresStore(absent)


def test_first_openings_at_once_make_one_schema(nowhere: str) -> None:
    def opened() -> None:
        PostgresStore(nowhere).close()

    run_together([opened] * 4)
    assert [tuple(row) for row in ask(address(), f"SELECT version FROM {schema_of(nowhere)}.migration")] == [(3,)]


def test_a_migration_keeps_the_data_and_a_failing_one_changes_nothing(nowhere: str) -> None:
    name = schema_of(nowhere)
    with PostgresStore(nowhere) as store:
        store.enrol(SUBJECT, ANN)
        link = store._database._writer
        more = "ALTER TABLE twin ADD COLUMN note text"
        with pytest.raises(Exception, match="nonsense"):
            migrate(link, name, nowhere, (*MIGRATIONS, (more, "nonsense")))
        assert migrate(link, name, nowhere) == FIRST_VERSION
        assert migrate(link, name, nowhere, (*MIGRATIONS, (more,))) == FIRST_VERSION + 1
        assert store.subjects(ANN) == [SUBJECT]
    with pytest.raises(StoreError, match="update gemel"):
        PostgresStore(nowhere)


def test_a_query_that_fails_spoils_no_later_read(where: str) -> None:
    with PostgresStore(where) as store:
        for query in ("SELECT nonsense", "SELECT 1 / 0"):
            with pytest.raises(StoreError), store._database.read() as link:
                list(link.rows(query))
            with pytest.raises(StoreError), store._database.read() as link:
                link.row(query)
        assert store.subjects(ANN) == []


def test_without_a_server_calls_say_so_and_work_again_once_it_is_back(where: str) -> None:
    road = Road()
    with PostgresStore(where.replace(address(), road.address)) as store:
        store.enrol(SUBJECT, ANN)
        store.append("s-1", [reading(1)], ANN)
        assert len(store.facts("s-1", ANN)) == 1
        road.cut()
        for call in (
            lambda: store.facts("s-1", ANN),
            lambda: store.append("s-1", [reading(2)], ANN),
            lambda: store.submit([Write(subject="s-1", facts=(reading(2),))], ANN).result(30),
            lambda: store.info(),
        ):
            with pytest.raises(StoreError, match=r"does not answer.*call again"):
                call()
        road.mend()
        done = store.append("s-1", [reading(1), reading(2)], ANN)
        assert (done.accepted, done.repeated, done.last) == (1, 1, 2)
        assert [n for n, _ in store.facts("s-1", ANN)] == [1, 2]
        assert store.verify() == []
    road.cut()


def test_a_session_that_the_server_ends_is_made_anew(where: str) -> None:
    with PostgresStore(where) as store:
        store.enrol(SUBJECT, ANN)
        assert store.facts("s-1", ANN) == []
        name = schema_of(where)
        held = f"SELECT pid FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE c.relname = '{name}'"
        assert ask(address(), held) == []
        ask(
            address(),
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1",
            f"gemel {name}",
        )
        wait_until(lambda: not store._database._writer.alive)
        assert store.append("s-1", [reading(1)], ANN).last == 1
        assert store.facts("s-1", ANN) == [(1, reading(1))]


def wait_until(true: Callable[[], bool]) -> None:
    """Look again until it is so, for ten seconds at most."""
    again = threading.Event()
    for _ in range(1000):
        if true():
            return
        again.wait(0.01)
    raise AssertionError("it never became true")


def test_a_writer_that_holds_the_store_for_too_long_is_named(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gemel.store.postgres_database._BEGIN", SHORT)
    with PostgresStore(where) as one, PostgresStore(where) as two:
        one.enrol(SUBJECT, ANN)
        with one._database.writing(), pytest.raises(StoreError, match="another process is writing"):
            two.append("s-1", [reading(1)], ANN)
        assert two.append("s-1", [reading(1)], ANN).last == 1


def test_a_writer_that_stops_in_its_turn_loses_it(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stalling = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = '50ms'; LOCK TABLE migration IN EXCLUSIVE MODE"
    with PostgresStore(where) as one, PostgresStore(where) as two:
        one.enrol(SUBJECT, ANN)
        monkeypatch.setattr("gemel.store.postgres_database._BEGIN", stalling)
        with pytest.raises(StoreError, match="call again"), one._database.writing() as link:
            wait_until(lambda: not link.alive)
        assert two.append("s-1", [reading(1)], ANN).last == 1
        assert one.append("s-1", [reading(1), reading(2)], ANN).last == 2


SHORT = "BEGIN; SET LOCAL lock_timeout = '20ms'; LOCK TABLE migration IN EXCLUSIVE MODE"


def test_readers_are_not_held_up_by_a_writer_and_see_one_state(where: str) -> None:
    with PostgresStore(where) as store:
        store.enrol(SUBJECT, ANN)
        store.append("s-1", [reading(1)], ANN)
        with store._database.read() as link:
            assert link.row("SELECT count(*) FROM fact_block") == (1,)
            with store._database.writing() as writer:
                writer.run("INSERT INTO receipt (blind, key_id, payload) VALUES (?, ?, ?)", (b"x", "k", b""))
                assert store.facts("s-1", ANN) == [(1, reading(1))]
            assert link.row("SELECT count(*) FROM receipt") == (0,)
        with store._database.read() as link:
            assert link.row("SELECT count(*) FROM receipt") == (1,)


def test_many_rows_come_a_few_at_a_time_and_all_of_them(where: str) -> None:
    with PostgresStore(where) as store, store._database.read() as link:
        numbers = [n for (n,) in link.rows("SELECT generate_series(1, ?)", (1001,))]
        assert numbers == list(range(1, 1002))
        first = link.rows("SELECT generate_series(1, 1000)")
        assert next(first) == (1,) and link.row("SELECT 7") == (7,) and next(first) == (2,)


def test_a_row_altered_behind_the_store_s_back_is_found(where: str) -> None:
    cipher, name = LockedCipher(), schema_of(where)
    with PostgresStore(where, cipher=cipher) as store:
        store.enrol(SUBJECT, ANN)
        store.append("s-1", [reading(1)], ANN)
        store.append("s-1", [reading(2)], ANN)
        assert store.verify() == []
        ask(address(), f"ALTER TABLE {name}.fact_block DISABLE TRIGGER USER")
        ask(address(), f"UPDATE {name}.fact_block a SET payload = b.payload FROM {name}.fact_block b "
            "WHERE a.first = 2 AND b.first = 1")  # fmt: skip
        assert store.verify() != []
        with pytest.raises(StoreError, match="row that is not its own"):
            store.facts("s-1", ANN)


FEED = """
import sys
from gemel.core.fact import Exact, Observation
from gemel.core.ports import Caller
from gemel.core.writing import Write
from gemel.store.postgres import PostgresStore

def fact(n):
    return Observation(id=f"g{n}", code="c", value=Exact(1.0), unit="1", at=n, recorded=n)

with PostgresStore(sys.argv[1]) as store:
    for n in range(int(sys.argv[2]), int(sys.argv[2]) + 60):
        store.commit([Write(subject=s, facts=(fact(n), fact(n + 1))) for s in ("a", "b")], Caller(id="x"))
"""


def test_two_processes_write_one_store_without_doubling_or_renumbering(where: str) -> None:
    with PostgresStore(where) as store:
        store.commit([Write(subject=id, enrol=Subject(id=id)) for id in ("a", "b")], ANN)
        command = [sys.executable, "-c", FEED, where]
        with subprocess.Popen([*command, "0"]) as one, subprocess.Popen([*command, "30"]) as two:
            assert (one.wait(60), two.wait(60)) == (0, 0)
        for id in ("a", "b"):
            records = store.facts(id, ANN)
            assert [n for n, _ in records] == list(range(1, 92))
            assert {fact.id for _, fact in records} == {f"g{n}" for n in range(91)}
        assert store.verify() == []
        assert len(store.journal(ANN)) == 2 + 2 * 60 * 2
