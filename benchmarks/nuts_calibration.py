"""Simulation-based calibration of NUTS, which takes minutes and so is not in the suite.

Truths from the prior of the linear conformance model, three readings each, and the rank of every truth among its
posterior draws, as tests/laws/sbc.py does for the other engines.  The limit on R-hat is wide: a truth whose chains were
refused would be missing from the ranks.  Run in a clone, with its test environment:

    .venv/bin/python -m benchmarks.nuts_calibration [TRUTHS]
"""

from __future__ import annotations

import json
import sys
import time

from gemel.engines.nuts import Nuts
from tests.laws.cases import BY_NAME
from tests.laws.sbc import Study, alarm, ranked

FALSE_ALARM = 1e-6


def main(truths: int = 64) -> None:
    study = Study(BY_NAME["linear"], {"y": (1.0, 2.0, 4.0)}, leaves=("x",))
    begun = time.process_time()
    ranks = ranked(study, Nuts(chains=4, draws=250, warm=150, limit=1.2), truths=truths, members=200, crew=8)
    table = alarm(ranks, FALSE_ALARM, 1)
    told = {
        "truths": truths,
        "alarms": [name for name, value in table.items() if value < 1.0],
        "smallest_p_times_tests": {name: min(1.0, value * FALSE_ALARM) for name, value in table.items()},
        "cpu_s": round(time.process_time() - begun, 1),
    }
    print(json.dumps(told, indent=2))


if __name__ == "__main__":
    main(*(int(a) for a in sys.argv[1:]))
