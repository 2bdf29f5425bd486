"""Kill -9 at random moments, between and within saving facts and twins: nothing acknowledged is lost or doubled, and
the twin catches up to the very belief of a run that nobody disturbed."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from gemel.core.timeline import facts_hash
from tests.runtime import keeper
from tests.runtime.world import history, new_site, open_site, same, undisturbed

ROUNDS = 12


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_a_killed_site_loses_and_doubles_nothing_and_its_twin_catches_up(tmp_path: Path, root: Path) -> None:
    facts, luck = history(keeper.TOTAL_HOURS), random.Random(20260301)
    new_site(tmp_path).close()
    acknowledged = 0
    for _ in range(ROUNDS):
        acknowledged = killed(tmp_path, root, max(0, acknowledged - 1), luck.uniform(0.0, 0.4))
        with open_site(tmp_path) as site:
            records = site.store.facts("s-1", site.caller)
            kept = [fact for _, fact in records]
            assert len(kept) >= acknowledged
            assert [number for number, _ in records] == list(range(1, len(kept) + 1))
            assert facts_hash(kept) == facts_hash(facts[: len(kept)])
            assert site.load("t").now <= kept[-1].at
    with open_site(tmp_path) as site:
        assert same(site.tick("t")[0], undisturbed(tmp_path / "once", kept))
        assert site.store.verify() == [] and site.stale("t") == ""  # type: ignore[attr-defined]
    assert ROUNDS < acknowledged < len(facts)


def killed(folder: Path, root: Path, first: int, seconds: float) -> int:
    """Run the keeper, kill it a while after its first acknowledgement, and return the last one."""
    command = [sys.executable, "-m", "tests.runtime.keeper", str(folder), str(first)]
    path = os.pathsep.join([str(root / "src"), str(root)])
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=root, env=os.environ | {"PYTHONPATH": path}
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        timer = threading.Timer(seconds, process.kill)
        timer.start()
        lines += process.stdout.readlines()
        timer.join()
    assert process.returncode < 0, "it ended before it was killed: give it more facts"
    return max(int(line) for line in lines if line.endswith("\n"))
