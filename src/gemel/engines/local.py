"""Localisation: which numbers a reading may move, for models that say so (`core.model.Localised`).

Twenty members of a chain of forty see correlations between its ends that are not there.  A taper, 1 near the reading
and 0 far from it, multiplies the gain (Houtekamer and Mitchell 2001,
doi:10.1175/1520-0493(2001)129<0123:ASEKFF>2.0.CO;2); `gaspari_cohn` is the usual one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from ..core.array import Array
from ..core.errors import ShapeError
from ..core.model import Localised, Model
from ..core.quantity import Quantity, names
from ..numerics.flow import Flow

__all__ = ["gaspari_cohn", "tapers"]


def gaspari_cohn(distance: Float[Array, "..."], half: float) -> Float[Array, "..."]:
    """The taper of Gaspari and Cohn (1999, doi:10.1002/qj.49712555417, eq. 4.10): about normal, and zero from twice
    `half` on.  `distance` and `half` are in one unit, whichever; ShapeError for a `half` that is not above 0."""
    if not half > 0.0:
        raise ShapeError(f"a taper needs a half width above 0, got {half:g}")
    z = np.abs(np.asarray(distance, dtype=np.float64)) / half
    near = 1.0 - 5.0 / 3.0 * z**2 + 5.0 / 8.0 * z**3 + 0.5 * z**4 - 0.25 * z**5
    w = np.maximum(z, 1.0)
    far = 4.0 - 5.0 * w + 5.0 / 3.0 * w**2 + 5.0 / 8.0 * w**3 - 0.5 * w**4 + w**5 / 12.0 - 2.0 / (3.0 * w)
    return np.where(z <= 1.0, near, np.where(z < 2.0, far, 0.0))


def tapers(model: Model, parameters: Sequence[Quantity]) -> list[Float[Array, "k"]] | None:
    """For each observable the weights of all numbers that move: `parameters`, smooth leaves and predictions, in this
    order; None for a model that does not say.  ShapeError where a weight does not fit its leaf."""
    told = model.member if isinstance(model, Flow) else model
    if not isinstance(told, Localised):
        return None
    return [_weights(told, q, [*parameters, *model.smooth], model.observables) for q in model.observables]


def _weights(
    told: Localised, observable: Quantity, moving: Sequence[Quantity], observables: Sequence[Quantity]
) -> Float[Array, "k"]:
    reach = dict(told.reach(observable.name))
    unknown = sorted(set(reach) - set(names(moving)) - set(names(observables)))
    if unknown:
        raise ShapeError(f"reach of '{observable.name}' names {unknown}: there is {names(moving)} to move")
    pieces: list[Array] = []
    for q in [*moving, *observables]:
        weight = np.asarray(1.0 if q.name == observable.name else reach.get(q.name, 0.0), dtype=np.float64)
        if weight.shape not in ((), q.shape):
            raise ShapeError(f"reach of '{observable.name}' gives '{q.name}' {weight.shape} weights: it has {q.shape}")
        pieces.append(np.broadcast_to(weight, q.shape).reshape(-1))
    return np.concatenate(pieces)
