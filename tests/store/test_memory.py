"""What the writer remembers: as good as asking, little, and forgotten when another has written."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np

from gemel.core.fact import Exact, Fact, Observation
from gemel.core.subject import Subject
from gemel.core.writing import Committed, Receipt, Write
from gemel.store import SqliteStore
from gemel.store.memory import Known, Memory, Seen
from tests.store.toys import ANN, OTHER, SUBJECT, reading


def digest(n: int) -> bytes:
    return n.to_bytes(8, "little")


def test_digests_seen_are_those_of_a_set() -> None:
    draw = random.Random(5)
    reference = {draw.randrange(3000) for _ in range(500)}
    seen = Seen(b"".join(digest(n) for n in reference))
    for _ in range(200):
        asked = [draw.randrange(3000) for _ in range(draw.randrange(1, 20))]
        assert seen.among([digest(n) for n in asked]) == {digest(n) for n in asked if n in reference}
        seen.add(digest(n) for n in asked)
        reference.update(asked)
    assert seen.among([digest(n) for n in (0, 2**64 - 1)]) <= {digest(0)}


def test_many_digests_take_little_more_than_their_bytes() -> None:
    seen, draw = Seen(), np.random.default_rng(7)
    for _ in range(100):
        seen.add(draw.integers(0, 2**62, 1000).astype("<i8").view("V8").tolist())
    assert seen.size < 3 * 8 * 100_000 + 112 * 25_000


def test_what_was_not_used_for_longest_is_forgotten_first() -> None:
    memory = Memory()
    for n in range(1000):
        memory.add(Known(f"s-{n}", digest(n), n))
    assert memory.use("s-0") is not None
    memory.trim(most=64_000)
    assert memory.use("s-0") is not None and memory.use("s-999") is not None
    assert memory.use("s-1") is None and len(memory.subjects) == 100


def late(n: int, recorded: int) -> Observation:
    return Observation(id=f"g{n}", code="c", value=Exact(float(n)), unit="1", at=n, recorded=recorded)


def test_a_live_feed_is_remembered_by_its_latest_recording_alone() -> None:
    with SqliteStore() as store:
        store.enrol(SUBJECT, ANN)
        for n in range(100):
            store.append("s-1", [late(n, recorded=n)], ANN)
        known = store._writer._memory.subjects["s-1"]
        assert (known.last, known.top, known.seen) == (100, 99, None)
        assert store.append("s-1", [late(40, recorded=40), late(41, recorded=40)], ANN).accepted == 1
        assert known.seen is not None and known.since == 40
        assert store.append("s-1", [late(n, recorded=n) for n in range(30, 45)], ANN).accepted == 0
        assert known.since == 30


def test_a_writer_that_remembers_nothing_answers_as_one_that_remembers_all() -> None:
    def course(*, forgetful: bool) -> list[Committed]:
        draw, answers = random.Random(11), list[Committed]()
        with SqliteStore() as store:
            store.commit([Write(subject=f"s-{n}", enrol=Subject(id=f"s-{n}")) for n in range(3)], ANN)
            for _ in range(150):
                writes = [a_write(draw) for _ in range(draw.randrange(1, 4))]
                answers += store.commit(writes, ANN)
                if forgetful:
                    store._writer.run(lambda _: (store._writer._memory.forget(), [])).result()
            assert store.verify() == []
        return answers

    assert course(forgetful=True) == course(forgetful=False)


def a_write(draw: random.Random) -> Write:
    facts: list[Fact] = [late(n := draw.randrange(200), recorded=n // 3) for _ in range(draw.randrange(0, 9))]
    receipt = Receipt(channel="c", id=f"{draw.randrange(100)}", reply=b"r") if draw.random() < 0.3 else None
    return Write(subject=f"s-{draw.randrange(3)}", facts=tuple(facts), receipt=receipt)


def test_what_another_process_wrote_is_known_at_the_next_write(tmp_path: Path) -> None:
    path = tmp_path / "gemel.db"
    told = Receipt(channel="c", id="m", reply=b"first")
    with SqliteStore(path) as one, SqliteStore(path) as two:
        one.commit([Write(subject="s-1", enrol=SUBJECT, facts=(reading(1),), identifiers=("mrn|1",))], ANN)
        two.commit([Write(subject="s-2", enrol=OTHER), Write(subject="s-2", identifiers=("mrn|1",))], ANN)
        two.commit([Write(subject="s-1", facts=(reading(2),), receipt=told)], ANN)
        (done,) = one.commit([Write(subject="s-1", facts=(reading(2), reading(3)), identifiers=("mrn|1",))], ANN)
        assert (done.accepted, done.repeated, done.last) == (1, 1, 3)
        assert two.find("mrn|1", ANN) == "s-1"
        (done,) = one.commit([Write(subject="s-1", facts=(reading(9),), receipt=told)], ANN)
        assert (done.receipt, done.last) == (told, 3)
        assert two.append("s-2", [reading(1)], ANN).last == 1
        assert one.subjects(ANN) == two.subjects(ANN) == [SUBJECT, OTHER]
        assert one.verify() == two.verify() == []
