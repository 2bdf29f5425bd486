"""Does a trial on twins come out as the trial on the persons they are twins of?

Persons are Hovorka's (2004) population, twins are of `replaybg`, fitted to the persons' logs; both then live the same
days under an altered therapy: less insulin (basal -10 %, ratio +10 %), or more.  Printed: time in range and below 70
mg/dL of both, paired differences, and two one-sided tests (margins 2 and 1 points).

    .venv/bin/python benchmarks/trial_fidelity.py [persons] [days] [less|more] > result.json
"""

from __future__ import annotations

import json
import sys
import time

from gemel.domains.health.diabetes.adjust import Change
from gemel.domains.health.diabetes.fidelity import trial_fidelity

LESS, MORE = Change(basal=(0.9,) * 4, ratio=1.1), Change(basal=(1.1,) * 4, ratio=0.9)

if __name__ == "__main__":
    cpu, given = time.process_time(), [int(a) for a in sys.argv[1:3]]
    persons, days = (*given, *(12, 7)[len(given) :])
    found = trial_fidelity(persons, MORE if sys.argv[3:] == ["more"] else LESS, days)
    json.dump({**found, "days": days, "cpu_s": time.process_time() - cpu}, sys.stdout, indent=2)
