"""Kill -9 at random moments: what was acknowledged is there, once, in order, and nothing else is wrong."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from gemel.core.ports import Caller
from gemel.core.subject import Subject
from gemel.core.timeline import facts_hash
from gemel.store import SqliteStore
from tests.store import feeder

ROUNDS = 20
SUBJECTS = 3
ME = Caller(id="test")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_no_acknowledged_fact_is_lost_or_doubled_by_kill_9(tmp_path: Path) -> None:
    path, moments = tmp_path / "gemel.db", random.Random(20260301)
    with SqliteStore(path) as store:
        for number in range(SUBJECTS):
            store.enrol(Subject(id=f"s-{number}"), ME)
    acknowledged = [0] * SUBJECTS
    for round_ in range(ROUNDS):
        killed_with(path, round_, acknowledged, moments.uniform(0.0, 0.15))
        with SqliteStore(path) as store:
            for number in range(SUBJECTS):
                records = store.facts(f"s-{number}", ME)
                assert [seq for seq, _ in records] == list(range(1, len(records) + 1))
                assert len(records) >= acknowledged[number]
                expected = [feeder.fact(n) for n in range(1, len(records) + 1)]
                assert facts_hash(fact for _, fact in records) == facts_hash(expected)
    with SqliteStore(path) as store:
        assert store.verify() == []
        appends = [entry for entry in store.journal(ME) if entry.action == "append"]
    assert min(acknowledged) > ROUNDS and len(appends) > SUBJECTS * ROUNDS


def killed_with(path: Path, seed: int, acknowledged: list[int], seconds: float) -> None:
    """Feed from what was last acknowledged, so that what was kept without that is sent again; then kill."""
    command = [
        sys.executable,
        feeder.__file__,
        str(path),
        str(seed),
        *(str(last + 1) for last in acknowledged),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline()]  # it is up and has acknowledged something
        timer = threading.Timer(seconds, process.kill)
        timer.start()
        lines += process.stdout.readlines()
        timer.join()
    for line in lines:
        assert line.endswith("\n") or line is lines[-1], "only the last line can be cut short"
        if line.endswith("\n"):
            subject, last = line.split()
            acknowledged[int(subject.removeprefix("s-"))] = int(last)
