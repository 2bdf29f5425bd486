"""A process to kill: it issues forecasts, scores them and logs a switch, and says what is acknowledged.

Usage: scorer.py FILE DONE, where DONE is the number of the last acknowledged round.
"""

from __future__ import annotations

import sys

from gemel.store import SqliteStore
from tests.store.toys import ANN, forecast, scores, switch

TOGETHER = 5
"""Forecasts of a round."""


def main(path: str, done: int) -> None:
    with SqliteStore(path) as store:
        while True:
            done += 1
            names = range(done * TOGETHER, (done + 1) * TOGETHER)
            store.issue([forecast(n) for n in names], ANN)
            known = {int(row["forecast"]) for block in store.scores("t-1", ANN) for row in block.rows}
            numbers = [int(n) for table in store.waiting("t-1", ANN, since=0) for n in table.number]
            new = [n for n in numbers if n not in known]
            if new:
                store.score("t-1", scores(*((n, float(done)) for n in new)), ANN)
                store.switch(switch(done), ANN)
            sys.stdout.write(f"{done}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
