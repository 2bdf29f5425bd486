"""What a score is, as data: inputs with unit and codes, steps, coefficients, answers, where it holds, who says so.

A score is not a model: it has no state and no time.  It is evaluated by three equation forms, in this order:

    let       named expressions over the inputs (`expression.py`)
    linear    lp = sum_j b_sj x_j, the coefficients b of the row's stratum s (sex, region, model version ...)
    hazards   absolute risk among competing causes by year of age (`hazards.py`)
    steps     named expressions again: links, points, bands, answers

Status: `verified` has two independent sources, or one and a worked example that passes; `unverified` has one source and
stays off every screen; `not_shipped` is listed with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from types import MappingProxyType
from typing import Literal

from jaxtyping import Bool, Float, Int

from ....core.array import Array
from ....core.quantity import Source
from .expression import Expression
from .hazards import Hazards

__all__ = ["Answer", "Input", "Kind", "Linear", "Note", "Result", "Rule", "Scale", "Score", "Status"]

Kind = Literal["number", "choice", "flag"]
Scale = Literal["fraction", "percent", "points", "value", "class"]
Status = Literal["verified", "unverified", "not_shipped"]


@dataclass(frozen=True, slots=True)
class Input:
    """One input, in the unit the equation wants.

    `covariate` is the canonical name in `covariates()` that can feed it ('' where there is none).  `low` and `high` are
    the range the score was published for; outside it the answer is marked, not withheld.  A missing optional input has
    a published meaning; a missing required one refuses the row.
    """

    name: str
    unit: str = "1"
    low: float = -inf
    high: float = inf
    kind: Kind = "number"
    choices: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    required: bool = True
    covariate: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One number a score gives; for scale 'class' the value is the index of one of `labels`."""

    name: str
    unit: str
    outcome: str
    scale: Scale
    horizon_years: float | None = None
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """Where a score holds: an expression that is true inside its domain, and the words for outside.

    `answer` limits the rule to one answer ('' means all).  A rule whose inputs are missing is not counted as broken.
    """

    test: Expression
    reads: frozenset[str]
    words: str
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear predictor with coefficients by stratum.

    `by` names the choices whose combination is the stratum; `coefficients` has shape (strata, terms) and `index` maps
    the choices' codes to its rows.  `constants` are further numbers of the stratum (baseline survival, mean, scale).
    """

    name: str
    by: tuple[str, ...]
    terms: tuple[Expression, ...]
    coefficients: Float[Array, "s p"]
    constants: Mapping[str, Float[Array, "s"]]
    index: Int[Array, "..."]


@dataclass(frozen=True, slots=True)
class Score:
    """One entry of the catalogue."""

    id: str
    title: str
    organ: str
    outcome: str
    status: Status
    version: str = ""
    doi: str = ""
    licence: str = ""
    reason: str = ""
    population: str = ""
    inputs: tuple[Input, ...] = ()
    answers: tuple[Answer, ...] = ()
    domain: tuple[Rule, ...] = ()
    sources: tuple[Source, ...] = ()
    vectors: tuple[str, ...] = ()
    let: Mapping[str, Expression] = field(default_factory=lambda: MappingProxyType({}))
    linear: tuple[Linear, ...] = ()
    hazards: Hazards | None = None
    steps: Mapping[str, Expression] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def covariates(self) -> Mapping[str, str]:
        """Canonical covariate by input name, for the inputs that have one."""
        return {i.name: i.covariate for i in self.inputs if i.covariate}


@dataclass(frozen=True, slots=True)
class Note:
    """Something said of some rows: refused, or outside the domain."""

    kind: Literal["refused", "outside"]
    rows: Bool[Array, "n"]
    words: str
    answer: str = ""


@dataclass(frozen=True)
class Result:
    """A score over n rows.

    `values` by answer name, NaN where refused.  `in_domain` is False where the score was not made for the row (its
    value is still given and must not be shown to a patient); `valid` adds an answer's own limits.
    """

    score: Score
    values: Mapping[str, Float[Array, "n"]]
    in_domain: Bool[Array, "n"]
    refused: Bool[Array, "n"]
    notes: tuple[Note, ...]

    @cached_property
    def reasons(self) -> tuple[str, ...]:
        """Per row, why it was refused or lies outside the domain; '' where there is nothing to say."""
        return tuple(self.why(row) for row in range(len(self.refused)))

    def why(self, row: int, answer: str = "") -> str:
        """The reasons of one row, refusals first, the limits of `answer` included."""
        notes = [n for n in self.notes if n.rows[row] and n.answer in ("", answer)]
        return "; ".join(n.words for n in sorted(notes, key=lambda n: n.kind != "refused"))

    def valid(self, answer: str) -> Bool[Array, "n"]:
        """Rows in which this answer may be shown: in the domain of score and answer, and not refused."""
        shown = self.in_domain & ~self.refused
        for note in self.notes:
            if note.answer == answer:
                shown = shown & ~note.rows
        return shown
