"""What-if against another model's own counterfactual: are differences between plans right on persons the twin's model
did not make?

Persons are Hovorka's (2004) population.  Each lives eight days of varied meals, boluses by a calculator, errors in
counting, meals forgotten and a sensor with error and gaps.  A twin of `replaybg` is fitted to the first seven days.  On
the eighth, at random times +1 [IU], +20 g and +-20 % basal, and at meals -1 [IU] and -20 g, are tried on both: the
person, and the twin, which then stands on the record.  Scored is the paired difference of glucose two hours later.

    .venv/bin/python benchmarks/whatif_rmse.py [persons] > result.json
"""

from __future__ import annotations

import json
import sys
import time

from gemel.domains.health.diabetes.fidelity import whatif

if __name__ == "__main__":
    cpu = time.process_time()
    found = whatif(int(sys.argv[1]) if len(sys.argv) > 1 else 16)
    json.dump({**found, "cpu_s": time.process_time() - cpu}, sys.stdout, indent=2)
