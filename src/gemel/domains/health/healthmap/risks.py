"""Risks of one person: every verified score over the same members, so that what is missing shows as width.

A score is *shown* where it was made for this person, *outside* where it was not (then no number is given, only why),
and *refused* where an input is missing that no population fills in.  Points and values without a horizon are shown only
where they are meant for this person and everything was measured within a year.  Optional inputs are used only where
they were measured: the published equation has its own term for their absence.

Where several scores answer one question all are shown and one is recommended: by region (`tables/questions.csv`), then
by how many of its inputs had to be filled in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float

from ....core.array import Array
from ..scores import Answer, Result, Score, catalogue, evaluate_covariates
from .ageing import OLD
from .belief import CovariateBelief, weighted_quantiles
from .inputs import feed
from .population import rows_of
from .record import Chart

__all__ = ["LEVELS", "REGIONS", "Index", "Refusal", "Risk", "Scored", "choices_of", "inputs_of", "run", "score_all"]

LEVELS = (0.025, 0.1, 0.5, 0.9, 0.975)  # structure: 95 % and 80 % intervals
"""Quantiles of an answer: 95 % and 80 % interval and the median."""
REGIONS = ("us", "europe-low", "europe-moderate", "europe-high", "europe-very-high")
_INSIDE = 0.5  # structure: a score holds for a person where it holds for most of their members
_MADE_UP = ("imputed", "derived")


@dataclass(frozen=True, slots=True)
class Risk:
    """The chance of an outcome within `years`, as a fraction: quantiles at `LEVELS`, and each member's own.

    `imputed` inputs were filled in, `silent` ones taken as no, `old` ones measured over a year ago.  `recommended`
    among the scores of its `question`, for the reason `why`.
    """

    score: Score
    answer: Answer
    quantiles: tuple[float, ...]
    members: Float[Array, "r"]
    imputed: tuple[str, ...]
    silent: tuple[str, ...]
    old: tuple[str, ...]
    inside: float
    question: str
    recommended: bool = False
    why: str = ""

    @property
    def median(self) -> float:
        """The middle of the members."""
        return self.quantiles[2]

    @property
    def years(self) -> float:
        """The horizon [a]."""
        return self.answer.horizon_years or 0.0


@dataclass(frozen=True, slots=True)
class Index:
    """A score without a horizon: points, a class or a value, only ever from what was measured within a year."""

    score: Score
    answer: Answer
    quantiles: tuple[float, ...]
    label: str
    silent: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A score that gives no number here: `outside` its domain, or `missing` an input."""

    score: Score
    kind: Literal["outside", "missing"]
    reason: str


@dataclass(frozen=True, slots=True)
class Scored:
    """Everything the catalogue says of one person."""

    risks: tuple[Risk, ...]
    indices: tuple[Index, ...]
    refusals: tuple[Refusal, ...]


def inputs_of(score: Score, belief: CovariateBelief) -> dict[str, str]:
    """Where each input of the score comes from: an origin of the belief, or `unknown`."""
    return {i.name: belief.origin.get(i.covariate or i.name, "unknown") for i in score.inputs}


def run(
    score: Score, belief: CovariateBelief, region: str, changed: Mapping[str, Float[Array, "r"]] | None = None
) -> Result:
    """The score over the members, with the columns of `changed` in place of the belief's."""
    optional = {
        i.covariate or i.name
        for i in score.inputs
        if not i.required and belief.origin.get(i.covariate or i.name) in _MADE_UP
    }
    columns = {name: column for name, column in {**belief.columns, **(changed or {})}.items() if name not in optional}
    own = {i.name for i in score.inputs if not i.covariate}
    choices = choices_of(score, belief, region)
    given = dict(feed(score, columns, choices))
    given |= {name: columns[name] for name in own if name in columns}
    return evaluate_covariates(score, given)


def choices_of(score: Score, belief: CovariateBelief, region: str) -> dict[str, str]:
    """The words that hold for every member, with the region as the score names it."""
    word = _region_word(score, region)
    return {**belief.choices, **({"region": word} if word else {})}


def _region_word(score: Score, region: str) -> str:
    """The score's own word for a region: a European risk region, or North America and elsewhere; '' where none fits."""
    entry = next((i for i in score.inputs if i.name == "region"), None)
    european = region.removeprefix("europe-").replace("-", "_")
    if entry is None or not region:
        return ""
    if european in entry.choices:
        return european
    return ("north_america" if region == "us" else "other") if "north_america" in entry.choices else ""


def score_all(belief: CovariateBelief, chart: Chart, region: str) -> Scored:
    """Every verified score of the catalogue; recommended risks first, then by question and horizon."""
    risks: list[Risk] = []
    indices: list[Index] = []
    refusals: list[Refusal] = []
    for score in catalogue().values():
        if score.status != "verified":
            continue
        if reason := _wrong_age(score, chart.years) or _wrong_person(score, chart):
            refusals.append(Refusal(score, "outside", reason))
            continue
        origins = inputs_of(score, belief)
        missing = _missing(score, origins, region)
        if missing:
            refusals.append(Refusal(score, "missing", f"missing: {', '.join(missing)}"))
            continue
        made = run(score, belief, region)
        for answer in score.answers:
            match _answered(score, answer, made, (belief, chart, origins)):
                case Risk() as risk:
                    risks.append(risk)
                case Index() as index:
                    indices.append(index)
                case Refusal() as refusal:
                    refusals.append(refusal)
    return Scored(_recommended(risks, region), tuple(indices), tuple(_once(refusals)))


