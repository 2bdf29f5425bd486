"""A process to kill: it takes facts in and ticks a twin, and says after each tick what is acknowledged.

Usage: keeper.py FOLDER FIRST, where FIRST is the number of the first fact to take in.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.runtime.world import history, open_site

TOTAL_HOURS = 360.0
"""Of facts: more than killed processes get through, also where the kill comes late on a busy machine."""


def main(folder: Path, first: int) -> None:
    facts = history(TOTAL_HOURS)
    with open_site(folder) as site:
        for n in range(first, len(facts), 2):
            site.take_in("s-1", facts[n : n + 2])
            print(min(n + 2, len(facts)), flush=True)
            site.tick("t")
            site.save(site.load("t"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
