"""A process that appends facts and says what was acknowledged, until it is killed.

Usage: feeder.py FILE SEED FROM...  One thread for each subject; FROM is where each starts.  A line "subject
last" on stdout is an acknowledgement.
"""

from __future__ import annotations

import random
import sys
import threading

from gemel.core.fact import Exact, Observation
from gemel.core.ports import Caller
from gemel.store import SqliteStore


def fact(n: int) -> Observation:
    """Fact number n of a subject, from 1."""
    return Observation(id=f"g{n}", code="2339-0", value=Exact(n / 7), unit="mg/dL", at=n, recorded=n + 1)


def feed(store: SqliteStore, subject: str, start: int, seed: int) -> None:
    """Append batches of one to nine facts for ever."""
    sizes, caller = random.Random(seed), Caller(id="feeder")
    while True:
        end = start + sizes.randint(1, 9)
        last = store.append(subject, [fact(n) for n in range(start, end)], caller).last
        if last < end - 1:
            sys.stdout.write("lost\n")
        sys.stdout.write(f"{subject} {end - 1}\n")
        sys.stdout.flush()
        start = end


if __name__ == "__main__":
    store = SqliteStore(sys.argv[1])
    for number, start in enumerate(sys.argv[3:]):
        args = (store, f"s-{number}", int(start), int(sys.argv[2]) + number)
        threading.Thread(target=feed, args=args).start()
