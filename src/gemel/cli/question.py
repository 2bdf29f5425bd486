"""A question about a hospital as a file, and its answer: who is in now, what will happen, and which plan is best.

    {"hospital": "general.json", "at": "2026-11-20T08:00:00Z", "hours": 48,
     "feed": "adt.hl7", "wards": {"WARD": {"step": "ward: service", "kind": "urgent"}},
     "weights": {"urgent": 3}, "indifference": 20,
     "plans": [{"name": "as it is"},
               {"name": "two more doctors at night",
                "changes": [{"do": "units", "resource": "doctor", "by": 2, "since": 22, "until": 6}]}]}

`patients` ([{"step", "kind", "here", "since"}], hours) may stand instead of `feed` and `wards`.  Rosters begin at the
midnight before `at`, in `zone`; those of a week on the Monday before.  Paths are relative to the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

from ..core.clock import DAY, HOUR, instant, text, zone
from ..core.errors import IngestError
from ..core.fact import Instant
from ..domains.hospital.changes import HospitalPlan, Span
from ..domains.hospital.output import Estimate
from ..domains.hospital.presence import Prospect, Where, prospect, standing
from ..domains.hospital.whatif import SPREAD, Case, Outlook, Weighed, weigh
from ..models.hospital.census import Patient
from ..models.hospital.compiled import compiled
from ..models.hospital.files import read_hospital
from ..models.hospital.pathway import Hospital
from ..runtime.census import hear
from ..verbs.select import Selection
from .shapes_hospital import HospitalPlanRow, PatientRow, ResourceRow, WhatIfShape

__all__ = ["Question", "answered", "asked"]


class Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked; `at` is ISO 8601, `hours` how far is looked, `period` of the rosters and rates 24 or 168 h."""

    hospital: str
    at: str
    plans: Annotated[list[HospitalPlan], msgspec.Meta(min_length=2, max_length=10)]
    hours: Annotated[float, msgspec.Meta(gt=0.0, le=744.0)] = 48.0
    zone: str = "UTC"
    period: Annotated[float, msgspec.Meta(gt=0.0)] = 24.0
    feed: str | None = None
    wards: dict[str, Where] = {}
    patients: list[Patient] = []
    weights: dict[str, float] = {}
    indifference: Annotated[float, msgspec.Meta(gt=0.0)] = 10.0
    spread: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = SPREAD


def asked(path: Path) -> Question:
    """The question in a file.  Raises IngestError naming the part that cannot be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Question)
    except OSError as error:
        raise IngestError(f"'{path}' cannot be read: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise IngestError(f"'{path.name}' asks no question about a hospital: {error}; see cli/question.py") from error


def answered(path: Path, *, members: int, seed: int) -> tuple[WhatIfShape, Weighed]:
    """Work it out; the answer as it is printed, and as it was reckoned."""
    question = asked(path)
    hospital = read_hospital(path.parent / question.hospital)
    at = instant(question.at)
    patients, unknown = _present(question, hospital, at, path.parent)
    span = Span(start=_hour(at, question), ahead=question.hours)
    case = Case(hospital, patients, span, question.weights, question.indifference, question.spread)
    found = weigh(case, question.plans, members=members, seed=seed)
    own = compiled(hospital)
    shape = WhatIfShape(
        hospital=hospital.name, at=text(at, question.zone), hours=question.hours, members=members,
        patients=len(patients), wards_left_out=unknown, verdict=_verdict(found.choice), winner=found.choice.winner,
        probability=found.choice.probability, indifference=question.indifference,
        weights={c.name: question.weights.get(c.name, 1.0) for c in hospital.classes},
        plans=[_plan(found, i, hospital) for i in range(len(found.outlooks))],
        present=[_patient(p, prospect(own, p)) for p in patients],
    )  # fmt: skip
    return shape, found


def _present(
    question: Question, hospital: Hospital, at: Instant, folder: Path
) -> tuple[tuple[Patient, ...], dict[str, int]]:
    """Who is in: as listed, or from the feed."""
    if question.feed is None:
        return tuple(question.patients), {}
    if question.patients or not question.wards:
        raise IngestError("give 'feed' with 'wards' (what each ward of the feed is), or 'patients', not both")
    census = hear([folder / question.feed], question.zone).census
    return standing(census.present(at), at, question.wards, hospital)


def _hour(at: Instant, question: Question) -> float:
    """Hours since the rosters began: at midnight, or on Monday's for rosters of a week or more."""
    from datetime import UTC, datetime

    local = datetime.fromtimestamp(at / 1e6, UTC).astimezone(ZoneInfo(str(zone(question.zone))))
    hour = local.hour + local.minute / 60.0 + local.second / 3600.0
    return hour + (local.weekday() * DAY / HOUR if question.period > DAY / HOUR else 0.0)


def _verdict(choice: Selection) -> str:
    """Which plan, or that it cannot be said."""
    if choice.winner is None:
        return (
            f"No clear winner among {', '.join(choice.contenders)} after {max(choice.replications):,} runs of each: "
            f"they differ by less than about {choice.indifference:g} weighted hours in line"
        )
    return (
        f"'{choice.winner}' leads to the fewest weighted hours in line: sure to at least {choice.probability:.0%} if "
        f"its lead is {choice.indifference:g} h or more ({sum(choice.replications):,} runs)"
    )


def _plan(found: Weighed, i: int, hospital: Hospital) -> HospitalPlanRow:
    own = found.outlooks[i]
    return HospitalPlanRow(
        plan=own.plan, burden=_range(found.burdens[i]), difference=_range(found.differences[i]),
        better=found.better[i], lost=float(own.lost.mean()),
        waited={c.name: float(own.waited[:, k].mean()) for k, c in enumerate(hospital.classes)},
        resources=[_resource(own, q) for q in range(len(own.resources))],
    )  # fmt: skip


def _range(found: Estimate) -> tuple[float, float, float]:
    return found.mean, found.mean - found.half_width, found.mean + found.half_width


def _resource(own: Outlook, q: int) -> ResourceRow:
    low, middle, high = (
        [float(x) for x in row] for row in _quantiles(own, q, (0.05, 0.5, 0.95))
    )  # fmt: skip
    return ResourceRow(
        name=own.resources[q], hours=list(own.hours), q05=low, q50=middle, q95=high,
        units=[int(x) for x in own.units[0, :, q]], exceeds=[float(x) for x in own.exceeds(q)],
        used=float(own.used[:, q].mean()),
    )  # fmt: skip


def _quantiles(own: Outlook, q: int, shares: tuple[float, ...]) -> list[list[float]]:
    import numpy as np

    return np.quantile(np.asarray(own.wanted)[:, :, q], shares, axis=0).tolist()


def _patient(patient: Patient, told: Prospect | None) -> PatientRow:
    goes: Mapping[str, float] = {} if told is None else told.goes
    return PatientRow(
        step=patient.step, kind=patient.kind, here=patient.here, since=patient.since,
        left=None if told is None else told.left, within_day=None if told is None else told.within_day,
        goes=dict(goes),
    )  # fmt: skip