def _wrong_age(score: Score, age: float) -> str:
    """Why the score was not made for this age; '' where it was."""
    entry = next((i for i in score.inputs if i.covariate == "age"), None)
    if entry is None or entry.unit != "a" or entry.low <= age <= entry.high:
        return ""
    return f"age {age:.0f} outside {entry.low:g} to {entry.high:g} years"


def _wrong_person(score: Score, chart: Chart) -> str:
    """Why points or a value are not for this person: they belong to a disease or a place (a ward, a casualty
    department) of which the record shows nothing.  `tables/indices.csv` lists those that may stand on a map."""
    if any(a.horizon_years is not None and a.scale in ("fraction", "percent") for a in score.answers):
        return ""
    row = _indices().get(score.id)
    flag = chart.flags.get(row["needs"]) if row is not None else None
    if row is not None and (not row["needs"] or (flag is not None and flag.value)):
        return ""
    return f"made for {score.population or 'others'}: nothing in the record shows that"


@cache
def _indices() -> Mapping[str, Mapping[str, str]]:
    return MappingProxyType({row["score"]: row for row in rows_of("indices.csv")})


def _missing(score: Score, origins: Mapping[str, str], region: str) -> list[str]:
    """Titles of required inputs that nobody measured and no population fills in."""
    lost = [i for i in score.inputs if i.required and origins[i.name] == "unknown"]
    return [i.about or i.name for i in lost if not (i.name == "region" and _region_word(score, region))]


def _answered(
    score: Score, answer: Answer, made: Result, seen: tuple[CovariateBelief, Chart, Mapping[str, str]]
) -> Risk | Index | Refusal:
    belief, chart, origins = seen
    valid = made.valid(answer.name)
    inside = float(belief.weights[valid].sum())
    if inside < _INSIDE:
        kind: Literal["outside", "missing"] = "missing" if bool(made.refused.all()) else "outside"
        return Refusal(score, kind, _reason(made, answer, valid))
    if answer.horizon_years is not None and answer.scale in ("fraction", "percent"):
        scale = 0.01 if answer.scale == "percent" else 1.0  # structure: per cent
        members = np.where(valid, np.asarray(made.values[answer.name]) * scale, np.nan)
        quantiles = weighted_quantiles(members, belief.weights, LEVELS)
        return Risk(
            score, answer, tuple(map(float, quantiles)), members, _origin(score, origins, *_MADE_UP),
            _origin(score, origins, "silent"), _old(score, chart), inside, _question(score, answer),
        )  # fmt: skip
    filled = _needed(score, origins)
    old = _old(score, chart)
    if filled or old:
        what = f"missing: {', '.join(filled)}" if filled else f"measured over a year ago: {', '.join(old)}"
        return Refusal(score, "missing", what)
    members = np.where(valid, np.asarray(made.values[answer.name]), np.nan)
    quantiles = weighted_quantiles(members, belief.weights, LEVELS)
    place = round(float(quantiles[2])) if answer.labels else 0
    label = answer.labels[place] if answer.labels else ""
    return Index(score, answer, tuple(map(float, quantiles)), label, _origin(score, origins, "silent"))


def _reason(made: Result, answer: Answer, valid: Bool[Array, "r"]) -> str:
    return made.why(int(np.argmin(valid)), answer.name) or "made for other people"


def _origin(score: Score, origins: Mapping[str, str], *kinds: str) -> tuple[str, ...]:
    """Required inputs of these origins."""
    return tuple(i.name for i in score.inputs if i.required and origins[i.name] in kinds)


def _needed(score: Score, origins: Mapping[str, str]) -> list[str]:
    """Required inputs that were filled in: points and classes are not given from those."""
    return [i.about or i.name for i in score.inputs if i.required and origins[i.name] in _MADE_UP]


def _old(score: Score, chart: Chart) -> tuple[str, ...]:
    found = ((i.name, chart.newest(i.covariate)) for i in score.inputs if i.covariate)
    return tuple(name for name, reading in found if reading is not None and chart.at - reading.at > OLD)


def _once(refusals: Sequence[Refusal]) -> list[Refusal]:
    """One line per score and reason."""
    return list({(r.score.id, r.reason): r for r in refusals}.values())


@cache
def _questions() -> Mapping[str, Mapping[str, str]]:
    return MappingProxyType({row["score"]: row for row in rows_of("questions.csv")})


def _question(score: Score, answer: Answer) -> str:
    """The question an answer is about: scores that share one stand beside each other."""
    topic = _questions()[score.id]["question"] if score.id in _questions() else answer.outcome
    return f"{topic}, {answer.horizon_years:g} years"


def _recommended(risks: Sequence[Risk], region: str) -> tuple[Risk, ...]:
    """The risks with one recommended per question."""
    column = "europe" if region.startswith("europe-") else region if region == "us" else "unknown"

    def rank(risk: Risk) -> tuple[int, int]:
        row = _questions().get(risk.score.id)
        return (int(row[column]) if row else 0), len(risk.imputed)

    best: dict[str, Risk] = {}
    for risk in risks:
        if risk.question not in best or rank(risk) < rank(best[risk.question]):
            best[risk.question] = risk
    alone = {q for q in best if sum(r.question == q for r in risks) == 1}
    marked = [replace(r, recommended=best[r.question] is r, why=_why(r, region, r.question in alone)) for r in risks]
    return tuple(sorted(marked, key=lambda r: (r.question, not r.recommended, rank(r))))


def _why(risk: Risk, region: str, alone: bool) -> str:
    row = _questions().get(risk.score.id)
    if row is None or alone:
        return "the only verified score here that answers this" if alone else ""
    where = f" (region {region})" if region else " (no region given)"
    return f"{row['why']}{where}; {row['source']}"
