"""Made-up people, drawn from the population that fills gaps: for benchmarks and for checking the method on itself.

Nobody real: each is one keyed draw of `population.py`, with every covariate known.  `keep` leaves readings out.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import numpy as np

from ....core.clock import DAY
from ....core.draws import member_keys, normal, purpose
from ....core.fact import Exact, Instant, Level, Observation
from ....core.subject import Subject
from ..scores import covariates
from .population import population
from .record import Diagnosis, Medicine, Record

__all__ = ["NOW", "people", "person"]

_YEAR = 2026  # structure: the present of the made-up people
NOW: Instant = round(datetime(_YEAR, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000  # structure: microseconds in a second
_YOUNG, _OLD = 40, 75  # structure: ages of the made-up people
_LONG: Instant = 100 * DAY  # structure: how long ago diagnoses and prescriptions were made
_DIABETES, _NOTHING = "snomed:44054006", "snomed:105480006"
_DRUGS = {"bp_treated": "lisinopril 10 mg tablet", "statin": "simvastatin 20 mg tablet"}


def person(number: int, keep: Callable[[str], bool] = lambda name: True, seed: int = 1) -> Record:
    """Person `number` of this seed; `keep` says by covariate which readings are on record."""
    sex = ("female", "male")[number % 2]
    age = _YOUNG + number % (_OLD - _YOUNG)
    people = population(sex, float(age))
    key = member_keys(seed, number + 1)[-1:]
    places = np.arange(len(people.dimensions), dtype=np.uint64)
    luck = normal(np.repeat(key, len(places)), purpose("person"), places)
    z = np.linalg.cholesky(people.correlation) @ luck
    values = {n: float(people.value(n, z[i : i + 1])[0]) for i, n in enumerate(people.names)}
    yes = {f: bool(z[i] > people.threshold(f)) for i, f in enumerate(people.flags, start=len(people.names))}
    subject = Subject(id=f"made-up-{number}", born=date(_YEAR - age, 1, 1), sex=sex)
    facts = [_fact(n, v) for n, v in values.items() if keep(n) and covariates()[n].codes]
    if keep("smoker"):
        facts.append(_fact("smoker", float(yes["smoker"])))
    diagnoses = (Diagnosis("d0", _DIABETES if yes["diabetes"] else _NOTHING, "diagnosis", NOW - _LONG),)
    medicines = tuple(Medicine(n, text, NOW - _LONG) for n, text in _DRUGS.items() if yes[n])
    nothing = (Medicine("none", "paracetamol", NOW - _LONG),)
    return Record(subject, tuple(facts), diagnoses if keep("diabetes") else (), medicines + nothing)


def people(count: int) -> list[Record]:
    """So many made-up people, each with another third of the readings missing."""
    return [person(i, lambda name, i=i: (sum(name.encode()) + i) % 3 != 0) for i in range(count)]


def _fact(name: str, value: float) -> Observation:
    covariate = covariates()[name]
    if covariate.kind == "flag":
        answer = "snomed:449868002" if value else "snomed:266919005"
        return Observation(id=f"Observation/{name}", code=covariate.codes[0], value=Level(answer), unit="1",
                           at=NOW - DAY, recorded=NOW - DAY)  # fmt: skip
    return Observation(id=f"Observation/{name}", code=covariate.codes[0], value=Exact(value), unit=covariate.unit,
                       at=NOW - DAY, recorded=NOW - DAY)  # fmt: skip
