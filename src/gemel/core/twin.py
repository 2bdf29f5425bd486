"""A twin is a model of a subject, a belief about it, and a place in the subject's timeline.  It is a value: verbs
return a new one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float, UInt64

from .array import Array
from .belief import Belief, Evidence
from .clock import text
from .draws import member_keys
from .drive import InputEvent
from .fact import Instant
from .model import Engine, Fixed, Model
from .quantity import names
from .subject import Subject

__all__ = ["Cursor", "Inference", "Twin"]


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the twin stands: instant, epoch of its drift grid, rates in force, changes of input already known for
    later, and how many facts it has used."""

    at: Instant
    epoch: Instant
    rates: tuple[float, ...]
    pending: tuple[InputEvent, ...] = ()
    used: int = 0


@dataclass(frozen=True, slots=True)
class Inference:
    """Which engine keeps the twin current, and which refits it overnight (the live one, unless named)."""

    live: Engine
    refit: Engine | None = None


@dataclass(frozen=True, slots=True)
class Twin:
    """A living virtual copy of one subject (verbs on many twins at once take a sequence of these).

    `stale` says why facts that hold are not in the belief (see `gemel.runtime`); empty when they are.
    """

    id: str
    subject: Subject
    model: Model
    settings: Mapping[str, str | int | float]
    fixed: Fixed
    belief: Belief
    inference: Inference
    cursor: Cursor
    seed: int = 0
    evidence: Evidence | None = None
    name: str = ""
    stale: str = ""

    @property
    def now(self) -> Instant:
        """The instant the belief stands at."""
        return self.cursor.at

    @property
    def members(self) -> int:
        """Number of ensemble members."""
        return self.belief.rows

    @property
    def keys(self) -> UInt64[Array, "r"]:
        """The key of each member slot, from which all its luck is drawn."""
        return member_keys(self.seed, self.belief.rows)

    def member(self, k: int) -> Twin:
        """The same twin with member `k` as its only possible subject."""
        return replace(self, belief=self.belief.member(k))

    def parameter(self, name: str) -> Float[Array, "r"]:
        """A parameter's value in every member."""
        return np.asarray(self.belief.theta)[:, names(self.model.parameters).index(name)]

    def summary(self) -> list[dict[str, Any]]:
        """Weighted mean and 90 % interval of each parameter and of each scalar smooth state."""
        from .forecast import weighted_quantile

        weights = self.belief.weights()[0]
        live = weights > 0
        w = weights[live]
        columns = [(q, np.asarray(self.belief.theta)[:, i]) for i, q in enumerate(self.model.parameters)]
        columns += [(q, np.asarray(self.belief.state[q.name])) for q in self.model.smooth if q.shape == ()]
        rows: list[dict[str, Any]] = []
        for q, everyone in columns:
            values = everyone[live]
            low, high = weighted_quantile(values[:, None], w, np.array([0.05, 0.95]))[:, 0]
            rows.append({"name": q.name, "unit": q.unit, "mean": float(w @ values), "low": low, "high": high})
        return rows

    def to_frame(self) -> Any:
        """The summary as a pandas frame."""
        from .extra import require

        return require("pandas", "frames").DataFrame(self.summary())

    def __repr__(self) -> str:
        at = text(self.now, self.subject.zone)
        return f"Twin({self.id!r}, {self.model.card.title!r}, {self.members} members, at {at})"
