"""`kill -9` at random moments: nothing acknowledged is lost or doubled; and the count would notice if it were."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from gemel.cli.bench_service_kill import (
    ME,
    SENDERS,
    WARD,
    Kills,
    kill_often,
    kill_store,
    messages,
    open_store,
    people,
)
from gemel.cli.bench_service_kill_http import kill_service
from gemel.core.writing import Write
from tests.store.server import new_schema

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield str(tmp_path / "gemel.db")
        return
    with new_schema() as url:
        yield url


def test_no_acknowledged_fact_is_lost_or_doubled_by_kill_9(where: str) -> None:
    done: list[int] = []
    found = kill_store(where, 8, seed=20260329, progress=done.append)
    assert (found.kills, found.lost, found.doubled, found.same_hash) == (8, 0, 0, True)
    assert found.kept >= found.acknowledged > 0 and done == list(range(1, 9))
    with closing(open_store(where)) as store:
        assert store.verify() == []  # type: ignore[attr-defined]  # of both built-in stores


@pytest.mark.slow
def test_a_service_that_is_killed_answers_repeats_as_before_and_loses_nothing(file: str) -> None:
    pytest.importorskip("granian")
    found = kill_service(file, 3, seed=20260330, progress=lambda _: None)
    assert (found.kills, found.lost, found.doubled, found.same_hash) == (3, 0, 0, True)
    assert found.kept >= found.acknowledged > 0


def judged(where: str, upto: int, *spoil: Write) -> Kills:
    """What is found where each sender's messages up to one were acknowledged and these were written in their place."""
    with closing(open_store(where)) as store:
        store.commit(people(), ME)
        for sender in range(SENDERS):
            for n in range(1, upto + 1 - bool(spoil)):
                store.commit(messages(sender, n), ME)
        store.commit(spoil, ME)
    answers = [(sender, upto) for sender in range(SENDERS)]
    return kill_often(where, 1, lambda _, __: answers, seed=0, progress=lambda _: None)


@pytest.fixture
def file(tmp_path: Path) -> str:
    return str(tmp_path / "gemel.db")


def test_all_that_was_sent_is_neither_lost_nor_doubled(file: str) -> None:
    found = judged(file, 3)
    assert (found.lost, found.doubled, found.same_hash) == (0, 0, True)
    assert found.acknowledged == found.kept == SENDERS * (2 + 3 + 4 + 2 * 3)


def test_acknowledged_messages_that_are_missing_are_counted(file: str) -> None:
    found = judged(file, 3, Write())
    assert found.lost == SENDERS * (4 + 2)


def test_documents_and_facts_kept_twice_are_counted(file: str) -> None:
    own, ward = messages(0, 1)
    later = msgspec.structs.replace(own.facts[0], recorded=10**9)
    again = Write(subject="s-0", facts=(later,), documents=own.documents)
    found = judged(file, 3, again, Write(subject=WARD, facts=(msgspec.structs.replace(ward.facts[0], recorded=10**9),)))
    assert found.doubled == 3 and not found.same_hash
