"""A score is not a model: a derived value is a named pure function of one forecast path or one set of covariates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from .array import Array
from .quantity import Quantity, Source, names

__all__ = ["Derived", "Path"]


@dataclass(frozen=True, slots=True)
class Path:
    """What a derived function sees: hours since the forecast's start, and by name each observable (r t), each
    covariate (r,), and each input's planned amount so far (r t)."""

    hours: Float[Array, "t"]
    values: Mapping[str, Float[Array, "..."]]

    def __getitem__(self, name: str) -> Float[Array, "..."]:
        if name not in self.values:
            raise KeyError(f"no '{name}' here; there are {sorted(self.values)}")
        return self.values[name]


@dataclass(frozen=True, slots=True)
class Derived:
    """A named number per member: risk equation, score, time in range, or the utility by which plans are compared.

    `compute` maps a `Path` to shape (r,).  `about` is shown to the user wherever the number is.
    """

    name: str
    unit: str
    compute: Callable[[Path], Float[Array, "r"]]
    about: str
    source: Source

    def of_covariates(self, quantities: tuple[Quantity, ...], covariates: Float[Array, "r k"]) -> Float[Array, "r"]:
        """The value for one covariate belief: missing inputs were imputed once, so all scores agree."""
        columns = np.asarray(covariates)
        values = {name: columns[:, i] for i, name in enumerate(names(quantities))}
        return self.compute(Path(np.zeros(0), values))
