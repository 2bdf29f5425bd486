"""One person's record as covariates: every reading in its canonical unit with its date, every yes and no with why.

Comes in: observations (facts), diagnoses and medicines, as any source gives them.  Goes out: a `Chart`.

A reading becomes the covariate whose codes hold its code, in that covariate's unit; HbA1c in per cent becomes mmol/mol
by the IFCC-NGSP master equation.  What does not convert, or is impossible, is kept as `Rejected` with the reason.
A diagnosis or a current medicine makes its covariate a yes.  Where the record lists diagnoses (medicines) and this one
is not among them, it is taken as no and said so; where it lists none at all, it stays unknown.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType

import numpy as np

from ....core.errors import SupportError, UnitError
from ....core.fact import Between, Instant, Level, Observation, Rejected, bounds
from ....core.subject import Subject
from ....core.timeline import Timeline
from ....core.units import convert
from ..scores import catalogue
from ..scores.covariates import NGSP_INTERCEPT, NGSP_SLOPE, Covariate, covariates
from .ageing import YEAR
from .inputs import filtration
from .population import rows_of

__all__ = ["Chart", "Diagnosis", "Flag", "Medicine", "Reading", "Record", "chart", "measured"]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A condition on the record; `code` is 'system:code', `refuted` one that was ruled out or entered in error."""

    id: str
    code: str
    text: str
    at: Instant | None = None
    active: bool = True
    refuted: bool = False


@dataclass(frozen=True, slots=True)
class Medicine:
    """A medicine on the record; `active` says whether it is taken now."""

    id: str
    text: str
    at: Instant | None = None
    active: bool = True


