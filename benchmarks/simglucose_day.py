"""CPU seconds that simglucose takes for one patient-day: its bare patient model, stepped a minute at a time.

Run by an interpreter that has simglucose (MIT), which gemel neither needs nor ships:
    python3 -m venv peer && peer/bin/pip install "setuptools<81" simglucose==0.2.11
    gemel bench core --peer-python peer/bin/python
The day is that of `gemel bench core`: meals of 45, 70 and 80 g at 7, 12 and 18 h.  Prints one line of JSON.
"""

import json
import logging
import time
import warnings

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)

from simglucose.patient.t1dpatient import Action, T1DPatient  # noqa: E402

PATIENT = "adult#001"
MEALS = {7 * 60: 45.0, 12 * 60: 70.0, 18 * 60: 80.0}


def day(name: str) -> float:
    """One day of one patient under its basal insulin; CPU seconds."""
    patient = T1DPatient.withName(name)
    basal = float(patient._params.u2ss * patient._params.BW / 6000.0)  # [IU]/min at rest, as its authors compute it
    begun = time.process_time()
    for minute in range(24 * 60):
        patient.step(Action(CHO=MEALS.get(minute, 0.0), insulin=basal))
    return time.process_time() - begun


if __name__ == "__main__":
    print(json.dumps({"patient": PATIENT, "cpu_s_per_patient_day": min(day(PATIENT) for _ in range(2))}))
