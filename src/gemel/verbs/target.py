"""What a question is about: an observable at the end of a forecast, or a derived value over its path."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ..core.array import Array
from ..core.derived import Derived
from ..core.forecast import Forecast

__all__ = ["Target", "hidden_values", "read_values", "target_unit"]

Target = str | Derived
"""An observable by name, at the forecast's last time; or a derived value."""


def hidden_values(forecast: Forecast, target: Target) -> Float[Array, "r"]:
    """The target's true value in every member; 0 in a failed one, whose weight is 0."""
    if isinstance(target, Derived):
        values = np.asarray(forecast.derive(target), dtype=np.float64)
    else:
        values = np.asarray(forecast.paths[:, -1, forecast.column(target)], dtype=np.float64)
    return np.where(np.asarray(forecast.weights) > 0.0, values, 0.0)


def read_values(forecast: Forecast, target: Target) -> Float[Array, "r"]:
    """What an instrument would read of the target in every member; a derived value is read without error."""
    if isinstance(target, Derived):
        return hidden_values(forecast, target)
    values = np.asarray(forecast.readings[:, -1, forecast.column(target)], dtype=np.float64)
    return np.where(np.asarray(forecast.weights) > 0.0, values, 0.0)


def target_unit(forecast: Forecast, target: Target) -> str:
    """The target's UCUM unit."""
    return target.unit if isinstance(target, Derived) else forecast.observables[forecast.column(target)].unit