@dataclass(frozen=True, slots=True)
class Record:
    """What a source holds of one person.  `traits` are choices by covariate that the source states (race and so on);
    `answers` are what somebody was asked, by input of a score, in its unit (family history, habits, deprivation), yes
    as 1 and no as 0; `country` is ISO 3166 alpha-2 or ''."""

    subject: Subject
    facts: tuple[Observation, ...]
    diagnoses: tuple[Diagnosis, ...] = ()
    medicines: tuple[Medicine, ...] = ()
    traits: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    answers: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    country: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A measured covariate in its canonical unit."""

    covariate: str
    value: float
    at: Instant
    id: str
    bound: str = ""


@dataclass(frozen=True, slots=True)
class Flag:
    """A yes or no, why, and whether it was stated or concluded from silence."""

    value: bool
    ground: str
    stated: bool
    at: Instant | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """The record seen at one instant.  `readings` by covariate, oldest first; `age` [a]."""

    subject: Subject
    at: Instant
    age: float
    readings: Mapping[str, tuple[Reading, ...]]
    flags: Mapping[str, Flag]
    traits: Mapping[str, str]
    answers: Mapping[str, float]
    country: str
    rejected: tuple[Rejected, ...]
    unread: Mapping[str, int]

    @property
    def years(self) -> float:
        """The age scores are fed: completed years for adults, as their papers and calculators take it."""
        return float(math.floor(self.age)) if self.age >= 18.0 else self.age  # structure: adults

    @property
    def sex(self) -> str:
        """'female', 'male' or '' where the record does not say."""
        return self.subject.sex if self.subject.sex in ("female", "male") else ""

    def newest(self, covariate: str) -> Reading | None:
        """The last reading up to now."""
        found = self.readings.get(covariate, ())
        return found[-1] if found else None


def chart(record: Record, at: Instant | None = None) -> Chart:
    """The record at `at` (default: its newest observation); later facts are not seen.

    Raises SupportError where there is no date of birth or no observation, for nothing can be said then, and for an
    answer to what no score asks.
    """
    for name in record.answers:
        _asked(name)
    facts = [f for f in Timeline(record.subject, record.facts) if isinstance(f, Observation)]
    if record.subject.born is None:
        raise SupportError(f"subject '{record.subject.id}' has no full date of birth: risks need the age")
    now = max((f.at for f in facts), default=None) if at is None else at
    if now is None:
        raise SupportError(f"subject '{record.subject.id}' has no observation, so no present: give the date to look at")
    facts = [f for f in facts if f.at <= now]
    readings, rejected, unread = _readings(facts)
    _body_mass(readings)
    _filtration(readings, record.subject)
    return Chart(
        record.subject, now, _age(record.subject, now), MappingProxyType(readings), _flags(record, facts, now),
        record.traits, record.answers, record.country, tuple(rejected), MappingProxyType(unread),
    )  # fmt: skip


def _asked(name: str) -> None:
    """Whether a score asks for this; SupportError lists similar names."""
    known = {*covariates(), *(i.name for s in catalogue().values() for i in s.inputs)}
    if name not in known:
        near = get_close_matches(name, known, 6, 0.4)  # structure: how many, how alike
        raise SupportError(f"no score asks for '{name}'" + (f": did you mean {', '.join(near)}?" if near else ""))


def _age(subject: Subject, now: Instant) -> float:
    """Years since birth."""
    assert subject.born is not None
    birth = datetime.combine(subject.born, time(), UTC)
    return (now / 1e6 - birth.timestamp()) / (YEAR / 1e6)  # structure: microseconds in a second


@cache
def measured() -> Mapping[str, Covariate]:
    """Everything that can be measured: the covariates of the scores, and markers no score asks for."""
    extra = {
        r["name"]: Covariate(
            r["name"], r["unit"], "number", (), tuple(r["codes"].split()), None, float(r["low"]), float(r["high"]),
            r["about"],
        )
        for r in rows_of("extra_markers.csv")
    }  # fmt: skip
    return MappingProxyType({**extra, **{n: c for n, c in covariates().items() if c.kind == "number"}})


@cache
def _by_code() -> Mapping[str, Covariate]:
    return MappingProxyType({code: c for c in measured().values() for code in c.codes})


def _readings(facts: Sequence[Observation]) -> tuple[dict[str, tuple[Reading, ...]], list[Rejected], dict[str, int]]:
    """Readings by covariate in time order, what was rejected, and how many facts of unknown codes there were."""
    found: dict[str, list[Reading]] = {}
    rejected: list[Rejected] = []
    unread: dict[str, int] = {}
    for fact in facts:
        covariate = _by_code().get(fact.code)
        if covariate is None:
            unread[fact.code] = unread.get(fact.code, 0) + 1
            continue
        made = _reading(fact, covariate)
        if isinstance(made, Rejected):
            rejected.append(made)
        else:
            found.setdefault(covariate.name, []).append(made)
    return {name: tuple(items) for name, items in found.items()}, rejected, unread


def _reading(fact: Observation, covariate: Covariate) -> Reading | Rejected:
    """The fact in the covariate's unit; a value beyond a limit counts as that limit, a range as its middle."""
    low, high = bounds(fact.value)
    if low != low:
        return _refused(fact, f"no number: {fact.value.name if isinstance(fact.value, Level) else fact.value}")
    finite = [v for v in (low, high) if abs(v) != float("inf")]
    middle = sum(finite) / len(finite)
    bound = "" if low == high or isinstance(fact.value, Between) else ("above" if low == finite[0] else "below")
    try:
        value = _convert(middle, fact.unit, covariate)
    except UnitError as error:
        return _refused(fact, f"wrong unit: {error}")
    if not covariate.low <= value <= covariate.high:
        limits = f"[{covariate.low:g}, {covariate.high:g}] {covariate.unit}"
        return _refused(fact, f"impossible value: {covariate.name} {value:g} is outside {limits}")
    return Reading(covariate.name, value, fact.at, fact.id, bound)


def _convert(value: float, unit: str, covariate: Covariate) -> float:
    if covariate.name == "hba1c" and unit == "%":
        return (value - float(NGSP_INTERCEPT)) / float(NGSP_SLOPE)
    if covariate.name == "egfr" and unit == "mL/min":  # the name of the code says "per 1.73 square metres"
        return value
    return float(convert(value, unit, covariate.unit, covariate.analyte))


def _refused(fact: Observation, reason: str) -> Rejected:
    return Rejected(reason=reason, source=fact.source or fact.id, raw=fact.id, code=fact.code)


