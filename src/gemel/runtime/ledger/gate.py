"""Silent until earned: a model version speaks at a site when its ledger meets the written change-control plan.

The plan is a TOML file (`change_plan.toml` is the one that ships) in the three parts of a predetermined change control
plan: description of modifications, modification protocol, impact assessment (FDA, "Marketing Submission Recommendations
for a Predetermined Change Control Plan for AI-Enabled Device Software Functions", final guidance, December 2024).  The
judgement is over all twins of the model at the site, kind by kind, and depends on nothing but their records.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from statistics import NormalDist
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from ...core.clock import DAY, MINUTE
from ...core.errors import StoreError
from ...core.fact import Instant
from ...core.ledger import Kind
from .record import skill_of

__all__ = ["ADVISORY", "SILENT", "ChangePlan", "Figures", "Judgement", "figures_of", "judge", "read_plan"]

Standing = Literal["silent", "advisory"]
SILENT: Standing = "silent"
ADVISORY: Standing = "advisory"


APART = 10**7
"""More days than any record has: keeps blocks of different twins apart."""


class Modification(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which changes the plan covers."""

    description: str


class Protocol(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When each change is made."""

    minimum_forecasts: int
    minimum_days: int
    coverage_90_low: float
    coverage_90_high: float
    confidence: float
    allow_open_alarm: bool
    challenger_capital: float
    challenger_pairs: int


class Impact(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What may go right and wrong, and what is done about it."""

    benefit: str
    risk: str
    mitigation: str


class ChangePlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A change-control plan."""

    version: str
    modification: Modification
    protocol: Protocol
    impact: Impact


@dataclass(frozen=True, slots=True)
class Figures:
    """What counts of one kind and horizon over all twins: forecasts, days, share inside the 90 % band, skill in error
    over persistence and its standard error over days of twins."""

    n: int
    days: int
    coverage: float
    skill: float
    error: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """The standing that the records call for, why, and the figures by name."""

    standing: Standing
    why: str
    figures: dict[str, float]


def read_plan(path: Path | None = None) -> ChangePlan:
    """The plan of this file, or the one that ships.  StoreError for a file that is no plan."""
    shipped = files("gemel.runtime.ledger").joinpath("change_plan.toml")
    try:
        content = (shipped if path is None else path).read_text(encoding="utf-8")
        return msgspec.convert(tomllib.loads(content), ChangePlan)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise StoreError(f"'{path}' is no change-control plan ({error}): start from the one that ships") from error


def figures_of(twins: Sequence[NDArray[Any]]) -> Figures:
    """Figures of one kind from the records of each twin."""
    rows = np.concatenate(twins)
    day = np.concatenate([own["target"] // DAY for own in twins])
    block = np.concatenate([np.full(own.size, k * APART) for k, own in enumerate(twins)]) + day
    skill, error = skill_of(rows, "persistence", block)
    covered = float(np.sum(rows["inside90"] == 1)) / rows.size if rows.size else float("nan")
    return Figures(rows.size, int(np.unique(day).size), covered, skill, error)


def judge(plan: ChangePlan, groups: Mapping[tuple[Kind, Instant], Figures], alarms: Sequence[str]) -> Judgement:
    """What the plan says of a model with these figures and these open alarms."""
    faults = [] if plan.protocol.allow_open_alarm else [f"open drift alarm: {alarm}" for alarm in alarms]
    named: dict[str, float] = {"open_alarms": float(len(alarms))}
    for (kind, horizon), f in groups.items():
        name = f"{kind.observable} +{horizon / MINUTE:g} min"
        lower = f.skill - NormalDist().inv_cdf(plan.protocol.confidence) * f.error
        named |= {f"{name} forecasts": float(f.n), f"{name} days": float(f.days), f"{name} in 90 %": f.coverage,
                  f"{name} skill": f.skill, f"{name} skill at least": lower}  # fmt: skip
        faults += [f"{name}: {fault}" for fault in _faults(plan.protocol, f, lower)]
    named = {key: value for key, value in named.items() if np.isfinite(value)}
    if not groups:
        return Judgement(SILENT, "no forecast has been scored yet", named)
    if faults:
        return Judgement(SILENT, "; ".join(faults), named)
    return Judgement(ADVISORY, f"every kind of forecast meets plan {plan.version}", named)


def _faults(rule: Protocol, f: Figures, lower: float) -> list[str]:
    """What is missing or wrong."""
    if f.n < rule.minimum_forecasts:
        return [f"{f.n} of {rule.minimum_forecasts} scored forecasts"]
    if f.days < rule.minimum_days:
        return [f"{f.days} of {rule.minimum_days} days"]
    faults: list[str] = []
    if not rule.coverage_90_low <= f.coverage <= rule.coverage_90_high:
        faults.append(
            f"{f.coverage:.1%} inside the 90 % band, outside {rule.coverage_90_low:.0%} to {rule.coverage_90_high:.0%}"
        )
    if not lower > 0.0:
        faults.append(f"skill over persistence {f.skill:+.2f}, at least {lower:+.2f}: not shown to be above 0")
    return faults
