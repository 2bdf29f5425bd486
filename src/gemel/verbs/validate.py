"""`validate`: were our forecasts right?  Scores with errors, skill against named baselines, calibration, subgroups.

All intervals come from resampling whole days of whole subjects (see `score`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..core.clock import HOUR
from ..core.errors import CapabilityError
from ..core.fact import Instant
from .cases import Cases, SubjectCases
from .score import Bin, Scored, Skill, coverage, pit_histogram, reliability, score, skill

__all__ = ["Group", "HorizonReport", "Validation", "validate"]

Scores = Mapping[str, float | int | None]
SCORES = ("rmse", "mae", "crps")
DOUBTFUL = 3.0
"""Standard errors beyond which a subgroup's coverage is flagged: one false flag in 370 fair ones."""


@dataclass(frozen=True, slots=True)
class Group:
    """Forecasts that share a label.  `flag` says that their 90 % intervals hold too few or too many, beyond chance."""

    by: str
    label: str
    scores: Scores
    flag: bool


@dataclass(frozen=True, slots=True)
class HorizonReport:
    """All of one horizon: scores by forecaster, the twin's skill by baseline and score, its calibration, the
    reliability of each event's probability with its Brier score, and subgroups."""

    ahead: Instant
    scores: Mapping[str, Scores]
    skill: Mapping[str, Mapping[str, Skill]]
    pit: tuple[Bin, ...]
    coverage: tuple[Bin, ...]
    events: Mapping[str, tuple[Bin, ...]]
    brier: Mapping[str, float]
    groups: tuple[Group, ...]

    @property
    def hours(self) -> float:
        """The horizon in hours."""
        return self.ahead / HOUR


@dataclass(frozen=True, slots=True)
class Validation:
    """Forecasts of all subjects, pooled."""

    subjects: tuple[str, ...]
    unit: str
    restarts: int
    horizons: tuple[HorizonReport, ...]

    def words(self) -> list[str]:
        """One sentence a horizon: error, skill against the best baseline, coverage, and doubtful groups."""
        return [_sentence(h, self.unit) for h in self.horizons]


def validate(subjects: Sequence[SubjectCases]) -> Validation:
    """Pool the cases of all subjects.  CapabilityError when there are none, or they differ in unit or horizons."""
    if not subjects or len({(s.unit, *s.cases) for s in subjects}) > 1:
        raise CapabilityError("validate needs subjects whose cases are of one unit and of the same horizons")
    horizons = tuple(_horizon(subjects, ahead) for ahead in subjects[0].cases)
    return Validation(tuple(s.subject for s in subjects), subjects[0].unit, sum(s.restarts for s in subjects), horizons)


def _horizon(subjects: Sequence[SubjectCases], ahead: Instant) -> HorizonReport:
    cases = [s.cases[ahead] for s in subjects]
    pooled = {who: Scored.join([c.scored[who] for c in cases]) for who in cases[0].scored}
    twin = pooled["twin"]
    events = {
        name: (np.concatenate([c.events[name][0] for c in cases]), np.concatenate([c.events[name][1] for c in cases]))
        for name in cases[0].events
    }
    return HorizonReport(
        ahead=ahead, scores={who: score(own) for who, own in pooled.items()},
        skill={
            who: {name: s for name in SCORES if (s := skill(twin, own, name)) is not None}
            for who, own in pooled.items() if who != "twin"
        },
        pit=tuple(pit_histogram(twin)), coverage=tuple(coverage(twin)),
        events={name: tuple(reliability(p, seen, twin.block)) for name, (p, seen) in events.items()},
        brier={name: float(np.mean((p - seen) ** 2)) for name, (p, seen) in events.items()},
        groups=tuple(_groups(twin, subjects, cases)),
    )  # fmt: skip


def _groups(twin: Scored, subjects: Sequence[SubjectCases], cases: Sequence[Cases]) -> list[Group]:
    """Scores of each label: of the cases themselves, and of the kinds of people."""
    sizes = [c.scored["twin"].block.shape[0] for c in cases]
    columns = {
        by: np.concatenate([c.labels[by] for c in cases])
        for by in cases[0].labels
        if all(by in c.labels for c in cases)
    }
    for by in sorted({by for s in subjects for by in s.labels}):
        columns[by] = np.repeat([s.labels.get(by, "not known") for s in subjects], sizes)
    if len(subjects) > 1:
        columns["subject"] = np.repeat([s.subject for s in subjects], sizes)
    found: list[Group] = []
    for by, column in columns.items():
        for label in sorted(set(column.tolist())):
            own = score(twin.take(column == label))
            found.append(Group(by, label, own, _doubtful(own)))
    return found


def _doubtful(own: Scores) -> bool:
    inside, error = own["cov90"], own["cov90_se"]
    return inside is not None and error is not None and abs(inside - 0.9) > DOUBTFUL * max(error, 1e-9)


def _sentence(h: HorizonReport, unit: str) -> str:
    own = h.scores["twin"]
    others = [(s["rmse"], who) for who, s in h.scores.items() if who != "twin" and _finite(s["rmse"])]
    parts = [f"{h.hours:g} h ahead ({own['n']} forecasts): error {_shown(own['rmse'])} {unit} (RMSE)"]
    if others:
        best = min(others)[1]
        gained = h.skill[best].get("rmse")
        if gained is not None:
            way = "better" if gained.value >= 0 else "worse"
            sure = "" if gained.low > 0 or gained.high < 0 else ", which may be chance"
            parts.append(f"{abs(gained.value):.0%} {way} than the best baseline ({best.replace('_', ' ')}){sure}")
    if own["cov90"] is not None:
        parts.append(f"90 % bands held {own['cov90']:.0%}")
    flagged = [f"{g.label} ({g.by})" for g in h.groups if g.flag]
    return ", ".join(parts) + (f"; bands doubtful for {', '.join(flagged)}" if flagged else "") + "."


def _finite(value: float | int | None) -> bool:
    return value is not None and bool(np.isfinite(value))


def _shown(value: float | int | None) -> str:
    return "–" if value is None else f"{value:.3g}"