def _body_mass(readings: dict[str, tuple[Reading, ...]]) -> None:
    """Add the body mass index of the newest weight and height where none was recorded."""
    weight, height = readings.get("weight"), readings.get("height")
    if weight and height and "bmi" not in readings:
        value = weight[-1].value / (height[-1].value / 100.0) ** 2  # structure: centimetres in a metre
        readings["bmi"] = (Reading("bmi", value, weight[-1].at, f"{weight[-1].id}+{height[-1].id}"),)


def _filtration(readings: dict[str, tuple[Reading, ...]], subject: Subject) -> None:
    """Where no eGFR was reported: that of each creatinine, by CKD-EPI 2021, under the creatinine's id."""
    if "creatinine" in readings and "egfr" not in readings and subject.sex in ("female", "male"):
        readings["egfr"] = tuple(
            Reading("egfr", float(filtration(np.array([r.value]), _age(subject, r.at), subject.sex)[0]), r.at, r.id)
            for r in readings["creatinine"]
        )


@dataclass(frozen=True, slots=True)
class _Term:
    covariate: str
    kind: str
    match: str
    value: bool


@cache
def _terms() -> tuple[_Term, ...]:
    own = [_Term(r["covariate"], r["kind"], r["match"], r["value"] == "1") for r in rows_of("terms.csv")]
    coded = [
        _Term(c.name, "diagnosis", code, True)
        for c in covariates().values() if c.kind == "flag"
        for code in c.codes if code.startswith("snomed:")
    ]  # fmt: skip
    return (*own, *coded)


_PARTS = ("myocardial_infarction", "stroke", "coronary_disease", "peripheral_artery_disease")
"""Any of these is a cardiovascular event for the covariate `cvd`."""


def _flags(record: Record, facts: Sequence[Observation], now: Instant) -> Mapping[str, Flag]:
    """What the record states; then, per kind of term, what its silence means."""
    found: dict[str, Flag] = {}
    diagnoses = [d for d in record.diagnoses if not d.refuted and (d.at is None or d.at <= now)]
    medicines = [m for m in record.medicines if m.active and (m.at is None or m.at <= now)]
    habits = [f for f in facts if isinstance(f.value, Level)]
    for term in _terms():
        if term.kind == "habit":
            continue
        for ground, at in _evidence(term, diagnoses, medicines):
            found.setdefault(term.covariate, Flag(term.value, ground, True, at))
    _habits(found, habits)
    for kind, listed in (("diagnosis", diagnoses), ("medicine", record.medicines)):
        for name in {t.covariate for t in _terms() if t.kind == kind and t.covariate != "smoker"} if listed else ():
            silence = f"not among the {len(listed)} {'diagnoses' if kind == 'diagnosis' else 'medicines'} on record"
            found.setdefault(name, Flag(False, silence, False))
    events = [found[name] for name in _PARTS if name in found]
    if events:
        found["cvd"] = next((e for e in events if e.value), events[0])
    return MappingProxyType(found)


def _evidence(
    term: _Term, diagnoses: Sequence[Diagnosis], medicines: Sequence[Medicine]
) -> list[tuple[str, Instant | None]]:
    if term.kind == "medicine":
        return [(m.text, m.at) for m in medicines if term.match in f"{m.text.lower()} "]
    return [(d.text, d.at) for d in diagnoses if _same(d.code, term.match)]


def _same(code: str, wanted: str) -> bool:
    """Equal codes; an ICD-10 category also matches everything under it, in any of its national editions."""
    system, _, rest = wanted.partition(":")
    if system == "icd10":
        return "icd-10" in code and code.rpartition(":")[2].startswith(rest)
    return code == wanted


def _habits(found: dict[str, Flag], levels: Sequence[Observation]) -> None:
    """The newest answer to a question of habit wins, also over a diagnosis."""
    answers = {(c.name, t.match): t.value for t in _terms() if t.kind == "habit" for c in (covariates()[t.covariate],)}
    for fact in levels:
        for name, codes in ((c.name, c.codes) for c in covariates().values() if c.kind == "flag"):
            if fact.code in codes and isinstance(fact.value, Level) and (name, fact.value.name) in answers:
                value = answers[name, fact.value.name]
                found[name] = Flag(value, f"answer '{fact.value.name}'", True, fact.at)
