"""A model card is code: a class attribute that travels with the model and is read by verbs, server and screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .errors import CardError
from .frameworks import TOPICS
from .quantity import Source

__all__ = ["Card", "Evidence"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One validated figure: what was measured, on which data, how many cases, and the command that recomputes it."""

    metric: str
    value: float
    unit: str
    dataset: str
    n: int
    command: str
    standard_error: float | None = None
    date: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """What a model is, for whom, not for whom, on what grounds, and how well it did.

    `causal` says what an answer to "what if" rests on: a mechanism, a trial, or only an association, which `compare`
    refuses.  `statements` are what only the author can say, (topic, text): whose data, which users, what harm, which
    biases; topics are those of `frameworks`.
    """

    title: str
    version: str
    kind: Literal["patient", "organ", "hospital", "device", "drug", "population"]
    intended_use: str
    not_for: str
    population: str
    causal: Literal["mechanistic", "trial", "association"]
    sources: tuple[Source, ...]
    limits: str
    validated: tuple[Evidence, ...] = ()
    licence: str = "Apache-2.0"
    statements: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        for field in ("title", "version", "intended_use", "not_for", "population", "limits"):
            if not getattr(self, field).strip():
                raise CardError(f"card '{self.title}': '{field}' is empty; say it, or say why it cannot be known")
        for topic, said in self.statements:
            if topic not in TOPICS:
                raise CardError(f"card '{self.title}': no topic '{topic}'; there are {', '.join(sorted(TOPICS))}")
            if not said.strip():
                raise CardError(f"card '{self.title}': '{topic}' is empty; say it, or leave it out")
        if not self.sources:
            raise CardError(f"card '{self.title}': name at least one Source")
